# The life of a fleet against the simulator, which has to run: README.md beside this file says how. The ids are those of
# the simulator's built-in account. When a file is through, Terraform destroys what it made.

provider "hss" {
  region     = "cn-north-4"
  access_key = "HSSIMACCESSKEY000001"
  secret_key = "hssim-secret-key-for-tests-only-00000001"
  auth_url   = "http://127.0.0.1:8099/v3"
  endpoints  = { hss = "http://127.0.0.1:8099" }
}

variables {
  backup_servers = {
    north = { host_id = "5e000000-0000-4000-8000-000000000010", ip = "172.16.8.20" }
    south = { host_id = "5e000000-0000-4000-8000-000000000011", ip = "172.16.8.21" }
  }
  protected_servers = {
    shop = { host_id = "5e000000-0000-4000-8000-000000000001", backup_server = "north" }
    blog = { host_id = "5e000000-0000-4000-8000-000000000002", backup_server = "north" }
    wiki = { host_id = "5e000000-0000-4000-8000-000000000003", backup_server = "south" }
  }
}

run "the_fleet_is_set_up" {
  assert {
    condition     = alltrue([for server in output.backup_servers : server.status == "running"])
    error_message = "Each backup server should run."
  }

  assert {
    condition     = output.backup_servers["north"].servers == 2 && output.backup_servers["south"].servers == 1
    error_message = "Two servers should copy to the north and one to the south."
  }

  assert {
    condition     = output.protected_servers["wiki"].addr == "172.16.8.21:18080"
    error_message = "The wiki should copy to the south."
  }
}

run "another_port_reaches_every_server" {
  variables {
    backup_servers = {
      north = { host_id = "5e000000-0000-4000-8000-000000000010", ip = "172.16.8.20", port = 18090 }
      south = { host_id = "5e000000-0000-4000-8000-000000000011", ip = "172.16.8.21" }
    }
  }

  assert {
    condition     = output.protected_servers["shop"].addr == "172.16.8.20:18090" && output.protected_servers["blog"].addr == "172.16.8.20:18090"
    error_message = "Both servers of the north should have followed."
  }

  assert {
    condition     = output.protected_servers["wiki"].addr == "172.16.8.21:18080"
    error_message = "The south should be as it was."
  }
}

run "a_server_moves_to_the_other_backup_server" {
  variables {
    protected_servers = {
      shop = { host_id = "5e000000-0000-4000-8000-000000000001", backup_server = "south" }
      blog = { host_id = "5e000000-0000-4000-8000-000000000002", backup_server = "north", enabled = false }
      wiki = { host_id = "5e000000-0000-4000-8000-000000000003", backup_server = "south" }
    }
  }

  assert {
    condition     = output.protected_servers["shop"].addr == "172.16.8.21:18080"
    error_message = "The shop should copy to the south now."
  }

  assert {
    condition     = !output.protected_servers["blog"].enabled && output.backup_servers["north"].servers == 0
    error_message = "The blog should be off, and nobody should copy to the north."
  }
}
