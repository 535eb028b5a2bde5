//! Web ACLs grown from bytes: each byte decides the next turn, so that small changes of the input are small changes of the
//! web ACL. Most are what AWS would accept; some turns are wrong on purpose.

use std::fmt::Write;

use sekisho_crs_test::grown::Choices;

const ACCOUNT: &str = "arn:aws:wafv2:us-east-1:111122223333:regional";
/// Deeper statements are not grown.
const DEPTH_MAX: u8 = 4;

/// Documents that a grown web ACL may refer to.
pub fn resources() -> [String; 3] {
    [
        format!(
            r#"{{"Name":"office","Id":"1","ARN":"{ACCOUNT}/ipset/office/1","IPAddressVersion":"IPV4","Addresses":["192.0.2.0/24"]}}"#
        ),
        format!(
            r#"{{"Name":"bots","Id":"1","ARN":"{ACCOUNT}/regexpatternset/bots/1","RegularExpressionList":[{{"RegexString":"bot"}}]}}"#
        ),
        format!(
            r#"{{"Name":"own","Id":"1","ARN":"{ACCOUNT}/rulegroup/own/1","Capacity":10,{VISIBILITY},"Rules":[{{"Name":"first","Priority":0,
            "Statement":{{"GeoMatchStatement":{{"CountryCodes":["JP"]}}}},"Action":{{"Count":{{}}}},{VISIBILITY}}}]}}"#
        ),
    ]
}

const VISIBILITY: &str =
    r#""VisibilityConfig":{"SampledRequestsEnabled":true,"CloudWatchMetricsEnabled":true,"MetricName":"m"}"#;

/// A web ACL.
pub fn web_acl(choices: &mut Choices<'_>) -> String {
    let mut out = format!(r#"{{"Name":"grown","Id":"1","ARN":"{ACCOUNT}/webacl/grown/1","#);
    let default = choices.pick(&[
        r#"{"Allow":{}}"#,
        r#"{"Block":{}}"#,
        r#"{"Block":{"CustomResponse":{"ResponseCode":503,"CustomResponseBodyKey":"b"}}}"#,
    ]);
    write(&mut out, format_args!(r#""DefaultAction":{default},{VISIBILITY}"#));
    let extras = [
        r#","CustomResponseBodies":{"b":{"ContentType":"TEXT_PLAIN","Content":"no"}}"#,
        r#","TokenDomains":["example.com"]"#,
        r#","CaptchaConfig":{"ImmunityTimeProperty":{"ImmunityTime":300}}"#,
        r#","ChallengeConfig":{"ImmunityTimeProperty":{"ImmunityTime":600}}"#,
        r#","AssociationConfig":{"RequestBody":{"CLOUDFRONT":{"DefaultSizeInspectionLimit":"KB_32"}}}"#,
        r#","DataProtectionConfig":{"DataProtections":[{"Field":{"FieldType":"SINGLE_HEADER","FieldKeys":["a"]},"Action":"HASH"}]}"#,
        r#","Description":"grown","Capacity":7,"ManagedByFirewallManager":false"#,
        r#","OnSourceDDoSProtectionConfig":{"ALBLowReputationMode":"ACTIVE_UNDER_DDOS"}"#,
    ];
    for extra in extras {
        if choices.chance(3) {
            out.push_str(extra);
        }
    }
    out.push_str(r#","Rules":["#);
    for number in 0..=choices.below(4) {
        let comma = if number > 0 { "," } else { "" };
        write(&mut out, format_args!(r#"{comma}{{"Name":"rule-{number}","Priority":{number},{VISIBILITY},"#));
        rule(choices, &mut out);
        out.push('}');
    }
    out.push_str("]}");
    out
}

fn write(out: &mut String, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("a string takes everything");
}

fn rule(choices: &mut Choices<'_>, out: &mut String) {
    if choices.chance(6) {
        let group = format!(r#""RuleGroupReferenceStatement":{{"ARN":"{ACCOUNT}/rulegroup/own/1""#);
        let change = choices.pick(&[
            "",
            r#","ExcludedRules":[{"Name":"first"}]"#,
            r#","RuleActionOverrides":[{"Name":"first","ActionToUse":{"Block":{}}}]"#,
            r#","RuleActionOverrides":[{"Name":"first","ActionToUse":{"Captcha":{}}}]"#,
        ]);
        let action = choices.pick(&["None", "Count"]);
        write(out, format_args!(r#""Statement":{{{group}{change}}}}},"OverrideAction":{{"{action}":{{}}}}"#));
        return;
    }
    out.push_str(r#""Statement":{"#);
    if choices.chance(5) {
        rate(choices, out)
    } else {
        statement(choices, DEPTH_MAX, out)
    }
    out.push('}');
    let insert = r#"{"CustomRequestHandling":{"InsertHeaders":[{"Name":"seen","Value":"1"}]}}"#;
    let action = choices.pick(&["Allow", "Count", "Captcha", "Challenge", "Block"]);
    let how = match action {
        "Block" => choices
            .pick(&["{}", r#"{"CustomResponse":{"ResponseCode":403,"ResponseHeaders":[{"Name":"a","Value":"b"}]}}"#]),
        _ => choices.pick(&["{}", insert]),
    };
    write(out, format_args!(r#","Action":{{"{action}":{how}}}"#));
    if choices.chance(3) {
        out.push_str(r#","RuleLabels":[{"Name":"ns:one"},{"Name":"two"}]"#);
    }
    if matches!(action, "Captcha" | "Challenge") && choices.chance(2) {
        write(out, format_args!(r#","{action}Config":{{"ImmunityTimeProperty":{{"ImmunityTime":400}}}}"#));
    }
}

fn rate(choices: &mut Choices<'_>, out: &mut String) {
    let limit = 10 + choices.below(200);
    let window = choices.pick(&["60", "120", "300", "600"]);
    write(
        out,
        format_args!(r#""RateBasedStatement":{{"Limit":{limit},"EvaluationWindowSec":{window},"AggregateKeyType":"#),
    );
    let forwarded = r#""FORWARDED_IP","ForwardedIPConfig":{"HeaderName":"X-Forwarded-For","FallbackBehavior":"MATCH"}"#;
    let none = r#"[{"Type":"NONE","Priority":0}]"#;
    match choices.below(4) {
        0 => out.push_str(r#""IP""#),
        1 => out.push_str(forwarded),
        2 => out.push_str(r#""CONSTANT""#),
        _ => {
            let keys = [
                format!(r#"{{"Header":{{"Name":"a","TextTransformations":{none}}}}}"#),
                format!(r#"{{"Cookie":{{"Name":"a","TextTransformations":{none}}}}}"#),
                format!(r#"{{"QueryArgument":{{"Name":"a","TextTransformations":{none}}}}}"#),
                format!(r#"{{"QueryString":{{"TextTransformations":{none}}}}}"#),
                format!(r#"{{"UriPath":{{"TextTransformations":{none}}}}}"#),
                r#"{"HTTPMethod":{}}"#.to_owned(),
                r#"{"IP":{}}"#.to_owned(),
                r#"{"LabelNamespace":{"Namespace":"ns:"}}"#.to_owned(),
                r#"{"JA3Fingerprint":{"FallbackBehavior":"MATCH"}}"#.to_owned(),
                r#"{"JA4Fingerprint":{"FallbackBehavior":"NO_MATCH"}}"#.to_owned(),
                r#"{"ASN":{}}"#.to_owned(),
            ];
            let (one, other) = (choices.below(keys.len()), choices.below(keys.len()));
            write(out, format_args!(r#""CUSTOM_KEYS","CustomKeys":[{}"#, keys[one]));
            if one != other {
                write(out, format_args!(",{}", keys[other]));
            }
            out.push(']');
        }
    }
    if choices.chance(2) || out.contains("CONSTANT") {
        out.push_str(r#","ScopeDownStatement":{"#);
        statement(choices, 2, out);
        out.push('}');
    }
    out.push('}');
}

fn statement(choices: &mut Choices<'_>, depth: u8, out: &mut String) {
    let kinds = if depth == 0 { 9 } else { 12 };
    match choices.below(kinds) {
        0 => {
            let position = choices.pick(&["EXACTLY", "STARTS_WITH", "ENDS_WITH", "CONTAINS", "CONTAINS_WORD"]);
            let search = choices.pick(&["YWRtaW4=", "admin", "/..;/", "c2Vzc2lvbg=="]);
            write(
                out,
                format_args!(
                    r#""ByteMatchStatement":{{"SearchString":"{search}","PositionalConstraint":"{position}","#
                ),
            );
            inspected(choices, out);
        }
        1 => {
            let regex = choices.pick(&["^/a[0-9]+$", "(?i)select", "a|b", "\\\\d{2,4}"]);
            write(out, format_args!(r#""RegexMatchStatement":{{"RegexString":"{regex}","#));
            inspected(choices, out);
        }
        2 => {
            write(
                out,
                format_args!(r#""RegexPatternSetReferenceStatement":{{"ARN":"{ACCOUNT}/regexpatternset/bots/1","#),
            );
            inspected(choices, out);
        }
        3 => {
            let comparison = choices.pick(&["EQ", "NE", "LE", "LT", "GE", "GT"]);
            let size = choices.byte();
            write(
                out,
                format_args!(r#""SizeConstraintStatement":{{"ComparisonOperator":"{comparison}","Size":{size},"#),
            );
            inspected(choices, out);
        }
        4 => {
            let sensitivity = choices.pick(&["", r#""SensitivityLevel":"LOW","#, r#""SensitivityLevel":"HIGH","#]);
            write(out, format_args!(r#""SqliMatchStatement":{{{sensitivity}"#));
            inspected(choices, out);
        }
        5 => {
            out.push_str(r#""XssMatchStatement":{"#);
            inspected(choices, out);
        }
        6 => {
            let countries = choices.pick(&[r#"["JP"]"#, r#"["US","JP"]"#]);
            write(out, format_args!(r#""GeoMatchStatement":{{"CountryCodes":{countries}"#));
            forwarded(choices, "ForwardedIPConfig", "", out);
        }
        7 => {
            write(out, format_args!(r#""IPSetReferenceStatement":{{"ARN":"{ACCOUNT}/ipset/office/1""#));
            let position = choices.pick(&["FIRST", "LAST", "ANY"]);
            forwarded(choices, "IPSetForwardedIPConfig", &format!(r#","Position":"{position}""#), out);
        }
        8 => match choices.below(2) {
            0 => {
                let (scope, key) = if choices.chance(2) { ("LABEL", "two") } else { ("NAMESPACE", "ns:") };
                write(out, format_args!(r#""LabelMatchStatement":{{"Scope":"{scope}","Key":"{key}"}}"#));
            }
            _ => {
                out.push_str(r#""AsnMatchStatement":{"AsnList":[64500,64501]"#);
                forwarded(choices, "ForwardedIPConfig", "", out);
            }
        },
        9 => {
            out.push_str(r#""NotStatement":{"Statement":{"#);
            statement(choices, depth - 1, out);
            out.push_str("}}");
        }
        kind => {
            let name = if kind == 10 { "AndStatement" } else { "OrStatement" };
            write(out, format_args!(r#""{name}":{{"Statements":[{{"#));
            statement(choices, depth - 1, out);
            out.push_str("},{");
            statement(choices, depth - 1, out);
            out.push_str("}]}");
        }
    }
}

fn forwarded(choices: &mut Choices<'_>, name: &str, position: &str, out: &mut String) {
    if choices.chance(2) {
        let fallback = choices.pick(&["MATCH", "NO_MATCH"]);
        let config = format!(r#"{{"HeaderName":"X-Forwarded-For","FallbackBehavior":"{fallback}"{position}}}"#);
        write(out, format_args!(r#","{name}":{config}"#));
    }
    out.push('}');
}

/// What is looked at and through which transformations, and the end of the statement.
fn inspected(choices: &mut Choices<'_>, out: &mut String) {
    let oversize = choices.pick(&["CONTINUE", "MATCH", "NO_MATCH"]);
    let scope = choices.pick(&["ALL", "KEY", "VALUE"]);
    let names = choices.pick(&[r#"{"All":{}}"#, r#"{"IncludedHeaders":["a","b"]}"#, r#"{"ExcludedHeaders":["a"]}"#]);
    let field = match choices.below(14) {
        0 => r#"{"UriPath":{}}"#.to_owned(),
        1 => r#"{"QueryString":{}}"#.to_owned(),
        2 => r#"{"Method":{}}"#.to_owned(),
        3 => r#"{"AllQueryArguments":{}}"#.to_owned(),
        4 => r#"{"SingleHeader":{"Name":"a"}}"#.to_owned(),
        5 => r#"{"SingleQueryArgument":{"Name":"a"}}"#.to_owned(),
        6 => format!(r#"{{"Body":{{"OversizeHandling":"{oversize}"}}}}"#),
        7 => format!(
            r#"{{"Headers":{{"MatchPattern":{names},"MatchScope":"{scope}","OversizeHandling":"{oversize}"}}}}"#
        ),
        8 => {
            let names = names.replace("Headers", "Cookies");
            format!(
                r#"{{"Cookies":{{"MatchPattern":{names},"MatchScope":"{scope}","OversizeHandling":"{oversize}"}}}}"#
            )
        }
        9 => format!(r#"{{"HeaderOrder":{{"OversizeHandling":"{oversize}"}}}}"#),
        10 => r#"{"JA3Fingerprint":{"FallbackBehavior":"MATCH"}}"#.to_owned(),
        11 => r#"{"JA4Fingerprint":{"FallbackBehavior":"NO_MATCH"}}"#.to_owned(),
        12 => r#"{"UriFragment":{"FallbackBehavior":"MATCH"}}"#.to_owned(),
        _ => {
            let pattern = choices.pick(&[r#"{"All":{}}"#, r#"{"IncludedPaths":["/a","/b/0"]}"#]);
            let fallback = choices.pick(&[
                "",
                r#","InvalidFallbackBehavior":"EVALUATE_AS_STRING""#,
                r#","InvalidFallbackBehavior":"MATCH""#,
            ]);
            format!(
                r#"{{"JsonBody":{{"MatchPattern":{pattern},"MatchScope":"{scope}"{fallback},"OversizeHandling":"{oversize}"}}}}"#
            )
        }
    };
    let transforms = choices.pick(&[
        r#"[{"Priority":0,"Type":"NONE"}]"#,
        r#"[{"Priority":0,"Type":"LOWERCASE"}]"#,
        r#"[{"Priority":1,"Type":"URL_DECODE"},{"Priority":0,"Type":"BASE64_DECODE"}]"#,
    ]);
    write(out, format_args!(r#""FieldToMatch":{field},"TextTransformations":{transforms}}}"#));
}
