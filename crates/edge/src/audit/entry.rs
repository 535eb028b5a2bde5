//! An entry, composed: what a transaction's values and matches say of it, under the veil.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;

use jiff::Zoned;
use jiff::tz::TimeZone;
use sekisho_model::Timestamp;
use sekisho_waf::ir::phased::{AuditFormat, EngineMode};
use sekisho_waf::transaction::{List, Matched, Store, Transaction};

use super::queue::{Entry, Own};
use super::{AuditLog, Plan, index, json, native};
use crate::record::{Cloak, REDACTED, Source, is_covered, shows_fixed_message};

/// Of a body, this many bytes are written, as many as most rules see: an entry of larger ones would be of use to nobody, and a
/// queue full of them would hold none.
const BODY_BYTES_MAX: usize = 1 << 20;
/// Characters of a boundary.
const BOUNDARY_CHARS: usize = 16;

/// Composes entries. Each worker has its own.
#[derive(Debug)]
pub(crate) struct Composer {
    random: RandomState,
    number: u64,
    server_id: String,
    producer: String,
}

/// A transaction that has ended.
pub(crate) struct Ended<'a> {
    pub(crate) transaction: &'a Transaction,
    /// When its request came.
    pub(crate) at: Timestamp,
    /// The status of its response, whoever it was from; 0 if there was none.
    pub(crate) status: u16,
}

impl Composer {
    pub(crate) fn new(source: &Source) -> Self {
        let id = format!("{}/{}", source.name, source.id);
        let digest = ring::digest::digest(&ring::digest::SHA256, id.as_bytes());
        // As many digits as ModSecurity's.
        let server_id = digest.as_ref().iter().take(20).map(|byte| format!("{byte:02x}")).collect();
        let producer = format!("Sekisho v{}", env!("CARGO_PKG_VERSION"));
        Self { random: RandomState::new(), number: 0, server_id, producer }
    }

    /// Leaves the entry of a transaction in the log, if it is to have one.
    pub(crate) fn compose(&mut self, plan: &Plan, ended: &Ended<'_>, cloak: Cloak<'_>, log: &AuditLog) {
        let Ended { transaction, at, status } = *ended;
        if !plan.wants(transaction, status) {
            return;
        }
        let at = jiff::Timestamp::from_millisecond(i64::try_from(at.unix_ms()).unwrap_or(i64::MAX)).unwrap_or_default();
        let mut view = View {
            transaction,
            store: transaction.store(),
            cloak,
            at: at.to_zoned(TimeZone::UTC),
            status,
            server_id: &self.server_id,
            producer: &self.producer,
        };
        let parts = transaction.audit_parts();
        let mut text = Vec::new();
        match plan.format {
            AuditFormat::Native => {
                self.number += 1;
                let number = self.random.hash_one(self.number);
                native::write(&mut view, parts, &format!("{number:0BOUNDARY_CHARS$x}"), &mut text);
            }
            AuditFormat::Json => json::write(&mut view, parts, &mut text),
        }
        let own = plan.destination.folder.is_some().then(|| view.own());
        log.take(Entry { destination: Arc::clone(&plan.destination), text, own });
    }
}

/// What forms of entries show of a transaction.
pub(super) struct View<'a> {
    transaction: &'a Transaction,
    store: &'a Store,
    cloak: Cloak<'a>,
    pub(super) at: Zoned,
    pub(super) status: u16,
    pub(super) server_id: &'a str,
    pub(super) producer: &'a str,
}

type Push = fn(&mut Vec<u8>, &[u8]);

impl View<'_> {
    /// Values that the edge itself set: ASCII without blanks.
    fn plain(&self, list: List) -> &str {
        std::str::from_utf8(self.store.scalar(list)).unwrap_or_default()
    }

    pub(super) fn unique_id(&self) -> &str {
        self.plain(List::UniqueId)
    }

    pub(super) fn client_address(&self) -> &str {
        self.plain(List::RemoteAddr)
    }

    pub(super) fn client_port(&self) -> &str {
        number(self.plain(List::RemotePort))
    }

    pub(super) fn server_address(&self) -> &str {
        self.plain(List::ServerAddr)
    }

    pub(super) fn server_port(&self) -> &str {
        number(self.plain(List::ServerPort))
    }

    pub(super) fn engine(&self) -> EngineMode {
        self.transaction.engine()
    }

    pub(super) fn components(&self) -> &[String] {
        self.transaction.rules().map_or(&[], |rules| &rules.settings().component_signatures)
    }

    /// As a number: 1.0, 1.1 or 2.0.
    pub(super) fn http_version(&self) -> &'static str {
        match self.store.scalar(List::RequestProtocol) {
            b"HTTP/1.0" => "1.0",
            b"HTTP/2.0" => "2.0",
            _ => "1.1",
        }
    }

    pub(super) fn response_protocol(&self) -> &[u8] {
        match self.store.scalar(List::ResponseProtocol) {
            b"" => b"HTTP/1.1",
            protocol => protocol,
        }
    }

    pub(super) fn request_body(&self) -> &[u8] {
        cut(self.store.scalar(List::RequestBody))
    }

    pub(super) fn response_body(&self) -> &[u8] {
        cut(self.store.scalar(List::ResponseBody))
    }

    pub(super) fn with_method(&mut self, out: &mut Vec<u8>, push: Push) {
        let hidden = self.cloak.veil().method().is_some();
        push(out, if hidden { REDACTED } else { self.store.scalar(List::RequestMethod) });
    }

    /// The target of the request: path and query.
    pub(super) fn with_target(&mut self, out: &mut Vec<u8>, push: Push) {
        let target = self.store.scalar(List::RequestUriRaw);
        let veil = self.cloak.veil();
        if veil.path().is_none() && !veil.sees_arguments() {
            return push(out, self.cloak.masked(target));
        }
        let (path, query) = match memchr::memchr(b'?', target) {
            Some(at) => (&target[..at], Some(&target[at + 1..])),
            None => (target, None),
        };
        let mut shown = Vec::new();
        self.cloak.push_path(&mut shown, path);
        if let Some(query) = query {
            shown.push(b'?');
            self.cloak.push_query(&mut shown, query);
        }
        push(out, &shown);
    }

    pub(super) fn with_request_line(&mut self, out: &mut Vec<u8>, push: Push) {
        self.with_method(out, push);
        out.push(b' ');
        self.with_target(out, push);
        out.push(b' ');
        push(out, self.store.scalar(List::RequestProtocol));
    }

    pub(super) fn with_request_fields(&mut self, out: &mut Vec<u8>, write: impl FnMut(&mut Vec<u8>, &[u8], &[u8])) {
        self.with_fields(List::RequestHeaders, out, write);
    }

    pub(super) fn with_response_fields(&mut self, out: &mut Vec<u8>, write: impl FnMut(&mut Vec<u8>, &[u8], &[u8])) {
        self.with_fields(List::ResponseHeaders, out, write);
    }

    fn with_fields(&mut self, list: List, out: &mut Vec<u8>, mut write: impl FnMut(&mut Vec<u8>, &[u8], &[u8])) {
        for entry in self.store.list(list) {
            let entry = self.store.entry(entry);
            let (name, value) = (self.store.slice(entry.name), self.store.slice(entry.value));
            let is_sanitised = list == List::ResponseHeaders && self.cloak.veil().sanitises_response_header(name);
            match self.cloak.stand_for_header(name, value) {
                _ if is_sanitised => write(out, name, REDACTED),
                Some(stand) => write(out, name, &stand),
                None => write(out, name, self.cloak.masked(value)),
            }
        }
    }

    pub(super) fn with_request_body(&mut self, out: &mut Vec<u8>, push: Push) {
        let body = cut(self.store.scalar(List::RequestBody));
        let mut arguments = self.store.list(List::ArgsPost).map(|entry| self.store.slice(self.store.entry(entry).name));
        let is_sanitised = |name: &[u8]| !name.is_empty() && self.cloak.veil().sanitises_argument(name);
        let covered = self.cloak.veil().body().is_some() || arguments.any(is_sanitised);
        if covered && !body.is_empty() {
            return push(out, REDACTED);
        }
        push(out, self.cloak.masked(body));
    }

    pub(super) fn with_response_body(&mut self, out: &mut Vec<u8>, push: Push) {
        push(out, self.cloak.masked(cut(self.store.scalar(List::ResponseBody))));
    }

    /// Lends each match, what is covered of it left out.
    pub(super) fn for_each_match(&mut self, mut then: impl FnMut(&mut Cloak<'_>, &Matched<'_>)) {
        for matched in self.transaction.matches() {
            if !is_covered(&self.cloak, &matched) {
                then(&mut self.cloak, &matched);
                continue;
            }
            let hide = |text| if <[u8]>::is_empty(text) { text } else { REDACTED };
            let mut shown = matched;
            if !shows_fixed_message(&matched) {
                shown.message = hide(matched.message);
            }
            (shown.value, shown.log_data) = (hide(matched.value), hide(matched.log_data));
            shown.parameter = matched.parameter.map(hide);
            then(&mut self.cloak, &shown);
        }
    }

    /// What it takes to give the entry a file of its own.
    fn own(&mut self) -> Own {
        let path = format!("{}-{}", self.at.strftime("%Y%m%d/%Y%m%d-%H%M/%Y%m%d-%H%M%S"), self.unique_id());
        let mut index = Vec::new();
        let field = |view: &Self, name: &[u8]| -> Option<Vec<u8>> {
            let mut entries = view.store.list(List::RequestHeaders).map(|entry| view.store.entry(entry));
            let entry = entries.find(|entry| view.store.slice(entry.name).eq_ignore_ascii_case(name))?;
            let value = view.store.slice(entry.value);
            Some(view.cloak.stand_for_header(name, value).unwrap_or_else(|| value.to_vec()))
        };
        let word = |index: &mut Vec<u8>, word: Option<&[u8]>| {
            index::push_word(index, word.filter(|word| !word.is_empty()).unwrap_or(b"-"));
            index.push(b' ');
        };
        word(&mut index, field(self, b"host").as_deref());
        word(&mut index, Some(self.client_address().as_bytes()));
        index.extend_from_slice(b"- ");
        index.extend_from_slice(self.at.strftime("[%d/%b/%Y:%H:%M:%S %z] ").to_string().as_bytes());
        let mut line = Vec::new();
        self.with_request_line(&mut line, |out, bytes| out.extend_from_slice(bytes));
        index::push_quoted(&mut index, &line);
        index.extend_from_slice(format!(" {} {} ", self.status, self.response_body().len()).as_bytes());
        word(&mut index, field(self, b"referer").as_deref());
        index::push_quoted(&mut index, field(self, b"user-agent").as_deref().unwrap_or(b"-"));
        index.push(b' ');
        word(&mut index, Some(self.unique_id().as_bytes()));
        index.extend_from_slice(b"- ");
        Own { path, index }
    }
}

/// Digits, or 0 where nothing is known.
fn number(text: &str) -> &str {
    if text.is_empty() { "0" } else { text }
}

fn cut(body: &[u8]) -> &[u8] {
    &body[..body.len().min(BODY_BYTES_MAX)]
}
