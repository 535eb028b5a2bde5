//! Amazon VPC flow logs: connections.
//!
//! Source: Amazon VPC User Guide, "Flow log records", versions 2 to 8; the first line of a file names its fields.

use sekisho_event::{Class, Column, Event};

use crate::source::{Context, Refusal, Source, text};
use crate::split::{Framing, Header};

/// The fields of version 2, the default.
const DEFAULT_FIELDS: &str = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status";

/// VPC flow logs from S3.
pub(super) const SOURCE: Source = Source {
    name: "vpc-flow",
    about: "Amazon VPC flow logs: connections",
    framing: Framing::Lines { header: Header::First(is_header) },
    parse,
};

/// Names of fields have lower-case letters and dashes; records have numbers.
fn is_header(line: &str) -> bool {
    line.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-' || byte == b' ')
}

fn parse<'r>(raw: &'r [u8], context: Context<'r>) -> Result<Event<'r>, Refusal> {
    let line = text(raw)?;
    let names = if context.header.is_empty() { DEFAULT_FIELDS } else { context.header };
    let (found, expected) = (line.split(' ').count(), names.split(' ').count());
    if found != expected {
        return Err(Refusal::Fields { found, expected });
    }
    let mut event = Event::new(Class::NetworkActivity);
    let mut unmapped = Vec::new();
    for (name, value) in names.split(' ').zip(line.split(' ')).filter(|(_, value)| *value != "-") {
        if !set(&mut event, name, value)? {
            unmapped.push(format!("{name}={value}"));
        }
    }
    event.text(Column::Product, Some("VPC Flow Logs"));
    let rejected = matches!(event.get(Column::Action), Some(sekisho_event::Value::Text(action)) if action == "REJECT");
    event.int(Column::ActivityId, Some(if rejected { 5 } else { 6 }));
    event.int(Column::SeverityId, Some(1));
    if event.get(Column::Time).is_none() {
        return Err(Refusal::Missing("start"));
    }
    event.set_unmapped(unmapped.join(" "));
    Ok(event)
}

/// Whether the field has a column.
fn set<'r>(event: &mut Event<'r>, name: &str, value: &'r str) -> Result<bool, Refusal> {
    let number = || value.parse::<i64>().ok();
    let moment =
        || number().and_then(|seconds| seconds.checked_mul(1_000_000)).ok_or(Refusal::Field("start", "a moment"));
    let column = match name {
        "account-id" => Column::AccountUid,
        "region" => Column::Region,
        "interface-id" => Column::SrcInterface,
        "srcaddr" => Column::SrcIp,
        "dstaddr" => Column::DstIp,
        "vpc-id" => Column::SrcVpc,
        "subnet-id" => Column::SrcSubnet,
        "instance-id" => Column::SrcInstance,
        "pkt-dst-aws-service" => Column::DstService,
        "action" => Column::Action,
        "log-status" => Column::Status,
        "reject-reason" => Column::StatusDetail,
        "flow-direction" => Column::Direction,
        "protocol" => {
            event.text(Column::Protocol, Some(protocol(value)));
            return Ok(true);
        }
        "start" => {
            event.time(Column::Time, Some(moment()?));
            event.time(Column::StartTime, Some(moment()?));
            return Ok(true);
        }
        "end" => {
            event.time(Column::EndTime, Some(moment()?));
            return Ok(true);
        }
        "srcport" | "dstport" | "packets" | "bytes" | "tcp-flags" => {
            let column = match name {
                "srcport" => Column::SrcPort,
                "dstport" => Column::DstPort,
                "packets" => Column::Packets,
                "bytes" => Column::Bytes,
                _ => Column::TcpFlags,
            };
            event.int(column, number());
            return Ok(number().is_some());
        }
        _ => return Ok(false),
    };
    event.text(column, Some(value));
    Ok(true)
}

/// The name of a protocol's number, if it is a common one. Source: IANA, "Protocol Numbers".
fn protocol(number: &str) -> &str {
    match number {
        "1" => "icmp",
        "6" => "tcp",
        "17" => "udp",
        "47" => "gre",
        "50" => "esp",
        "58" => "icmp6",
        "132" => "sctp",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use sekisho_event::Value;

    use super::*;

    #[test]
    fn the_guides_examples_are_told() {
        let raw = b"2 123456789010 eni-1235b8ca123456789 172.31.9.69 172.31.9.12 49761 3389 6 20 4249 1418530010 1418530070 REJECT OK";
        let event = SOURCE.tells(raw).unwrap();
        assert_eq!(event.get(Column::Time), Some(&Value::Time(1_418_530_010_000_000)));
        assert_eq!(
            (event.get(Column::DstPort), event.get(Column::ActivityId)),
            (Some(&Value::Int(3_389)), Some(&Value::Int(5)))
        );
        assert_eq!(event.get(Column::Protocol), Some(&Value::Text("tcp".into())));
        assert_eq!(event.unmapped(), "version=2");
        let empty = b"2 123456789010 eni-1235b8ca123456789 - - - - - - - 1431280876 1431280934 - NODATA";
        assert_eq!(SOURCE.tells(empty).unwrap().get(Column::SrcIp), None);
    }

    #[test]
    fn a_header_names_other_fields() {
        let header = "start srcaddr pkt-dst-aws-service traffic-path";
        let event = SOURCE.parse(b"1418530010 10.0.0.1 S3 8", Context { header, received_ms: 0 }).unwrap();
        assert_eq!(
            (event.get(Column::DstService), event.unmapped()),
            (Some(&Value::Text("S3".into())), "traffic-path=8")
        );
        assert_eq!(SOURCE.tells(b"1 2 3").unwrap_err(), Refusal::Fields { found: 3, expected: 14 });
        assert_eq!(
            SOURCE.parse(b"x 10.0.0.1 S3 8", Context { header, received_ms: 0 }).unwrap_err(),
            Refusal::Field("start", "a moment")
        );
    }
}
