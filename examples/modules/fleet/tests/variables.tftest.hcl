# What the module refuses, and at which variable or resource.

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
    south = { host_id = "5e000000-0000-4000-8000-000000000011", ip = "172.16.9.20" }
  }
}

run "no_backup_server_at_all" {
  command = plan

  variables {
    backup_servers = {}
  }

  expect_failures = [var.backup_servers]
}

run "an_address_that_is_none" {
  command = plan

  variables {
    backup_servers = {
      north = { host_id = "5e000000-0000-4000-8000-000000000010", ip = "vault.example.com" }
    }
  }

  expect_failures = [var.backup_servers]
}

run "a_port_that_is_none" {
  command = plan

  variables {
    backup_servers = {
      north = { host_id = "5e000000-0000-4000-8000-000000000010", ip = "172.16.8.20", port = 65536 }
    }
  }

  expect_failures = [var.backup_servers]
}

run "a_directory_that_is_relative" {
  command = plan

  variables {
    backup_servers = {
      north = { host_id = "5e000000-0000-4000-8000-000000000010", ip = "172.16.8.20", dir = "copies" }
    }
  }

  expect_failures = [var.backup_servers]
}

run "one_server_twice" {
  command = plan

  variables {
    protected_servers = {
      shop = { host_id = "5e000000-0000-4000-8000-000000000001", backup_server = "north" }
      blog = { host_id = "5e000000-0000-4000-8000-000000000001", backup_server = "south" }
    }
  }

  expect_failures = [var.protected_servers]
}

run "a_backup_server_that_is_not_there" {
  command = plan

  variables {
    protected_servers = {
      shop = { host_id = "5e000000-0000-4000-8000-000000000001", backup_server = "west" }
    }
  }

  expect_failures = [hss_wtp_remote_backup.this["shop"]]
}

run "a_choice_that_is_not_made" {
  command = plan

  variables {
    protected_servers = {
      shop = { host_id = "5e000000-0000-4000-8000-000000000001" }
    }
  }

  expect_failures = [hss_wtp_remote_backup.this["shop"]]
}
