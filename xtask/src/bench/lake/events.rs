//! Real CloudTrail events, multiplied: each copy has ids, a time and an address of its own.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use fastrand::Rng;

/// Addresses that events come from.
const ADDRESSES: usize = 20_000;
/// Written at once.
const CHUNK_BYTES: usize = 1 << 20;

/// What differs from copy to copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Slot {
    Id,
    Time,
    Address,
}

/// The members whose values differ. The time comes before either of the others in CloudTrail's own order; searched each for itself.
const SLOTS: [(&str, Slot); 4] = [
    (r#""eventTime":""#, Slot::Time),
    (r#""sourceIPAddress":""#, Slot::Address),
    (r#""requestID":""#, Slot::Id),
    (r#""eventID":""#, Slot::Id),
];

/// An event's text, and what is put between its parts.
#[derive(Debug)]
struct Template {
    parts: Vec<String>,
    slots: Vec<Slot>,
}

impl Template {
    fn new(event: &str) -> Self {
        let mut cuts: Vec<_> = SLOTS
            .iter()
            .filter_map(|(name, slot)| {
                let start = event.find(name)? + name.len();
                let end = start + event[start..].find('"')?;
                let is_kept = *slot == Slot::Address && event[start..end].parse::<std::net::IpAddr>().is_err();
                (!is_kept).then_some((start, end, *slot))
            })
            .collect();
        cuts.sort_unstable_by_key(|cut| cut.0);
        let mut template = Self { parts: Vec::new(), slots: Vec::new() };
        let mut from = 0;
        for (start, end, slot) in cuts {
            template.parts.push(event[from..start].to_owned());
            template.slots.push(slot);
            from = end;
        }
        template.parts.push(event[from..].to_owned());
        template
    }
}

/// The generator: the same seed gives the same events.
#[derive(Debug)]
pub(super) struct Events {
    templates: Vec<Template>,
    addresses: Vec<String>,
    rng: Rng,
}

impl Events {
    /// Reads the events of the shared data.
    pub(super) fn load(root: &Path, seed: u64) -> Result<Self> {
        let folder = root.join("../shared/data/cloudtrail");
        let mut templates = Vec::new();
        for file in files(&folder)? {
            let text = fs::read_to_string(&file).with_context(|| format!("read {}", file.display()))?;
            templates.extend(records(&text).map(Template::new));
        }
        if templates.is_empty() {
            bail!("there are no CloudTrail events in {}", folder.display());
        }
        let mut rng = Rng::with_seed(seed);
        let addresses = (0..ADDRESSES).map(|_| std::net::Ipv4Addr::from(rng.u32(0x0100_0000..0xdf00_0000)).to_string());
        let addresses = addresses.collect();
        Ok(Self { templates, addresses, rng })
    }

    /// An address that some events come from; `rank` 0 is the most frequent.
    pub(super) fn address(&self, rank: usize) -> &str {
        &self.addresses[rank % ADDRESSES]
    }

    /// Writes `count` events, one a line, in the order of their times: from `start_s` (seconds since the epoch) on over `span_s` seconds. Gives the bytes
    /// that were written.
    pub(super) fn write(&mut self, count: u64, start_s: u64, span_s: u64, mut out: impl Write) -> io::Result<u64> {
        let mut chunk = Vec::with_capacity(CHUNK_BYTES + (64 << 10));
        let mut written = 0;
        for at in 0..count {
            let time_s = start_s + u64::try_from(u128::from(at) * u128::from(span_s) / u128::from(count)).unwrap_or(0);
            self.event(time_s, &mut chunk)?;
            if chunk.len() >= CHUNK_BYTES {
                written += chunk.len() as u64;
                out.write_all(&chunk)?;
                chunk.clear();
            }
        }
        written += chunk.len() as u64;
        out.write_all(&chunk)?;
        out.flush()?;
        Ok(written)
    }

    fn event(&mut self, time_s: u64, chunk: &mut Vec<u8>) -> io::Result<()> {
        let template = &self.templates[self.rng.usize(..self.templates.len())];
        for (part, slot) in template.parts.iter().zip(&template.slots) {
            chunk.extend_from_slice(part.as_bytes());
            match slot {
                Slot::Id => {
                    let (a, b) = (self.rng.u64(..), self.rng.u64(..));
                    let (a2, a3, b1) = (a >> 16 & 0xffff, a & 0xffff, b >> 48);
                    write!(chunk, "{:08x}-{a2:04x}-{a3:04x}-{b1:04x}-{:012x}", a >> 32, b & 0xffff_ffff_ffff)?;
                }
                Slot::Time => write_time(time_s, chunk)?,
                // A few addresses send most.
                Slot::Address => {
                    let place = self.rng.f64().powi(4);
                    let rank = (place * ADDRESSES as f64) as usize;
                    chunk.extend_from_slice(self.addresses[rank.min(ADDRESSES - 1)].as_bytes());
                }
            }
        }
        chunk.extend_from_slice(template.parts[template.slots.len()].as_bytes());
        chunk.push(b'\n');
        Ok(())
    }
}

/// `2026-11-22T09:30:00Z`. Source of the calendar arithmetic: the proleptic Gregorian calendar in eras of 400 years.
pub(super) fn write_time(time_s: u64, out: &mut Vec<u8>) -> io::Result<()> {
    let (days, second) = (time_s / 86_400 + 719_468, time_s % 86_400);
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let (day, month) = (day - (153 * month + 2) / 5 + 1, if month < 10 { month + 3 } else { month - 9 });
    let year = era * 400 + year + u64::from(month <= 2);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    write!(out, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// All JSON files below a folder, sorted.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).with_context(|| format!("list {}", folder.display()))?;
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "json") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// The events of a CloudTrail file: the objects of its outermost array. Files that lay events out over several lines are left out.
fn records(text: &str) -> impl Iterator<Item = &str> {
    let body = text.strip_prefix(r#"{"Records":["#).unwrap_or_default();
    let (mut depth, mut start) = (0_u32, 0);
    let (mut in_text, mut is_escaped) = (false, false);
    body.bytes().enumerate().filter_map(move |(at, byte)| {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_text => is_escaped = true,
            b'"' => in_text = !in_text,
            b'{' if !in_text => {
                start = if depth == 0 { at } else { start };
                depth += 1;
            }
            b'}' if !in_text && depth > 0 => {
                depth -= 1;
                return (depth == 0).then(|| &body[start..=at]);
            }
            _ => {}
        }
        None
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_the_calendar() {
        for (time_s, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_795_339_800, "2026-11-22T09:30:00Z"),
            (4_102_444_799, "2099-12-31T23:59:59Z"),
        ] {
            let mut out = Vec::new();
            write_time(time_s, &mut out).expect("memory takes it");
            assert_eq!(String::from_utf8(out).expect("digits"), text);
        }
    }

    #[test]
    fn events_are_cut_out_and_filled() -> Result<()> {
        let text = r#"{"Records":[{"a":"}\"{","eventTime":"x","b":{"c":1}},{"sourceIPAddress":"1.2.3.4","eventID":"y"},{"sourceIPAddress":"s3.amazonaws.com"}]}"#;
        let events: Vec<_> = records(text).collect();
        assert_eq!(events[0], r#"{"a":"}\"{","eventTime":"x","b":{"c":1}}"#);
        let templates: Vec<_> = events.into_iter().map(Template::new).collect();
        assert_eq!(templates[0].slots, [Slot::Time]);
        assert_eq!(templates[1].slots, [Slot::Address, Slot::Id]);
        assert_eq!(templates[2].slots, []);
        let mut events = Events { templates, addresses: vec!["9.9.9.9".to_owned(); ADDRESSES], rng: Rng::with_seed(1) };
        let mut out = Vec::new();
        let bytes = events.write(100, 86_400, 100, &mut out)?;
        assert_eq!(bytes, out.len() as u64);
        let lines: Vec<serde_json::Value> = out
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
            .map(serde_json::from_slice)
            .collect::<Result<_, _>>()?;
        assert_eq!(lines.len(), 100);
        assert!(lines.iter().any(|line| line["sourceIPAddress"] == "9.9.9.9"));
        assert!(
            lines
                .iter()
                .any(|line| line["eventTime"].as_str().is_some_and(|time| time.starts_with("1970-01-02T00:01:")))
        );
        Ok(())
    }
}
