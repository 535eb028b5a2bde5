//! Addresses of `@ipMatch` and `@ipMatchFromFile`.

use std::net::IpAddr;

use ipnet::IpNet;

use super::reading::Reading;
use super::word::Part;
use crate::report::{Report, quoted};

const HELP: &str = "write an address or a range, such as `192.0.2.0/24` or `2001:db8::/32`";

/// Reads a list parted by commas.
pub(super) fn inline(argument: Part<'_>, report: &mut Report) -> Option<Vec<IpNet>> {
    let mut ranges = Vec::new();
    let mut sound = true;
    for piece in argument.split(',').map(Part::trim) {
        match range(piece.text()) {
            Some(range) => ranges.push(range),
            None => {
                let message = format!("{} is no address or range of addresses", quoted(piece.text()));
                report.push(piece.error("invalid-address", message).help(HELP));
                sound = false;
            }
        }
    }
    sound.then_some(ranges)
}

/// Reads files: one address or range a line; empty lines and those that begin with `#` are none.
pub(super) fn from_files(argument: Part<'_>, reading: &mut Reading<'_>) -> Option<Vec<IpNet>> {
    let mut ranges = Vec::new();
    let mut sound = true;
    for (name, path, bytes) in reading.each_file(argument)? {
        for (at, line) in String::from_utf8_lossy(&bytes).lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            match range(line) {
                Some(range) => ranges.push(range),
                None => {
                    let message = format!("{} in line {} of `{path}` is no address or range", quoted(line), at + 1);
                    reading.report.push(name.error("invalid-address", message).help(HELP));
                    sound = false;
                }
            }
        }
    }
    sound.then_some(ranges)
}

fn range(text: &str) -> Option<IpNet> {
    text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from)).map(|net| net.trunc())
}
