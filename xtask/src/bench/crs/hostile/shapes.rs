//! Bodies of a megabyte made to be slow, as far as shapes are known.

use std::fmt::Write as _;

/// Bytes of a body.
pub(super) const BODY_BYTES: usize = 1_000_000;
/// So many bytes of a body that are no file the recommended configuration lets through to the rules, less a head.
const FIELD_BYTES: usize = 130_000;

const FORM: &str = "application/x-www-form-urlencoded";
const MULTIPART: &str = "multipart/form-data; boundary=b";

/// One body.
pub(super) struct Shape {
    pub(super) name: String,
    pub(super) content_type: &'static str,
    pub(super) body: Vec<u8>,
}

/// All of them.
pub(super) fn all() -> Vec<Shape> {
    let mut shapes: Vec<Shape> = Vec::new();
    let mut add = |name: &str, content_type, body| shapes.push(Shape { name: name.to_owned(), content_type, body });
    for (name, unit) in UNITS {
        add(&format!("form of {name}"), FORM, [b"a=".as_slice(), &repeated(unit.as_bytes(), BODY_BYTES)].concat());
    }
    let no_separators: Vec<u8> = every_byte(BODY_BYTES).into_iter().filter(|byte| *byte != b'&').collect();
    add("form of every byte", FORM, [b"a=".as_slice(), &no_separators].concat());
    add("form of arguments", FORM, repeated(b"a=1&", BODY_BYTES));
    add("JSON, deep", "application/json", repeated(b"[", BODY_BYTES));
    add("JSON, wide", "application/json", wide_json());
    add("XML, deep", "text/xml", repeated(b"<a>", BODY_BYTES));
    add("XML of entities", "text/xml", entities());
    add("parts", MULTIPART, [repeated(&field(b"1"), BODY_BYTES), b"--b--\r\n".to_vec()].concat());
    for (name, unit) in CONTENTS {
        let of = |bytes| if unit.is_empty() { every_byte(bytes) } else { repeated(unit.as_bytes(), bytes) };
        add(&format!("field of {name}"), MULTIPART, [field(&of(BODY_BYTES)), b"--b--\r\n".to_vec()].concat());
        add(&format!("file of {name}"), MULTIPART, [file(&of(BODY_BYTES)), b"--b--\r\n".to_vec()].concat());
        let parts = [field(&of(FIELD_BYTES)), file(&of(BODY_BYTES - FIELD_BYTES)), b"--b--\r\n".to_vec()];
        add(&format!("field as long as may be and file of {name}"), MULTIPART, parts.concat());
        add(&format!("text of {name}"), "text/plain", of(BODY_BYTES));
    }
    shapes
}

/// What arguments are filled with.
const UNITS: [(&str, &str); 18] = [
    ("a", "a"),
    ("<", "<"),
    ("$", "$"),
    ("'", "'"),
    ("spaces", "+"),
    ("%25", "%25"),
    ("1 or", "1+or+"),
    ("select", "select+"),
    ("<a", "<a+"),
    ("/*", "/*"),
    ("../", "../"),
    ("\\", "\\"),
    (";cat", ";cat+"),
    ("${", "${"),
    ("&#x", "%26%23x"),
    ("(((", "((("),
    ("base 64", "QWxhZGRpbjpvcGVuIHNlc2FtZQ"),
    ("wide <", "%ef%bc%9c"),
];

/// What fields, files and plain texts are filled with; an empty text stands for every byte in turn.
const CONTENTS: [(&str, &str); 6] = [
    ("\\r\\n--", "\r\n--"),
    ("every byte", ""),
    ("select", "select "),
    ("${jndi:", "${jndi:"),
    ("class.module.", "class.module."),
    ("c'a\"t $x", "c'a\"t $x;ls|"),
];

fn repeated(unit: &[u8], bytes: usize) -> Vec<u8> {
    unit.repeat(bytes / unit.len())
}

fn every_byte(bytes: usize) -> Vec<u8> {
    // A prime number of them, so that they stand at every distance from any border.
    (0..=u8::MAX).take(251).cycle().take(bytes).collect()
}

fn field(content: &[u8]) -> Vec<u8> {
    [b"--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n", content, b"\r\n"].concat()
}

fn file(content: &[u8]) -> Vec<u8> {
    let head = b"--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x.bin\"\r\n\
        Content-Type: application/octet-stream\r\n\r\n";
    [head, content, b"\r\n"].concat()
}

fn wide_json() -> Vec<u8> {
    let mut body = "{".to_owned();
    for at in 0..BODY_BYTES / 24 {
        let comma = if at > 0 { "," } else { "" };
        write!(body, "{comma}\"k{at:07}\":\"v{at:07}\"").expect("a String takes any text");
    }
    (body + "}").into_bytes()
}

fn entities() -> Vec<u8> {
    let mut body = "<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY e0 \"aaaaaaaaaa\">".to_owned();
    for at in 1..12 {
        let before = format!("&e{};", at - 1).repeat(10);
        write!(body, "<!ENTITY e{at} \"{before}\">").expect("a String takes any text");
    }
    body.push_str("]><a>");
    let rest = "&e11;".repeat((BODY_BYTES - body.len()) / "&e11;".len());
    (body + &rest + "</a>").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_have_their_size_and_no_name_twice() {
        let mut shapes = all();
        for Shape { name, body, .. } in &shapes {
            assert!((900_000..BODY_BYTES + 1_000).contains(&body.len()), "{name}: {}", body.len());
        }
        let count = shapes.len();
        shapes.sort_by(|one, two| one.name.cmp(&two.name));
        shapes.dedup_by(|one, two| one.name == two.name);
        assert_eq!(shapes.len(), count);
    }
}
