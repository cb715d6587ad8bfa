variable "backup_servers" {
  description = "Servers that receive the copies, by a name of your choice: id in HSS, IPv4 address at which the protected servers reach it, a free port, and a directory."
  type = map(object({
    host_id = string
    ip      = string
    port    = optional(number, 18080)
    dir     = optional(string, "/data/wtp-copies")
  }))
  nullable = false

  validation {
    condition     = length(var.backup_servers) > 0
    error_message = "Name at least one backup server."
  }

  validation {
    condition     = length(distinct([for server in var.backup_servers : server.host_id])) == length(var.backup_servers)
    error_message = "Each backup server has to be a server of its own: a host_id is there twice."
  }

  validation {
    condition     = alltrue([for server in var.backup_servers : can(cidrhost("${server.ip}/32", 0))])
    error_message = "The ip of a backup server has to be an IPv4 address, as in 172.16.8.20."
  }

  validation {
    condition     = alltrue([for server in var.backup_servers : server.port >= 1 && server.port <= 65535 && floor(server.port) == server.port])
    error_message = "The port of a backup server has to be a whole number from 1 to 65535."
  }

  validation {
    condition     = alltrue([for server in var.backup_servers : startswith(server.dir, "/")])
    error_message = "The dir of a backup server has to be an absolute path, as in /data/wtp-copies."
  }
}

variable "protected_servers" {
  description = "Linux servers with Web Tamper Protection, by a name of your choice: id in HSS, the name of the backup server (to be left out where there is only one), and whether remote backup is on."
  type = map(object({
    host_id       = string
    backup_server = optional(string)
    enabled       = optional(bool, true)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = length(distinct([for server in var.protected_servers : server.host_id])) == length(var.protected_servers)
    error_message = "A server can be protected once only: a host_id is there twice."
  }
}

variable "enterprise_project_id" {
  description = "Enterprise project of all servers. By default that of the provider."
  type        = string
  default     = null
}

variable "wait_for_agent" {
  description = "How long to wait for a protected server that is only being made, or whose agent is not online yet, as in 15m. By default there is no wait."
  type        = string
  default     = null
}
