data "hss_wtp_coverage" "all" {
  enterprise_project_id = "all_granted_eps"
}

check "remote_backup" {
  assert {
    condition     = length(data.hss_wtp_coverage.all.dangling_hosts) == 0
    error_message = "Copies go nowhere: ${join(", ", data.hss_wtp_coverage.all.dangling_hosts[*].host_name)}"
  }

  assert {
    condition     = alltrue([for it in data.hss_wtp_coverage.all.uncovered_hosts : !it.possible])
    error_message = "Some protected servers are without remote backup and could have it."
  }
}

output "coverage_percent" {
  value = data.hss_wtp_coverage.all.coverage_percent
}

output "servers_per_backup_server" {
  value = { for id, it in data.hss_wtp_coverage.all.backup_hosts : id => it.host_count }
}
