//! The values of a transaction: lists of named values over one buffer.
//!
//! Every value has a number, a [`ValueId`], that stays the same while the transaction lasts. What is computed of a value
//! (its transformations, the rules it is a candidate for) is kept under that number.

use std::ops::Range;

use crate::ir::phased::{Selector, Variable};

/// Bytes in a [`Store`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    start: u32,
    end: u32,
}

impl Span {
    /// Its length in bytes.
    #[must_use]
    pub const fn len(self) -> usize {
        (self.end - self.start) as usize
    }

    /// Whether it has none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// A part of it.
    ///
    /// # Panics
    ///
    /// If `range` is not within it.
    #[must_use]
    pub fn part(self, range: Range<usize>) -> Self {
        assert!(range.start <= range.end && range.end <= self.len(), "{range:?} is within {self:?}");
        let at = |offset: usize| self.start + u32::try_from(offset).expect("no longer than the span");
        Self { start: at(range.start), end: at(range.end) }
    }
}

/// A named value. Where there are no names (scalars), the name is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Its name, as received.
    pub name: Span,
    /// Its value.
    pub value: Span,
}

/// Which half of an entry is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    /// The name.
    Name,
    /// The value.
    Value,
}

/// A value of the store: half of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ValueId(u32);

impl ValueId {
    /// One half of the `entry`-th entry.
    #[must_use]
    pub const fn new(entry: u32, part: Part) -> Self {
        Self(entry * 2 + matches!(part, Part::Name) as u32)
    }

    /// Which entry.
    #[must_use]
    pub const fn entry(self) -> u32 {
        self.0 / 2
    }

    /// Which half of it.
    #[must_use]
    pub const fn part(self) -> Part {
        if self.0 % 2 == 1 { Part::Name } else { Part::Value }
    }

    /// For tables that are as long as [`Store::values`].
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// Builds [`List`] from one table.
macro_rules! lists {
    ($($list:ident),+ $(,)?) => {
        /// A list of entries. Several variables may look at one list (`ARGS` and `ARGS_NAMES`), and one variable at
        /// several (`ARGS`).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[expect(missing_docs, reason = "named after the variables")]
        pub enum List {
            $($list,)+
        }

        impl List {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$list,)+];
        }
    };
}

lists! {
    ArgsGet, ArgsPost, ArgsCombinedSize, AuthType, Files, FilesCombinedSize, FilesNames, FilesSizes, FilesTmpContent,
    FilesTmpNames, FullRequest, FullRequestLength, InboundDataError, MultipartBoundaryQuoted,
    MultipartBoundaryWhitespace, MultipartCrlfLfLines, MultipartDataAfter, MultipartDataBefore,
    MultipartFileLimitExceeded, MultipartFilename, MultipartHeaderFolding, MultipartInvalidHeaderFolding,
    MultipartInvalidPart, MultipartInvalidQuoting, MultipartLfLine, MultipartMissingSemicolon, MultipartName,
    MultipartPartHeaders, MultipartStrictError, MultipartUnmatchedBoundary, OutboundDataError, PathInfo, QueryString,
    RemoteAddr, RemoteHost, RemotePort, RemoteUser, ReqbodyError, ReqbodyErrorMsg, ReqbodyProcessor,
    ReqbodyProcessorError, ReqbodyProcessorErrorMsg, RequestBasename, RequestBody, RequestBodyLength, RequestCookies,
    RequestFilename, RequestHeaders, RequestLine, RequestMethod, RequestProtocol, RequestUri, RequestUriRaw,
    ResponseBody, ResponseContentLength, ResponseContentType, ResponseHeaders, ResponseProtocol, ResponseStatus,
    ServerAddr, ServerName, ServerPort, StatusLine, UniqueId, UrlencodedError, XmlAttributes, XmlChosen, XmlText,
}

/// Where the values of a variable are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Source {
    /// The lists, in order.
    pub lists: &'static [List],
    /// Which half of their entries.
    pub part: Part,
}

impl List {
    /// Whether it always has one value, which is empty until it is known. Counting it gives 1, and a test that an empty
    /// value passes holds, as with ModSecurity 3.
    #[must_use]
    pub const fn is_always_there(self) -> bool {
        !matches!(
            self,
            Self::ArgsGet
                | Self::ArgsPost
                | Self::Files
                | Self::FilesNames
                | Self::FilesSizes
                | Self::FilesTmpContent
                | Self::FilesTmpNames
                | Self::MultipartFilename
                | Self::MultipartName
                | Self::MultipartPartHeaders
                | Self::RemoteUser
                | Self::RequestCookies
                | Self::RequestHeaders
                | Self::ResponseHeaders
                | Self::XmlAttributes
                | Self::XmlChosen
                | Self::XmlText
        )
    }
}

impl Source {
    /// Where the values of a target are; `None` if they are not in a store, because rules change them while they run.
    #[must_use]
    #[expect(clippy::too_many_lines, reason = "one table")]
    pub fn of(variable: Variable, selector: Option<&Selector>) -> Option<Self> {
        use List as L;
        use Variable as V;
        let names = |lists| Some(Self { lists, part: Part::Name });
        let values = |lists| Some(Self { lists, part: Part::Value });
        match variable {
            V::Args => values(&[L::ArgsGet, L::ArgsPost]),
            V::ArgsNames => names(&[L::ArgsGet, L::ArgsPost]),
            V::ArgsGet => values(&[L::ArgsGet]),
            V::ArgsGetNames => names(&[L::ArgsGet]),
            V::ArgsPost => values(&[L::ArgsPost]),
            V::ArgsPostNames => names(&[L::ArgsPost]),
            V::ArgsCombinedSize => values(&[L::ArgsCombinedSize]),
            V::AuthType => values(&[L::AuthType]),
            V::Files => values(&[L::Files]),
            V::FilesCombinedSize => values(&[L::FilesCombinedSize]),
            V::FilesNames => values(&[L::FilesNames]),
            V::FilesSizes => values(&[L::FilesSizes]),
            V::FilesTmpContent => values(&[L::FilesTmpContent]),
            V::FilesTmpNames => values(&[L::FilesTmpNames]),
            V::FullRequest => values(&[L::FullRequest]),
            V::FullRequestLength => values(&[L::FullRequestLength]),
            V::InboundDataError => values(&[L::InboundDataError]),
            V::MultipartBoundaryQuoted => values(&[L::MultipartBoundaryQuoted]),
            V::MultipartBoundaryWhitespace => values(&[L::MultipartBoundaryWhitespace]),
            V::MultipartCrlfLfLines => values(&[L::MultipartCrlfLfLines]),
            V::MultipartDataAfter => values(&[L::MultipartDataAfter]),
            V::MultipartDataBefore => values(&[L::MultipartDataBefore]),
            V::MultipartFileLimitExceeded => values(&[L::MultipartFileLimitExceeded]),
            V::MultipartFilename => values(&[L::MultipartFilename]),
            V::MultipartHeaderFolding => values(&[L::MultipartHeaderFolding]),
            V::MultipartInvalidHeaderFolding => values(&[L::MultipartInvalidHeaderFolding]),
            V::MultipartInvalidPart => values(&[L::MultipartInvalidPart]),
            V::MultipartInvalidQuoting => values(&[L::MultipartInvalidQuoting]),
            V::MultipartLfLine => values(&[L::MultipartLfLine]),
            V::MultipartMissingSemicolon | V::MultipartSemicolonMissing => values(&[L::MultipartMissingSemicolon]),
            V::MultipartName => values(&[L::MultipartName]),
            V::MultipartPartHeaders => values(&[L::MultipartPartHeaders]),
            V::MultipartStrictError => values(&[L::MultipartStrictError]),
            V::MultipartUnmatchedBoundary => values(&[L::MultipartUnmatchedBoundary]),
            V::OutboundDataError => values(&[L::OutboundDataError]),
            V::PathInfo => values(&[L::PathInfo]),
            V::QueryString => values(&[L::QueryString]),
            V::RemoteAddr => values(&[L::RemoteAddr]),
            V::RemoteHost => values(&[L::RemoteHost]),
            V::RemotePort => values(&[L::RemotePort]),
            V::RemoteUser => values(&[L::RemoteUser]),
            V::ReqbodyError => values(&[L::ReqbodyError]),
            V::ReqbodyErrorMsg => values(&[L::ReqbodyErrorMsg]),
            V::ReqbodyProcessor => values(&[L::ReqbodyProcessor]),
            V::ReqbodyProcessorError => values(&[L::ReqbodyProcessorError]),
            V::ReqbodyProcessorErrorMsg => values(&[L::ReqbodyProcessorErrorMsg]),
            V::RequestBasename => values(&[L::RequestBasename]),
            V::RequestBody => values(&[L::RequestBody]),
            V::RequestBodyLength => values(&[L::RequestBodyLength]),
            V::RequestCookies => values(&[L::RequestCookies]),
            V::RequestCookiesNames => names(&[L::RequestCookies]),
            V::RequestFilename => values(&[L::RequestFilename]),
            V::RequestHeaders => values(&[L::RequestHeaders]),
            V::RequestHeadersNames => names(&[L::RequestHeaders]),
            V::RequestLine => values(&[L::RequestLine]),
            V::RequestMethod => values(&[L::RequestMethod]),
            V::RequestProtocol => values(&[L::RequestProtocol]),
            V::RequestUri => values(&[L::RequestUri]),
            V::RequestUriRaw => values(&[L::RequestUriRaw]),
            V::ResponseBody => values(&[L::ResponseBody]),
            V::ResponseContentLength => values(&[L::ResponseContentLength]),
            V::ResponseContentType => values(&[L::ResponseContentType]),
            V::ResponseHeaders => values(&[L::ResponseHeaders]),
            V::ResponseHeadersNames => names(&[L::ResponseHeaders]),
            V::ResponseProtocol => values(&[L::ResponseProtocol]),
            V::ResponseStatus => values(&[L::ResponseStatus]),
            V::ServerAddr => values(&[L::ServerAddr]),
            V::ServerName => values(&[L::ServerName]),
            V::ServerPort => values(&[L::ServerPort]),
            V::StatusLine => values(&[L::StatusLine]),
            V::UniqueId => values(&[L::UniqueId]),
            V::UrlencodedError => values(&[L::UrlencodedError]),
            V::Xml => match selector {
                Some(Selector::XmlAttributes) => values(&[L::XmlAttributes]),
                Some(Selector::XmlPath(_)) => values(&[L::XmlChosen]),
                _ => values(&[L::XmlText]),
            },
            V::Duration
            | V::Env
            | V::Geo
            | V::Global
            | V::HighestSeverity
            | V::Ip
            | V::MatchedVar
            | V::MatchedVarName
            | V::MatchedVars
            | V::MatchedVarsNames
            | V::ModsecBuild
            | V::MscPcreLimitsExceeded
            | V::Resource
            | V::Rule
            | V::Session
            | V::SessionId
            | V::Time
            | V::TimeDay
            | V::TimeEpoch
            | V::TimeHour
            | V::TimeMin
            | V::TimeMon
            | V::TimeSec
            | V::TimeWday
            | V::TimeYear
            | V::Tx
            | V::User
            | V::UserId
            | V::WebAppId => None,
        }
    }
}

/// The lists of a store in which only scalars are, by [`List::is_always_there`]: one entry each, in the order of lists.
struct Blank {
    lists: [Range<u32>; List::ALL.len()],
    scalars: usize,
}

impl Blank {
    const fn new() -> Self {
        let mut lists = [const { 0..0 }; List::ALL.len()];
        let mut scalars = 0;
        let mut at = 0;
        while at < lists.len() {
            let start = scalars;
            scalars += List::ALL[at].is_always_there() as u32;
            lists[at] = start..scalars;
            at += 1;
        }
        Self { lists, scalars: scalars as usize }
    }
}

/// The values of a transaction. Keeps its memory from one to the next.
#[derive(Debug)]
pub struct Store {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
    /// By list, the entries it is made of.
    lists: Vec<Range<u32>>,
}

impl Default for Store {
    fn default() -> Self {
        let mut store = Self { bytes: Vec::new(), entries: Vec::new(), lists: vec![0..0; List::ALL.len()] };
        store.clear(0);
        store
    }
}

impl Store {
    /// Forgets everything, so that only scalars are left, empty; gives memory back beyond `bytes_kept`.
    pub fn clear(&mut self, bytes_kept: usize) {
        self.bytes.clear();
        self.bytes.shrink_to(bytes_kept);
        self.entries.clear();
        self.entries.shrink_to(bytes_kept / size_of::<Entry>());
        let blank = const { &Blank::new() };
        self.lists.clone_from_slice(&blank.lists);
        self.entries.resize(blank.scalars, Entry { name: Span::default(), value: Span::default() });
    }

    /// The bytes it takes, used or not.
    pub(super) fn capacity(&self) -> usize {
        self.bytes.capacity() + self.entries.capacity() * size_of::<Entry>()
    }

    /// The bytes in use.
    pub(super) fn used(&self) -> usize {
        self.bytes.len() + self.entries.len() * size_of::<Entry>()
    }

    /// Copies `bytes` in.
    ///
    /// # Panics
    ///
    /// If more than 4 GiB come together.
    pub fn bytes(&mut self, bytes: &[u8]) -> Span {
        let start = self.position();
        self.bytes.extend_from_slice(bytes);
        Span { start, end: self.position() }
    }

    /// Adds what `write` appends.
    pub fn write(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Span {
        let start = self.position();
        write(&mut self.bytes);
        Span { start, end: self.position() }
    }

    fn position(&self) -> u32 {
        u32::try_from(self.bytes.len()).expect("limits keep a transaction below 4 GiB")
    }

    /// Sets a list to these entries. A list is set once in a transaction, but for scalars.
    pub fn set(&mut self, list: List, entries: impl IntoIterator<Item = Entry>) {
        let start = self.count();
        self.entries.extend(entries);
        self.lists[list as usize] = start..self.count();
    }

    /// Sets a scalar. It gets another [`ValueId`] than the value it had before.
    pub fn set_scalar(&mut self, list: List, value: &[u8]) {
        let value = self.bytes(value);
        self.set_scalar_span(list, value);
    }

    /// Sets a scalar to bytes that are in already.
    pub fn set_scalar_span(&mut self, list: List, value: Span) {
        self.set(list, [Entry { name: Span::default(), value }]);
    }

    fn count(&self) -> u32 {
        u32::try_from(self.entries.len()).expect("limits keep a transaction below 2^32 values")
    }

    /// How long a table by [`ValueId::index`] must be.
    #[must_use]
    pub fn values(&self) -> usize {
        self.entries.len() * 2
    }

    /// The entries of a list, as numbers.
    #[must_use]
    pub fn list(&self, list: List) -> Range<u32> {
        self.lists[list as usize].clone()
    }

    /// An entry.
    #[must_use]
    pub fn entry(&self, entry: u32) -> Entry {
        self.entries[entry as usize]
    }

    /// The values of a source, in order.
    pub fn of(&self, source: Source) -> impl Iterator<Item = ValueId> + '_ {
        source.lists.iter().flat_map(|list| self.list(*list)).map(move |entry| ValueId::new(entry, source.part))
    }

    /// The bytes of a value.
    #[must_use]
    pub fn value(&self, id: ValueId) -> &[u8] {
        let entry = self.entry(id.entry());
        self.slice(match id.part() {
            Part::Name => entry.name,
            Part::Value => entry.value,
        })
    }

    /// The name of a value: what selectors are held against.
    #[must_use]
    pub fn name(&self, id: ValueId) -> &[u8] {
        self.slice(self.entry(id.entry()).name)
    }

    /// The bytes of a span.
    #[must_use]
    pub fn slice(&self, span: Span) -> &[u8] {
        &self.bytes[span.start as usize..span.end as usize]
    }

    /// The first value of a list; empty if there is none.
    #[must_use]
    pub fn scalar(&self, list: List) -> &[u8] {
        self.list(list).next().map_or(b"", |entry| self.slice(self.entry(entry).value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::phased::VariableKind;

    #[test]
    fn one_list_serves_values_and_names() {
        let mut store = Store::default();
        let (name, value) = (store.bytes(b"q"), store.bytes(b"tea"));
        store.set(List::ArgsGet, [Entry { name, value }]);
        let name = store.bytes(b"lang");
        let value = store.write(|out| out.extend_from_slice(b"ja"));
        store.set(List::ArgsPost, [Entry { name, value }]);
        let all = |store: &Store, variable| -> Vec<String> {
            let source = Source::of(variable, None).unwrap();
            store.of(source).map(|id| String::from_utf8_lossy(store.value(id)).into_owned()).collect()
        };
        assert_eq!(all(&store, Variable::Args), ["tea", "ja"]);
        assert_eq!(all(&store, Variable::ArgsNames), ["q", "lang"]);
        assert_eq!(all(&store, Variable::ArgsGet), ["tea"]);
        store.set_scalar(List::RequestMethod, b"GET");
        assert_eq!(store.scalar(List::RequestMethod), b"GET");
        store.clear(0);
        assert!(all(&store, Variable::Args).is_empty());
        assert_eq!(all(&store, Variable::RequestMethod), [""]);
    }

    #[test]
    fn scalars_are_always_there_but_for_the_user() {
        for &variable in Variable::ALL.iter().filter(|&&variable| variable != Variable::RemoteUser) {
            let Some(source) = Source::of(variable, None) else { continue };
            let is_scalar = variable.kind() == VariableKind::Scalar;
            assert!(source.lists.iter().all(|list| list.is_always_there() == is_scalar), "{}", variable.name());
        }
    }

    #[test]
    fn a_scalar_set_again_is_another_value() {
        let mut store = Store::default();
        let id = |store: &Store| store.of(Source::of(Variable::ReqbodyError, None).unwrap()).next().unwrap();
        let before = id(&store);
        store.set_scalar(List::ReqbodyError, b"1");
        assert_ne!(before, id(&store));
        assert_eq!(store.value(before), b"");
        assert_eq!(store.value(id(&store)), b"1");
    }

    #[test]
    fn a_part_of_a_span_is_within_it() {
        let mut store = Store::default();
        store.bytes(b"ab");
        let span = store.bytes(b"cdef");
        assert_eq!(store.slice(span.part(1..3)), b"de");
        assert!(span.part(4..4).is_empty() && span.len() == 4);
    }
}
