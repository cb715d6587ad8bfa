# The id of the server, or that of its enterprise project and a slash in front of it.
import {
  to = hss_wtp_backup_host.vault
  id = "3f0c9a1e-7b52-4d86-9c1f-5a2be0d47c11"
}
