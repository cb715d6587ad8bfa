# The Linux servers of one server group that have Web Tamper Protection on.
data "hss_wtp_hosts" "shop" {
  group_name     = "shop"
  os_type        = "Linux"
  protect_status = "opened"
}

data "hss_wtp_backup_hosts" "running" {
  status = "running"
}

# Remote backup for each of them. They are not picked by `remote_backup = false`: a server would leave that list as soon
# as its remote backup is on, and the next plan would switch it off again.
resource "hss_wtp_remote_backup" "shop" {
  for_each = toset(data.hss_wtp_hosts.shop.hosts[*].host_id)

  host_id        = each.key
  backup_host_id = data.hss_wtp_backup_hosts.running.backup_hosts[0].backup_host_id
}

# To look at only: the servers of the whole region whose directories are not all protected, and why.
data "hss_wtp_hosts" "partial" {
  wtp_status = "partial_protection"
}

output "failed_directories" {
  value = { for it in data.hss_wtp_hosts.partial.hosts : it.host_name => {
    reason      = it.abnormality
    directories = it.abnormal_dir_list
  } }
}
