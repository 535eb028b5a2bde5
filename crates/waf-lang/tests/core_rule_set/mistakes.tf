resource "aws_wafv2_web_acl" "shop" {
  name  = "shop"
  scope = "REGIONAL"
  default_action {
    allow {}
  }
  rule {
    name     = "crs"
    priority = 0
    override_action {
      none {}
    }
    statement {
      managed_rule_group_statement {
        vendor_name = "OWASP"
        name        = "CoreRuleSet"
        managed_rule_group_configs {
          owasp_core_rule_set {
            paranoia_level  = 0
            paranoia        = 2
            inbound_anomaly_score_threshold = "five"
          }
        }
        managed_rule_group_configs {
          login_path = "/login"
        }
        rule_action_override {
          name = 959100
          action_to_use {
            count {}
          }
        }
      }
    }
    visibility_config {
      cloudwatch_metrics_enabled = true
      sampled_requests_enabled   = true
      metric_name                = "crs"
    }
  }
  visibility_config {
    cloudwatch_metrics_enabled = true
    sampled_requests_enabled   = true
    metric_name                = "shop"
  }
}
