# By the id of the server, or with its enterprise project in front.
terraform import hss_wtp_backup_host.vault 3f0c9a1e-7b52-4d86-9c1f-5a2be0d47c11
terraform import hss_wtp_backup_host.vault 0/3f0c9a1e-7b52-4d86-9c1f-5a2be0d47c11
