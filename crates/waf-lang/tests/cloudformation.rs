//! CloudFormation in: templates in YAML and JSON, with the functions a template answers itself.

use sekisho_model::SourceFile;
use sekisho_waf_lang::aws::{LoadOptions, Loaded, ManagedCatalogue, load};

fn loaded(text: &str) -> Loaded {
    load(&SourceFile::new("template.yaml", text), &[], &ManagedCatalogue::new(), &LoadOptions::default())
}

/// A template with a web ACL whose only rule has a statement; `more` stands beside its resources.
fn template(statement: &str, more: &str) -> String {
    format!(
        "AWSTemplateFormatVersion: '2010-09-09'\n{more}Resources:\n  Office:\n    Type: AWS::WAFv2::IPSet\n    Properties:\n      \
         Scope: REGIONAL\n      Name: office\n      IPAddressVersion: IPV4\n      Addresses: [192.0.2.0/24]\n  Acl:\n    \
         Type: AWS::WAFv2::WebACL\n    Properties:\n      Name: shop\n      Scope: REGIONAL\n      DefaultAction: {{Allow: {{}}}}\n      \
         VisibilityConfig: &v\n        SampledRequestsEnabled: true\n        CloudWatchMetricsEnabled: 'true'\n        MetricName: shop\n      \
         Rules:\n        - Name: r\n          Priority: '0'\n          Action: {{Block: {{}}}}\n          VisibilityConfig:\n            \
         {{SampledRequestsEnabled: true, CloudWatchMetricsEnabled: true, MetricName: r}}\n          Statement:\n            {statement}\n"
    )
    .replace("&v", "")
}

/// The problems of a template, each with the text it points at.
fn problems(text: &str) -> Vec<(String, String)> {
    let shown = loaded(text).diagnostics;
    let shown = shown.iter().map(|problem| {
        let span = problem.span.as_ref().expect("every problem has a place");
        (format!("{}: {}", problem.code, problem.message), span.file.text()[span.range.clone()].to_owned())
    });
    shown.collect()
}

#[track_caller]
fn same(statement: &str, more: &str, as_plain: &str) {
    let (found, plain) = (loaded(&template(statement, more)), loaded(&template(as_plain, "")));
    assert!(plain.policy.is_some(), "{}", plain.diagnostics.render(false));
    assert_eq!(found.policy, plain.policy, "{}", found.diagnostics.render(false));
}

const ARN: &str = "arn:aws:wafv2:us-east-1:000000000000:regional/ipset/office/Office";

#[test]
fn functions_that_the_template_answers_are_resolved() {
    let plain = format!("IPSetReferenceStatement: {{Arn: '{ARN}'}}");
    for set in [
        "!GetAtt Office.Arn",
        "{'Fn::GetAtt': [Office, Arn]}",
        "!Sub '${Office.Arn}'",
        "!Sub ['${Set}', {Set: !GetAtt Office.Arn}]",
        "!Join [':', [arn, !Ref 'AWS::Partition', wafv2, !Ref AWS::Region, !Ref AWS::AccountId, regional/ipset/office/Office]]",
        "!Sub 'arn:${AWS::Partition}:wafv2:${AWS::Region}:${AWS::AccountId}:regional/ipset/office/Office'",
    ] {
        same(&format!("IPSetReferenceStatement: {{Arn: {set}}}"), "", &plain);
    }
    let geo = "GeoMatchStatement: {CountryCodes: [JP, FR]}";
    let parameter = "Parameters:\n  Countries: {Type: CommaDelimitedList, Default: 'JP, FR'}\n";
    same("GeoMatchStatement: {CountryCodes: !Ref Countries}", parameter, geo);
    same("GeoMatchStatement: {CountryCodes: [JP, !Ref 'AWS::NoValue', FR]}", "", geo);
}

#[test]
fn search_strings_are_plain_or_said_to_be_base64() {
    let part =
        "FieldToMatch: {UriPath: {}}, PositionalConstraint: CONTAINS, TextTransformations: [{Priority: 0, Type: NONE}]";
    let base64 = format!("ByteMatchStatement: {{SearchStringBase64: dGVzdA==, {part}}}");
    let plain = format!("ByteMatchStatement: {{SearchString: test, {part}}}");
    same(&base64, "", &plain);
    let both = format!("ByteMatchStatement: {{SearchString: test, SearchStringBase64: dGVzdA==, {part}}}");
    assert!(problems(&template(&both, ""))[0].0.starts_with("duplicate-key: "));
}

#[test]
fn what_needs_cloudformation_is_refused_by_name() {
    for (codes, name) in [
        ("!Ref Missing", "`Ref` `Missing` cannot be resolved"),
        ("!ImportValue x", "`Fn::ImportValue` needs CloudFormation"),
        ("!If [A, [JP], [FR]]", "`Fn::If` needs CloudFormation"),
        ("[!Sub '${AWS::StackName}']", "`AWS::StackName` needs CloudFormation"),
        ("!Split [',', 'JP,FR']", "`Fn::Split` needs CloudFormation"),
        ("!Ref Office", "`Ref` of a WAF resource `Office` cannot be resolved"),
        ("[!GetAtt Ofice.Arn]", "`Ofice` is no WAF resource here"),
    ] {
        let found = problems(&template(&format!("GeoMatchStatement: {{CountryCodes: {codes}}}"), ""));
        assert_eq!(found.len(), 1, "{codes}: {found:?}");
        assert!(found[0].0.ends_with(name), "{codes}: {found:?}");
    }
    let parameter = "Parameters:\n  C: {Type: String}\n";
    let found = problems(&template("GeoMatchStatement: {CountryCodes: [!Ref C]}", parameter));
    assert!(found[0].0.contains("the parameter `C` without a default"), "{found:?}");
    let text = template("GeoMatchStatement: {CountryCodes: [JP]}", "")
        .replace("    Properties:\n      Name: shop", "    Condition: X\n    Properties:\n      Name: shop");
    assert!(problems(&text)[0].0.starts_with("needs-cloudformation: "));
}

#[test]
fn problems_point_into_the_template() {
    let found = problems(&template("GeoMatchStatement: {CountryCode: [JP]}", ""));
    assert_eq!(found[0], ("unknown-field: unknown property `CountryCode`".to_owned(), "CountryCode".to_owned()));
    let found = problems(&template("GeoMatchStatement: {CountryCodes: [JP, QQ]}", ""));
    assert_eq!(found, [("unknown-value: `QQ` is no country code".to_owned(), "QQ".to_owned())]);
}

#[test]
fn a_template_in_json_means_the_same() {
    let json = r#"{"Resources": {"Acl": {"Type": "AWS::WAFv2::WebACL", "Properties": {"Name": "shop", "Scope": "CLOUDFRONT",
        "DefaultAction": {"Block": {}}, "VisibilityConfig": {"SampledRequestsEnabled": true, "CloudWatchMetricsEnabled": true,
        "MetricName": {"Fn::Sub": "shop-${AWS::Region}"}}}}}}"#;
    let policy = loaded(json).policy.expect("it loads");
    assert!(policy.id.contains(":global/webacl/shop/Acl"), "{}", policy.id);
}

#[test]
fn short_templates_cannot_stand_for_large_texts() {
    let parameter = format!("Parameters:\n  P: {{Type: String, Default: '{}'}}\n", "x".repeat(100_000));
    let sub = format!("GeoMatchStatement: {{CountryCodes: [!Sub '{}']}}", "${P}".repeat(1000));
    let found = problems(&template(&sub, &parameter));
    assert!(found.iter().any(|(what, _)| what.starts_with("file-too-large: ")), "{:?}", found.len());
}
