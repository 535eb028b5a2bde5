//! The chunked coding of a response, undone.
//!
//! Source: RFC 9112 section 7.1. Extensions are passed over; trailers are kept.

use bytes::{Buf, Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::Fault;

/// Bytes of a chunk-size line, extensions included.
const LINE_BYTES_MAX: usize = 4096;
/// Bytes of all trailers.
const TRAILERS_BYTES_MAX: usize = 16 * 1024;
/// Trailer fields.
const TRAILERS_MAX: usize = 64;

/// Where in the coding the next byte stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Chunks {
    /// Before a size line.
    Size,
    /// Within a chunk, this many bytes before its end.
    Within(u64),
    /// After a chunk, before its CRLF.
    After,
    /// After the last chunk.
    Trailers,
    /// All read.
    End,
}

/// A piece of what the coding carries.
#[derive(Debug, PartialEq)]
pub(crate) enum Piece {
    /// Bytes of the body.
    Body(Bytes),
    /// Its trailers.
    Trailers(HeaderMap),
    /// Nothing yet: more bytes are needed.
    More,
    /// Nothing more.
    End,
}

impl Chunks {
    /// Takes the next piece off the front of `buffer`.
    ///
    /// # Errors
    ///
    /// If the bytes break the coding.
    pub(crate) fn next(&mut self, buffer: &mut BytesMut) -> Result<Piece, Fault> {
        loop {
            match *self {
                Self::Size => match line(buffer, LINE_BYTES_MAX)? {
                    None => return Ok(Piece::More),
                    Some(line) => {
                        let size = size(&line)?;
                        *self = if size == 0 { Self::Trailers } else { Self::Within(size) };
                    }
                },
                Self::Within(_) if buffer.is_empty() => return Ok(Piece::More),
                Self::Within(left) => {
                    let take = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
                    let left = left - take as u64;
                    *self = if left == 0 { Self::After } else { Self::Within(left) };
                    return Ok(Piece::Body(buffer.split_to(take).freeze()));
                }
                Self::After if buffer.len() < 2 => return Ok(Piece::More),
                Self::After if buffer.starts_with(b"\r\n") => {
                    buffer.advance(2);
                    *self = Self::Size;
                }
                Self::After => return Err(Fault::Malformed("no line end after a chunk")),
                Self::Trailers => return self.trailers(buffer),
                Self::End => return Ok(Piece::End),
            }
        }
    }

    fn trailers(&mut self, buffer: &mut BytesMut) -> Result<Piece, Fault> {
        let mut fields = [httparse::EMPTY_HEADER; TRAILERS_MAX];
        match httparse::parse_headers(buffer, &mut fields) {
            Ok(httparse::Status::Complete((length, fields))) => {
                let mut trailers = HeaderMap::new();
                for field in fields {
                    let name = HeaderName::from_bytes(field.name.as_bytes());
                    let value = HeaderValue::from_bytes(field.value);
                    let (Ok(name), Ok(value)) = (name, value) else {
                        return Err(Fault::Malformed("trailer"));
                    };
                    trailers.append(name, value);
                }
                buffer.advance(length);
                *self = Self::End;
                Ok(if trailers.is_empty() { Piece::End } else { Piece::Trailers(trailers) })
            }
            Ok(httparse::Status::Partial) if buffer.len() < TRAILERS_BYTES_MAX => Ok(Piece::More),
            Ok(httparse::Status::Partial) => Err(Fault::Malformed("trailers too long")),
            Err(_) => Err(Fault::Malformed("trailer")),
        }
    }
}

fn line(buffer: &mut BytesMut, bytes_max: usize) -> Result<Option<Bytes>, Fault> {
    let Some(end) = memchr::memchr(b'\n', buffer) else {
        return if buffer.len() > bytes_max { Err(Fault::Malformed("chunk line too long")) } else { Ok(None) };
    };
    let line = buffer.split_to(end + 1).freeze();
    match line.strip_suffix(b"\r\n") {
        Some(content) if content.len() <= bytes_max => Ok(Some(line.slice(..content.len()))),
        Some(_) => Err(Fault::Malformed("chunk line too long")),
        None => Err(Fault::Malformed("bare line feed in a chunk line")),
    }
}

fn size(line: &[u8]) -> Result<u64, Fault> {
    let digits = line.split(|byte| matches!(byte, b';' | b' ' | b'\t')).next().unwrap_or_default();
    // Fifteen digits are far beyond any body, and cannot overflow.
    if digits.is_empty() || digits.len() > 15 || !digits.iter().all(u8::is_ascii_hexdigit) {
        return Err(Fault::Malformed("chunk size"));
    }
    let digit = |byte: u8| u64::from(char::from(byte).to_digit(16).expect("checked to be a hex digit"));
    Ok(digits.iter().fold(0, |size, byte| size << 4 | digit(*byte)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decode(parts: &[&[u8]]) -> Result<(Vec<u8>, Option<HeaderMap>, bool), Fault> {
        let (mut chunks, mut buffer) = (Chunks::Size, BytesMut::new());
        let (mut body, mut trailers, mut ended) = (Vec::new(), None, false);
        for part in parts {
            buffer.extend_from_slice(part);
            loop {
                match chunks.next(&mut buffer)? {
                    Piece::Body(bytes) => body.extend_from_slice(&bytes),
                    Piece::Trailers(fields) => trailers = Some(fields),
                    Piece::More => break,
                    Piece::End => {
                        ended = true;
                        break;
                    }
                }
            }
        }
        Ok((body, trailers, ended))
    }

    #[test]
    fn chunks_and_trailers_are_read() {
        let (body, trailers, ended) = decode(&[b"3;x=y\r\nabc\r\nA \r\n0123456789\r\n0\r\nx-sum: 1\r\n\r\n"]).unwrap();
        assert_eq!((body.as_slice(), ended), (b"abc0123456789".as_slice(), true));
        assert_eq!(trailers.unwrap()["x-sum"], "1");
    }

    #[test]
    fn broken_codings_are_refused() {
        for bytes in [
            "\r\n",
            "g\r\n",
            "-1\r\n",
            "0x3\r\n",
            "3\nabc",
            "3\r\nabcd\r\n",
            "1234567890abcdef0\r\n",
            "0\r\nbad\r\n\r\n",
        ] {
            assert!(decode(&[bytes.as_bytes()]).is_err(), "{bytes:?}");
        }
        assert!(decode(&[&[b'1'; LINE_BYTES_MAX + 1]]).is_err());
    }

    proptest! {
        #[test]
        fn how_the_bytes_arrive_plays_no_part(body in prop::collection::vec(any::<u8>(), 1..200), step in 1_usize..50, cut in 1_usize..40) {
            let mut bytes = Vec::new();
            for chunk in body.chunks(step) {
                bytes.extend(format!("{:x}\r\n", chunk.len()).bytes());
                bytes.extend(chunk);
                bytes.extend(b"\r\n");
            }
            bytes.extend(b"0\r\n\r\n");
            let parts: Vec<&[u8]> = bytes.chunks(cut).collect();
            let (decoded, _, ended) = decode(&parts).unwrap();
            prop_assert!(ended);
            prop_assert_eq!(decoded, body);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = decode(&[&bytes]);
        }
    }
}
