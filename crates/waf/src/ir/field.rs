//! Which part of a request a test looks at.

/// A part of the request. A part may have no value (no such header), one, or many.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Field {
    /// The method.
    Method,
    /// The raw path.
    UriPath,
    /// The raw query string, without `?`. Present even when empty.
    QueryString,
    /// The fragment, if sent.
    UriFragment,
    /// The values of one header; the name is lowercase.
    SingleHeader(String),
    /// The raw value of one query argument; the name is lowercase and compared in any case.
    SingleQueryArgument(String),
    /// The raw values of all query arguments.
    AllQueryArguments,
    /// Header names, values or both.
    Headers(MapMatch),
    /// Cookie names, values or both.
    Cookies(MapMatch),
    /// The inspected body, whole.
    Body,
    /// The values within the body, by its content type: form arguments and JSON strings decoded, multipart parts; the
    /// whole body where none applies. Not an AWS field: used by rules that ship with Sekisho.
    BodyValues,
    /// Header names in wire order, joined by `:`.
    HeaderOrder,
    /// The JA3 fingerprint.
    Ja3,
    /// The JA4 fingerprint.
    Ja4,
}

/// Which entries of a name-to-value part, and which side of them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MapMatch {
    /// Which entries.
    pub pattern: MapPattern,
    /// Which side.
    pub scope: MapScope,
}

/// Which entries. Header names are lowercase and compared in any case; cookie names are exact.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MapPattern {
    /// All.
    All,
    /// Only those with these names.
    Included(Vec<String>),
    /// All but those with these names.
    Excluded(Vec<String>),
}

/// Which side of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MapScope {
    /// Names.
    Key,
    /// Values.
    Value,
    /// Both, each a value of its own.
    All,
}

impl Field {
    /// Whether the part is of the body.
    #[must_use]
    pub fn is_of_body(&self) -> bool {
        matches!(self, Self::Body | Self::BodyValues)
    }
}
