//! Lines of fields with spaces between them, as web servers write them.

/// The fields of a line: separated by spaces, in double quotes if they may hold spaces, or in brackets. Within quotes a backslash
/// takes the next character along. Brackets that are but a part of a field, as in `[2001:db8::1]:80`, belong to it. A lone `-`
/// stands for nothing.
pub(crate) fn spaced(line: &str) -> Vec<Option<&str>> {
    let mut fields = Vec::with_capacity(36);
    let mut rest = line.trim_matches(' ');
    while !rest.is_empty() {
        let (field, after) = match rest.as_bytes()[0] {
            b'"' => enclosed(rest, b'"'),
            b'[' => match enclosed(rest, b']') {
                (inside, after) if after.is_empty() || after.starts_with(' ') => (inside, after),
                _ => plain(rest),
            },
            _ => plain(rest),
        };
        fields.push((field != "-").then_some(field));
        rest = after.trim_start_matches(' ');
    }
    fields
}

/// What comes before the next space, and what after it.
fn plain(text: &str) -> (&str, &str) {
    text.split_once(' ').unwrap_or((text, ""))
}

/// What is between the first byte and the closing one, and what comes after. Without a closing one, all is inside.
fn enclosed(text: &str, close: u8) -> (&str, &str) {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if close == b'"' => escaped = true,
            _ if byte == close => return (&text[1..at], &text[at + 1..]),
            _ => {}
        }
    }
    (&text[1..], "")
}

/// The parts of a request line: method, target, version.
pub(crate) fn request_line(line: &str) -> (Option<&str>, Option<&str>, Option<&str>) {
    let (method, rest) = line.split_once(' ').map_or((line, ""), |(method, rest)| (method, rest));
    let (target, version) = rest.rsplit_once(' ').map_or((rest, ""), |(target, version)| (target, version));
    let some = |text: &str| !text.is_empty() && text != "-";
    (some(method).then_some(method), some(target).then_some(target), some(version).then_some(version))
}

/// A host of a URL without its port: `192.0.2.1:80`, `[2001:db8::1]:80`, `shop.example`.
pub(crate) fn host(text: &str) -> &str {
    match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address,
        None => text.rsplit_once(':').map_or(text, |(host, _)| host),
    }
}

/// An address and the port that always follows it: `192.0.2.1:80`, `2001:db8::1:80` (as AWS has it), `[2001:db8::1]:80`.
pub(crate) fn address_and_port(text: &str) -> (&str, Option<i64>) {
    let Some((address, port)) = text.rsplit_once(':') else { return (text, None) };
    let within = address.strip_prefix('[').and_then(|address| address.strip_suffix(']'));
    (within.unwrap_or(address), port.parse().ok())
}

/// Path and query of a target, which may be a whole URL.
pub(crate) fn path_and_query(target: &str) -> (&str, Option<&str>) {
    let after_scheme = target.find("://").map(|at| &target[at + 3..]);
    let local = match after_scheme {
        Some(rest) => rest.find(['/', '?']).map_or("/", |at| &rest[at..]),
        None => target,
    };
    local.split_once('?').map_or((local, None), |(path, query)| (path, Some(query)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn fields_are_found_in_quotes_and_brackets() {
        let line = r#"a [06/Feb/2019:00:00:38 +0000]  - "GET /a\"b HTTP/1.1" "-" "" 7"#;
        let found = [
            Some("a"),
            Some("06/Feb/2019:00:00:38 +0000"),
            None,
            Some(r#"GET /a\"b HTTP/1.1"#),
            None,
            Some(""),
            Some("7"),
        ];
        assert_eq!(spaced(line), found);
        assert_eq!(spaced(r#"a "never closed"#), [Some("a"), Some("never closed")]);
        assert_eq!(spaced("[2001:db8::1]:80 [a b] c"), [Some("[2001:db8::1]:80"), Some("a b"), Some("c")]);
    }

    #[test]
    fn parts_of_requests_and_addresses() {
        assert_eq!(request_line("GET /a b HTTP/1.1"), (Some("GET"), Some("/a b"), Some("HTTP/1.1")));
        assert_eq!(request_line("- http://a:80- -"), (None, Some("http://a:80-"), None));
        assert_eq!(address_and_port("192.0.2.1:80"), ("192.0.2.1", Some(80)));
        assert_eq!(address_and_port("[2001:db8::1]:443"), ("2001:db8::1", Some(443)));
        assert_eq!(address_and_port("2001:db8::1:443"), ("2001:db8::1", Some(443)));
        assert_eq!(address_and_port("nothing"), ("nothing", None));
        assert_eq!((host("a.example:80"), host("a.example")), ("a.example", "a.example"));
        assert_eq!((host("[2001:db8::1]:80"), host("[2001:db8::1]")), ("2001:db8::1", "2001:db8::1"));
        assert_eq!(path_and_query("https://a.example:443/p?q=1?2"), ("/p", Some("q=1?2")));
        assert_eq!(path_and_query("https://a.example?q"), ("", Some("q")));
        assert_eq!(path_and_query("/p"), ("/p", None));
    }

    proptest! {
        #[test]
        fn any_line_has_fields(line in "\\PC{0,60}") {
            spaced(&line);
            request_line(&line);
            address_and_port(&line);
            host(&line);
            path_and_query(&line);
        }
    }
}
