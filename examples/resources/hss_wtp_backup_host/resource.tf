resource "hss_wtp_backup_host" "vault" {
  host_id          = "3f0c9a1e-7b52-4d86-9c1f-5a2be0d47c11"
  backup_host_ip   = "172.16.8.20"
  backup_host_port = 18080
  backup_dir       = "/data/wtp-copies"
}
