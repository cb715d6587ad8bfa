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
