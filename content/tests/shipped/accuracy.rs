//! How many labelled parameter values the shipped rules get right, as query arguments of an otherwise honest request.
//!
//! The values are the training split of HttpParams, read in place. They are no goal to tune for: the bounds only keep a
//! change from losing what was there. Command injection is beyond these groups and is only reported.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr};

use sekisho_content::{Lists, catalogue, starter};
use sekisho_model::Timestamp;
use sekisho_waf::{
    Body, Client, Context, Decision, Header, KnownToken, Limits, NoPlaces, NoRates, Request, RuleSet, Scratch,
};
use sekisho_waf_lang::aws::{LoadOptions, load};

fn starter_rules() -> RuleSet {
    let lists = Lists::default();
    let starter = starter(&lists);
    let loaded =
        load(&starter.acl, &starter.resources, &catalogue(&lists).expect("the groups load"), &LoadOptions::default());
    let policy = loaded.policy.expect("the starter web ACL loads");
    RuleSet::compile(policy, Limits::default()).expect("it compiles")
}

fn is_blocked(rules: &RuleSet, value: &[u8], scratch: &mut Scratch) -> bool {
    let mut query = "q=".to_owned();
    for byte in value {
        write!(query, "%{byte:02X}").expect("a string takes everything");
    }
    let headers = [
        Header { name: b"Host", value: b"shop.example" },
        Header {
            name: b"User-Agent",
            value: b"Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
        },
        Header { name: b"Accept", value: b"*/*" },
    ];
    let request = Request {
        method: b"GET",
        path: b"/search",
        query: query.as_bytes(),
        fragment: None,
        version: b"HTTP/1.1",
        scheme: "https",
        headers: &headers,
        body: Body::EMPTY,
        client: Client {
            ip: IpAddr::V4(Ipv4Addr::new(203, 0, 113, 5)),
            country: None,
            asn: None,
            ja3: None,
            ja4: None,
        },
    };
    let context =
        Context { now: Timestamp::from_unix_ms(0), rates: &NoRates, places: &NoPlaces, token: &KnownToken::NONE };
    rules.evaluate(&request, &context, scratch).decision == Decision::Block
}

#[test]
fn labelled_values_are_told_apart() {
    let Some(file) = crate::shared::file("http-params/payload_train.csv") else { return };
    let rules = starter_rules();
    let mut scratch = Scratch::default();
    let mut by_type: BTreeMap<String, (u32, u32)> = BTreeMap::new();
    for record in csv::Reader::from_path(file).unwrap().byte_records() {
        let record = record.unwrap();
        // Three times as many bytes encoded: beyond this, it is the length of the query string that blocks.
        if record[0].len() > 600 {
            continue;
        }
        let (all, blocked) = by_type.entry(String::from_utf8_lossy(&record[2]).into_owned()).or_default();
        *all += 1;
        *blocked += u32::from(is_blocked(&rules, &record[0], &mut scratch));
    }
    let share = |kinds: &[&str]| {
        let (all, blocked) = kinds.iter().map(|kind| by_type[*kind]).fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
        100.0 * f64::from(blocked) / f64::from(all)
    };
    println!("{by_type:?}: (values, blocked)");
    assert!(share(&["norm"]) <= 0.1, "{by_type:?}");
    assert!(share(&["sqli"]) >= 99.0, "{by_type:?}");
    assert!(share(&["xss"]) >= 97.0, "{by_type:?}");
    assert!(share(&["sqli", "xss", "path-traversal"]) >= 98.0, "{by_type:?}");
}
