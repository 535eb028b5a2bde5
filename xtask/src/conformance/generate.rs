//! Requests made by chance from a seed: benign ones of every content type, labelled parameter values, and attacks
//! rewritten the way those who evade rules do it.

use std::path::Path;

use anyhow::{Context, Result, bail};
use fastrand::Rng;

use super::mutate;
use super::place::{anywhere, choose, form, json, multipart, query, xml};
use super::request::{Parts, Request};

/// Words of ordinary texts, in several scripts, with the characters that make rules look twice.
const WORDS: &[&str] = &[
    "order",
    "select",
    "from",
    "the",
    "where",
    "union",
    "station",
    "O'Brien",
    "AT&T",
    "50%",
    "C++",
    "a+b",
    "naïve",
    "東京",
    "関所",
    "Grüße",
    "1=1?",
    "and",
    "or",
    "script",
    "alert",
    "drop",
    "table",
    "lamp",
    "e-mail",
    "x@y.example",
    "http://shop.example/a?b=c",
    "2026-11-22",
    "#42",
    "<3",
    "\"quoted\"",
    "(maybe)",
    "etc.",
    "/usr/bin",
    "cat",
    "ping",
    "--",
    "*",
    "1.5",
    "null",
    "true",
    "file",
    "../up",
    "C:\\temp",
    "{json}",
    "[list]",
    "price: 5 €",
    "sleep",
    "curl",
];

/// Values with their label, from the shared data.
#[derive(Debug)]
pub(super) struct Values {
    benign: Vec<String>,
    attacks: Vec<String>,
}

impl Values {
    /// Reads `payload_train.csv`: columns payload, length, attack_type, label.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or holds no values of one label.
    pub(super) fn read(file: &Path) -> Result<Self> {
        let mut reader = csv::Reader::from_path(file).with_context(|| format!("read {}", file.display()))?;
        let mut values = Self { benign: Vec::new(), attacks: Vec::new() };
        for record in reader.byte_records() {
            let record = record.with_context(|| format!("read {}", file.display()))?;
            let text = String::from_utf8_lossy(record.get(0).unwrap_or_default()).into_owned();
            match record.get(3) {
                Some(b"norm") => values.benign.push(text),
                _ => values.attacks.push(text),
            }
        }
        if values.benign.is_empty() || values.attacks.is_empty() {
            bail!("{} holds no benign values or no attacks", file.display());
        }
        Ok(values)
    }
}

/// Makes `count` requests from `seed`: two fifths benign, two fifths rewritten attacks, the rest labelled values as they
/// are.
pub(super) fn requests(values: &Values, seed: u64, count: usize) -> Vec<Request> {
    let mut rng = Rng::with_seed(seed);
    (0..count)
        .map(|number| {
            let (kind, mut parts) = match number % 5 {
                0 | 1 => ("benign", benign(&mut rng, values)),
                2 | 3 => ("rewritten", rewritten(&mut rng, values)),
                _ => ("value", labelled(&mut rng, values)),
            };
            parts.complete();
            parts.into_request(format!("{kind} {seed}/{number}"))
        })
        .collect()
}

fn benign(rng: &mut Rng, values: &Values) -> Parts {
    let count = rng.usize(1..12);
    let texts: Vec<Vec<u8>> = (0..count).map(|_| benign_text(rng, values).into_bytes()).collect();
    let mut parts = match rng.u8(0..6) {
        0 | 1 => query(rng, &texts),
        2 => form(rng, &texts),
        3 => json(rng, &texts),
        4 => multipart(rng, &texts),
        _ => xml(&texts),
    };
    if rng.bool() {
        let id = rng.u64(..);
        parts.field("Cookie", format!("session={id:016x}; cart={}; consent=necessary%2Cstatistics", rng.u8(..)));
    }
    if rng.u8(0..4) == 0 {
        parts.field("Referer", "https://shop.example/products?sort=price&order=asc");
    }
    parts
}

fn benign_text(rng: &mut Rng, values: &Values) -> String {
    if rng.u8(0..3) == 0 {
        return choose(rng, &values.benign).clone();
    }
    let count = rng.usize(1..9);
    (0..count).map(|_| *choose(rng, WORDS)).collect::<Vec<_>>().join(" ")
}

fn rewritten(rng: &mut Rng, values: &Values) -> Parts {
    let attack = match rng.u8(0..3) {
        0 => (*choose(rng, mutate::ATTACKS)).to_owned(),
        _ => choose(rng, &values.attacks).clone(),
    };
    let value = mutate::rewrite(rng, attack.as_bytes());
    anywhere(rng, &value)
}

fn labelled(rng: &mut Rng, values: &Values) -> Parts {
    let text = if rng.bool() { choose(rng, &values.benign) } else { choose(rng, &values.attacks) };
    anywhere(rng, text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_requests() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("v.csv");
        std::fs::write(&file, "payload,length,attack_type,label\na b,3,norm,norm\n\"1' or '1'='1\",12,sqli,anom\n")?;
        let values = Values::read(&file)?;
        let (one, two) = (requests(&values, 7, 50), requests(&values, 7, 50));
        assert_eq!(one, two);
        assert_ne!(one, requests(&values, 8, 50));
        assert!(one.iter().any(|request| request.bytes.starts_with(b"POST /upload")));
        Ok(())
    }
}
