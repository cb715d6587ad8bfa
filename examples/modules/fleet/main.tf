locals {
  only_backup_server = length(var.backup_servers) == 1 ? keys(var.backup_servers)[0] : null

  # Where each protected server copies to; null where that is not said and not clear.
  backup_server_of = {
    for name, server in var.protected_servers :
    name => server.backup_server != null ? server.backup_server : local.only_backup_server
  }
}

resource "hss_wtp_backup_host" "this" {
  for_each = var.backup_servers

  host_id               = each.value.host_id
  backup_host_ip        = each.value.ip
  backup_host_port      = each.value.port
  backup_dir            = each.value.dir
  enterprise_project_id = var.enterprise_project_id

  lifecycle {
    # Another server under the same name: the new one runs and has taken over before the old one is deleted.
    create_before_destroy = true
  }
}

resource "hss_wtp_remote_backup" "this" {
  for_each = var.protected_servers

  host_id        = each.value.host_id
  remote_backup  = each.value.enabled
  backup_host_id = hss_wtp_backup_host.this[local.backup_server_of[each.key]].host_id

  # Referenced, so that a new address or port reaches every server in the same apply.
  backup_addr = hss_wtp_backup_host.this[local.backup_server_of[each.key]].backup_addr

  enterprise_project_id = var.enterprise_project_id
  wait_for_agent        = var.wait_for_agent

  lifecycle {
    precondition {
      condition     = try(contains(keys(var.backup_servers), local.backup_server_of[each.key]), false)
      error_message = "protected_servers[\"${each.key}\"] needs a backup_server that is one of: ${join(", ", keys(var.backup_servers))}."
    }
  }
}
