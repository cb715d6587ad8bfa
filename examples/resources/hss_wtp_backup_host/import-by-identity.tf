import {
  to = hss_wtp_backup_host.vault
  identity = {
    host_id = "3f0c9a1e-7b52-4d86-9c1f-5a2be0d47c11"
  }
}
