# By the id of the protected server, or with its enterprise project in front.
terraform import hss_wtp_remote_backup.shop c84a2b6d-13fe-4d0b-a7b5-90e2f6d3817a
terraform import hss_wtp_remote_backup.shop 0/c84a2b6d-13fe-4d0b-a7b5-90e2f6d3817a
