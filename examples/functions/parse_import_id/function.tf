# Ids as `terraform import` takes them, some with their enterprise project in front.
locals {
  ids = toset([
    "c84a2b6d-13fe-4d0b-a7b5-90e2f6d3817a",
    "8f3a5c0e-2d41-4b7f-9e66-0c1d2e3f4a5b/5e9b70aa-62c4-4be3-8d1d-7f40c6a2d915",
  ])
  servers = { for id in local.ids : id => provider::hss::parse_import_id(id) }
}

resource "hss_wtp_remote_backup" "all" {
  for_each = local.servers

  host_id               = each.value.host_id
  enterprise_project_id = each.value.enterprise_project_id
  backup_host_id        = "3f0c9a1e-7b52-4d86-9c1f-5a2be0d47c11"
}

import {
  for_each = local.ids

  to = hss_wtp_remote_backup.all[each.key]
  id = each.key
}
