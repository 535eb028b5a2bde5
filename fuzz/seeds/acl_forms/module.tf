5# The web ACL of a small company: its shop, its office, and what to keep out.

terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.0"
    }
  }
}

variable "environment" {
  type    = string
  default = "production"
}

locals {
  name            = "shop"
  office_networks = ["192.0.2.0/24", "198.51.100.7/32"]
  blocked_page    = <<-HTML
    <!doctype html>
    <title>Blocked</title>
    <p>Ask us why: it costs $${0}.
  HTML
}

resource "aws_wafv2_ip_set" "office" {
  name               = "${local.name}-office"
  description        = "Where we sit"
  scope              = "REGIONAL"
  ip_address_version = "IPV4"
  addresses          = concat(local.office_networks, ["203.0.113.9/32"])

  tags = {
    Environment = var.environment
  }
}

resource "aws_wafv2_regex_pattern_set" "scanners" {
  name  = "scanners"
  scope = "REGIONAL"

  regular_expression {
    regex_string = "sqlmap/[0-9]"
  }

  regular_expression {
    regex_string = "(?i)nikto"
  }
}

resource "aws_wafv2_rule_group" "payments" {
  name     = "payments"
  scope    = "REGIONAL"
  capacity = 50

  rule {
    name     = "CardInQuery"
    priority = 0

    action {
      count {}
    }

    rule_label {
      name = "card:query"
    }

    statement {
      regex_match_statement {
        regex_string = "[0-9]{16}"

        field_to_match {
          query_string {}
        }

        text_transformation {
          priority = 0
          type     = "NONE"
        }
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "CardInQuery"
      sampled_requests_enabled   = true
    }
  }

  visibility_config {
    cloudwatch_metrics_enabled = true
    metric_name                = "payments"
    sampled_requests_enabled   = true
  }
}

resource "aws_wafv2_web_acl" "shop" {
  name        = local.name
  description = "Before the shop"
  scope       = "REGIONAL"

  default_action {
    allow {}
  }

  custom_response_body {
    key          = "blocked"
    content      = local.blocked_page
    content_type = "TEXT_HTML"
  }

  association_config {
    request_body {
      api_gateway {
        default_size_inspection_limit = "KB_32"
      }
    }
  }

  rule {
    name     = "office"
    priority = 0

    action {
      allow {
        custom_request_handling {
          insert_header {
            name  = "office"
            value = "yes"
          }
        }
      }
    }

    statement {
      ip_set_reference_statement {
        arn = aws_wafv2_ip_set.office.arn
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "office"
      sampled_requests_enabled   = true
    }
  }

  rule {
    name     = "common"
    priority = 10

    override_action {
      none {}
    }

    statement {
      managed_rule_group_statement {
        vendor_name = "AWS"
        name        = "AWSManagedRulesCommonRuleSet"

        rule_action_override {
          name = "SizeRestrictions_BODY"

          action_to_use {
            count {}
          }
        }

        scope_down_statement {
          not_statement {
            statement {
              byte_match_statement {
                search_string         = "/uploads/"
                positional_constraint = "STARTS_WITH"

                field_to_match {
                  uri_path {}
                }

                text_transformation {
                  priority = 0
                  type     = "URL_DECODE"
                }
              }
            }
          }
        }
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "common"
      sampled_requests_enabled   = true
    }
  }

  rule {
    name     = "payments"
    priority = 20

    override_action {
      none {}
    }

    statement {
      rule_group_reference_statement {
        arn = aws_wafv2_rule_group.payments.arn
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "payments"
      sampled_requests_enabled   = true
    }
  }

  rule {
    name     = "scanners"
    priority = 30

    action {
      block {
        custom_response {
          response_code            = 403
          custom_response_body_key = "blocked"
        }
      }
    }

    statement {
      or_statement {
        statement {
          regex_pattern_set_reference_statement {
            arn = aws_wafv2_regex_pattern_set.scanners.arn

            field_to_match {
              single_header {
                name = "user-agent"
              }
            }

            text_transformation {
              priority = 0
              type     = "NONE"
            }
          }
        }

        statement {
          sqli_match_statement {
            sensitivity_level = "HIGH"

            field_to_match {
              all_query_arguments {}
            }

            text_transformation {
              priority = 0
              type     = "URL_DECODE"
            }

            text_transformation {
              priority = 1
              type     = "HTML_ENTITY_DECODE"
            }
          }
        }
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "scanners"
      sampled_requests_enabled   = true
    }
  }

  rule {
    name     = "logins"
    priority = 40

    action {
      block {}
    }

    statement {
      rate_based_statement {
        limit                 = 100
        evaluation_window_sec = 60

        scope_down_statement {
          and_statement {
            statement {
              byte_match_statement {
                search_string         = "/login"
                positional_constraint = "EXACTLY"

                field_to_match {
                  uri_path {}
                }

                text_transformation {
                  priority = 0
                  type     = "NONE"
                }
              }
            }

            statement {
              not_statement {
                statement {
                  geo_match_statement {
                    country_codes = ["JP", "NO"]
                  }
                }
              }
            }
          }
        }
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "logins"
      sampled_requests_enabled   = true
    }
  }

  visibility_config {
    cloudwatch_metrics_enabled = true
    metric_name                = "shop"
    sampled_requests_enabled   = true
  }

  tags = {
    Environment = var.environment
  }
}

resource "aws_wafv2_web_acl_association" "shop" {
  resource_arn = aws_lb.shop.arn
  web_acl_arn  = aws_wafv2_web_acl.shop.arn
}
