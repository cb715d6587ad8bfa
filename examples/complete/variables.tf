variable "region" {
  description = "Region of all servers."
  type        = string
  default     = "cn-north-4"
}

variable "backup_server" {
  description = "The server that receives the copies: its id in HSS, private address, a free port and a directory."
  type = object({
    host_id = string
    ip      = string
    port    = optional(number, 18080)
    dir     = optional(string, "/data/wtp-copies")
  })
}

variable "protected_servers" {
  description = "Ids of the Linux servers with Web Tamper Protection, by a name of your choice."
  type        = map(string)
}
