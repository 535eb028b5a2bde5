//! JA4: what a client offers in words, and two short hashes of it, sorted.
//!
//! Source: FoxIO, "JA4: TLS Client Fingerprinting" (github.com/FoxIO-LLC/ja4, technical_details/JA4.md).

use std::fmt::Write;

use sha2::{Digest, Sha256};

use super::{ClientHello, hex, without_grease};

const SERVER_NAME: u16 = 0;
const PROTOCOLS: u16 = 16;
/// What stands for the hash of nothing.
const NONE: &str = "000000000000";
/// Counts are written with two digits.
const COUNT_MAX: usize = 99;

/// 36 characters: ten that can be read, and two hashes.
pub(super) fn fingerprint(hello: &ClientHello<'_>) -> String {
    let (ciphers, extensions) = lists(hello);
    let hash = |list: &str| {
        if list.is_empty() { NONE.to_owned() } else { hex(&Sha256::digest(list)[..6]) }
    };
    format!("{}_{}_{}", summary(hello), hash(&ciphers), hash(&extensions))
}

/// Transport, version, whether a host is named, how many cipher suites and extensions, and the first protocol.
fn summary(hello: &ClientHello<'_>) -> String {
    let version = match &hello.versions {
        Some(versions) => without_grease(versions).max().unwrap_or(0),
        None => hello.version,
    };
    let version = match version {
        0x0304 => "13",
        0x0303 => "12",
        0x0302 => "11",
        0x0301 => "10",
        0x0300 => "s3",
        0x0002 => "s2",
        _ => "00",
    };
    let names_host = if hello.extensions.contains(&SERVER_NAME) { 'd' } else { 'i' };
    let ciphers = without_grease(&hello.ciphers).count().min(COUNT_MAX);
    let extensions = without_grease(&hello.extensions).count().min(COUNT_MAX);
    let [first, last] = ends(hello.protocol.unwrap_or_default());
    format!("t{version}{names_host}{ciphers:02}{extensions:02}{first}{last}")
}

/// The first and the last character of a protocol's name, or of its hexadecimal digits if one of the two is no letter or
/// digit.
fn ends(protocol: &[u8]) -> [char; 2] {
    let (Some(&first), Some(&last)) = (protocol.first(), protocol.last()) else { return ['0', '0'] };
    if first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric() {
        return [char::from(first), char::from(last)];
    }
    let digits = hex(&[first, last]);
    let mut digits = digits.chars();
    [digits.next().unwrap_or('0'), digits.next_back().unwrap_or('0')]
}

/// What the two hashes are of: the sorted cipher suites; the sorted extensions, without those that the summary tells of, and the
/// signature algorithms in the client's order.
pub(super) fn lists(hello: &ClientHello<'_>) -> (String, String) {
    let mut ciphers: Vec<u16> = without_grease(&hello.ciphers).collect();
    ciphers.sort_unstable();
    let told = |kind: &u16| matches!(*kind, SERVER_NAME | PROTOCOLS);
    let mut extensions: Vec<u16> = without_grease(&hello.extensions).filter(|kind| !told(kind)).collect();
    extensions.sort_unstable();
    let mut list = listed(extensions.into_iter());
    let algorithms = listed(without_grease(&hello.signature_algorithms));
    if !list.is_empty() && !algorithms.is_empty() {
        list.push('_');
        list.push_str(&algorithms);
    }
    (listed(ciphers.into_iter()), list)
}

fn listed(values: impl Iterator<Item = u16>) -> String {
    let mut list = String::new();
    for (at, value) in values.enumerate() {
        let comma = if at > 0 { "," } else { "" };
        write!(list, "{comma}{value:04x}").expect("a string takes everything");
    }
    list
}
