# The id of the server, or that of its enterprise project and a slash in front of it.
import {
  to = hss_wtp_remote_backup.shop
  id = "c84a2b6d-13fe-4d0b-a7b5-90e2f6d3817a"
}
