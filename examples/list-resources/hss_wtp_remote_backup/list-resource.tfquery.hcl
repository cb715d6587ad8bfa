# Used with `terraform query` (Terraform 1.14 and newer).
list "hss_wtp_remote_backup" "shop" {
  provider = hss
  limit    = 1000

  config {
    host_name    = "shop"
    agent_status = "online"
  }
}

# Servers that could have remote backup and have not.
list "hss_wtp_remote_backup" "uncovered" {
  provider = hss

  config {
    remote_backup = false
  }
}
