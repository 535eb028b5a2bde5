//! A set of a million address ranges: loaded as a document, asked, and weighed.

use std::fs;
use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Instant;

use criterion::{Criterion, Throughput};
use ipnet::IpNet;
use sekisho_model::SourceFile;
use sekisho_waf::AddressSet;
use sekisho_waf_lang::aws::{self, LoadOptions, ManagedCatalogue};
use serde_json::json;

use crate::acl::Dice;
use crate::cpu_time::CpuTime;

const RANGES: usize = 1_000_000;
const PROBES: usize = 1 << 16;
/// Where the registries' IPv6 addresses begin.
const V6_BLOCKS: [u128; 8] = [0x2001, 0x2400, 0x2404, 0x2600, 0x2607, 0x2800, 0x2a00, 0x2a02];

fn number(dice: &mut Dice) -> u128 {
    (0..8).fold(0, |number, _| number << 16 | dice.roll(1 << 16) as u128)
}

fn v4(dice: &mut Dice) -> Ipv4Addr {
    Ipv4Addr::from_bits(u32::try_from(number(dice) & 0xFFFF_FFFF).expect("32 bits") % 0xE000_0000)
}

fn v6(dice: &mut Dice) -> Ipv6Addr {
    let block = V6_BLOCKS[dice.roll(V6_BLOCKS.len())];
    Ipv6Addr::from_bits(block << 112 | number(dice) >> 16)
}

/// Half of each version; single addresses and ranges of all usual lengths.
fn ranges(dice: &mut Dice) -> Vec<IpNet> {
    const V4_LENGTHS: [u8; 8] = [32, 32, 32, 24, 24, 22, 28, 18];
    const V6_LENGTHS: [u8; 8] = [128, 128, 64, 64, 56, 48, 48, 36];
    (0..RANGES)
        .map(|at| {
            let range = if at % 2 == 0 {
                IpNet::new(v4(dice).into(), V4_LENGTHS[dice.roll(8)])
            } else {
                IpNet::new(v6(dice).into(), V6_LENGTHS[dice.roll(8)])
            };
            range.expect("a length of its version").trunc()
        })
        .collect()
}

/// Memory of this process that is in use, in MB, and the most it ever was.
fn resident_mb() -> (f64, f64) {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let field = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).expect("it is there");
        let kb = line.split_whitespace().nth(1).and_then(|kb| kb.parse::<f64>().ok()).expect("a number");
        kb / 1000.0
    };
    (field("VmRSS:"), field("VmHWM:"))
}

#[expect(clippy::print_stdout, reason = "figures that criterion has no place for")]
fn weigh(ranges: &[IpNet]) -> AddressSet {
    let (before, _) = resident_mb();
    let set: AddressSet = ranges.iter().copied().collect();
    let (after, _) = resident_mb();
    println!(
        "addresses: {} ranges, {} not within others, {:.1} MB, {:.1} MB resident more",
        ranges.len(),
        set.len(),
        set.bytes() as f64 / 1e6,
        after - before
    );
    set
}

/// Loads the ranges as two documents that a web ACL refers to.
#[expect(clippy::print_stdout, reason = "figures that criterion has no place for")]
fn load(ranges: &[IpNet]) {
    let sets = [("IPV4", false), ("IPV6", true)].map(|(version, wide)| {
        let chosen = ranges.iter().filter(|range| matches!(range, IpNet::V6(_)) == wide).map(IpNet::to_string);
        let set = json!({"IPSet": {
            "Name": version, "Id": "1", "ARN": format!("arn:aws:wafv2:us-east-1:111122223333:regional/ipset/{version}/1"),
            "IPAddressVersion": version, "Addresses": chosen.collect::<Vec<_>>(),
        }, "LockToken": "t"});
        SourceFile::new(version, format!("{set:#}"))
    });
    let visibility = json!({"SampledRequestsEnabled": true, "CloudWatchMetricsEnabled": true, "MetricName": "m"});
    let rules: Vec<_> = ["IPV4", "IPV6"]
        .iter()
        .enumerate()
        .map(|(at, version)| {
            let reference = json!({"ARN": format!("arn:aws:wafv2:us-east-1:111122223333:regional/ipset/{version}/1")});
            json!({"Name": version, "Priority": at, "Action": {"Block": {}}, "VisibilityConfig": visibility,
                "Statement": {"IPSetReferenceStatement": reference}})
        })
        .collect();
    let acl = json!({"Name": "a", "ARN": "arn:aws:wafv2:us-east-1:111122223333:regional/webacl/a/1",
        "DefaultAction": {"Allow": {}}, "VisibilityConfig": visibility, "Rules": rules});
    let bytes: usize = sets.iter().map(|set| set.text().len()).sum();
    let (before, _) = resident_mb();
    let begun = Instant::now();
    let loaded =
        aws::load(&SourceFile::new("acl", acl.to_string()), &sets, &ManagedCatalogue::new(), &LoadOptions::default());
    let took = begun.elapsed();
    let (after, most) = resident_mb();
    let shown = loaded.diagnostics.render(false);
    assert!(loaded.policy.is_some(), "{shown}");
    println!(
        "addresses: {:.0} MB of documents loaded in {:.2} s; {:.0} MB resident more, {:.0} MB more at the most",
        bytes as f64 / 1e6,
        took.as_secs_f64(),
        after - before,
        most - before
    );
}

pub(crate) fn bench(criterion: &mut Criterion<CpuTime>) {
    let mut dice = Dice::new(3);
    let ranges = ranges(&mut dice);
    let set = weigh(&ranges);
    load(&ranges);
    let mut group = criterion.benchmark_group("addresses");
    group.throughput(Throughput::Elements(PROBES as u64));
    for (name, wide) in [("v4", false), ("v6", true)] {
        let of_version: Vec<&IpNet> = ranges.iter().filter(|range| matches!(range, IpNet::V6(_)) == wide).collect();
        let hits: Vec<IpAddr> = (0..PROBES).map(|_| of_version[dice.roll(of_version.len())].broadcast()).collect();
        let any: Vec<IpAddr> =
            (0..PROBES).map(|_| if wide { v6(&mut dice).into() } else { v4(&mut dice).into() }).collect();
        for (kind, probes) in [("in the set", hits), ("any", any)] {
            group.bench_function(format!("{name}, {kind}"), |bencher| {
                bencher.iter(|| probes.iter().filter(|address| set.contains(**black_box(address))).count());
            });
            // A copy made just before is waited for by the processor until all before it is done, as is the next look-up.
            group.bench_function(format!("{name}, {kind}, one after the other"), |bencher| {
                bencher.iter(|| probes.iter().filter(|address| set.contains(black_box(**address))).count());
            });
        }
    }
    group.finish();
}
