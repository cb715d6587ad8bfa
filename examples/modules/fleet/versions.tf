terraform {
  required_version = ">= 1.3"

  required_providers {
    hss = {
      source = "hss-wtp/hss"
    }
  }
}
