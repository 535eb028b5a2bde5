//! Amazon Route 53: questions to the name system, of the VPC's resolver and of public hosted zones.
//!
//! Source: Amazon Route 53 Developer Guide, "Values that appear in VPC Resolver query logs", "Values that appear in DNS query logs".

use sekisho_event::{Class, Column, Event};

use crate::fields::spaced;
use crate::json::Object;
use crate::source::{Context, Refusal, Source, text};
use crate::split::{Framing, Header};
use crate::time;

/// Fields of a line about a hosted zone.
const FIELDS: usize = 10;

/// Query logs of the resolver (JSON) and of hosted zones (lines).
pub(super) const SOURCE: Source = Source {
    name: "route53",
    about: "Amazon Route 53: questions to the name system",
    framing: Framing::Lines { header: Header::None },
    parse,
};

fn parse<'r>(raw: &'r [u8], _: Context<'r>) -> Result<Event<'r>, Refusal> {
    let line = text(raw)?;
    let mut event = Event::new(Class::DnsActivity);
    event.text(Column::Product, Some("Route 53"));
    event.int(Column::ActivityId, Some(6));
    event.int(Column::SeverityId, Some(1));
    if line.starts_with('{') { resolver(raw, event) } else { hosted_zone(line, event) }
}

fn resolver<'r>(raw: &'r [u8], mut event: Event<'r>) -> Result<Event<'r>, Refusal> {
    let mut record = Object::parse(raw)?;
    event.time(Column::Time, Some(record.time("query_timestamp").ok_or(Refusal::Missing("query_timestamp"))?));
    event.text(Column::AccountUid, record.text("account_id"));
    event.text(Column::Region, record.text("region"));
    event.text(Column::SrcVpc, record.text("vpc_id"));
    event.text(Column::SrcIp, record.text("srcaddr"));
    event.int(Column::SrcPort, record.int("srcport"));
    event.text(Column::QueryName, record.text("query_name"));
    event.text(Column::QueryType, record.text("query_type"));
    event.text(Column::Rcode, record.text("rcode"));
    event.text(Column::Protocol, record.text("transport").map(|name| name.to_ascii_lowercase()));
    if let Some(ids) = record.open("srcids") {
        event.text(Column::SrcInstance, ids.text("instance"));
    }
    let answers: Vec<_> = record.objects("answers").into_iter().filter_map(|mut answer| answer.text("Rdata")).collect();
    event.texts(Column::Answers, answers);
    if let Some(action) = record.text("firewall_rule_action") {
        event.int(Column::SeverityId, Some(if action == "BLOCK" { 3 } else { 2 }));
        event.text(Column::Action, Some(action));
    }
    event.text(Column::Policy, record.text("firewall_rule_group_id"));
    event.set_unmapped(record.rest());
    Ok(event)
}

fn hosted_zone<'r>(line: &'r str, mut event: Event<'r>) -> Result<Event<'r>, Refusal> {
    let fields = spaced(line);
    if fields.len() != FIELDS {
        return Err(Refusal::Fields { found: fields.len(), expected: FIELDS });
    }
    event.time(Column::Time, Some(fields[1].and_then(time::rfc3339).ok_or(Refusal::Field("time", "a moment"))?));
    event.text(Column::Policy, fields[2]);
    event.text(Column::QueryName, fields[3]);
    event.text(Column::QueryType, fields[4]);
    event.text(Column::Rcode, fields[5]);
    event.text(Column::Protocol, fields[6].map(str::to_ascii_lowercase));
    event.text(Column::SrcIp, fields[8]);
    event.set_unmapped([fields[0], fields[7], fields[9]].map(|field| field.unwrap_or("-")).join(" "));
    Ok(event)
}

#[cfg(test)]
mod tests {
    use sekisho_event::Value;

    use super::*;

    #[test]
    fn the_guides_examples_are_told() {
        let raw = br#"{"srcaddr":"4.5.64.102","vpc_id":"vpc-7example","answers":[{"Rdata":"203.0.113.9","Type":"PTR","Class":"IN"}],
            "firewall_rule_group_id":"rslvr-frg-01234567890abcdef","firewall_rule_action":"BLOCK","query_name":"15.3.4.32.in-addr.arpa.",
            "firewall_domain_list_id":"rslvr-fdl-01234567890abcdef","query_class":"IN","srcids":{"instance":"i-0d15cd0d3example"},"rcode":"NOERROR",
            "query_type":"PTR","transport":"UDP","version":"1.100000","account_id":"111122223333","srcport":"56067","query_timestamp":"2021-02-04T17:51:55Z",
            "region":"us-east-1"}"#;
        let event = SOURCE.tells(raw).unwrap();
        assert_eq!(event.get(Column::Answers), Some(&Value::Texts(vec!["203.0.113.9".into()])));
        assert_eq!(
            (event.get(Column::SrcPort), event.get(Column::SeverityId)),
            (Some(&Value::Int(56_067)), Some(&Value::Int(3)))
        );
        let line = b"1.0 2017-12-13T08:16:02.130Z Z123412341234 example.com A NOERROR UDP FRA6 192.168.1.1 -";
        let event = SOURCE.tells(line).unwrap();
        assert_eq!(event.get(Column::Time), Some(&Value::Time(1_513_152_962_130_000)));
        assert_eq!(
            (event.get(Column::QueryName), event.unmapped()),
            (Some(&Value::Text("example.com".into())), "1.0 FRA6 -")
        );
    }

    #[test]
    fn broken_records_are_refused() {
        assert_eq!(SOURCE.tells(b"{}").unwrap_err(), Refusal::Missing("query_timestamp"));
        assert_eq!(SOURCE.tells(b"1.0 x").unwrap_err(), Refusal::Fields { found: 2, expected: 10 });
    }
}
