variable "vault" {
  type    = object({ host_id = string, ip = string, port = number })
  default = { host_id = "3f0c9a1e-7b52-4d86-9c1f-5a2be0d47c11", ip = "172.16.8.20", port = 18080 }
}

# A backup server that another configuration looks after.
resource "hss_wtp_remote_backup" "shop" {
  host_id        = "c84a2b6d-13fe-4d0b-a7b5-90e2f6d3817a"
  backup_host_id = var.vault.host_id
  backup_addr    = provider::hss::backup_addr(var.vault.ip, var.vault.port)
}
