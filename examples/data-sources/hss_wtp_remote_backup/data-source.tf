data "hss_wtp_remote_backup" "shop" {
  host_id = "c84a2b6d-13fe-4d0b-a7b5-90e2f6d3817a"
}

# Warns in each plan while copies go to an address where the backup server does not listen.
check "shop_copies_arrive" {
  assert {
    condition     = data.hss_wtp_remote_backup.shop.remote_backup
    error_message = "Remote backup of the shop is off."
  }

  assert {
    condition     = data.hss_wtp_remote_backup.shop.backup_addr == data.hss_wtp_remote_backup.shop.registered_addr
    error_message = "The shop was not told the new address of its backup server."
  }
}
