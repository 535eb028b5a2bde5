//! AWS WAF: decisions about requests. The checkpoint's own records have this form too.
//!
//! Source: AWS WAF Developer Guide, "Log fields for web ACL traffic".

use std::borrow::Cow;

use sekisho_event::{Class, Column, Event};

use crate::json::Object;
use crate::source::{Context, Refusal, Source};
use crate::split::Framing;
use crate::time;

/// AWS WAF's log, from S3, Firehose or CloudWatch Logs; the checkpoint's records.
pub(super) const SOURCE: Source = Source {
    name: "aws-waf",
    about: "AWS WAF, and the records of this checkpoint: decisions about requests",
    framing: Framing::Json { member: "", depth: 0 },
    parse,
};

fn parse<'r>(raw: &'r [u8], _: Context<'r>) -> Result<Event<'r>, Refusal> {
    let mut record = Object::parse(raw)?;
    let time = record.int("timestamp").and_then(time::millis).ok_or(Refusal::Missing("timestamp"))?;
    let action = record.text("action").ok_or(Refusal::Missing("action"))?;
    let mut event = Event::new(Class::HttpActivity);
    event.time(Column::Time, Some(time));
    event.text(Column::Product, Some("AWS WAF"));
    event.int(Column::SeverityId, Some(if action == "BLOCK" { 3 } else { 1 }));
    event.text(Column::Action, Some(action));
    if let Some(policy) = record.text("webaclId") {
        place(&policy, &mut event);
        event.text(Column::Policy, Some(policy));
    }
    event.text(Column::RuleUid, record.text("terminatingRuleId"));
    event.text(Column::RuleType, record.text("terminatingRuleType"));
    event.text(Column::DstService, record.text("httpSourceName"));
    event.int(Column::HttpStatus, record.int("responseCodeSent"));
    event.int(Column::RequestBytes, record.int("requestBodySize"));
    event.text(Column::Ja3, record.text("ja3Fingerprint"));
    event.text(Column::Ja4, record.text("ja4Fingerprint"));
    if let Some(request) = record.open("httpRequest") {
        http_request(request, &mut event);
    }
    labels(&mut record, &mut event);
    matches(&record, &mut event);
    event.set_unmapped(record.rest());
    Ok(event)
}

/// Region and account are in the web ACL's ARN.
fn place<'r>(policy: &str, event: &mut Event<'r>) {
    let mut parts = policy.split(':').skip(3);
    let (Some(region), Some(account)) = (parts.next(), parts.next()) else { return };
    event.text(Column::Region, Some(region.to_owned()));
    event.text(Column::AccountUid, Some(account.to_owned()));
}

fn http_request<'r>(request: &mut Object<'r>, event: &mut Event<'r>) {
    event.text(Column::SrcIp, request.text("clientIp"));
    let country = request.text("country").filter(|country| country != "-");
    event.text(Column::SrcCountry, country);
    event.text(Column::Path, request.text("uri"));
    event.text(Column::Query, request.text("args"));
    event.text(Column::HttpVersion, request.text("httpVersion"));
    event.text(Column::RequestUid, request.text("requestId"));
    event.text(Column::Scheme, request.text("scheme"));
    if let Some(method) = request.text("httpMethod") {
        event.int(Column::ActivityId, Some(activity(&method)));
        event.text(Column::Method, Some(method));
    }
    let host = request.text("host");
    for mut header in request.objects("headers") {
        let (Some(name), value) = (header.text("name"), header.text("value")) else { continue };
        let column = match &*name.to_ascii_lowercase() {
            "host" => Column::Host,
            "user-agent" => Column::UserAgent,
            "referer" => Column::Referrer,
            "x-forwarded-for" => {
                event.texts(Column::ForwardedFor, addresses(value));
                continue;
            }
            _ => continue,
        };
        if event.get(column).is_none() {
            event.text(column, value);
        }
    }
    if event.get(Column::Host).is_none() {
        event.text(Column::Host, host);
    }
    event.text(Column::RequestHeaders, request.json("headers"));
}

fn addresses(list: Option<Cow<'_, str>>) -> Vec<Cow<'_, str>> {
    let split = |list: &str| list.split(',').map(|address| Cow::Owned(address.trim().to_owned())).collect();
    list.as_deref().map(split).unwrap_or_default()
}

/// OCSF's activity of a method.
pub(super) fn activity(method: &str) -> i64 {
    match method {
        "CONNECT" => 1,
        "DELETE" => 2,
        "GET" => 3,
        "HEAD" => 4,
        "OPTIONS" => 5,
        "POST" => 6,
        "PUT" => 7,
        "TRACE" => 8,
        "PATCH" => 9,
        _ => 99,
    }
}

fn labels<'r>(record: &mut Object<'r>, event: &mut Event<'r>) {
    let labels: Vec<_> = record.objects("labels").into_iter().filter_map(|mut label| label.text("name")).collect();
    if !labels.is_empty() {
        event.texts(Column::Labels, labels);
        record.json("labels");
    }
}

/// All rules that matched: the one that decided, those that only count, those of groups. They stay in `unmapped` with their details.
fn matches<'r>(record: &Object<'r>, event: &mut Event<'r>) {
    let (mut rules, mut found) = (Vec::new(), Vec::new());
    let mut details = |object: &Object<'r>, member: &str| {
        for detail in object.objects(member) {
            found.extend(detail.peek_texts("matchedData"));
        }
    };
    details(record, "terminatingRuleMatchDetails");
    for mut rule in record.objects("nonTerminatingMatchingRules") {
        rules.extend(rule.text("ruleId"));
        details(&rule, "ruleMatchDetails");
    }
    for mut group in record.objects("ruleGroupList") {
        let name = group.text("ruleGroupId").unwrap_or_default();
        let mut of_group = |mut rule: Object<'r>| {
            if let Some(id) = rule.text("ruleId") {
                rules.push(Cow::Owned(format!("{name}/{id}")));
                details(&rule, "ruleMatchDetails");
            }
        };
        group.copy("terminatingRule").into_iter().for_each(&mut of_group);
        group.objects("nonTerminatingMatchingRules").into_iter().for_each(&mut of_group);
    }
    event.texts(Column::MatchedRules, rules);
    event.texts(Column::MatchedData, found);
}

#[cfg(test)]
mod tests {
    use sekisho_event::Value;

    use super::*;

    #[test]
    fn a_decision_is_told_with_what_matched() {
        let raw = br#"{"timestamp":1576280412771,"formatVersion":1,"webaclId":"arn:aws:wafv2:ap-southeast-2:111122223333:regional/webacl/STMTest/1EXAMPLE",
            "terminatingRuleId":"STMTest_SQLi_XSS","terminatingRuleType":"REGULAR","action":"BLOCK",
            "terminatingRuleMatchDetails":[{"conditionType":"SQL_INJECTION","sensitivityLevel":"HIGH","location":"HEADER","matchedData":["10","AND","1"]}],
            "httpSourceName":"-","httpSourceId":"-","ruleGroupList":[{"ruleGroupId":"AWS#Common","terminatingRule":{"ruleId":"XSS","action":"BLOCK"},
            "nonTerminatingMatchingRules":[{"ruleId":"Size","action":"COUNT"}],"excludedRules":null}],"rateBasedRuleList":[],
            "nonTerminatingMatchingRules":[{"ruleId":"count-me","action":"COUNT","ruleMatchDetails":[]}],
            "httpRequest":{"clientIp":"1.1.1.1","country":"AU","headers":[{"name":"Host","value":"localhost:1989"},{"name":"User-Agent","value":"curl/7.61.1"},
            {"name":"x-forwarded-for","value":"192.0.2.1, 192.0.2.2"}],"uri":"/myUri","args":"a=b","httpVersion":"HTTP/1.1","httpMethod":"GET","requestId":"rid"},
            "labels":[{"name":"value"}]}"#;
        let event = SOURCE.tells(raw).unwrap();
        let texts = |column| match event.get(column) {
            Some(Value::Texts(texts)) => texts.iter().map(|text| text.to_string()).collect::<Vec<_>>(),
            Some(Value::Text(text)) => vec![text.to_string()],
            _ => Vec::new(),
        };
        assert_eq!(event.get(Column::Time), Some(&Value::Time(1_576_280_412_771_000)));
        assert_eq!(texts(Column::SrcIp), ["1.1.1.1"]);
        assert_eq!(texts(Column::Host), ["localhost:1989"]);
        assert_eq!(texts(Column::ForwardedFor), ["192.0.2.1", "192.0.2.2"]);
        assert_eq!(texts(Column::MatchedRules), ["count-me", "AWS#Common/XSS", "AWS#Common/Size"]);
        assert_eq!(texts(Column::MatchedData), ["10", "AND", "1"]);
        assert_eq!(
            (texts(Column::Region), texts(Column::AccountUid)),
            (vec!["ap-southeast-2".to_owned()], vec!["111122223333".to_owned()])
        );
        assert_eq!(texts(Column::Labels), ["value"]);
        assert!(event.unmapped().contains("ruleGroupList") && !event.unmapped().contains("clientIp"));
    }

    #[test]
    fn what_is_no_decision_is_refused() {
        assert_eq!(SOURCE.tells(b"{}").unwrap_err(), Refusal::Missing("timestamp"));
        assert_eq!(SOURCE.tells(br#"{"timestamp":1}"#).unwrap_err(), Refusal::Missing("action"));
        assert_eq!(
            SOURCE.tells(br#"{"timestamp":9223372036854775807,"action":"x"}"#).unwrap_err(),
            Refusal::Missing("timestamp")
        );
    }
}
