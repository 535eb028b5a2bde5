//! Content codings of a request body, undone for inspection within a bound.
//!
//! Decoding stops as soon as the inspected number of bytes is reached, so a bomb costs no more than an honest body. What
//! cannot be decoded is inspected as it came: an origin may read it so. So is what holds more than its content ([`beside`]).
//!
//! Source: RFC 9110 section 8.4.1 (codings), RFC 1950/1952, RFC 7932.

mod beside;

use std::io::{BufRead, Read};

use flate2::bufread::{DeflateDecoder, ZlibDecoder};
use http::HeaderMap;
use http::header::CONTENT_ENCODING;

use beside::{Alone, Members};

/// Bytes of the window a brotli decoder reads through.
const BROTLI_BUFFER_BYTES: usize = 4096;
/// Of what lies between two codings, this many times the bound is decoded: an inner coding can swallow any amount and
/// yield nothing.
const BETWEEN_FACTOR: usize = 16;

/// One coding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coding {
    Gzip,
    Deflate,
    Brotli,
}

impl Coding {
    /// The coding of this name, in any case.
    fn of(name: &[u8]) -> Option<Self> {
        match name.to_ascii_lowercase().as_slice() {
            b"gzip" | b"x-gzip" => Some(Self::Gzip),
            b"deflate" => Some(Self::Deflate),
            b"br" => Some(Self::Brotli),
            _ => None,
        }
    }
}

/// The codings of a body, in the order they were applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Codings {
    /// None.
    Identity,
    /// These; at least one.
    Known(KnownCodings),
    /// One that is not known, or more than are undone.
    Opaque,
}

/// A stack of known codings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KnownCodings(Vec<Coding>);

/// How decoding went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decoded {
    /// The output is what the input stands for.
    Whole,
    /// There is more: beyond the bound, or beyond where the input is cut short.
    Truncated,
    /// The input breaks its coding, or holds more than what it stands for. The output is what could be decoded, then the input
    /// itself.
    Broken,
}

impl Codings {
    /// Whether the name of a coding is one that is undone, or none at all.
    pub(crate) fn is_known(name: &[u8]) -> bool {
        name.eq_ignore_ascii_case(b"identity") || Coding::of(name).is_some()
    }

    /// Reads `Content-Encoding`; of more than `max` codings, none is undone.
    pub(crate) fn of(headers: &HeaderMap, max: usize) -> Self {
        let mut codings = Vec::new();
        for value in headers.get_all(CONTENT_ENCODING) {
            for token in value.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
                if token.is_empty() || token.eq_ignore_ascii_case(b"identity") {
                    continue;
                }
                let Some(known) = Coding::of(token) else { return Self::Opaque };
                if codings.len() == max {
                    return Self::Opaque;
                }
                codings.push(known);
            }
        }
        if codings.is_empty() { Self::Identity } else { Self::Known(KnownCodings(codings)) }
    }
}

impl KnownCodings {
    /// Undoes the codings of `input` into `output` (overwritten). `whole`: the input is all there is, so that it must not
    /// end within its coding.
    ///
    /// # Limits
    ///
    /// Writes at most `bytes_max` bytes, and decodes no further.
    pub(crate) fn decode(&self, input: &[u8], whole: bool, bytes_max: usize, output: &mut Vec<u8>) -> Decoded {
        let outcome = self.decode_as(Deflate::AsItLooks, input, whole, bytes_max, output);
        // What looks like a zlib header can be the first bytes of deflate without one, and some receivers try both.
        if outcome == Decoded::Broken && self.0.contains(&Coding::Deflate) {
            let bare = self.decode_as(Deflate::Bare, input, whole, bytes_max, output);
            if bare != Decoded::Broken {
                return bare;
            }
            self.decode_as(Deflate::AsItLooks, input, whole, bytes_max, output);
        }
        if outcome == Decoded::Broken {
            // What could be decoded, and all of it as it came.
            let room = bytes_max - output.len();
            output.extend_from_slice(&input[..input.len().min(room)]);
        }
        outcome
    }

    fn decode_as(
        &self,
        deflate: Deflate,
        input: &[u8],
        whole: bool,
        bytes_max: usize,
        output: &mut Vec<u8>,
    ) -> Decoded {
        output.clear();
        let mut reader: Box<dyn Read + '_> = Box::new(input);
        let between_bytes_max = bytes_max.saturating_mul(BETWEEN_FACTOR);
        for (layer, coding) in self.0.iter().rev().enumerate() {
            if layer > 0 {
                reader = Box::new(Bounded { inner: reader, left: between_bytes_max });
            }
            let mut buffered = std::io::BufReader::new(reader);
            reader = match coding {
                Coding::Gzip => Box::new(Alone(Members::new(buffered))),
                Coding::Deflate => {
                    // An error here comes again, and is seen, when the layer is read.
                    let looks_like_zlib = buffered.fill_buf().is_ok_and(is_zlib);
                    // Some senders leave out the zlib header, and most receivers let them.
                    if deflate == Deflate::AsItLooks && looks_like_zlib {
                        Box::new(Alone(ZlibDecoder::new(buffered)))
                    } else {
                        Box::new(Alone(DeflateDecoder::new(buffered)))
                    }
                }
                Coding::Brotli => {
                    Box::new(Alone(brotli_decompressor::Decompressor::new(buffered, BROTLI_BUFFER_BYTES)))
                }
            };
        }
        match read_to(&mut reader, bytes_max, output) {
            Ok(true) => Decoded::Truncated,
            Ok(false) => Decoded::Whole,
            Err(error) if error.get_ref().is_some_and(|inner| inner.is::<Beyond>()) => Decoded::Truncated,
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof && !whole => Decoded::Truncated,
            Err(_) => Decoded::Broken,
        }
    }
}

/// How the coding `deflate` is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deflate {
    /// With a zlib header if it begins like one.
    AsItLooks,
    /// Without.
    Bare,
}

/// There is more between two layers than is decoded.
#[derive(Debug, thiserror::Error)]
#[error("more than is decoded")]
struct Beyond;

/// Reads a layer up to a bound; what lies beyond is an error of its own, not an end.
struct Bounded<R> {
    inner: R,
    left: usize,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.left == 0 {
            return match self.inner.read(&mut [0])? {
                0 => Ok(0),
                _ => Err(std::io::Error::other(Beyond)),
            };
        }
        let room = buffer.len().min(self.left);
        let read = self.inner.read(&mut buffer[..room])?;
        self.left -= read;
        Ok(read)
    }
}

/// Whether `input` begins with a zlib header.
fn is_zlib(input: &[u8]) -> bool {
    matches!(input, [method, flags, ..]
        if method & 0x0f == 8 && (u16::from(*method) << 8 | u16::from(*flags)).is_multiple_of(31))
}

/// Reads at most `bytes_max` bytes; true if there are more.
fn read_to(reader: &mut dyn Read, bytes_max: usize, output: &mut Vec<u8>) -> std::io::Result<bool> {
    let mut block = [0_u8; 4096];
    loop {
        let read = match reader.read(&mut block) {
            Ok(0) => return Ok(false),
            Ok(read) => read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let room = bytes_max - output.len();
        output.extend_from_slice(&block[..read.min(room)]);
        if read > room {
            return Ok(true);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn zlib(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn raw_deflate(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn codings(value: &'static str) -> Codings {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static(value));
        Codings::of(&headers, 2)
    }

    fn decode(value: &'static str, input: &[u8], bytes_max: usize) -> (Decoded, Vec<u8>) {
        decode_part(value, input, true, bytes_max)
    }

    fn decode_part(value: &'static str, input: &[u8], whole: bool, bytes_max: usize) -> (Decoded, Vec<u8>) {
        let Codings::Known(known) = codings(value) else { panic!("{value} is known") };
        let mut output = b"left over".to_vec();
        (known.decode(input, whole, bytes_max, &mut output), output)
    }

    #[test]
    fn deflate_that_looks_like_zlib_is_read_without_a_header_too() {
        // A stored block of deflate: 0x78 is its header (the unused bits set), 0x9c the low byte of its length.
        let text = [b'x'; 0x9c];
        let mut bare = vec![0x78, 0x9c, 0x00, 0x63, 0xff];
        bare.extend_from_slice(&text);
        bare.extend_from_slice(&raw_deflate(b"1' OR 1=1"));
        assert_eq!(decode("deflate", &bare, 1000), (Decoded::Whole, [text.as_slice(), b"1' OR 1=1"].concat()));
    }

    #[test]
    fn a_layer_beyond_the_bound_is_said_to_be_more_not_broken() {
        let mut inner = gzip(b"1' OR 1=1");
        // A file name of 300 KB in the header of the inner layer.
        inner[3] |= 0x08;
        inner.splice(10..10, std::iter::repeat_n(b'n', 300_000).chain([0]));
        assert_eq!(decode("gzip, gzip", &gzip(&inner), 1000).0, Decoded::Truncated);
    }

    #[test]
    fn each_coding_is_undone() {
        let text = b"a=1' OR 1=1 --".as_slice();
        assert_eq!(decode("gzip", &gzip(text), 100), (Decoded::Whole, text.to_vec()));
        assert_eq!(decode("X-GZIP, identity", &gzip(text), 100), (Decoded::Whole, text.to_vec()));
        assert_eq!(decode("deflate", &zlib(text), 100), (Decoded::Whole, text.to_vec()));
        assert_eq!(decode("deflate", &raw_deflate(text), 100), (Decoded::Whole, text.to_vec()));
        assert_eq!(decode("gzip, gzip", &gzip(&gzip(text)), 100), (Decoded::Whole, text.to_vec()));
        assert_eq!(decode("deflate, gzip", &gzip(&zlib(text)), 100), (Decoded::Whole, text.to_vec()));
        assert_eq!(decode("gzip, deflate", &zlib(&gzip(text)), 100), (Decoded::Whole, text.to_vec()));
        assert_eq!(decode("gzip", &[gzip(text), gzip(text)].concat(), 100).1, [text, text].concat());
        // Brotli of `hello`, uncompressed meta-block.
        let brotli = [0x0b, 0x02, 0x80, b'h', b'e', b'l', b'l', b'o', 0x03];
        assert_eq!(decode("br", &brotli, 100), (Decoded::Whole, b"hello".to_vec()));
    }

    #[test]
    fn a_bomb_costs_no_more_than_the_bound() {
        let bomb = gzip(&gzip(&vec![0; 50 << 20]));
        assert!(bomb.len() < 1000, "{}", bomb.len());
        let (decoded, output) = decode("gzip, gzip", &bomb, 16 * 1024);
        assert_eq!((decoded, output.len()), (Decoded::Truncated, 16 * 1024));
        assert!(output.capacity() <= 64 * 1024);
    }

    #[test]
    fn what_does_not_decode_is_inspected_as_it_came() {
        assert_eq!(decode("gzip", b"' OR 1=1", 100), (Decoded::Broken, b"' OR 1=1".to_vec()));
        let tail = [gzip(b"ok").as_slice(), b"' OR 1=1"].concat();
        let (decoded, output) = decode("gzip", &tail, 1000);
        assert_eq!(decoded, Decoded::Broken);
        assert!(output.starts_with(b"ok") && output.ends_with(b"' OR 1=1"));
    }

    /// A gzip member with a header of its own.
    fn member(header: flate2::GzBuilder, content: &[u8]) -> Vec<u8> {
        let mut encoder = header.write(Vec::new(), flate2::Compression::default());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn what_stands_beside_the_content_is_inspected_too() {
        let header = flate2::GzBuilder::new;
        let attack = "x' OR 1=1";
        for beside in [header().filename(attack), header().comment(attack), header().extra(attack)] {
            let body = member(beside, b"a=fine");
            // In front, behind, and before others without content.
            for input in [body.clone(), [gzip(b"b"), body.clone()].concat(), [body, gzip(b"")].concat()] {
                let (decoded, output) = decode("gzip", &input, 1000);
                assert_eq!(decoded, Decoded::Broken);
                let shown = String::from_utf8_lossy(&output);
                assert!(shown.contains("a=fine") && shown.contains(attack), "{shown}");
            }
        }
        let empty = [member(header().comment(attack), b""), gzip(b"a=fine")].concat();
        assert_eq!(decode("gzip", &empty, 1000).0, Decoded::Broken);
        // Within another coding it is no less there, though only what is outside is shown as it came.
        assert_eq!(decode("gzip, br", &[0x0b, 0x02, 0x80, b'h', b'e', b'l', b'l', b'o', 0x03], 100).0, Decoded::Broken);
        assert_eq!(decode("gzip, gzip", &gzip(&member(header().comment(attack), b"a")), 1000).0, Decoded::Broken);
    }

    #[test]
    fn a_name_as_programs_store_it_is_nothing_beside_the_content() {
        let named = |name: &str| member(flate2::GzBuilder::new().filename(name), b"a=fine");
        assert_eq!(decode("gzip", &named("orders-2026_11.json"), 1000), (Decoded::Whole, b"a=fine".to_vec()));
        assert_eq!(decode("gzip", &named(&"n".repeat(255)), 1000).0, Decoded::Whole);
        for name in ["a b", "a/b", "a'", "\u{e9}", &"n".repeat(256)] {
            assert_eq!(decode("gzip", &named(name), 1000).0, Decoded::Broken, "{name}");
        }
    }

    #[test]
    fn bytes_behind_the_end_of_a_coding_are_inspected_too() {
        let brotli = [0x0b, 0x02, 0x80, b'h', b'e', b'l', b'l', b'o', 0x03];
        let far = vec![b'x'; 3 * BROTLI_BUFFER_BYTES];
        for (coding, body) in [
            ("deflate", zlib(b"hello")),
            ("deflate", raw_deflate(b"hello")),
            ("br", brotli.to_vec()),
            ("gzip", gzip(b"hello")),
        ] {
            assert_eq!(decode(coding, &body, 100_000), (Decoded::Whole, b"hello".to_vec()), "{coding}");
            for tail in [b"' OR 1=1".as_slice(), &far] {
                let input = [&body, tail].concat();
                let (decoded, output) = decode(coding, &input, 100_000);
                assert_eq!(decoded, Decoded::Broken, "{coding}");
                assert!(output.starts_with(b"hello") && output.ends_with(tail), "{coding}");
            }
        }
    }

    #[test]
    fn a_body_of_many_members_without_content_takes_linear_time() {
        let members = gzip(b"").repeat(50_000);
        let mut output = Vec::new();
        let Codings::Known(known) = codings("gzip") else { panic!("gzip is known") };
        assert_eq!(known.decode(&members, true, 1000, &mut output), Decoded::Whole);
        assert!(output.is_empty());
    }

    #[test]
    fn a_part_decodes_as_far_as_it_goes() {
        let text: Vec<u8> = (0..4000_u32).flat_map(|number| number.to_le_bytes()).collect();
        let whole = gzip(&text);
        let part = &whole[..whole.len() / 2];
        let (decoded, output) = decode_part("gzip", part, false, 1 << 20);
        assert_eq!(decoded, Decoded::Truncated);
        assert!(!output.is_empty() && text.starts_with(&output));
        // If nothing more comes, it is broken.
        let (decoded, output) = decode_part("gzip", part, true, 1 << 20);
        assert_eq!(decoded, Decoded::Broken);
        assert!(output.ends_with(part));
    }

    #[test]
    fn unknown_or_too_many_codings_are_opaque() {
        assert_eq!(codings("zstd"), Codings::Opaque);
        assert_eq!(codings("gzip, br, gzip"), Codings::Opaque);
        assert_eq!(codings("identity"), Codings::Identity);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic_or_outgrow_the_bound(input in prop::collection::vec(any::<u8>(), 0..300), bytes_max in 0_usize..64) {
            for value in ["gzip", "deflate", "br", "deflate, br"] {
                let (_, output) = decode(value, &input, bytes_max);
                prop_assert!(output.len() <= bytes_max);
            }
        }
    }
}
