//! Writes what a client sent into JSON strings, with veil and mask applied.
//!
//! Records and samples both write through here, so that neither shows what the other hides. The veil comes first: what a
//! policy hashes or substitutes is never in the clear. What it leaves alone, the masks still cover.

use sekisho_waf::ir::ProtectionMethod;

use super::mask::{Mask, REDACTED};
use super::veil::{Place, Veil, arguments};

/// A veil over a mask.
#[derive(Debug)]
pub(crate) struct Cloak<'r> {
    mask: &'r mut Mask,
    veil: &'r Veil,
}

impl<'r> Cloak<'r> {
    pub(crate) fn new(mask: &'r mut Mask, veil: &'r Veil) -> Self {
        Self { mask, veil }
    }

    pub(crate) fn veil(&self) -> &'r Veil {
        self.veil
    }

    /// Whether the masks hide the value of a header.
    pub(crate) fn hides(&self, header: &[u8]) -> bool {
        self.mask.hides(header)
    }

    /// Appends a value that no policy names: card numbers are masked.
    pub(crate) fn push(&mut self, out: &mut Vec<u8>, value: &[u8]) {
        self.mask.push(out, value);
    }

    /// A value that no policy names, as it is written elsewhere than in JSON: card numbers are masked.
    pub(crate) fn masked<'m>(&'m mut self, value: &'m [u8]) -> &'m [u8] {
        self.mask.masked(value)
    }

    /// What stands in place of the value of a header, if it is not to be shown. Cookies are taken as one.
    pub(crate) fn stand_for_header(&self, name: &[u8], value: &[u8]) -> Option<Vec<u8>> {
        match self.veil.header(name, Place::Request) {
            None if self.mask.hides(name) => Some(REDACTED.to_vec()),
            Some(_) if name.eq_ignore_ascii_case(b"cookie") => Some(REDACTED.to_vec()),
            method => self.veil.stand(method, value).map(|stand| stand.bytes().to_vec()),
        }
    }

    /// Appends a value, or what stands in its place.
    pub(crate) fn push_covered(&mut self, out: &mut Vec<u8>, method: Option<ProtectionMethod>, value: &[u8]) {
        match self.veil.stand(method, value) {
            Some(stand) => out.extend_from_slice(stand.bytes()),
            None => self.mask.push(out, value),
        }
    }

    /// Appends the value of a header.
    pub(crate) fn push_header(&mut self, out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
        if name.eq_ignore_ascii_case(b"cookie") && self.veil.sees_cookies() {
            self.push_cookies(out, value);
            return;
        }
        match self.veil.header(name, Place::Request) {
            None if self.mask.hides(name) => out.extend_from_slice(REDACTED),
            method => self.push_covered(out, method, value),
        }
    }

    /// Appends a `Cookie` header of which some cookies are covered: names stay, the values of the others are masked.
    fn push_cookies(&mut self, out: &mut Vec<u8>, value: &[u8]) {
        for (at, pair) in value.split(|&byte| byte == b';').enumerate() {
            if at > 0 {
                out.extend_from_slice(b"; ");
            }
            let pair = pair.trim_ascii();
            let Some(equals) = memchr::memchr(b'=', pair) else {
                // Without a name, all of it may be the secret.
                out.extend_from_slice(if pair.is_empty() { b"" } else { REDACTED });
                continue;
            };
            let (name, value) = (&pair[..equals], &pair[equals + 1..]);
            self.mask.push(out, name);
            out.push(b'=');
            match self.veil.stand(self.veil.cookie(name, Place::Request), value) {
                Some(stand) => out.extend_from_slice(stand.bytes()),
                None => out.extend_from_slice(REDACTED),
            }
        }
    }

    /// Appends the query string.
    pub(crate) fn push_query(&mut self, out: &mut Vec<u8>, query: &[u8]) {
        if query.is_empty() || !self.veil.sees_arguments() {
            self.mask.push(out, query);
            return;
        }
        if self.veil.redacts_query() {
            out.extend_from_slice(REDACTED);
            return;
        }
        // What no policy names is masked as one piece, as a card number may stand across arguments; what stands in place of
        // the rest is fit for the query and for JSON.
        let mut covered = Vec::with_capacity(query.len());
        for (at, (name, value)) in arguments(query).enumerate() {
            if at > 0 {
                covered.push(b'&');
            }
            self.write_covered(&mut covered, self.veil.query(Place::Request), name);
            if let Some(value) = value {
                covered.push(b'=');
                self.write_covered(&mut covered, self.veil.argument(name, Place::Request), value);
            }
        }
        self.mask.push(out, &covered);
    }

    fn write_covered(&self, out: &mut Vec<u8>, method: Option<ProtectionMethod>, text: &[u8]) {
        match self.veil.stand(method, text) {
            Some(stand) => out.extend_from_slice(stand.bytes()),
            None => out.extend_from_slice(text),
        }
    }

    /// Appends the path.
    pub(crate) fn push_path(&mut self, out: &mut Vec<u8>, path: &[u8]) {
        self.push_covered(out, self.veil.path(), path);
    }

    /// Appends the method.
    pub(crate) fn push_method(&mut self, out: &mut Vec<u8>, method: &[u8]) {
        self.push_covered(out, self.veil.method(), method);
    }
}

#[cfg(test)]
mod tests;
