output "backup_servers" {
  description = "Address and status of each backup server, and how many servers copy to it."
  value = {
    for name, server in hss_wtp_backup_host.this : name => {
      host_id = server.host_id
      addr    = server.backup_addr
      status  = server.status
      servers = length([for other, it in var.protected_servers : other if it.enabled && local.backup_server_of[other] == name])
    }
  }
}

output "protected_servers" {
  description = "Whether remote backup of each protected server is on, and where its copies go."
  value = {
    for name, server in hss_wtp_remote_backup.this : name => {
      host_id       = server.host_id
      enabled       = server.remote_backup
      backup_server = local.backup_server_of[name]
      addr          = server.backup_addr
    }
  }
}
