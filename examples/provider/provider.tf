terraform {
  required_providers {
    hss = {
      source = "hss-wtp/hss"
    }
  }
}

# Credentials come from HW_ACCESS_KEY and HW_SECRET_KEY in the environment.
provider "hss" {
  region = "cn-north-4"
}

# The same keys, acting in another account through an agency that trusts ours.
provider "hss" {
  alias  = "production"
  region = "cn-north-4"

  assume_role {
    agency_name = "operations"
    domain_name = "acme-production"
  }
}
