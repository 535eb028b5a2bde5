//! Reads a head octet by octet, holding each to RFC 9112, and resumes wherever its input stopped.
//!
//! The bytes stay with the caller; the scanner remembers how far it came. An error is always that of the first octet
//! which is out of place, so how the input was split makes no difference.

use super::fields::FramingFields;
use super::head::{FieldSpan, HeadIndex, Version};
use super::limits::Limits;
use super::malformed::{Malformed, Part};
use super::octet::{self, TOKEN, VISIBLE};
use super::target;

/// Bytes of the longest method looked at: the longest registered one has 16, `BASELINE-CONTROL`.
const METHOD_BYTES_MAX: usize = 32;

/// How far a head has been read.
#[derive(Debug, Default)]
pub(super) struct HeadScan {
    /// The next octet to look at, from the start of the head.
    at: usize,
    state: State,
    /// Whether one empty line was passed over before this head.
    skipped_line: bool,
    /// Whether the head has ended; the next octet begins another.
    ended: bool,
    field: FieldSpan,
    index: HeadIndex,
    framing: FramingFields,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    #[default]
    Start,
    StartLf,
    Method,
    Target,
    Version,
    LineLf,
    Line,
    Name,
    BeforeValue,
    Value,
    FieldLf,
    EndLf,
}

/// What came of looking at more octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scanned {
    /// The head goes on.
    More,
    /// An empty line came before the head: 2 octets to drop.
    EmptyLine,
    /// The head ends after this many octets.
    Head(usize),
}

impl HeadScan {
    /// Whether any octet of a head, or of the empty line before it, was seen.
    pub(super) fn has_begun(&self) -> bool {
        !self.ended && (self.at > 0 || self.skipped_line)
    }

    /// What was found; valid after [`Scanned::Head`].
    pub(super) fn index(&self) -> &HeadIndex {
        &self.index
    }

    /// Exchanges what was found for memory to reuse.
    pub(super) fn take_index(&mut self, spare: HeadIndex) -> HeadIndex {
        std::mem::replace(&mut self.index, spare)
    }

    fn reset(&mut self) {
        self.at = 0;
        self.state = State::Start;
        self.skipped_line = false;
        self.ended = false;
        self.framing = FramingFields::default();
        self.index.clear();
    }

    /// Goes on with `head`: all octets received from the start of the head.
    pub(super) fn advance(&mut self, head: &[u8], limits: &Limits) -> Result<Scanned, Malformed> {
        if self.ended {
            self.reset();
        }
        let window = &head[..head.len().min(limits.head_bytes_max)];
        while self.at < window.len() {
            match self.state {
                State::Start => self.start(window[self.at])?,
                State::StartLf => return self.empty_line(window[self.at]),
                State::Method => self.method(window)?,
                State::Target => self.target(window, limits)?,
                State::Version => self.version(window)?,
                State::LineLf => self.line_feed(window, Part::RequestLine, State::Line)?,
                State::Line => self.line(window[self.at], limits)?,
                State::Name => self.name(window)?,
                State::BeforeValue => self.before_value(window),
                State::Value => self.value(window)?,
                State::FieldLf => {
                    self.line_feed(window, Part::Field, State::Line)?;
                    self.field_ends(window, limits)?;
                }
                State::EndLf => {
                    self.line_feed(window, Part::Field, State::Start)?;
                    self.framing.conclude(window, &mut self.index, limits)?;
                    self.ended = true;
                    return Ok(Scanned::Head(self.at));
                }
            }
        }
        if self.at >= limits.head_bytes_max {
            return Err(Malformed::HeadTooLarge { bytes_max: limits.head_bytes_max });
        }
        Ok(Scanned::More)
    }

    fn start(&mut self, first: u8) -> Result<(), Malformed> {
        match first {
            b'\r' | b'\n' if self.skipped_line => Err(Malformed::EmptyLines),
            b'\n' => Err(Malformed::BareLf(Part::RequestLine)),
            b'\r' => {
                self.at += 1;
                self.state = State::StartLf;
                Ok(())
            }
            _ => {
                self.state = State::Method;
                Ok(())
            }
        }
    }

    fn empty_line(&mut self, octet: u8) -> Result<Scanned, Malformed> {
        if octet != b'\n' {
            return Err(Malformed::BareCr(Part::RequestLine));
        }
        self.at = 0;
        self.state = State::Start;
        self.skipped_line = true;
        Ok(Scanned::EmptyLine)
    }

    fn method(&mut self, window: &[u8]) -> Result<(), Malformed> {
        self.at += octet::run(&window[self.at..], TOKEN);
        if self.at > METHOD_BYTES_MAX {
            return Err(Malformed::MethodTooLong { bytes_max: METHOD_BYTES_MAX });
        }
        match window.get(self.at) {
            None => Ok(()),
            Some(b' ') if self.at > 0 => {
                self.index.method_end = offset(self.at);
                self.at += 1;
                self.index.target_at = offset(self.at);
                self.state = State::Target;
                Ok(())
            }
            Some(b' ') => Err(Malformed::MethodMissing),
            Some(b'\r') => Err(Malformed::TargetMissing),
            Some(b'\n') => Err(Malformed::BareLf(Part::RequestLine)),
            Some(byte) => Err(Malformed::MethodOctet { byte: *byte }),
        }
    }

    fn target(&mut self, window: &[u8], limits: &Limits) -> Result<(), Malformed> {
        let start = usize::from(self.index.target_at);
        self.at += octet::run(&window[self.at..], VISIBLE);
        if self.at - start > limits.target_bytes_max {
            return Err(Malformed::TargetTooLong { bytes_max: limits.target_bytes_max });
        }
        match window.get(self.at) {
            None => Ok(()),
            Some(b' ') if self.at > start => {
                let method = &window[..usize::from(self.index.method_end)];
                self.index.form = target::check(method, &window[start..self.at], limits.fragments)?;
                self.index.target_end = offset(self.at);
                self.at += 1;
                self.state = State::Version;
                Ok(())
            }
            Some(b' ') => Err(Malformed::TargetMissing),
            Some(b'\r') if self.at == start => Err(Malformed::TargetMissing),
            Some(b'\r') => Err(Malformed::VersionMissing),
            Some(b'\n') => Err(Malformed::BareLf(Part::RequestLine)),
            Some(byte) => Err(Malformed::TargetOctet { byte: *byte }),
        }
    }

    fn version(&mut self, window: &[u8]) -> Result<(), Malformed> {
        const SHAPE: &[u8; 8] = b"HTTP/#.#";
        let start = usize::from(self.index.target_end) + 1;
        while let Some(octet) = window.get(self.at) {
            match SHAPE.get(self.at - start) {
                Some(b'#') if octet.is_ascii_digit() => self.at += 1,
                Some(expected) if expected == octet && *expected != b'#' => self.at += 1,
                None if *octet == b'\r' => {
                    let (major, minor) = (window[start + 5] - b'0', window[start + 7] - b'0');
                    self.index.version = match (major, minor) {
                        (1, 0) => Version::Http10,
                        (1, 1) => Version::Http11,
                        _ => return Err(Malformed::VersionUnsupported { major, minor }),
                    };
                    self.at += 1;
                    self.state = State::LineLf;
                    return Ok(());
                }
                Some(_) if *octet == b'\r' && self.at == start => return Err(Malformed::VersionMissing),
                _ if *octet == b'\n' => return Err(Malformed::BareLf(Part::RequestLine)),
                _ => return Err(Malformed::VersionInvalid),
            }
        }
        Ok(())
    }

    fn line_feed(&mut self, window: &[u8], part: Part, next: State) -> Result<(), Malformed> {
        if window[self.at] != b'\n' {
            return Err(Malformed::BareCr(part));
        }
        self.at += 1;
        self.state = next;
        Ok(())
    }

    fn line(&mut self, first: u8, limits: &Limits) -> Result<(), Malformed> {
        match first {
            b'\r' => {
                self.at += 1;
                self.state = State::EndLf;
                Ok(())
            }
            b'\n' => Err(Malformed::BareLf(Part::Field)),
            b' ' | b'\t' => Err(Malformed::Folded(Part::Field)),
            _ if self.index.fields.len() >= limits.headers_max => {
                Err(Malformed::HeadersTooMany { headers_max: limits.headers_max })
            }
            _ => {
                self.field.name_at = offset(self.at);
                self.state = State::Name;
                Ok(())
            }
        }
    }

    fn name(&mut self, window: &[u8]) -> Result<(), Malformed> {
        self.at += octet::run(&window[self.at..], TOKEN);
        match window.get(self.at) {
            None => Ok(()),
            Some(b':') if offset(self.at) > self.field.name_at => {
                self.field.name_end = offset(self.at);
                self.at += 1;
                self.state = State::BeforeValue;
                Ok(())
            }
            Some(byte) => Err(name_refused(*byte, Part::Field)),
        }
    }

    fn before_value(&mut self, window: &[u8]) {
        while matches!(window.get(self.at), Some(b' ' | b'\t')) {
            self.at += 1;
        }
        if self.at < window.len() {
            self.field.value_at = offset(self.at);
            self.state = State::Value;
        }
    }

    fn value(&mut self, window: &[u8]) -> Result<(), Malformed> {
        self.at += octet::run_of_value(&window[self.at..]);
        match window.get(self.at) {
            None => Ok(()),
            Some(b'\r') => {
                let start = usize::from(self.field.value_at);
                let value = &window[start..self.at];
                let kept = value.iter().rposition(|octet| !matches!(octet, b' ' | b'\t')).map_or(0, |last| last + 1);
                self.field.value_end = offset(start + kept);
                self.at += 1;
                self.state = State::FieldLf;
                Ok(())
            }
            Some(byte) => Err(value_refused(*byte, Part::Field)),
        }
    }

    fn field_ends(&mut self, window: &[u8], limits: &Limits) -> Result<(), Malformed> {
        let field = self.field;
        let position = self.index.fields.len();
        self.index.fields.push(field);
        self.framing.see(position, &window[field.name()], &window[field.value()], self.index.version, limits)
    }
}

/// Why `byte` may not follow a field name (or stand where one should).
pub(super) fn name_refused(byte: u8, part: Part) -> Malformed {
    match byte {
        b':' => Malformed::FieldNameEmpty(part),
        b' ' | b'\t' => Malformed::SpaceBeforeColon(part),
        b'\r' => Malformed::ColonMissing(part),
        b'\n' => Malformed::BareLf(part),
        byte => Malformed::FieldNameOctet { byte, part },
    }
}

/// Why `byte` may not stand in a field value.
pub(super) fn value_refused(byte: u8, part: Part) -> Malformed {
    match byte {
        b'\n' => Malformed::BareLf(part),
        byte => Malformed::FieldValueOctet { byte, part },
    }
}

fn offset(at: usize) -> u16 {
    u16::try_from(at).expect("a head has at most 65,535 bytes: Limits::within_ceilings")
}
