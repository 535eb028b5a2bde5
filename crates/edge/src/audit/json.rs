//! An entry as one JSON object on one line, as ModSecurity 3 writes it.

use sekisho_waf::ir::phased::{AuditParts, EngineMode};
use sekisho_waf::transaction::Matched;

use super::entry::View;
use crate::record::{Cloak, push_number, push_text};

/// Writes an entry.
pub(super) fn write(view: &mut View<'_>, parts: AuditParts, out: &mut Vec<u8>) {
    raw(out, "{\"transaction\":{\"client_ip\":\"");
    raw(out, view.client_address());
    raw(out, "\",\"time_stamp\":\"");
    raw(out, &view.at.strftime("%a %b %e %H:%M:%S %Y").to_string());
    raw(out, "\",\"server_id\":\"");
    raw(out, view.server_id);
    raw(out, "\",\"client_port\":");
    raw(out, view.client_port());
    raw(out, ",\"host_ip\":\"");
    raw(out, view.server_address());
    raw(out, "\",\"host_port\":");
    raw(out, view.server_port());
    raw(out, ",\"unique_id\":\"");
    raw(out, view.unique_id());
    raw(out, "\",\"request\":{\"method\":\"");
    view.with_method(out, push_text);
    raw(out, "\",\"http_version\":");
    raw(out, view.http_version());
    raw(out, ",\"uri\":\"");
    view.with_target(out, push_text);
    raw(out, "\"");
    if parts.contains(b'C') {
        raw(out, ",\"body\":\"");
        view.with_request_body(out, push_text);
        raw(out, "\"");
    }
    if parts.contains(b'B') {
        raw(out, ",\"headers\":{");
        let mut field = fields();
        view.with_request_fields(out, &mut field);
        raw(out, "}");
    }
    raw(out, "},\"response\":{");
    if parts.contains(b'E') {
        raw(out, "\"body\":\"");
        view.with_response_body(out, push_text);
        raw(out, "\",");
    }
    raw(out, "\"http_code\":");
    push_number(out, view.status.into());
    if parts.contains(b'F') {
        raw(out, ",\"headers\":{");
        let mut field = fields();
        view.with_response_fields(out, &mut field);
        raw(out, "}");
    }
    raw(out, "}");
    if parts.contains(b'H') {
        producer(view, out);
        raw(out, ",\"messages\":[");
        let mut comma = "";
        view.for_each_match(|cloak, matched| {
            raw(out, comma);
            comma = ",";
            message(cloak, matched, out);
        });
        raw(out, "]");
    }
    raw(out, "}}\n");
}

fn raw(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}

fn string(out: &mut Vec<u8>, key: &str, text: &[u8]) {
    raw(out, key);
    raw(out, "\"");
    push_text(out, text);
    raw(out, "\"");
}

/// Writes fields one after the other.
fn fields() -> impl FnMut(&mut Vec<u8>, &[u8], &[u8]) {
    let mut comma = "";
    move |out, name, value| {
        string(out, comma, name);
        string(out, ":", value);
        comma = ",";
    }
}

fn producer(view: &View<'_>, out: &mut Vec<u8>) {
    string(out, ",\"producer\":{\"modsecurity\":", view.producer.as_bytes());
    raw(out, ",\"connector\":\"Sekisho\",\"secrules_engine\":\"");
    raw(
        out,
        match view.engine() {
            EngineMode::On => "Enabled",
            EngineMode::DetectionOnly => "DetectionOnly",
            EngineMode::Off => "Disabled",
        },
    );
    raw(out, "\",\"components\":[");
    for (number, component) in view.components().iter().enumerate() {
        string(out, if number > 0 { "," } else { "" }, component.as_bytes());
    }
    raw(out, "]}");
}

fn message(cloak: &mut Cloak<'_>, matched: &Matched<'_>, out: &mut Vec<u8>) {
    let (rule, metadata) = (matched.rule, &matched.rule.metadata);
    string(out, "{\"message\":", cloak.masked(matched.message));
    let mut what = Vec::new();
    matched.write_what(&mut what);
    string(out, ",\"details\":{\"match\":", cloak.masked(&what));
    string(out, ",\"reference\":", b"");
    string(out, ",\"ruleId\":", rule.id.to_string().as_bytes());
    string(out, ",\"file\":", rule.place.file.as_bytes());
    string(out, ",\"lineNumber\":", rule.place.line.to_string().as_bytes());
    string(out, ",\"data\":", cloak.masked(matched.log_data));
    string(out, ",\"severity\":", metadata.severity.unwrap_or(0).to_string().as_bytes());
    string(out, ",\"ver\":", metadata.version.as_deref().unwrap_or_default().as_bytes());
    string(out, ",\"rev\":", metadata.revision.as_deref().unwrap_or_default().as_bytes());
    raw(out, ",\"tags\":[");
    for (number, tag) in matched.tags().enumerate() {
        string(out, if number > 0 { "," } else { "" }, cloak.masked(tag));
    }
    raw(out, "]");
    string(out, ",\"maturity\":", metadata.maturity.unwrap_or(0).to_string().as_bytes());
    string(out, ",\"accuracy\":", metadata.accuracy.unwrap_or(0).to_string().as_bytes());
    raw(out, "}}");
}
