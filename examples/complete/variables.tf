variable "region" {
  description = "Region of all servers."
  type        = string
  default     = "cn-north-4"
}

variable "backup_servers" {
  description = "The servers that receive the copies, by a name of your choice: id in HSS, private address, a free port and a directory."
  type = map(object({
    host_id = string
    ip      = string
    port    = optional(number)
    dir     = optional(string)
  }))
}

variable "protected_servers" {
  description = "The Linux servers with Web Tamper Protection, by a name of your choice: id in HSS, and the name of the backup server."
  type = map(object({
    host_id       = string
    backup_server = string
  }))
}
