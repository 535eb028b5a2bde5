//! An entry in sections, each under a letter: ModSecurity's native form.
//!
//! Every section begins with a line no client can foretell, and whatever came from one is on a single line: bytes that are no
//! printable ASCII stand as `\xhh`, in bodies as in fields.

use std::io::Write as _;

use sekisho_waf::ir::phased::AuditParts;

use super::entry::View;
use crate::record::REDACTED;

/// How a message begins to tell the path.
const PATH_BEGINS: &[u8] = b" [uri \"";

/// Writes an entry. `boundary`: letters and digits.
pub(super) fn write(view: &mut View<'_>, parts: AuditParts, boundary: &str, out: &mut Vec<u8>) {
    let begin = |out: &mut Vec<u8>, part: u8| {
        let written = writeln!(out, "---{boundary}---{}--", char::from(part));
        written.expect("memory takes whatever is written");
    };
    begin(out, b'A');
    head(view, out);
    for part in b'B'..=b'K' {
        if !parts.contains(part) {
            continue;
        }
        match part {
            b'C' if view.request_body().is_empty() => continue,
            b'E' if view.response_body().is_empty() => continue,
            _ => begin(out, part),
        }
        match part {
            b'B' => request(view, out),
            b'C' => view.with_request_body(out, push_escaped),
            b'E' => view.with_response_body(out, push_escaped),
            b'F' => response(view, out),
            b'H' => messages(view, out),
            // ModSecurity 3 begins the others, and has nothing to say in them.
            _ => {}
        }
        if matches!(part, b'C' | b'E') {
            out.push(b'\n');
        }
        out.push(b'\n');
    }
    begin(out, b'Z');
    out.push(b'\n');
}

fn head(view: &View<'_>, out: &mut Vec<u8>) {
    let times = view.at.strftime("[%d/%b/%Y:%H:%M:%S %z]");
    let written = writeln!(
        out,
        "{times} {} {} {} {} {}",
        view.unique_id(),
        view.client_address(),
        view.client_port(),
        view.server_address(),
        view.server_port()
    );
    written.expect("memory takes whatever is written");
}

fn request(view: &mut View<'_>, out: &mut Vec<u8>) {
    view.with_request_line(out, push_escaped);
    out.push(b'\n');
    view.with_request_fields(out, push_field);
}

fn response(view: &mut View<'_>, out: &mut Vec<u8>) {
    push_escaped(out, view.response_protocol());
    let written = writeln!(out, " {}", view.status);
    written.expect("memory takes whatever is written");
    view.with_response_fields(out, push_field);
}

fn push_field(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    push_escaped(out, name);
    out.extend_from_slice(b": ");
    push_escaped(out, value);
    out.push(b'\n');
}

fn messages(view: &mut View<'_>, out: &mut Vec<u8>) {
    let mut line = Vec::new();
    view.for_each_match(|cloak, matched| {
        line.clear();
        matched.write_error_log_line(&mut line);
        if cloak.veil().path().is_some() {
            leave_out_path(&mut line);
        }
        out.extend_from_slice(cloak.masked(&line));
        out.push(b'\n');
    });
}

/// Takes the path of the request out of a message: all but its marks is escaped, so that it ends with the next of them.
fn leave_out_path(line: &mut Vec<u8>) {
    let Some(at) = memchr::memmem::rfind(line, PATH_BEGINS) else { return };
    let from = at + PATH_BEGINS.len();
    if let Some(length) = memchr::memchr(b'"', &line[from..]) {
        line.splice(from..from + length, REDACTED.iter().copied());
    }
}

/// Appends bytes, those that are no printable ASCII as `\xhh`.
pub(super) fn push_escaped(out: &mut Vec<u8>, bytes: &[u8]) {
    for byte in bytes {
        if (b' '..=b'~').contains(byte) {
            out.push(*byte);
        } else {
            const DIGITS: &[u8; 16] = b"0123456789abcdef";
            out.extend_from_slice(&[b'\\', b'x', DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
        }
    }
}
