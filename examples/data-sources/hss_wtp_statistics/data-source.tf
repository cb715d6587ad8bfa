data "hss_wtp_statistics" "now" {}

output "attacks_within_7_days" {
  value = data.hss_wtp_statistics.now.anti_tampering_num
}
