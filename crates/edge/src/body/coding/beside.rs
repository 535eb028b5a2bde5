//! What a coded body holds beside its content: names and comments in headers of gzip, and bytes behind the end of a coding.
//!
//! Who undoes the coding never sees it, who does not may take it for the body. So it counts as a break of the coding, told only
//! when all content has been read: then the body is looked at as it came besides. The name that gzip programs store by
//! themselves is no break.
//!
//! Source: RFC 1952 section 2.3.1 (`FEXTRA`, `FNAME`, `FCOMMENT`).

use std::io::{BufRead, Error, ErrorKind, Read, Result};

use flate2::GzHeader;
use flate2::bufread::{DeflateDecoder, GzDecoder, ZlibDecoder};

/// Longest name of a file that passes for one, in bytes: as long as most file systems let it be.
const NAME_BYTES_MAX: usize = 255;

/// There is something beside the content.
#[derive(Debug, thiserror::Error)]
#[error("more than its content is in it")]
struct Beside;

/// A decoder that is asked at its end whether anything stood beside the content.
pub(super) trait Decoder: Read {
    /// Whether it did; asked when nothing more is read.
    fn has_beside(&mut self) -> Result<bool>;
}

/// Reads the content, and fails at its end if anything stood beside it.
#[derive(Debug)]
pub(super) struct Alone<D>(pub(super) D);

impl<D: Decoder> Read for Alone<D> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let read = self.0.read(buffer)?;
        if read == 0 && !buffer.is_empty() && self.0.has_beside()? {
            return Err(Error::new(ErrorKind::InvalidData, Beside));
        }
        Ok(read)
    }
}

impl<R: BufRead> Decoder for ZlibDecoder<R> {
    fn has_beside(&mut self) -> Result<bool> {
        Ok(!self.get_mut().fill_buf()?.is_empty())
    }
}

impl<R: BufRead> Decoder for DeflateDecoder<R> {
    fn has_beside(&mut self) -> Result<bool> {
        Ok(!self.get_mut().fill_buf()?.is_empty())
    }
}

impl<R: Read> Decoder for brotli_decompressor::Decompressor<R> {
    /// What it has taken in without use is an error of its own, when it is asked once more.
    fn has_beside(&mut self) -> Result<bool> {
        Ok(self.read(&mut [0])? > 0 || self.get_mut().read(&mut [0])? > 0)
    }
}

/// The members of a gzip body, one after the other. Source: RFC 1952 section 2.2.
#[derive(Debug)]
pub(super) struct Members<R> {
    current: GzDecoder<Lent<R>>,
    has_beside: bool,
}

impl<R: BufRead> Members<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { current: GzDecoder::new(Lent(Some(reader))), has_beside: false }
    }
}

impl<R: BufRead> Read for Members<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        loop {
            let read = self.current.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            self.has_beside |= self.current.header().is_some_and(says_more);
            if self.current.get_mut().fill_buf()?.is_empty() {
                return Ok(0);
            }
            let reader = self.current.get_mut().0.take();
            self.current.reset(Lent(reader));
        }
    }
}

impl<R: BufRead> Decoder for Members<R> {
    fn has_beside(&mut self) -> Result<bool> {
        Ok(self.has_beside)
    }
}

/// Whether a header says more than the name of a file.
fn says_more(header: &GzHeader) -> bool {
    let is_plain = |name: &[u8]| {
        name.len() <= NAME_BYTES_MAX
            && name.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
    };
    header.extra().is_some() || header.comment().is_some() || header.filename().is_some_and(|name| !is_plain(name))
}

/// A reader that goes from one member to the next.
#[derive(Debug)]
struct Lent<R>(Option<R>);

impl<R: BufRead> Read for Lent<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        self.0.as_mut().map_or(Ok(0), |reader| reader.read(buffer))
    }
}

impl<R: BufRead> BufRead for Lent<R> {
    fn fill_buf(&mut self) -> Result<&[u8]> {
        self.0.as_mut().map_or(Ok(&[]), BufRead::fill_buf)
    }

    fn consume(&mut self, amount: usize) {
        if let Some(reader) = &mut self.0 {
            reader.consume(amount);
        }
    }
}
