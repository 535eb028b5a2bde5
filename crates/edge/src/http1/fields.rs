//! What the fields of a head mean for framing: Host, Content-Length, Transfer-Encoding, Connection, Upgrade, Expect.
//!
//! Sees each field once, in order, so that the first contradiction is the one reported.

use super::authority;
use super::head::{BodyFraming, HeadIndex, Version};
use super::limits::Limits;
use super::malformed::Malformed;
use super::octet::{self, TOKEN};
use super::target::{TargetForm, TargetParts};

/// The framing fields seen so far.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct FramingFields {
    /// Which field line was Host.
    host: Option<u16>,
    content_length: Option<u64>,
    /// Which field line was Content-Length.
    length_at: Option<u16>,
    chunked: bool,
    upgrade: bool,
    expects_continue: bool,
    connection: Connection,
}

#[derive(Debug, Clone, Copy, Default)]
struct Connection {
    close: bool,
    keep_alive: bool,
    upgrade: bool,
}

impl FramingFields {
    /// Takes in the field line number `position`.
    #[inline]
    pub(super) fn see(
        &mut self,
        position: usize,
        name: &[u8],
        value: &[u8],
        version: Version,
        limits: &Limits,
    ) -> Result<(), Malformed> {
        // The length alone tells most fields from these.
        match name.len() {
            4 if name.eq_ignore_ascii_case(b"host") => self.see_host(position, value),
            6 if name.eq_ignore_ascii_case(b"expect") => {
                self.expects_continue = value.eq_ignore_ascii_case(b"100-continue");
                Ok(())
            }
            7 if name.eq_ignore_ascii_case(b"upgrade") => {
                self.upgrade = true;
                Ok(())
            }
            10 if name.eq_ignore_ascii_case(b"connection") => self.connection.see(value),
            14 if name.eq_ignore_ascii_case(b"content-length") => self.see_content_length(position, value, limits),
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => self.see_transfer_encoding(value, version, limits),
            _ => Ok(()),
        }
    }

    fn see_host(&mut self, position: usize, value: &[u8]) -> Result<(), Malformed> {
        if self.host.is_some() {
            return Err(Malformed::HostRepeated);
        }
        if !authority::is_valid(value) {
            return Err(Malformed::HostInvalid);
        }
        self.host = Some(number(position));
        Ok(())
    }

    fn see_content_length(&mut self, position: usize, value: &[u8], limits: &Limits) -> Result<(), Malformed> {
        if self.chunked && !limits.length_beside_chunked {
            return Err(Malformed::LengthAndEncoding);
        }
        if self.content_length.is_some() {
            return Err(Malformed::ContentLengthRepeated);
        }
        self.content_length = Some(content_length(value).ok_or(Malformed::ContentLengthInvalid)?);
        self.length_at = Some(number(position));
        Ok(())
    }

    fn see_transfer_encoding(&mut self, value: &[u8], version: Version, limits: &Limits) -> Result<(), Malformed> {
        if version == Version::Http10 {
            return Err(Malformed::TransferEncodingInHttp10);
        }
        if self.content_length.is_some() && !limits.length_beside_chunked {
            return Err(Malformed::LengthAndEncoding);
        }
        if self.chunked {
            return Err(Malformed::TransferEncodingRepeated);
        }
        // RFC 9112 section 6.1 suggests 501 for a coding that is not understood; no client sends one, and every other
        // spelling is a probe for a parser that reads it differently.
        if !value.eq_ignore_ascii_case(b"chunked") {
            return Err(Malformed::TransferCoding);
        }
        self.chunked = true;
        Ok(())
    }

    /// Draws the conclusions at the end of the head, whose bytes are `head`.
    pub(super) fn conclude(&self, head: &[u8], index: &mut HeadIndex, limits: &Limits) -> Result<(), Malformed> {
        let is_http_11 = index.version == Version::Http11;
        let host = self.host.map(|position| &head[index.fields[usize::from(position)].value()]);
        if is_http_11 && host.is_none() {
            return Err(Malformed::HostMissing);
        }
        let target = &head[index.target()];
        let authority = match index.form {
            TargetForm::Absolute => TargetParts::of(target).authority,
            TargetForm::Authority if !limits.connect => Some(target),
            TargetForm::Authority | TargetForm::Origin | TargetForm::Asterisk => None,
        };
        if let (Some(host), Some(authority)) = (host, authority)
            && !host.eq_ignore_ascii_case(authority)
        {
            return Err(Malformed::HostMismatch);
        }
        index.framing = match (self.chunked, self.content_length) {
            (true, _) => BodyFraming::Chunked,
            (false, Some(bytes)) => BodyFraming::Length(bytes),
            (false, None) => BodyFraming::None,
        };
        let overruled = self.length_at.filter(|_| self.chunked);
        if let Some(position) = overruled {
            index.fields.remove(position.into());
        }
        index.closes = self.connection.close || overruled.is_some() || !(is_http_11 || self.connection.keep_alive);
        index.upgrades = is_http_11 && self.connection.upgrade && self.upgrade;
        index.expects_continue = is_http_11 && self.expects_continue;
        Ok(())
    }
}

/// The number of a field line.
fn number(position: usize) -> u16 {
    u16::try_from(position).expect("a head has at most 1,000 field lines")
}

impl Connection {
    fn see(&mut self, value: &[u8]) -> Result<(), Malformed> {
        for option in value.split(|octet| *octet == b',') {
            let option = option.trim_ascii();
            if octet::run(option, TOKEN) != option.len() {
                return Err(Malformed::ConnectionInvalid);
            }
            let is = |name: &[u8]| option.eq_ignore_ascii_case(name);
            self.close |= is(b"close");
            self.keep_alive |= is(b"keep-alive");
            self.upgrade |= is(b"upgrade");
            if is(b"host") || is(b"content-length") || is(b"transfer-encoding") {
                return Err(Malformed::ConnectionNamesFraming);
            }
        }
        Ok(())
    }
}

/// Reads a length: digits only. A leading zero is refused too, as some read such a number as octal. The largest is 2^63−1,
/// which every reader downstream can hold.
fn content_length(value: &[u8]) -> Option<u64> {
    let starts_well = match value {
        [] => false,
        [b'0', rest @ ..] => rest.is_empty(),
        _ => true,
    };
    let digits = value.iter().map(|octet| octet.is_ascii_digit().then(|| u64::from(octet - b'0')));
    let length = digits.into_iter().try_fold(0_u64, |length, digit| length.checked_mul(10)?.checked_add(digit?))?;
    (starts_well && i64::try_from(length).is_ok()).then_some(length)
}

/// Whether a field must not come after the body: it frames, routes, authenticates or describes the request, and a trailer
/// would be merged too late for inspection; RFC 9110 section 6.5.1.
pub(super) fn is_forbidden_in_trailer(name: &[u8]) -> bool {
    FORBIDDEN_IN_TRAILER.iter().any(|forbidden| name.eq_ignore_ascii_case(forbidden))
}

/// The longest name in [`FORBIDDEN_IN_TRAILER`], in bytes.
pub(super) const FORBIDDEN_NAME_BYTES_MAX: usize = 19;

const FORBIDDEN_IN_TRAILER: [&[u8]; 20] = [
    b"authorization",
    b"cache-control",
    b"connection",
    b"content-encoding",
    b"content-length",
    b"content-range",
    b"content-type",
    b"cookie",
    b"expect",
    b"forwarded",
    b"host",
    b"keep-alive",
    b"max-forwards",
    b"proxy-authorization",
    b"range",
    b"te",
    b"trailer",
    b"transfer-encoding",
    b"upgrade",
    b"x-forwarded-for",
];

#[cfg(test)]
mod tests {
    use super::super::framer::Framer;
    use super::*;

    #[test]
    fn a_length_is_digits_and_nothing_else() {
        assert_eq!(content_length(b"0"), Some(0));
        assert_eq!(content_length(b"12"), Some(12));
        assert_eq!(content_length(b"9223372036854775807"), Some(i64::MAX.cast_unsigned()));
        for value in [
            "",
            "+1",
            "-1",
            "0x1",
            "1,1",
            "1 1",
            "01",
            "00",
            "9223372036854775808",
            "18446744073709551617",
            "1e3",
            "１",
        ] {
            assert_eq!(content_length(value.as_bytes()), None, "{value}");
        }
    }

    /// How the body ends, how many fields rules see, and whether the connection closes.
    fn framed(head: &str, limits: Limits) -> Result<(BodyFraming, usize, bool), Malformed> {
        let mut framer = Framer::new(limits);
        framer.step(head.as_bytes())?;
        let index = framer.index();
        Ok((index.framing(), index.fields().len(), index.closes()))
    }

    #[test]
    fn a_length_beside_chunks_counts_for_nothing_where_it_may_stand() {
        let limits = Limits { length_beside_chunked: true, ..Limits::default() };
        for fields in
            ["Content-Length: 7\r\nTransfer-Encoding: chunked", "Transfer-Encoding: chunked\r\nContent-Length: 7"]
        {
            let head = format!("POST / HTTP/1.1\r\nHost: h\r\n{fields}\r\n\r\n");
            assert_eq!(framed(&head, limits), Ok((BodyFraming::Chunked, 2, true)), "{fields}");
            assert_eq!(framed(&head, Limits::default()), Err(Malformed::LengthAndEncoding), "{fields}");
        }
        let twice = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 7\r\nContent-Length: 7\r\n\r\n";
        assert_eq!(framed(twice, limits), Err(Malformed::ContentLengthRepeated));
    }

    #[test]
    fn connect_passes_whatever_host_says_where_it_may() {
        let head = "CONNECT a.example:443 HTTP/1.1\r\nHost: b.example\r\n\r\n";
        assert_eq!(framed(head, Limits::default()), Err(Malformed::HostMismatch));
        let limits = Limits { connect: true, ..Limits::default() };
        assert_eq!(framed(head, limits), Ok((BodyFraming::None, 1, false)));
        let absolute = "GET http://a.example/ HTTP/1.1\r\nHost: b.example\r\n\r\n";
        assert_eq!(framed(absolute, limits), Err(Malformed::HostMismatch));
    }

    #[test]
    fn the_longest_forbidden_trailer_name_is_as_long_as_stated() {
        let longest = FORBIDDEN_IN_TRAILER.iter().map(|name| name.len()).max();
        assert_eq!(longest, Some(FORBIDDEN_NAME_BYTES_MAX));
        assert!(is_forbidden_in_trailer(b"Content-LENGTH") && !is_forbidden_in_trailer(b"digest"));
    }
}
