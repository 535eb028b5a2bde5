//! The parts of a record that hold what the client sent: the request itself, and the details of matches.

use std::net::IpAddr;

use sekisho_waf::RuleRef;
use sekisho_waf::ir::{ProtectionMethod, SqliSensitivity};

use super::super::mask::REDACTED;
use super::super::veil::{Place, argument};
use super::{Condition, Line, MatchDetail, Subject};

impl Line<'_> {
    pub(super) fn match_details(&mut self, rule: Option<RuleRef>) {
        self.raw("[");
        let details = self.occurrence.match_details;
        let of_rule = details.iter().filter(|detail| Some(detail.rule) == rule);
        self.list(of_rule, Self::match_detail);
        self.raw("]");
    }

    fn match_detail(&mut self, detail: &MatchDetail<'_>) {
        self.raw(match detail.condition {
            Condition::Sqli(SqliSensitivity::Low) => {
                "{\"conditionType\":\"SQL_INJECTION\",\"sensitivityLevel\":\"LOW\",\"location\":\""
            }
            Condition::Sqli(SqliSensitivity::High) => {
                "{\"conditionType\":\"SQL_INJECTION\",\"sensitivityLevel\":\"HIGH\",\"location\":\""
            }
            Condition::Xss => "{\"conditionType\":\"XSS\",\"location\":\"",
        });
        self.text(detail.location);
        self.raw("\",\"matchedData\":[");
        let (method, content) = self.covered(detail);
        if let Some(stand) = self.cloak.veil().stand(method, content) {
            self.raw("\"");
            self.out.extend_from_slice(stand.bytes());
            self.raw("\"");
        } else if self.is_secret(detail) {
            self.raw("\"");
            self.out.extend_from_slice(REDACTED);
            self.raw("\"");
        } else {
            self.list(detail.matched.iter(), |line, token| line.masked_string(token));
        }
        self.raw("]");
        if let Some(name) = detail.field_name {
            let names = match detail.location {
                "SINGLE_QUERY_ARG" | "ALL_QUERY_ARGS" => self.cloak.veil().query(Place::MatchDetails),
                // Names within a body are the client's words as much as their values.
                "BODY" | "JSON_BODY" => self.cloak.veil().body(),
                _ => None,
            };
            self.raw(",\"matchedFieldName\":\"");
            self.cloak.push_covered(self.out, names, name.as_bytes());
            self.raw("\"");
        }
        self.raw("}");
    }

    /// How what a detector found is covered, and the content whose hash may stand in its place: all of the part, as it is
    /// among the parts of the request.
    fn covered(&self, detail: &MatchDetail<'_>) -> (Option<ProtectionMethod>, &[u8]) {
        let veil = self.cloak.veil();
        let Some(request) = self.request else { return (None, b"") };
        let header = |name: &str| request.header(&name.to_ascii_lowercase()).unwrap_or_default();
        let place = Place::MatchDetails;
        match (detail.location, detail.field_name) {
            ("HEADER", Some(name)) => (veil.header(name.as_bytes(), place), header(name)),
            ("HEADERS", Some(name)) => (veil.header_of_many(name.as_bytes()), header(name)),
            ("COOKIES", _) => (veil.cookies(place), header("cookie")),
            ("SINGLE_QUERY_ARG", Some(name)) => {
                let value = argument(request.query, name.as_bytes()).unwrap_or_default();
                (veil.argument(name.as_bytes(), place), value)
            }
            ("QUERY_STRING", _) if veil.redacts_query() => (Some(ProtectionMethod::Substitute), request.query),
            ("QUERY_STRING" | "ALL_QUERY_ARGS", _) => (veil.arguments(place), request.query),
            ("BODY" | "JSON_BODY", _) => (veil.found_in_body(), request.body.bytes),
            ("URI", _) => (veil.path(), request.path),
            ("METHOD", _) => (veil.method(), request.method),
            _ => (None, b""),
        }
    }

    /// A secret must not leave by the back door: cookies, masked headers, and headers nobody named.
    fn is_secret(&self, detail: &MatchDetail<'_>) -> bool {
        match (detail.location, detail.field_name) {
            ("COOKIES", _) => true,
            ("HEADER" | "HEADERS", Some(name)) => self.cloak.hides(name.as_bytes()),
            ("HEADER" | "HEADERS", None) => true,
            _ => false,
        }
    }

    pub(super) fn inserted(&mut self) {
        if self.occurrence.inserted.is_empty() {
            self.raw("null");
            return;
        }
        self.raw("[");
        let inserted = self.occurrence.inserted;
        self.list(inserted.iter(), |line, header| line.header(header.name.as_bytes(), header.value.as_bytes()));
        self.raw("]");
    }

    fn header(&mut self, name: &[u8], value: &[u8]) {
        self.raw("{\"name\":\"");
        self.cloak.push(self.out, name);
        self.raw("\",\"value\":\"");
        self.cloak.push_header(self.out, name, value);
        self.raw("\"}");
    }

    pub(super) fn masked_string(&mut self, value: &[u8]) {
        self.raw("\"");
        self.cloak.push(self.out, value);
        self.raw("\"");
    }

    pub(super) fn request(&mut self, subject: Subject<'_>) {
        let client: IpAddr = match subject {
            Subject::Evaluated { request, .. } | Subject::Fault { request, .. } => request.client.ip,
            Subject::Malformed { client, .. } => client,
        };
        let request = self.request;
        self.raw(",\"httpRequest\":{\"clientIp\":\"");
        self.address(client);
        self.raw("\",\"country\":\"");
        self.text(self.occurrence.country.unwrap_or("-"));
        self.raw("\",\"headers\":[");
        if let Some(request) = request {
            self.list(request.headers.iter(), |line, header| line.header(header.name, header.value));
        }
        self.raw("],\"uri\":\"");
        self.cloak.push_path(self.out, request.map_or(b"", |request| request.path));
        self.raw("\",\"args\":\"");
        self.cloak.push_query(self.out, request.map_or(b"", |request| request.query));
        self.raw("\",\"httpVersion\":");
        self.masked_string(request.map_or(b"", |request| request.version));
        self.raw(",\"httpMethod\":\"");
        self.cloak.push_method(self.out, request.map_or(b"", |request| request.method));
        self.raw("\",\"requestId\":\"");
        self.text(self.occurrence.request_id);
        self.raw("\",\"fragment\":");
        self.masked_string(request.and_then(|request| request.fragment).unwrap_or(b""));
        self.raw(",\"scheme\":\"");
        self.text(request.map_or("", |request| request.scheme));
        self.raw("\",\"host\":\"");
        if let Some(host) = request.and_then(|request| request.header("host")) {
            self.cloak.push_header(self.out, b"host", host);
        }
        self.raw("\"}");
    }
}
