//! The key that a request counts under in a rate-based rule.
//!
//! Stands between the request and the counters. An address stays an address; the values of a custom key are written one
//! after the other, each with its length, so that no two combinations look alike. Counters take the key as it is;
//! records and people take it apart again with [`LimitedKey::values`].
//!
//! Source: AWS WAF Developer Guide, "Aggregating rate-based rules in AWS WAF": a request that lacks a part of the key is
//! not counted; invalid addresses count together or not at all, as their fallback says; an unknown autonomous system is 0.

use std::io::Write as _;
use std::net::IpAddr;

use crate::ir::{AddressSource, LabelTest, Policy, RateKey, RateKeyPart};
use crate::part::{self, select_addresses};
use crate::transform::{Outcome, Transform};
use crate::{Context, Request, Verdict};

/// A buffer that grew beyond this (bytes) for one request is given back before the next.
const BUFFER_KEPT_BYTES_MAX: usize = 64 * 1024;

/// What one request counts under.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CountedKey<'k> {
    /// An address.
    Address(IpAddr),
    /// All invalid addresses together.
    InvalidAddress,
    /// All requests together.
    Constant,
    /// The values of a custom key, in the encoding of [`LimitedKey::values`].
    Custom(&'k [u8]),
}

/// What a request counted under when it was over the limit.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum LimitedKey {
    /// An address.
    Address(IpAddr),
    /// All invalid addresses together.
    InvalidAddress,
    /// All requests together.
    Constant,
    /// The values of a custom key: see [`LimitedKey::values`].
    Custom(Box<[u8]>),
}

/// The value of one part of a custom key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyValue<'k> {
    /// The value, transformed. Addresses and numbers are in decimal text.
    Bytes(&'k [u8]),
    /// An address that is not valid, or a fingerprint that is missing; such requests count together.
    Invalid,
}

impl CountedKey<'_> {
    /// The key, to keep.
    #[must_use]
    pub fn to_limited(self) -> LimitedKey {
        match self {
            Self::Address(address) => LimitedKey::Address(address),
            Self::InvalidAddress => LimitedKey::InvalidAddress,
            Self::Constant => LimitedKey::Constant,
            Self::Custom(values) => LimitedKey::Custom(values.into()),
        }
    }
}

impl LimitedKey {
    /// The values of a custom key, in the order of its parts; none for other keys.
    pub fn values(&self) -> impl Iterator<Item = KeyValue<'_>> {
        let mut rest: &[u8] = if let Self::Custom(values) = self { values } else { b"" };
        std::iter::from_fn(move || {
            let (kind, after) = rest.split_first()?;
            let Some((length, after)) = after.split_first_chunk().filter(|_| *kind == VALUE) else {
                rest = after;
                return Some(KeyValue::Invalid);
            };
            let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX).min(after.len());
            let (value, after) = after.split_at(length);
            rest = after;
            Some(KeyValue::Bytes(value))
        })
    }
}

impl LimitedKey {
    /// The same key with the values of a custom key cut to `bytes_max` bytes each.
    #[must_use]
    pub fn cut(self, bytes_max: usize) -> Self {
        if !matches!(self, Self::Custom(_)) {
            return self;
        }
        let mut values = Vec::new();
        for value in self.values() {
            match value {
                KeyValue::Bytes(bytes) => {
                    push_value(&mut values, |out| out.extend_from_slice(&bytes[..bytes.len().min(bytes_max)]));
                }
                KeyValue::Invalid => values.push(INVALID),
            }
        }
        Self::Custom(values.into())
    }
}

/// Announces a value: four bytes of length, big end first, and the value follow.
const VALUE: u8 = 1;
/// Stands for an invalid address or a missing fingerprint.
const INVALID: u8 = 0;

/// Appends one value, written by `write`, to the values of a key.
fn push_value(values: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    values.push(VALUE);
    let length_at = values.len();
    values.extend_from_slice(&[0; 4]);
    let start = values.len();
    write(values);
    let length = u32::try_from(values.len() - start).unwrap_or(u32::MAX);
    values[length_at..start].copy_from_slice(&length.to_be_bytes());
}

/// Memory to build keys in, kept between requests.
#[derive(Debug, Default)]
pub(crate) struct KeyBuffers {
    key: Vec<u8>,
    /// What transformations read from and write to, in turn.
    before: Vec<u8>,
    after: Vec<u8>,
}

/// What a key is built from.
#[derive(Clone, Copy)]
pub(crate) struct KeyOrigin<'o> {
    pub(crate) policy: &'o Policy,
    pub(crate) request: &'o Request<'o>,
    pub(crate) context: &'o Context<'o>,
    pub(crate) verdict: &'o Verdict,
}

impl KeyBuffers {
    /// The key that a request counts under; none if it lacks a part of the key.
    pub(crate) fn key(&mut self, key: &RateKey, origin: KeyOrigin<'_>) -> Option<CountedKey<'_>> {
        match key {
            RateKey::Constant => Some(CountedKey::Constant),
            RateKey::Address(source) => match select_addresses(source, origin.request).first() {
                Some(address) => Some(CountedKey::Address(address)),
                None => source.invalid_matches().then_some(CountedKey::InvalidAddress),
            },
            RateKey::Custom(parts) => {
                self.clear();
                parts.iter().try_for_each(|part| self.part(part, origin))?;
                Some(CountedKey::Custom(&self.key))
            }
        }
    }

    fn clear(&mut self) {
        let Self { key, before, after } = self;
        for buffer in [key, before, after] {
            buffer.clear();
            if buffer.capacity() > BUFFER_KEPT_BYTES_MAX {
                *buffer = Vec::new();
            }
        }
    }

    /// Adds the value of one part; none if the request lacks it.
    fn part(&mut self, part: &RateKeyPart, origin: KeyOrigin<'_>) -> Option<()> {
        let request = origin.request;
        match part {
            RateKeyPart::Header { name, transforms } => {
                let lines = request.headers.iter().filter(|header| header.is(name)).map(|header| header.value);
                self.values(lines, transforms)
            }
            RateKeyPart::Cookie { name, transforms } => {
                let named = part::cookies(request).filter(|(other, _)| *other == name.as_bytes());
                self.values(named.map(|(_, value)| value), transforms)
            }
            RateKeyPart::QueryArgument { name, transforms } => {
                let named = part::query_arguments(request.query)
                    .filter(|(other, _)| other.eq_ignore_ascii_case(name.as_bytes()));
                self.values(named.map(|(_, value)| value), transforms)
            }
            RateKeyPart::QueryString { transforms } => {
                self.values(Some(request.query).filter(|query| !query.is_empty()).into_iter(), transforms)
            }
            RateKeyPart::UriPath { transforms } => self.values([request.path].into_iter(), transforms),
            RateKeyPart::Method => self.values([request.method].into_iter(), &[]),
            RateKeyPart::Ja3 { missing_counts } => self.fingerprint(request.client.ja3, *missing_counts),
            RateKeyPart::Ja4 { missing_counts } => self.fingerprint(request.client.ja4, *missing_counts),
            RateKeyPart::LabelNamespace(namespace) => self.labels(namespace, origin),
            RateKeyPart::Address(source) => match select_addresses(source, request).first() {
                Some(address) => {
                    self.value(|key| write!(key, "{address}").expect("a vector takes any bytes"));
                    Some(())
                }
                None => self.invalid(source.invalid_matches()),
            },
            RateKeyPart::Asn(source) => match select_addresses(source, request).first() {
                Some(address) => {
                    let given = request.client.asn.filter(|_| *source == AddressSource::Client);
                    let asn = given.or_else(|| origin.context.places.asn(address)).unwrap_or(0);
                    self.value(|key| write!(key, "{asn}").expect("a vector takes any bytes"));
                    Some(())
                }
                None => self.invalid(source.invalid_matches()),
            },
        }
    }

    /// Adds one value, written by `write`.
    fn value(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        push_value(&mut self.key, write);
    }

    fn invalid(&mut self, counts: bool) -> Option<()> {
        counts.then(|| self.key.push(INVALID))
    }

    fn fingerprint(&mut self, fingerprint: Option<&str>, missing_counts: bool) -> Option<()> {
        match fingerprint {
            Some(fingerprint) => self.values([fingerprint.as_bytes()].into_iter(), &[]),
            None => self.invalid(missing_counts),
        }
    }

    /// Adds several values as one, each transformed; none if there are none.
    fn values<'v>(&mut self, values: impl Iterator<Item = &'v [u8]>, transforms: &[Transform]) -> Option<()> {
        let mut values = values.peekable();
        values.peek()?;
        let (mut before, mut after) = (std::mem::take(&mut self.before), std::mem::take(&mut self.after));
        self.value(|key| {
            for (value, index) in values.zip(0_usize..) {
                if index > 0 {
                    key.push(b',');
                }
                key.extend_from_slice(transformed(value, transforms, &mut before, &mut after));
            }
        });
        (self.before, self.after) = (before, after);
        Some(())
    }

    /// Adds the labels of a namespace, in the order of the alphabet: whichever rule added them first is no difference.
    fn labels(&mut self, namespace: &LabelTest, origin: KeyOrigin<'_>) -> Option<()> {
        let all = || origin.verdict.labels.iter().map(|label| label.text(origin.policy));
        let after = |last: Option<&str>| all().filter(|text| namespace.holds(text) && Some(*text) > last).min();
        let first = after(None)?;
        self.value(|key| {
            key.extend_from_slice(first.as_bytes());
            let mut last = first;
            while let Some(next) = after(Some(last)) {
                key.push(b',');
                key.extend_from_slice(next.as_bytes());
                last = next;
            }
        });
        Some(())
    }
}

/// A value after its transformations.
fn transformed<'b>(
    value: &'b [u8],
    transforms: &[Transform],
    before: &'b mut Vec<u8>,
    after: &'b mut Vec<u8>,
) -> &'b [u8] {
    let mut is_changed = false;
    for transform in transforms {
        after.clear();
        let input = if is_changed { before.as_slice() } else { value };
        if transform.apply(input, after) == Outcome::Changed {
            std::mem::swap(before, after);
            is_changed = true;
        }
    }
    if is_changed { before } else { value }
}

#[cfg(test)]
mod tests;
