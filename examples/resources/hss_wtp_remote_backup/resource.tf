resource "hss_wtp_backup_host" "vault" {
  host_id          = "3f0c9a1e-7b52-4d86-9c1f-5a2be0d47c11"
  backup_host_ip   = "172.16.8.20"
  backup_host_port = 18080
  backup_dir       = "/data/wtp-copies"
}

resource "hss_wtp_remote_backup" "shop" {
  host_id        = "c84a2b6d-13fe-4d0b-a7b5-90e2f6d3817a"
  backup_host_id = hss_wtp_backup_host.vault.host_id

  # Referenced, so that a new address or port of the backup server reaches this server in the same apply.
  backup_addr = hss_wtp_backup_host.vault.backup_addr
}
