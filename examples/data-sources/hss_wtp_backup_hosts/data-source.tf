# Every registered backup server of the region.
data "hss_wtp_backup_hosts" "all" {}

# Those that failed to start.
data "hss_wtp_backup_hosts" "failed" {
  status = "failed"
}

output "backup_addrs" {
  value = { for it in data.hss_wtp_backup_hosts.all.backup_hosts : it.backup_host_name => it.backup_addr }
}

output "failed" {
  value = data.hss_wtp_backup_hosts.failed.backup_hosts[*].backup_host_id
}
