output "backup_servers" {
  description = "Address and status of each backup server, and how many servers copy to it."
  value       = module.fleet.backup_servers
}

output "protected_servers" {
  description = "Where the copies of each server go."
  value       = module.fleet.protected_servers
}
