//! Bytes cut into records.
//!
//! Bytes come in pieces of any length; what is not a whole record yet is held until the rest comes. A record longer than
//! [`RECORD_BYTES_MAX`] is cut there, so that memory is bounded and nothing is lost.

mod elements;
mod envelope;
mod lines;

use elements::Elements;
use lines::Lines;

use crate::Source;

/// Bytes of a record: CloudTrail's largest events have 256 KB, findings of scanners some more.
pub const RECORD_BYTES_MAX: usize = 4 << 20;
/// Bytes of a report, which must be held as a whole: those of scanners of large images have some 20 MB.
pub const REPORT_BYTES_MAX: usize = 64 << 20;

/// Gives the records of a report.
pub(crate) type CutReport = fn(report: &[u8], give: &mut dyn FnMut(Piece<'_>));

/// Lines that say what the fields of those after them are.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Header {
    /// There are none.
    None,
    /// Lines that begin so.
    Begins(&'static str),
    /// The first line, if it is one.
    First(fn(line: &str) -> bool),
}

/// How records lie in a file.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Framing {
    /// A record a line.
    Lines {
        /// Which lines are no records but say what the fields are.
        header: Header,
    },
    /// JSON objects one after another, or in an array; or in the array that is this member of an object.
    Json {
        /// Name of the member, in any case; empty if there is none.
        member: &'static str,
        /// How deep within objects it may stand: 1 in the outermost.
        depth: u32,
    },
    /// One JSON object that holds records in several places.
    Report {
        /// Gives the records of an object, each with what the report says of it elsewhere. An object that is no report is given whole.
        cut: CutReport,
    },
}

/// A record that was cut out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece<'b> {
    /// Its bytes.
    pub raw: &'b [u8],
    /// The header that goes with it; empty if there is none.
    pub header: &'b str,
    /// Whether more of it follows as a record of its own: it was too long.
    pub is_cut: bool,
}

impl Piece<'_> {
    /// Cuts a report; a part of one is cut no further.
    fn cut_by(self, cut: CutReport, give: &mut impl FnMut(Piece<'_>)) {
        if self.is_cut {
            return give(self);
        }
        cut(self.raw, &mut |piece| {
            let mut rest = piece.raw;
            while rest.len() > RECORD_BYTES_MAX {
                let (raw, more) = rest.split_at(RECORD_BYTES_MAX);
                give(Piece { raw, is_cut: true, ..piece });
                rest = more;
            }
            give(Piece { raw: rest, ..piece });
        });
    }
}

/// Cuts the bytes of one file or stream. What came through CloudWatch Logs is taken out of its envelopes first.
#[derive(Debug)]
pub struct Splitter {
    document: Document,
    cutter: Cutter,
}

/// What the bytes are, besides what the source says.
#[derive(Debug)]
enum Document {
    /// They have just begun: not yet told.
    Begins(Vec<u8>),
    /// What the source says.
    Plain,
    /// Envelopes, each around several documents of the source.
    Envelopes(Elements),
}

#[derive(Debug)]
enum Cutter {
    Lines(Lines),
    Elements(Elements),
    Report(Elements, CutReport),
}

impl Splitter {
    /// For a source's files.
    #[must_use]
    pub fn new(source: &Source) -> Self {
        let cutter = match source.framing {
            Framing::Lines { header } => Cutter::Lines(Lines::new(header)),
            Framing::Json { member, depth } => Cutter::Elements(Elements::new(member, depth, RECORD_BYTES_MAX)),
            Framing::Report { cut } => Cutter::Report(Elements::new("", 0, REPORT_BYTES_MAX), cut),
        };
        Self { document: Document::Begins(Vec::new()), cutter }
    }

    /// Takes more bytes, and gives the records that are whole now.
    pub fn push(&mut self, bytes: &[u8], mut give: impl FnMut(Piece<'_>)) {
        let mut bytes = bytes;
        if let Document::Begins(beginning) = &mut self.document {
            let (more, rest) = bytes.split_at(bytes.len().min(envelope::BEGINNING_BYTES - beginning.len()));
            beginning.extend_from_slice(more);
            bytes = rest;
            let may_be = envelope::may_be(beginning);
            if may_be.is_none() && beginning.len() < envelope::BEGINNING_BYTES {
                return;
            }
            self.begin(may_be == Some(true), &mut give);
        }
        self.cut(bytes, &mut give);
    }

    /// The file has ended: gives what is left, if anything.
    pub fn end(&mut self, mut give: impl FnMut(Piece<'_>)) {
        if matches!(self.document, Document::Begins(_)) {
            self.begin(false, &mut give);
        }
        if let Document::Envelopes(objects) = &mut self.document {
            objects.end(|object| self.cutter.open(object, &mut give));
        }
        self.cutter.end(&mut give);
        self.document = Document::Begins(Vec::new());
    }

    /// Bytes that are held because their record is not whole yet: whoever keeps positions goes back so far.
    #[must_use]
    pub fn held(&self) -> usize {
        let document = match &self.document {
            Document::Begins(beginning) => beginning.len(),
            Document::Plain => 0,
            Document::Envelopes(objects) => objects.held(),
        };
        document + self.cutter.held()
    }

    /// It is told what the bytes are: cuts those that were seen for it.
    fn begin(&mut self, is_envelopes: bool, give: &mut impl FnMut(Piece<'_>)) {
        let told =
            if is_envelopes { Document::Envelopes(Elements::new("", 0, REPORT_BYTES_MAX)) } else { Document::Plain };
        if let Document::Begins(beginning) = std::mem::replace(&mut self.document, told) {
            self.cut(envelope::without_mark(&beginning), give);
        }
    }

    fn cut(&mut self, bytes: &[u8], give: &mut impl FnMut(Piece<'_>)) {
        let Document::Envelopes(objects) = &mut self.document else {
            return self.cutter.push(bytes, give);
        };
        if !matches!(self.cutter, Cutter::Lines(_)) {
            return objects.push(bytes, |object| self.cutter.open(object, give));
        }
        // An envelope has no line feed in it: among lines, one that is never closed holds up none after it.
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            objects.push(line, |object| self.cutter.open(object, give));
            if line.ends_with(b"\n") {
                objects.end(|object| self.cutter.open(object, give));
            }
        }
    }
}

impl Cutter {
    fn push(&mut self, bytes: &[u8], give: &mut impl FnMut(Piece<'_>)) {
        match self {
            Self::Lines(lines) => lines.push(bytes, give),
            Self::Elements(elements) => elements.push(bytes, give),
            Self::Report(elements, cut) => elements.push(bytes, |report| report.cut_by(*cut, give)),
        }
    }

    fn end(&mut self, give: &mut impl FnMut(Piece<'_>)) {
        match self {
            Self::Lines(lines) => lines.end(give),
            Self::Elements(elements) => elements.end(give),
            Self::Report(elements, cut) => elements.end(|report| report.cut_by(*cut, give)),
        }
    }

    fn held(&self) -> usize {
        match self {
            Self::Lines(lines) => lines.held(),
            Self::Elements(elements) | Self::Report(elements, _) => elements.held(),
        }
    }

    /// Cuts what an envelope holds; what is none is cut as it is.
    fn open(&mut self, object: Piece<'_>, give: &mut impl FnMut(Piece<'_>)) {
        let is_opened = !object.is_cut
            && envelope::messages(object.raw, |message| {
                self.push(message, give);
                self.end(give);
            });
        if !is_opened {
            self.push(object.raw, give);
            if !object.is_cut {
                self.end(give);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(source: &str, pieces: &[&[u8]]) -> Vec<String> {
        let mut splitter = Splitter::new(Source::named(source).unwrap());
        let mut cut = Vec::new();
        let mut give = |piece: Piece<'_>| cut.push(String::from_utf8_lossy(piece.raw).into_owned());
        pieces.iter().for_each(|piece| splitter.push(piece, &mut give));
        splitter.end(&mut give);
        assert_eq!(splitter.held(), 0);
        cut
    }

    fn envelope(messages: &[&str]) -> String {
        let events: Vec<_> = messages
            .iter()
            .map(|message| serde_json::json!({ "id": "1", "timestamp": 1, "message": message }))
            .collect();
        format!(
            r#"{{"messageType":"DATA_MESSAGE","owner":"123456789012","logGroup":"g","logStream":"s","subscriptionFilters":["f"],"logEvents":{}}}"#,
            serde_json::Value::from(events)
        )
    }

    #[test]
    fn records_are_taken_out_of_envelopes() {
        let line = "2 123456789012 eni-1 10.0.0.1 10.0.0.2 1 2 6 1 1 1 2 ACCEPT OK";
        let both = format!("{}{}\n{}", envelope(&[line, line]), envelope(&[line]), envelope(&[]));
        assert_eq!(cut("vpc-flow", &[both.as_bytes()]), [line; 3]);
        let call = r#"{"eventVersion":"1.08","requestParameters":{"text":"\"{"}}"#;
        for source in ["cloudtrail", "json", "trivy"] {
            assert_eq!(cut(source, &[envelope(&[call, call]).as_bytes()]), [call; 2], "{source}");
        }
        let found = r#"{"detail":{"findings":[{"Id":"1"},{"Id":"2"}]}}"#;
        assert_eq!(cut("securityhub", &[envelope(&[found]).as_bytes()]), [r#"{"Id":"1"}"#, r#"{"Id":"2"}"#]);
    }

    #[test]
    fn where_pieces_end_makes_no_difference() {
        let both = ["\u{feff}", &envelope(&["one", "two\n"]), &envelope(&["three"])].concat();
        for at in 0..=both.len() {
            let (left, right) = both.as_bytes().split_at(at);
            assert_eq!(cut("syslog", &[left, right]), ["one", "two", "three"], "{at}");
        }
    }

    #[test]
    fn what_is_no_envelope_is_cut_as_ever() {
        let control = r#"{"messageType":"CONTROL_MESSAGE","logEvents":[{"message":"health"}]}"#;
        assert_eq!(cut("vpc-flow", &[control.as_bytes()]), [control]);
        for text in [r#"{"owner":"me","Records":[{"a":1}]}"#, "\u{feff}{\"Records\":[{\"a\":1}]}"] {
            assert_eq!(cut("cloudtrail", &[text.as_bytes()]), [r#"{"a":1}"#]);
        }
        assert_eq!(cut("json", &[b"{\"owner\":\"me\"}\n{\"messageType\":1}\nend"]).len(), 3);
        assert_eq!(cut("syslog", &[b"{\"messageType\":\"DATA_M"]), ["{\"messageType\":\"DATA_M"]);
        assert_eq!(cut("syslog", &[b"{"]), ["{"]);
    }

    #[test]
    fn a_line_that_begins_like_an_envelope_holds_up_none_after_it() {
        let mut splitter = Splitter::new(Source::named("syslog").unwrap());
        let mut cut = Vec::new();
        splitter.push(b"{\"owner\":\"x\nsecond {\nthird\n", |piece| cut.push(piece.raw.to_vec()));
        assert_eq!(cut, [&b"{\"owner\":\"x"[..], b"second {", b"third"]);
        assert_eq!(splitter.held(), 0);
    }

    #[test]
    fn a_mark_before_a_header_is_no_part_of_it() {
        let mut splitter = Splitter::new(Source::named("vpc-flow").unwrap());
        let mut headers = Vec::new();
        splitter.push("\u{feff}start srcaddr\n1 10.0.0.1\n".as_bytes(), |piece| headers.push(piece.header.to_owned()));
        assert_eq!(headers, ["start srcaddr"]);
    }

    #[test]
    fn an_envelope_without_end_is_cut_and_nothing_is_lost() {
        let text = format!(r#"{{"messageType":"{}"#, "1".repeat(REPORT_BYTES_MAX + 10));
        let cut = cut("vpc-flow", &[text.as_bytes()]);
        assert!(cut.concat() == text);
        assert!(cut.iter().all(|piece| piece.len() <= RECORD_BYTES_MAX));
    }
}
