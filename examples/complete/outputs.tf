output "backup_addr" {
  description = "Where the copies go."
  value       = hss_wtp_backup_host.vault.backup_addr
}

output "backed_up" {
  description = "Servers with remote backup, and the backup server of each."
  value       = { for name, server in hss_wtp_remote_backup.web : name => server.backup_host_name }
}
