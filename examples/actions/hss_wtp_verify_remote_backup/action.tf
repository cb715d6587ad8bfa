# Runs by itself after each change, and on demand with
# terraform apply -invoke=action.hss_wtp_verify_remote_backup.shop
action "hss_wtp_verify_remote_backup" "shop" {
  config {
    host_id = "c84a2b6d-13fe-4d0b-a7b5-90e2f6d3817a"
    wait    = "5m"
  }
}

resource "hss_wtp_remote_backup" "shop" {
  host_id        = "c84a2b6d-13fe-4d0b-a7b5-90e2f6d3817a"
  backup_host_id = "3f0c9a1e-7b52-4d86-9c1f-5a2be0d47c11"

  lifecycle {
    action_trigger {
      events  = [after_create, after_update]
      actions = [action.hss_wtp_verify_remote_backup.shop]
    }
  }
}
