//! Which part of a request a test looks at.

use super::JsonPointers;

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
    /// The values of one query argument, undecoded but for what is done before the query string is taken apart.
    SingleQueryArgument {
        /// Its name: lowercase, compared in any case.
        name: String,
        /// What is done to the raw query string first, in the order it runs.
        pre_parse: Vec<PreParse>,
    },
    /// The values of all query arguments, likewise.
    AllQueryArguments {
        /// What is done to the raw query string first, in the order it runs.
        pre_parse: Vec<PreParse>,
    },
    /// Header names, values or both.
    Headers(MapMatch),
    /// Cookie names, values or both.
    Cookies(MapMatch),
    /// The inspected body, whole.
    Body,
    /// The keys and values of the inspected body, read as JSON whatever its content type.
    JsonBody(JsonMatch),
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

/// What is done to the raw query string before it is taken apart into arguments.
///
/// Source: AWS WAF Developer Guide, "Using pre-parse text transformations in AWS WAF".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PreParse {
    /// Percent-encoding to bytes, which may bring out further arguments.
    UrlDecode,
    /// The same with `%uHHHH`.
    UrlDecodeUni,
    /// The values of arguments of one name joined by commas, where the first of them stands.
    CombineDuplicates,
    /// `;` to `&`.
    SemicolonsToAmpersands,
}

/// Which elements of a JSON body, and what if it is no JSON.
///
/// Source: AWS WAF Developer Guide, "Request components in AWS WAF", JSON body.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JsonMatch {
    /// Which elements.
    pub pattern: JsonPattern,
    /// Keys, values (strings decoded, numbers and literals as written) or both.
    pub scope: MapScope,
    /// What happens if the body cannot be read as JSON to its end.
    pub on_invalid: OnInvalidJson,
}

/// Which elements of a JSON body.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum JsonPattern {
    /// All.
    All,
    /// What stands below these places: their values, and keys and values of what they contain.
    Included(JsonPointers),
}

/// What happens if a body cannot be read as JSON to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OnInvalidJson {
    /// What was read before the error is inspected.
    InspectParsed,
    /// The whole body is inspected as text, instead of its elements.
    InspectAsText,
    /// The test passes.
    Match,
    /// The test fails.
    NoMatch,
}

impl Field {
    /// Whether the part is of the body.
    #[must_use]
    pub fn is_of_body(&self) -> bool {
        matches!(self, Self::Body | Self::BodyValues | Self::JsonBody(_))
    }
}
