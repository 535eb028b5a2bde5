//! How long questions take, over a lake of a year: `SEKISHO_EVENTS=1000000 cargo bench -p sekisho-query --bench measured`.
//!
//! The lake is made in `target/measured` and kept, so that other engines can be asked the same.

#![expect(clippy::unwrap_used, reason = "a measurement that cannot go on fails where it stands")]
#![expect(clippy::print_stdout, reason = "it is read by whoever runs it")]

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use sekisho_event::{Class, Column, Event};
use sekisho_query::{QuerySettings, Questions, Search};
use sekisho_tables::{Arrived, Gathering, Location, Tables};

/// 2025-11-22T00:00:00Z, in milliseconds.
const BEGIN_MS: i64 = 1_763_769_600_000;
const DAY_MS: i64 = 86_400_000;
const DAYS: i64 = 365;

/// A number that looks like chance and is the same each time (SplitMix64).
fn chance(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn ip(number: u64) -> String {
    let of = chance(number % 50_000).to_be_bytes();
    format!("{}.{}.{}.{}", of[0] % 200 + 20, of[1], of[2], of[3])
}

async fn fill(tables: &Tables, events: u64) {
    let mut index = 0;
    for day in 0..DAYS {
        let mut gathering = Gathering::new("measured.example");
        let a_day = events / DAYS.unsigned_abs();
        for nth in 0..a_day {
            let number = chance(index);
            let time_ms = BEGIN_MS + day * DAY_MS + i64::try_from(nth * DAY_MS.unsigned_abs() / a_day).unwrap();
            let (ip, path) = (ip(number), format!("/shop/{}/item/{}", number % 17, number % 991));
            let (action, status) = if number.is_multiple_of(23) { ("BLOCK", 403) } else { ("ALLOW", 200) };
            let id = format!("{:08x}-{:04x}-4a00-8b00-{:012x}", number >> 32, number & 0xffff, chance(number) >> 16);
            let raw = format!(
                r#"{{"timestamp":{time_ms},"formatVersion":1,"webaclId":"arn:aws:wafv2:eu-west-1:123837392027:regional/webacl/shop/1","terminatingRuleId":"Default_Action","action":"{action}","httpRequest":{{"clientIp":"{ip}","country":"JP","headers":[{{"name":"Host","value":"shop.example.com"}},{{"name":"User-Agent","value":"Mozilla/5.0 (X11; Linux x86_64) Firefox/1{}.0"}}],"uri":"{path}","args":"","httpVersion":"HTTP/2.0","httpMethod":"GET","requestId":"{id}"}}}}"#,
                number % 30
            );
            let mut event = Event::new(Class::HttpActivity);
            event.time(Column::Time, Some(time_ms * 1_000));
            event.text(Column::SrcIp, Some(ip));
            event.text(Column::SrcCountry, Some(["JP", "US", "DE", "FR", "BR"][usize::try_from(number % 5).unwrap()]));
            event.text(Column::Action, Some(action));
            event.text(Column::Method, Some(if number.is_multiple_of(7) { "POST" } else { "GET" }));
            event.text(Column::Host, Some("shop.example.com"));
            event.text(Column::Path, Some(path));
            event.text(Column::RequestUid, Some(id));
            event.int(Column::HttpStatus, Some(status));
            event.int(Column::ResponseBytes, i64::try_from(number % 100_000).ok());
            let record = Arrived { index, source: "aws-waf", header: "", received_ms: time_ms, raw: raw.as_bytes() };
            gathering.add(&record, Ok(&event));
            index += 1;
        }
        gathering.write(tables, BEGIN_MS + day * DAY_MS).await.unwrap().commit(tables, index).await.unwrap();
    }
}

/// Milliseconds until the last row, and how many rows there were.
async fn timed(questions: &Questions, sql: &str) -> (f64, usize) {
    let begin = Instant::now();
    let mut answer = questions.ask(sql).await.unwrap();
    let mut rows = 0;
    while let Some(batch) = answer.next().await {
        rows += batch.unwrap().num_rows();
    }
    (begin.elapsed().as_secs_f64() * 1e3, rows)
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(measure());
}

async fn measure() {
    let events: u64 = option_env!("SEKISHO_EVENTS").unwrap_or("200000").parse().unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/measured").join(events.to_string());
    let is_new = !folder.exists();
    let tables: Arc<Tables> = Tables::open(vec![Location::folder(&folder).unwrap()]);
    let begin = Instant::now();
    if is_new {
        fill(&tables, events).await;
        println!("{events} events written in {:.1} s", begin.elapsed().as_secs_f64());
    }
    let questions = Questions::new(tables, QuerySettings::default()).unwrap();
    timed(&questions, "SELECT count(*) FROM http").await;
    for (name, since) in [("seven days", "2026-11-15"), ("a year", "2025-11-22")] {
        let mut times = Vec::new();
        let mut found = 0;
        for nth in 0..20 {
            let sql = format!(
                "SELECT time, src_ip, path FROM http WHERE src_ip = '{}' AND time >= TIMESTAMP '{since}T00:00:00Z' ORDER BY time DESC",
                ip(chance(nth))
            );
            let (ms, rows) = timed(&questions, &sql).await;
            times.push(ms);
            found += rows;
        }
        times.sort_by(f64::total_cmp);
        println!(
            "an address over {name}: p50 {:.0} ms, p95 {:.0} ms, {found} rows in 20 questions",
            times[10], times[18]
        );
    }
    for words in ["nosuchword".to_owned(), ip(chance(3)), "BLOCK POST shop.example.com".to_owned()] {
        let begin = Instant::now();
        let search = Search { words: words.clone(), since_us: None, until_us: None, rows_max: 20 };
        let mut finding = questions.search(&search).await.unwrap();
        let first = finding.next().await.map(|row| row.unwrap().time_us);
        let progress = finding.progress();
        println!(
            "search {words}: first row {first:?} after {:.0} ms, {} of {} files to read",
            begin.elapsed().as_secs_f64() * 1e3,
            progress.files_to_read,
            progress.files
        );
    }
    let sql = "SELECT src_country, action, method, http_status, path, count(*), sum(response_bytes) FROM http GROUP BY 1, 2, 3, 4, 5";
    for _ in 0..3 {
        let (ms, rows) = timed(&questions, sql).await;
        println!("five columns grouped: {ms:.0} ms, {rows} groups");
    }
}
