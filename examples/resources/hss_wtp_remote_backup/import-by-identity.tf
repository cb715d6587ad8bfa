import {
  to = hss_wtp_remote_backup.shop
  identity = {
    host_id = "c84a2b6d-13fe-4d0b-a7b5-90e2f6d3817a"
  }
}
