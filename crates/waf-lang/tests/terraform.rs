//! Terraform in: files, and what `terraform show -json` prints.

use sekisho_model::SourceFile;
use sekisho_waf::ir::Policy;
use sekisho_waf_lang::aws::{
    GroupFiles, LoadOptions, Loaded, ManagedCatalogue, NamedSets, load, load_logging, load_managed_group,
};

const COMPANY_TF: &str = include_str!("fixtures/company/waf.tf");
const COMPANY_JSON: &str = include_str!("fixtures/company/waf.json");

fn catalogue() -> ManagedCatalogue {
    let group = "name: AWSManagedRulesCommonRuleSet\nvendor: AWS\nlabelNamespace: awswaf:managed:aws:core-rule-set\n";
    let rule = "id: SizeRestrictions_BODY\ntitle: t\nwhy: w\nfalse_positives: f\nreferences: r\naction: Block\n\
        statement:\n  SizeConstraintStatement:\n    FieldToMatch: {Body: {}}\n    ComparisonOperator: GT\n    Size: 8192\n    \
        TextTransformations: [{Priority: 0, Type: NONE}]\n";
    let loaded = load_managed_group(&GroupFiles {
        group: &SourceFile::new("group.yaml", group),
        rules: &[SourceFile::new("rule.yaml", rule)],
        sets: &NamedSets::new(),
    });
    let mut catalogue = ManagedCatalogue::new();
    catalogue.add(loaded.group.unwrap_or_else(|| panic!("{}", loaded.diagnostics.render(false))).group);
    catalogue
}

fn loaded(name: &str, text: &str, resources: &[SourceFile]) -> Loaded {
    load(&SourceFile::new(name, text), resources, &catalogue(), &LoadOptions::default())
}

fn policy(name: &str, text: &str) -> Policy {
    let loaded = loaded(name, text, &[]);
    loaded.policy.unwrap_or_else(|| panic!("{}", loaded.diagnostics.render(false)))
}

#[test]
fn a_company_s_module_means_what_its_export_means() {
    let found = loaded("waf.tf", COMPANY_TF, &[]);
    let problems: Vec<_> = found.diagnostics.iter().map(ToString::to_string).collect();
    assert_eq!(found.policy, Some(policy("waf.json", COMPANY_JSON)), "{}", found.diagnostics.render(false));
    assert!(problems.is_empty(), "{problems:#?}");
}

/// A web ACL with one rule, to put things into.
fn acl(rule: &str, more: &str) -> String {
    let visibility = "visibility_config {\n cloudwatch_metrics_enabled = true\n metric_name = \"m\"\n \
                      sampled_requests_enabled = true\n}\n";
    format!(
        "resource \"aws_wafv2_web_acl\" \"main\" {{\nname = \"shop\"\nscope = \"REGIONAL\"\ndefault_action {{\n allow {{}}\n}}\n\
         rule {{\nname = \"r\"\npriority = 0\naction {{\n block {{}}\n}}\nstatement {{\n{rule}\n}}\n{visibility}}}\n{visibility}}}\n{more}"
    )
}

/// The codes of the problems, each with the text it points at.
fn problems(text: &str) -> Vec<(String, String)> {
    let loaded = loaded("waf.tf", text, &[]);
    let shown = loaded.diagnostics.iter().map(|problem| {
        let span = problem.span.as_ref().expect("every problem has a place");
        (format!("{}: {}", problem.code, problem.message), span.file.text()[span.range.clone()].to_owned())
    });
    shown.collect()
}

fn geo(codes: &str) -> String {
    acl(&format!("geo_match_statement {{\n country_codes = {codes}\n}}"), "")
}

#[test]
fn problems_point_into_the_file() {
    let found = problems(&geo("[\"JP\", \"XY\"]"));
    assert_eq!(found, [("unknown-value: `XY` is no country code".to_owned(), "\"XY\"".to_owned())]);
    let found = problems(&acl("geo_match_statment {\n country_codes = [\"JP\"]\n}", ""));
    assert_eq!(
        found[0],
        ("unknown-field: unknown argument or block `geo_match_statment`".to_owned(), "geo_match_statment".to_owned())
    );
    let found = problems("resource \"aws_wafv2_ip_set\" {");
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].0.starts_with("hcl-syntax: "), "{found:?}");
}

#[test]
fn what_needs_terraform_is_refused_by_name() {
    for (codes, name) in [
        ("[for c in [\"JP\"] : c]", "a `for` expression needs Terraform"),
        ("split(\",\", \"JP\")", "the function `split` needs Terraform"),
        ("true ? [\"JP\"] : []", "a conditional expression needs Terraform"),
        ("data.aws_x.y.codes", "the data source `aws_x` needs Terraform"),
        ("module.geo.codes", "`module` needs Terraform"),
        ("var.codes", "`var.codes` is not in these files"),
        ("local.codes", "`local.codes` is not in these files"),
        ("aws_lb.x.codes", "the reference to `aws_lb` needs Terraform"),
    ] {
        let found = problems(&geo(codes));
        assert_eq!(found.len(), 1, "{codes}: {found:?}");
        assert!(found[0].0.ends_with(name), "{codes}: {found:?}");
    }
    let dynamic = acl("dynamic \"geo_match_statement\" {\n for_each = [1]\n content {}\n}", "");
    assert!(problems(&dynamic).iter().any(|(what, _)| what.contains("the dynamic block `geo_match_statement`")));
    let counted =
        acl("geo_match_statement {\n country_codes = [\"JP\"]\n}", "").replacen("name =", "count = 2\nname =", 1);
    assert!(problems(&counted).iter().any(|(what, at)| what.contains("`count` needs Terraform") && at == "count"));
    let other = "resource \"aws_wafv2_web_acl_rule_group_association\" \"x\" {\n}\n";
    assert!(problems(&format!("{}{other}", geo("[\"JP\"]")))[0].0.starts_with("not-supported: "));
}

#[test]
fn references_are_followed_and_circles_seen() {
    let more = "locals {\n a = local.b\n b = [local.c[\"x\"], \"FR\"]\n c = { x = \"JP\" }\n}\n";
    let text = acl("geo_match_statement {\n country_codes = local.a\n}", more);
    assert_eq!(policy("waf.tf", &text), policy("waf.tf", &geo("[\"JP\", \"FR\"]")));
    let circle = acl("geo_match_statement {\n country_codes = local.a\n}", "locals {\n a = local.b\n b = local.a\n}\n");
    assert!(problems(&circle)[0].0.starts_with("circular-reference: "));
    let default = acl("geo_match_statement {\n country_codes = var.a\n}", "variable \"a\" {\n default = [\"JP\"]\n}\n");
    assert!(problems(&default)[0].0.starts_with("variable-default: "));
    assert!(loaded("waf.tf", &default, &[]).policy.is_some());
}

#[test]
fn short_files_cannot_stand_for_large_trees() {
    let mut more = "locals {\n a0 = [\"JP\", \"JP\"]\n".to_owned();
    for level in 1..40 {
        more.push_str(&format!(" a{level} = concat(local.a{0}, local.a{0})\n", level - 1));
    }
    more.push_str("}\n");
    let found = problems(&acl("geo_match_statement {\n country_codes = local.a39\n}", &more));
    assert!(found[0].0.starts_with("file-too-large: "), "{found:?}");
}

#[test]
fn rules_as_json_are_plain_text_in_any_case_of_names() {
    let rule = r#"[{"Name":"r","Priority":0,"Action":{"Block":{}},"Statement":{"ByteMatchStatement":{"SearchString":"dGVzdA==",
        "FieldToMatch":{"UriPath":{}},"PositionalConstraint":"CONTAINS","TextTransformations":[{"Priority":0,"Type":"NONE"}]}},
        "VisibilityConfig":{"SampledRequestsEnabled":true,"CloudwatchMetricsEnabled":true,"MetricName":"m"}}]"#;
    let block = "byte_match_statement {\n search_string = \"dGVzdA==\"\n positional_constraint = \"CONTAINS\"\n field_to_match {\n \
                 uri_path {}\n }\n text_transformation {\n priority = 0\n type = \"NONE\"\n }\n}";
    let whole = acl(block, "");
    let expected = policy("waf.tf", &whole);
    let start = whole.find("rule {").unwrap();
    let end = whole.rfind("visibility_config").unwrap();
    for json in [format!("<<EOT\n{rule}\nEOT"), format!("jsonencode({})", rule.replace("\":", "\" = "))] {
        let text = format!("{}rule_json = {json}\n{}", &whole[..start], &whole[end..]);
        assert_eq!(policy("waf.tf", &text), expected);
    }
}

#[test]
fn other_files_of_the_module_count() {
    let sets = SourceFile::new(
        "sets.tf",
        "locals {\n codes = [\"JP\"]\n}\nresource \"aws_wafv2_ip_set\" \"office\" {\n name = \"o\"\n \
        scope = \"REGIONAL\"\n ip_address_version = \"IPV4\"\n addresses = [\"192.0.2.0/24\"]\n}\n",
    );
    let text = acl(
        "or_statement {\nstatement {\nip_set_reference_statement {\n arn = aws_wafv2_ip_set.office.arn\n}\n}\nstatement {\n\
        geo_match_statement {\n country_codes = local.codes\n}\n}\n}",
        "",
    );
    let found = loaded("waf.tf", &text, &[sets.clone(), SourceFile::new("again.tf", text.clone())]);
    assert!(found.policy.is_some(), "{}", found.diagnostics.render(false));
    assert!(found.diagnostics.is_empty(), "{}", found.diagnostics.render(false));
}

#[test]
fn deep_nesting_is_refused_and_not_run_into() {
    for (open, close) in
        [("[", "]"), ("{ a = ", "}"), ("(", ")"), ("\"${", "}\""), ("f(", ")"), ("!", ""), ("-", ""), ("a ? b : ", "")]
    {
        let text = format!("locals {{\n a = {}1{}\n}}\n", open.repeat(20_000), close.repeat(20_000));
        let found = problems(&text);
        assert!(found[0].0.starts_with("hcl-syntax: "), "{open}: {:?}", &found[0]);
    }
    let blocks = format!("{}{}", "b {\n".repeat(20_000), "}\n".repeat(20_000));
    assert!(problems(&format!("variable \"x\" {{\n}}\n{blocks}"))[0].0.starts_with("hcl-syntax: "));
}

#[test]
fn what_terraform_shows_means_what_the_files_mean() {
    let expected = policy(
        "waf.tf",
        &acl(
            "or_statement {\nstatement {\nip_set_reference_statement {\n arn = \"arn:aws:wafv2:us-east-1:111122223333:\
        regional/ipset/office/1\"\n}\n}\nstatement {\ngeo_match_statement {\n country_codes = [\"JP\"]\n}\n}\n}",
            "resource \"aws_wafv2_ip_set\" \"1\" {\n name = \"office\"\n \
        scope = \"REGIONAL\"\n ip_address_version = \"IPV4\"\n addresses = [\"192.0.2.0/24\"]\n}\n",
        ),
    );
    let visibility = r#"[{"cloudwatch_metrics_enabled": true, "metric_name": "m", "sampled_requests_enabled": true}]"#;
    let statement = r#"[{"and_statement": [], "geo_match_statement": [], "or_statement": [{"statement": [
        {"ip_set_reference_statement": [{"arn": "arn:aws:wafv2:us-east-1:111122223333:regional/ipset/office/1", "ip_set_forwarded_ip_config": []}]},
        {"geo_match_statement": [{"country_codes": ["JP"], "forwarded_ip_config": []}], "and_statement": []}]}]}]"#;
    let acl = format!(
        r#"{{"mode": "managed", "type": "aws_wafv2_web_acl", "name": "main", "values": {{"arn": "arn:aws:wafv2:us-east-1:111122223333:regional/webacl/shop/main",
        "id": "main", "name": "shop", "name_prefix": "", "scope": "REGIONAL", "capacity": 2, "lock_token": "x", "description": "", "rule_json": null,
        "application_integration_url": "", "captcha_config": [], "custom_response_body": [], "tags": null, "tags_all": {{}}, "token_domains": null,
        "default_action": [{{"allow": [{{"custom_request_handling": []}}], "block": []}}], "visibility_config": {visibility},
        "rule": [{{"name": "r", "priority": 0, "action": [{{"allow": [], "block": [{{"custom_response": []}}]}}], "override_action": [], "rule_label": [],
        "captcha_config": [], "statement": {statement}, "visibility_config": {visibility}}}]}}}}"#
    );
    let set = r#"{"mode": "data", "type": "aws_wafv2_ip_set", "name": "office", "values": {"arn": "arn:aws:wafv2:us-east-1:111122223333:regional/ipset/office/1",
        "id": "1", "name": "office", "scope": "REGIONAL", "ip_address_version": "IPV4", "addresses": ["192.0.2.0/24"], "description": ""}}"#;
    for key in ["values", "planned_values"] {
        let text = format!(
            r#"{{"format_version": "1.2", "terraform_version": "1.13.0", "{key}": {{"root_module": {{"resources": [{acl}],
            "child_modules": [{{"address": "module.sets", "resources": [{set}]}}]}}}}}}"#
        );
        assert_eq!(policy("show.json", &text), expected);
    }
}

const LOGGING: &str = "resource \"aws_wafv2_web_acl_logging_configuration\" \"main\" {\n resource_arn = aws_wafv2_web_acl.main.arn\n \
    log_destination_configs = [\"arn:aws:logs:us-east-1:111122223333:log-group:aws-waf-logs-x\"]\n redacted_fields {\n  single_header {\n   \
    name = \"cookie\"\n  }\n }\n logging_filter {\n  default_behavior = \"DROP\"\n  filter {\n   behavior = \"KEEP\"\n   requirement = \"MEETS_ANY\"\n   \
    condition {\n    action_condition {\n     action = \"BLOCK\"\n    }\n   }\n  }\n }\n}\n";

#[test]
fn the_logging_configuration_beside_the_web_acl_counts() {
    let geo = "geo_match_statement {\n country_codes = [\"JP\"]\n}";
    let text = acl(geo, LOGGING);
    let found = loaded("waf.tf", &text, &[]);
    assert!(found.diagnostics.is_empty(), "{}", found.diagnostics.render(false));
    let (id, logging) = (found.policy.unwrap().id, found.logging.expect("it is taken"));
    assert_eq!((logging.redacted.len(), logging.filters.len()), (1, 1));
    let (alone, problems) = load_logging(&SourceFile::new("waf.tf", text), &id);
    assert_eq!(alone, Some(logging), "{}", problems.render(false));
    let beside = loaded("waf.tf", &acl(geo, ""), &[SourceFile::new("logging.tf", LOGGING)]);
    assert!(beside.logging.is_some(), "{}", beside.diagnostics.render(false));
    let other =
        LOGGING.replace("aws_wafv2_web_acl.main.arn", "\"arn:aws:wafv2:us-east-1:000000000000:regional/webacl/b/c\"");
    let found = loaded("waf.tf", &acl(geo, &other), &[]);
    assert!(found.logging.is_none() && found.diagnostics.render(false).contains("of another web ACL"));
}

#[test]
fn a_group_without_rules_is_a_group_still() {
    let group = "resource \"aws_wafv2_rule_group\" \"g\" {\n name = \"g\"\n scope = \"REGIONAL\"\n capacity = 1\n visibility_config {\n  \
        cloudwatch_metrics_enabled = true\n  metric_name = \"g\"\n  sampled_requests_enabled = true\n }\n}\n";
    let text = acl("rule_group_reference_statement {\n arn = aws_wafv2_rule_group.g.arn\n}", group);
    let text = text.replacen("action {\n block {}\n}", "override_action {\n none {}\n}", 1);
    let found = loaded("waf.tf", &text, &[]);
    assert!(found.policy.is_some(), "{}", found.diagnostics.render(false));
}

#[test]
fn a_resource_whose_scope_is_no_text_is_not_left_out_in_silence() {
    let set = |line: &str| {
        format!(
            "resource \"aws_wafv2_ip_set\" \"s\" {{\n {line}\n ip_address_version = \"IPV4\"\n addresses = [\"192.0.2.0/24\"]\n}}\n"
        )
    };
    for line in ["name = \"s\"\n scope = [\"REGIONAL\"]", "scope = \"REGIONAL\"\n name_prefix = [\"s\"]"] {
        let found = problems(&acl("ip_set_reference_statement {\n arn = aws_wafv2_ip_set.s.arn\n}", &set(line)));
        assert!(found.iter().any(|(message, _)| message.ends_with("expected a string, found an array")), "{found:?}");
    }
}

#[test]
fn an_error_of_syntax_behind_a_character_of_several_bytes_has_a_place() {
    let found = problems("resource \"aws_wafv2_web_acl\" \"x\" {\nÀ\tÀ");
    assert!(!found.is_empty());
}

#[test]
fn what_only_terraform_reads_is_sent_to_terraform() {
    for text in [
        r#"{"version": 4, "terraform_version": "1.13.0", "lineage": "x", "resources": []}"#,
        r#"{"resource": {"aws_wafv2_web_acl": {"main": {"name": "shop"}}}}"#,
    ] {
        let found = problems(text);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].0.contains("give what `terraform show -json` prints of it"), "{found:?}");
    }
}

#[test]
fn a_folder_may_hold_other_things_too() {
    let text = acl("geo_match_statement {\n country_codes = [\"JP\"]\n}", "");
    let modules = "module \"vpc\" {\n source = \"./vpc\"\n}\nmodule \"edge\" {\n source = \"./waf\"\n}\n";
    let others = [
        SourceFile::new("compose.yaml", "services:\n  web:\n    image: shop\n"),
        SourceFile::new("modules.tf", modules),
        SourceFile::new("empty.tf", ""),
        SourceFile::new("lb.tf", "resource \"aws_lb\" \"x\" {\n count = var.n\n name = module.a.b\n}\n"),
    ];
    let found = loaded("waf.tf", &text, &others);
    let problems: Vec<_> = found.diagnostics.iter().map(|problem| problem.message.as_str()).collect();
    assert_eq!(problems, ["this file is nothing of AWS WAF, and is not used", "the module `edge` is not read"]);
    assert!(found.policy.is_some());
}
