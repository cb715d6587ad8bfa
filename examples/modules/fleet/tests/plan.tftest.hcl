# What the module would do, without doing it. Nothing has to run for these.

provider "hss" {
  region     = "cn-north-4"
  access_key = "HSSIMACCESSKEY000001"
  secret_key = "hssim-secret-key-for-tests-only-00000001"
  auth_url   = "http://127.0.0.1:8099/v3"
  endpoints  = { hss = "http://127.0.0.1:8099" }

  # A plan would look whether its apply can work, and wait for an answer.
  preflight = false
}

run "one_backup_server_needs_no_name" {
  command = plan

  variables {
    backup_servers = {
      vault = { host_id = "5e000000-0000-4000-8000-000000000010", ip = "172.16.8.20" }
    }
    protected_servers = {
      shop = { host_id = "5e000000-0000-4000-8000-000000000001" }
      blog = { host_id = "5e000000-0000-4000-8000-000000000002", enabled = false }
    }
  }

  assert {
    condition     = hss_wtp_backup_host.this["vault"].backup_host_port == 18080
    error_message = "The port should be the module's default."
  }

  assert {
    condition     = hss_wtp_remote_backup.this["shop"].backup_addr == "172.16.8.20:18080"
    error_message = "The only backup server should be taken."
  }

  assert {
    condition     = hss_wtp_remote_backup.this["shop"].remote_backup && !hss_wtp_remote_backup.this["blog"].remote_backup
    error_message = "Only what is enabled should be on."
  }

  assert {
    condition     = output.backup_servers["vault"].servers == 1
    error_message = "A server that is off should not be counted."
  }
}

run "several_backup_servers" {
  command = plan

  variables {
    backup_servers = {
      north = { host_id = "5e000000-0000-4000-8000-000000000010", ip = "172.16.8.20" }
      south = { host_id = "5e000000-0000-4000-8000-000000000011", ip = "172.16.9.20", port = 18090, dir = "/srv/copies" }
    }
    protected_servers = {
      shop = { host_id = "5e000000-0000-4000-8000-000000000001", backup_server = "south" }
      blog = { host_id = "5e000000-0000-4000-8000-000000000002", backup_server = "north" }
    }
  }

  assert {
    condition     = hss_wtp_remote_backup.this["shop"].backup_addr == "172.16.9.20:18090"
    error_message = "The shop should copy to the south."
  }

  assert {
    condition     = hss_wtp_backup_host.this["south"].backup_dir == "/srv/copies"
    error_message = "The directory should be the one that was given."
  }
}
