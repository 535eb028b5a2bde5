//! The words of a Valkey or Redis server: commands out, replies in.
//!
//! Version 2 of the protocol, which every server speaks. Only what counting needs: a reply is a line, a number, a text or
//! a list of those. Whatever a server sends, reading it takes bounded memory.
//!
//! Source: Redis serialization protocol specification (redis.io/docs/latest/develop/reference/protocol-spec), RESP2.

use std::io::{self, BufRead, Read as _, Write as _};

/// Bytes of one text or line of a reply. Counts are short.
const TEXT_BYTES_MAX: usize = 4096;
/// Items of a list: the buckets of one window, as field and value.
const ITEMS_MAX: usize = 1024;

/// What a server answers to one command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// It is done.
    Done(String),
    /// It is refused, and why.
    Refused(String),
    /// A number.
    Number(i64),
    /// A text; none if there is nothing of the name.
    Text(Option<Vec<u8>>),
    /// A list of numbers and texts.
    List(Vec<Reply>),
}

impl Reply {
    /// The number this is or spells.
    #[must_use]
    pub fn number(&self) -> Option<i64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(Some(text)) => std::str::from_utf8(text).ok()?.parse().ok(),
            _ => None,
        }
    }

    /// Bytes of memory this takes.
    pub(super) fn bytes(&self) -> usize {
        let inside = match self {
            Self::Done(text) | Self::Refused(text) => text.len(),
            Self::Number(_) | Self::Text(None) => 0,
            Self::Text(Some(text)) => text.len(),
            Self::List(items) => items.iter().map(Self::bytes).sum(),
        };
        size_of::<Self>() + inside
    }
}

/// Appends a command, a list of texts.
pub(super) fn push_command(out: &mut Vec<u8>, words: &[&[u8]]) {
    write!(out, "*{}\r\n", words.len()).expect("a vector takes any bytes");
    for word in words {
        write!(out, "${}\r\n", word.len()).expect("a vector takes any bytes");
        out.extend_from_slice(word);
        out.extend_from_slice(b"\r\n");
    }
}

/// Reads one reply.
///
/// # Errors
///
/// If reading fails, the input ends, it is not the protocol, or it is larger than anything that was asked for.
pub fn read_reply(input: &mut impl BufRead) -> io::Result<Reply> {
    let (kind, line) = read_line(input)?;
    if kind != b'*' {
        return read_item(kind, line, input);
    }
    let Some(count) = length(&line, ITEMS_MAX)? else { return Ok(Reply::List(Vec::new())) };
    let items = (0..count).map(|_| {
        let (kind, line) = read_line(input)?;
        read_item(kind, line, input)
    });
    Ok(Reply::List(items.collect::<io::Result<_>>()?))
}

fn read_item(kind: u8, line: Vec<u8>, input: &mut impl BufRead) -> io::Result<Reply> {
    let text = |line: Vec<u8>| String::from_utf8_lossy(&line).into_owned();
    match kind {
        b'+' => Ok(Reply::Done(text(line))),
        b'-' => Ok(Reply::Refused(text(line))),
        b':' => parse(&line).map(Reply::Number),
        b'$' => {
            let Some(length) = length(&line, TEXT_BYTES_MAX)? else { return Ok(Reply::Text(None)) };
            let mut text = vec![0; length + 2];
            input.read_exact(&mut text)?;
            if !text.ends_with(b"\r\n") {
                return Err(strange("a text does not end where it says"));
            }
            text.truncate(length);
            Ok(Reply::Text(Some(text)))
        }
        _ => Err(strange("a reply of no known kind")),
    }
}

/// A line without its end: the kind of the reply, and what follows.
fn read_line(input: &mut impl BufRead) -> io::Result<(u8, Vec<u8>)> {
    let mut line = Vec::new();
    input.take(TEXT_BYTES_MAX as u64).read_until(b'\n', &mut line)?;
    let Some(line) = line.strip_suffix(b"\r\n") else {
        return Err(if line.len() < TEXT_BYTES_MAX {
            io::ErrorKind::UnexpectedEof.into()
        } else {
            strange("a line is too long")
        });
    };
    let (kind, rest) = line.split_first().ok_or_else(|| strange("an empty line"))?;
    Ok((*kind, rest.to_vec()))
}

/// A length up to `max`; none for -1, which stands for nothing.
fn length(line: &[u8], max: usize) -> io::Result<Option<usize>> {
    match parse(line)? {
        -1 => Ok(None),
        number => match usize::try_from(number) {
            Ok(length) if length <= max => Ok(Some(length)),
            _ => Err(strange("a reply is larger than what was asked for")),
        },
    }
}

fn parse(line: &[u8]) -> io::Result<i64> {
    let number = std::str::from_utf8(line).ok().and_then(|text| text.parse().ok());
    number.ok_or_else(|| strange("no number where one belongs"))
}

fn strange(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn reads(bytes: &[u8], expected: &Reply) {
        let mut input = bytes;
        assert_eq!(read_reply(&mut input).unwrap(), *expected);
        assert!(input.is_empty());
        for length in 0..bytes.len() {
            assert!(read_reply(&mut &bytes[..length]).is_err(), "cut at {length}");
        }
    }

    #[test]
    fn replies_of_all_kinds() {
        reads(b"+OK\r\n", &Reply::Done("OK".to_owned()));
        reads(b"-NOAUTH Authentication required.\r\n", &Reply::Refused("NOAUTH Authentication required.".to_owned()));
        reads(b":-42\r\n", &Reply::Number(-42));
        reads(b"$5\r\na\r\nbc\r\n", &Reply::Text(Some(b"a\r\nbc".to_vec())));
        reads(b"$-1\r\n", &Reply::Text(None));
        reads(b"*0\r\n", &Reply::List(Vec::new()));
        reads(b"*2\r\n$1\r\n7\r\n:9\r\n", &Reply::List(vec![Reply::Text(Some(b"7".to_vec())), Reply::Number(9)]));
    }

    #[test]
    fn what_is_too_large_or_strange_is_refused() {
        let long = [b"+".as_slice(), &[b'a'; 5000], b"\r\n"].concat();
        for bytes in [
            b"$99999999999\r\n".as_slice(),
            b"*99999999\r\n",
            b"*1\r\n*1\r\n:1\r\n",
            b"$-2\r\n",
            b":x\r\n",
            b"$1\r\nabc",
            b"HTTP/1.1 400 Bad Request\r\n",
            b"\r\n",
            &long,
        ] {
            assert_eq!(read_reply(&mut &*bytes).unwrap_err().kind(), io::ErrorKind::InvalidData);
        }
    }

    #[test]
    fn commands_are_lists_of_texts() {
        let mut out = Vec::new();
        push_command(&mut out, &[b"GET", b"a\r\n"]);
        assert_eq!(out, b"*2\r\n$3\r\nGET\r\n$3\r\na\r\n\r\n");
    }
}
