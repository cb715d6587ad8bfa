terraform {
  required_version = ">= 1.3"

  required_providers {
    hss = {
      source = "hss-wtp/hss"
    }
  }
}

# Credentials come from HW_ACCESS_KEY and HW_SECRET_KEY in the environment.
provider "hss" {
  region = var.region
}

module "fleet" {
  source = "../modules/fleet"

  backup_servers    = var.backup_servers
  protected_servers = var.protected_servers
}
