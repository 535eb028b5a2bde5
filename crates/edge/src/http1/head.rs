//! A well-formed head exactly as received, and where its parts are.
//!
//! The spans let inspection look at the received bytes, names in their own case and order, without parsing them again.

use std::ops::Range;

use bytes::Bytes;

use super::target::{TargetForm, TargetParts};

/// The protocol version of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Version {
    /// HTTP/1.0.
    Http10,
    /// HTTP/1.1.
    #[default]
    Http11,
}

impl Version {
    /// As in the request line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http10 => "HTTP/1.0",
            Self::Http11 => "HTTP/1.1",
        }
    }
}

/// How the end of a body is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BodyFraming {
    /// There is no body: neither length nor encoding is given.
    #[default]
    None,
    /// Content-Length, in bytes.
    Length(u64),
    /// Transfer-Encoding: chunked.
    Chunked,
}

/// Where a field line is within its head. A head is shorter than 65,536 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FieldSpan {
    pub(super) name_at: u16,
    pub(super) name_end: u16,
    pub(super) value_at: u16,
    pub(super) value_end: u16,
}

impl FieldSpan {
    /// Where the name is.
    #[must_use]
    pub fn name(self) -> Range<usize> {
        self.name_at.into()..self.name_end.into()
    }

    /// Where the value is, without the white space around it.
    #[must_use]
    pub fn value(self) -> Range<usize> {
        self.value_at.into()..self.value_end.into()
    }
}

/// Where the parts of a head are, and what they mean for the connection.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HeadIndex {
    pub(super) method_end: u16,
    pub(super) target_at: u16,
    pub(super) target_end: u16,
    pub(super) form: TargetForm,
    pub(super) version: Version,
    pub(super) framing: BodyFraming,
    pub(super) closes: bool,
    pub(super) upgrades: bool,
    pub(super) expects_continue: bool,
    pub(super) fields: Vec<FieldSpan>,
}

impl HeadIndex {
    /// Forgets what it points to, keeping its memory.
    pub(super) fn clear(&mut self) {
        let fields = std::mem::take(&mut self.fields);
        *self = Self::default();
        self.fields = fields;
        self.fields.clear();
    }

    /// Where the target is.
    #[must_use]
    pub fn target(&self) -> Range<usize> {
        self.target_at.into()..self.target_end.into()
    }

    /// The field lines in the order received.
    #[must_use]
    pub fn fields(&self) -> &[FieldSpan] {
        &self.fields
    }

    /// The form of the target.
    #[must_use]
    pub fn target_form(&self) -> TargetForm {
        self.form
    }

    /// The version of the request.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// How the body ends.
    #[must_use]
    pub fn framing(&self) -> BodyFraming {
        self.framing
    }

    /// Whether the client allows no request after this one on the connection.
    #[must_use]
    pub fn closes(&self) -> bool {
        self.closes
    }

    /// Whether the client asks for another protocol: `Connection: upgrade` with an Upgrade field, in HTTP/1.1. The gate
    /// holds back what follows until [`super::Heads::resolve_upgrade`].
    #[must_use]
    pub fn upgrades(&self) -> bool {
        self.upgrades
    }

    /// Whether the client waits for `100 Continue` before its body.
    #[must_use]
    pub fn expects_continue(&self) -> bool {
        self.expects_continue
    }
}

/// A well-formed head: the bytes as received, with their index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    pub(super) raw: Bytes,
    pub(super) index: HeadIndex,
}

impl Head {
    /// The request line, the fields and the empty line, as received.
    #[must_use]
    pub fn raw(&self) -> &Bytes {
        &self.raw
    }

    /// Where its parts are.
    #[must_use]
    pub fn index(&self) -> &HeadIndex {
        &self.index
    }

    /// The method.
    #[must_use]
    pub fn method(&self) -> &[u8] {
        &self.raw[..self.index.method_end.into()]
    }

    /// The target.
    #[must_use]
    pub fn target(&self) -> &[u8] {
        &self.raw[self.index.target()]
    }

    /// The target cut at its delimiters.
    #[must_use]
    pub fn target_parts(&self) -> TargetParts<'_> {
        match self.index.form {
            TargetForm::Authority => TargetParts { authority: Some(self.target()), ..TargetParts::default() },
            _ => TargetParts::of(self.target()),
        }
    }

    /// Names and values in the order received, names in their own case.
    pub fn fields(&self) -> impl ExactSizeIterator<Item = (&[u8], &[u8])> {
        self.index.fields.iter().map(|span| (&self.raw[span.name()], &self.raw[span.value()]))
    }
}
