variable "backup_addr" {
  type    = string
  default = "172.16.8.20:18080"
}

# As a firewall rule wants it.
output "backup_server" {
  value = {
    cidr = "${provider::hss::parse_backup_addr(var.backup_addr).ip}/32"
    port = provider::hss::parse_backup_addr(var.backup_addr).port
  }
}
