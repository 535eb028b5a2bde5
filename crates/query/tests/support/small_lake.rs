//! A small lake, the same each time: three days of requests, calls, connections and records that could not be read.

use std::path::Path;
use std::sync::Arc;

use sekisho_event::{Class, Column, Event};
use sekisho_tables::{Arrived, Gathering, Location, Tables};

/// 2026-11-20T00:00:00Z, in milliseconds.
pub(crate) const BEGIN_MS: i64 = 1_795_132_800_000;
/// Milliseconds in a day.
pub(crate) const DAY_MS: i64 = 86_400_000;

/// Writes the tables and opens them.
pub(crate) async fn tables(folder: &Path) -> Arc<Tables> {
    tables_at(Location::folder(folder).unwrap()).await
}

/// The same, elsewhere.
pub(crate) async fn tables_at(place: Location) -> Arc<Tables> {
    let tables = Tables::open(vec![place]);
    let mut index = 0;
    for day in 0..3 {
        let mut gathering = Gathering::new("small.example");
        for minute in 0..240 {
            let time_ms = BEGIN_MS + day * DAY_MS + minute * 360_000;
            request(&mut gathering, &mut index, time_ms, minute);
            if minute % 4 == 0 {
                call(&mut gathering, &mut index, time_ms, minute);
            }
            if minute % 6 == 0 {
                connection(&mut gathering, &mut index, time_ms, minute);
            }
        }
        let record = arrived(index, "nginx", b"\xff\xfe half a line", BEGIN_MS + day * DAY_MS);
        gathering.add(&record, Err("no JSON"));
        index += 1;
        let written = gathering.write(&tables, BEGIN_MS + day * DAY_MS).await.unwrap();
        written.commit(&tables, index).await.unwrap();
    }
    tables
}

fn arrived<'r>(index: u64, source: &'r str, raw: &'r [u8], received_ms: i64) -> Arrived<'r> {
    Arrived { index, source, header: "", received_ms, raw }
}

fn request(gathering: &mut Gathering, index: &mut u64, time_ms: i64, minute: i64) {
    let ip = if minute == 100 { "203.0.113.7".to_owned() } else { format!("198.51.100.{}", minute % 50) };
    let action = if minute % 10 == 0 { "BLOCK" } else { "ALLOW" };
    let path = if minute % 10 == 0 { "/admin/login.php?q=1%20UNION%20SELECT" } else { "/shop/東京/item" };
    let raw = format!(r#"{{"timestamp":{time_ms},"action":"{action}","ip":"{ip}","uri":"{path}","id":"req-{index}"}}"#);
    let mut event = Event::new(Class::HttpActivity);
    event.time(Column::Time, Some(time_ms * 1_000));
    event.text(Column::SrcIp, Some(ip));
    event.text(Column::Action, Some(action));
    event.text(Column::Path, Some(path));
    event.text(Column::Host, Some("shop.example.com"));
    event.text(Column::Method, Some("GET"));
    event.int(Column::HttpStatus, Some(if action == "BLOCK" { 403 } else { 200 }));
    event.int(Column::DurationMs, Some(minute));
    if action == "BLOCK" {
        event.text(Column::RuleUid, Some("sqli"));
        event.texts(Column::Labels, vec!["awswaf:sqli".into(), "test".into()]);
    }
    gathering.add(&arrived(*index, "aws-waf", raw.as_bytes(), time_ms + 500), Ok(&event));
    *index += 1;
}

fn call(gathering: &mut Gathering, index: &mut u64, time_ms: i64, minute: i64) {
    let raw =
        format!(r#"{{"eventTime":{time_ms},"eventName":"GetObject","arn":"arn:aws:iam::123837392027:user/bert-jan"}}"#);
    let mut event = Event::new(Class::ApiActivity);
    event.time(Column::Time, Some(time_ms * 1_000));
    event.int(Column::ActivityId, Some(2));
    event.text(Column::Operation, Some(if minute % 16 == 0 { "DeleteBucket" } else { "GetObject" }));
    event.text(Column::UserName, Some("bert-jan"));
    event.text(Column::SrcIp, Some("2001:db8::1"));
    event.text(Column::Region, Some("eu-west-1"));
    event.text(Column::AccountUid, Some("123837392027"));
    event.texts(Column::Resources, vec!["arn:aws:s3:::a".into(), "arn:aws:s3:::b".into()]);
    gathering.add(&arrived(*index, "cloudtrail", raw.as_bytes(), time_ms + 900), Ok(&event));
    *index += 1;
}

fn connection(gathering: &mut Gathering, index: &mut u64, time_ms: i64, minute: i64) {
    let raw = format!("2 123837392027 eni-0abc 10.0.{minute}.1 10.0.0.5 443 {minute} 6 10 840 ACCEPT");
    let mut event = Event::new(Class::NetworkActivity);
    event.time(Column::Time, Some(time_ms * 1_000));
    event.text(Column::SrcIp, Some(format!("10.0.{minute}.1")));
    event.text(Column::DstIp, Some("10.0.0.5"));
    event.int(Column::DstPort, Some(443));
    event.int(Column::Bytes, Some(840 + minute));
    gathering.add(&arrived(*index, "vpc-flow", raw.as_bytes(), time_ms + 60_000), Ok(&event));
    *index += 1;
}
