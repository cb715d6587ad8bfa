terraform {
  required_version = ">= 1.6"

  required_providers {
    hss = {
      source = "hss-wtp/hss"
    }
  }
}

# Credentials come from HW_ACCESS_KEY and HW_SECRET_KEY in the environment.
provider "hss" {
  region = var.region
}

# The server that receives the copies.
resource "hss_wtp_backup_host" "vault" {
  host_id          = var.backup_server.host_id
  backup_host_ip   = var.backup_server.ip
  backup_host_port = var.backup_server.port
  backup_dir       = var.backup_server.dir
}

# The servers whose protected web directories are copied there.
resource "hss_wtp_remote_backup" "web" {
  for_each = var.protected_servers

  host_id        = each.value
  backup_host_id = hss_wtp_backup_host.vault.host_id

  # Referenced, so that a new address or port reaches every server in the same apply.
  backup_addr = hss_wtp_backup_host.vault.backup_addr
}
