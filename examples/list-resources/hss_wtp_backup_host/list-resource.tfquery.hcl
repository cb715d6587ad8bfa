# Used with `terraform query` (Terraform 1.14 and newer).
list "hss_wtp_backup_host" "all" {
  provider = hss
}

# Those that others wait for.
list "hss_wtp_backup_host" "failed" {
  provider = hss

  config {
    status = "failed"
  }
}
