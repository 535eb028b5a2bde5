//! Follows a chunked body octet by octet, holding its framing and trailers to RFC 9112 section 7.1, resumably.

use super::fields::{self, FORBIDDEN_NAME_BYTES_MAX};
use super::head_scan::{name_refused, value_refused};
use super::limits::Limits;
use super::malformed::{Malformed, Part};
use super::octet::{self, QUOTED, TOKEN};

/// Most hexadecimal digits of a chunk size: what fits in 64 bits.
const SIZE_DIGITS_MAX: u8 = 16;

/// How far a chunked body has been followed.
#[derive(Debug, Default)]
pub(super) struct Chunked {
    state: State,
    /// The size being read, then what is left of the chunk.
    left: u64,
    size_digits: u8,
    line_bytes: usize,
    extension_bytes: usize,
    trailer_bytes: usize,
    trailers: usize,
    /// The start of the trailer name being read, enough to know the forbidden ones.
    name: [u8; FORBIDDEN_NAME_BYTES_MAX],
    name_bytes: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    #[default]
    Size,
    ExtensionNameStart,
    ExtensionName,
    ExtensionValueStart,
    ExtensionToken,
    ExtensionString,
    ExtensionEscape,
    ExtensionEnd,
    SizeLf,
    Data,
    DataCr,
    DataLf,
    TrailerLine,
    TrailerName,
    TrailerValue,
    TrailerLf,
    EndLf,
    End,
}

/// A run of octets at the start of what was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece {
    /// How many octets.
    pub(super) bytes: usize,
    /// What they are.
    pub(super) kind: PieceKind,
}

/// What a [`Piece`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PieceKind {
    /// Sizes, extensions, trailers, line ends.
    Framing,
    /// Content.
    Content,
    /// Framing, and with it the body ends.
    End,
}

impl Chunked {
    /// Follows `bytes` to the end of the next run.
    pub(super) fn advance(&mut self, bytes: &[u8], limits: &Limits) -> Result<Piece, Malformed> {
        if self.state == State::Data {
            let taken = bytes.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
            self.left -= taken as u64;
            if self.left == 0 {
                self.state = State::DataCr;
            }
            return Ok(Piece { bytes: taken, kind: PieceKind::Content });
        }
        for (at, octet) in bytes.iter().enumerate() {
            self.state = self.framing(*octet, limits)?;
            match self.state {
                State::Data => return Ok(Piece { bytes: at + 1, kind: PieceKind::Framing }),
                State::End => return Ok(Piece { bytes: at + 1, kind: PieceKind::End }),
                _ => {}
            }
        }
        Ok(Piece { bytes: bytes.len(), kind: PieceKind::Framing })
    }

    fn framing(&mut self, octet: u8, limits: &Limits) -> Result<State, Malformed> {
        match self.state {
            State::Size => self.size(octet, limits),
            State::ExtensionNameStart
            | State::ExtensionName
            | State::ExtensionValueStart
            | State::ExtensionToken
            | State::ExtensionString
            | State::ExtensionEscape
            | State::ExtensionEnd => self.extension(octet, limits),
            State::SizeLf => {
                line_feed(octet, Part::ChunkLine)?;
                self.line_bytes = 0;
                self.size_digits = 0;
                Ok(if self.left == 0 { State::TrailerLine } else { State::Data })
            }
            State::DataCr if octet == b'\r' => Ok(State::DataLf),
            State::DataLf if octet == b'\n' => Ok(State::Size),
            State::DataCr | State::DataLf => Err(Malformed::ChunkEnd),
            State::TrailerLine | State::TrailerName | State::TrailerValue | State::TrailerLf | State::EndLf => {
                self.trailer(octet, limits)
            }
            // Neither is asked about: content is not framing, and nothing follows the end.
            State::Data | State::End => Ok(self.state),
        }
    }

    fn size(&mut self, octet: u8, limits: &Limits) -> Result<State, Malformed> {
        self.count_line(octet, limits)?;
        let digit = match octet {
            b'0'..=b'9' => octet - b'0',
            b'a'..=b'f' => octet - b'a' + 10,
            b'A'..=b'F' => octet - b'A' + 10,
            b';' if self.size_digits > 0 => return Ok(State::ExtensionNameStart),
            b'\r' if self.size_digits > 0 => return Ok(State::SizeLf),
            b'\n' => return Err(Malformed::BareLf(Part::ChunkLine)),
            _ => return Err(Malformed::ChunkSize),
        };
        if self.size_digits == SIZE_DIGITS_MAX {
            return Err(Malformed::ChunkSize);
        }
        self.size_digits += 1;
        self.left = self.left << 4 | u64::from(digit);
        Ok(State::Size)
    }

    fn extension(&mut self, octet: u8, limits: &Limits) -> Result<State, Malformed> {
        self.count_line(octet, limits)?;
        self.extension_bytes += 1;
        if self.extension_bytes > limits.chunk_extension_bytes_max {
            return Err(Malformed::ChunkLineTooLong { bytes_max: limits.chunk_extension_bytes_max });
        }
        let is_token = octet::is(octet, TOKEN);
        Ok(match (self.state, octet) {
            (State::ExtensionNameStart | State::ExtensionName, _) if is_token => State::ExtensionName,
            (State::ExtensionName, b'=') => State::ExtensionValueStart,
            (State::ExtensionValueStart, b'"') => State::ExtensionString,
            (State::ExtensionValueStart | State::ExtensionToken, _) if is_token => State::ExtensionToken,
            (State::ExtensionName | State::ExtensionToken | State::ExtensionEnd, b';') => State::ExtensionNameStart,
            (State::ExtensionName | State::ExtensionToken | State::ExtensionEnd, b'\r') => State::SizeLf,
            (State::ExtensionString, b'"') => State::ExtensionEnd,
            (State::ExtensionString, b'\\') => State::ExtensionEscape,
            (State::ExtensionString, _) if octet::is(octet, QUOTED) => State::ExtensionString,
            (State::ExtensionEscape, _) if octet::is_value(octet) => State::ExtensionString,
            (_, b'\n') => return Err(Malformed::BareLf(Part::ChunkLine)),
            _ => return Err(Malformed::ChunkExtension),
        })
    }

    fn count_line(&mut self, octet: u8, limits: &Limits) -> Result<(), Malformed> {
        if octet != b'\r' {
            self.line_bytes += 1;
        }
        match self.line_bytes > limits.chunk_line_bytes_max {
            true => Err(Malformed::ChunkLineTooLong { bytes_max: limits.chunk_line_bytes_max }),
            false => Ok(()),
        }
    }

    fn trailer(&mut self, octet: u8, limits: &Limits) -> Result<State, Malformed> {
        self.trailer_bytes += 1;
        if self.trailer_bytes > limits.trailer_bytes_max {
            return Err(Malformed::TrailerTooLarge { bytes_max: limits.trailer_bytes_max });
        }
        match self.state {
            State::TrailerLine => match octet {
                b'\r' => Ok(State::EndLf),
                b'\n' => Err(Malformed::BareLf(Part::Trailer)),
                b' ' | b'\t' => Err(Malformed::Folded(Part::Trailer)),
                _ if self.trailers >= limits.headers_max => {
                    Err(Malformed::HeadersTooMany { headers_max: limits.headers_max })
                }
                _ => {
                    self.trailers += 1;
                    self.name_bytes = 0;
                    self.trailer_name(octet)
                }
            },
            State::TrailerName => self.trailer_name(octet),
            State::TrailerValue if octet::is_value(octet) => Ok(State::TrailerValue),
            State::TrailerValue if octet == b'\r' => Ok(State::TrailerLf),
            State::TrailerValue => Err(value_refused(octet, Part::Trailer)),
            State::TrailerLf => line_feed(octet, Part::Trailer).map(|()| State::TrailerLine),
            _ => line_feed(octet, Part::Trailer).map(|()| State::End),
        }
    }

    fn trailer_name(&mut self, octet: u8) -> Result<State, Malformed> {
        if octet::is(octet, TOKEN) {
            if let Some(place) = self.name.get_mut(self.name_bytes) {
                *place = octet;
            }
            self.name_bytes += 1;
            return Ok(State::TrailerName);
        }
        if octet != b':' || self.name_bytes == 0 {
            return Err(name_refused(octet, Part::Trailer));
        }
        match self.name.get(..self.name_bytes).is_some_and(fields::is_forbidden_in_trailer) {
            true => Err(Malformed::TrailerForbidden),
            false => Ok(State::TrailerValue),
        }
    }
}

fn line_feed(octet: u8, part: Part) -> Result<(), Malformed> {
    if octet == b'\n' { Ok(()) } else { Err(Malformed::BareCr(part)) }
}
