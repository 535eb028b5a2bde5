//! Classes of octets in HTTP/1.1 messages, and how far a class runs.
//!
//! Source: RFC 9110 section 5.6.2 (token) and 5.5 (field value), RFC 3986 (target and host characters).

/// `tchar`: methods and field names.
pub(super) const TOKEN: u8 = 1;
/// Visible ASCII: what may stand in a request target before its form is looked at.
pub(super) const VISIBLE: u8 = 1 << 1;
/// What the path of a target may contain.
pub(super) const PATH: u8 = 1 << 2;
/// What the query of a target may contain.
pub(super) const QUERY: u8 = 1 << 3;
/// What a host name may contain.
pub(super) const HOST: u8 = 1 << 4;
/// `qdtext` and `obs-text`: within a quoted string, unescaped.
pub(super) const QUOTED: u8 = 1 << 5;

static CLASSES: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut table = [0; 256];
    let mut at = 0;
    while at < 256 {
        table[at] = classes_of(at as u8);
        at += 1;
    }
    table
}

const fn classes_of(octet: u8) -> u8 {
    let mut classes = 0;
    let alphanumeric = octet.is_ascii_alphanumeric();
    if alphanumeric
        || matches!(octet, b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' | b'-' | b'.')
        || matches!(octet, b'^' | b'_' | b'`' | b'|' | b'~')
    {
        classes |= TOKEN;
    }
    if octet.is_ascii_graphic() {
        classes |= VISIBLE;
        // RFC 3986 allows fewer, but clients send `|`, `[`, `{`, `\` and their like unescaped. What is left out here is
        // what the `http` crate refuses to parse: hyper would answer such a request itself, without a record.
        if !matches!(octet, b'#' | b'<' | b'>' | b'?' | b'`') {
            classes |= PATH;
        }
        if !matches!(octet, b'#' | b'<' | b'>' | b'"') {
            classes |= QUERY;
        }
    }
    if alphanumeric || matches!(octet, b'-' | b'.' | b'_' | b'~') {
        classes |= HOST;
    }
    if matches!(octet, b'\t' | b' ' | 0x80..=0xff) || (octet.is_ascii_graphic() && !matches!(octet, b'"' | b'\\')) {
        classes |= QUOTED;
    }
    classes
}

/// Whether `octet` is of `class`.
#[inline]
pub(super) fn is(octet: u8, class: u8) -> bool {
    CLASSES[octet as usize] & class != 0
}

/// How many octets at the start of `octets` are of `class`.
#[inline]
pub(super) fn run(octets: &[u8], class: u8) -> usize {
    octets.iter().position(|octet| !is(*octet, class)).unwrap_or(octets.len())
}

/// Whether `octet` may stand in a field value: no control but the tab; RFC 9110 section 5.5.
#[inline]
pub(super) fn is_value(octet: u8) -> bool {
    (octet >= b' ' && octet != 0x7f) || octet == b'\t'
}

/// How many octets at the start of `octets` may stand in a field value.
///
/// Values are most of a head, so this looks at eight octets at a time.
#[inline]
pub(super) fn run_of_value(octets: &[u8]) -> usize {
    const WORD: usize = size_of::<u64>();
    let (words, _) = octets.as_chunks::<WORD>();
    let clean = words.iter().position(|word| has_control(u64::from_le_bytes(*word))).unwrap_or(words.len());
    let mut at = clean * WORD;
    while at < octets.len() && is_value(octets[at]) {
        at += 1;
    }
    at
}

/// Whether one of eight octets is a control (a tab among them); may also say so of an octet next to one.
#[inline]
fn has_control(word: u64) -> bool {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const HIGH: u64 = ONES << 7;
    let below_space = word.wrapping_sub(ONES * 0x20) & !word;
    let deleted = word ^ (ONES * 0x7f);
    let is_delete = deleted.wrapping_sub(ONES) & !deleted;
    (below_space | is_delete) & HIGH != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_of_value_ends_at_the_first_control_wherever_it_stands() {
        for octet in 0..=255_u8 {
            for place in 0..40 {
                let mut octets = [b'x'; 40];
                octets[place] = octet;
                let expected = if is_value(octet) { 40 } else { place };
                assert_eq!(run_of_value(&octets), expected, "octet {octet:#x} at {place}");
            }
        }
    }

    #[test]
    fn a_tab_does_not_hide_what_follows_it() {
        assert_eq!(run_of_value(b"\t\t\t\t\t\t\t\t\t\t\0"), 10);
        assert_eq!(run_of_value(b"abcdefg\thijklmnopqrstuv\rwxyzabcd"), 23);
    }

    #[test]
    fn target_classes_are_within_what_the_http_crate_parses() {
        for octet in 0..=255_u8 {
            let path = http::Uri::try_from(&[b'/', octet][..]);
            let query = http::Uri::try_from(&[b'/', b'?', octet][..]);
            let visible_path = is(octet, PATH);
            let visible_query = is(octet, QUERY);
            assert!(!visible_path || path.is_ok_and(|uri| uri.path().len() == 2), "path {octet:#x}");
            assert!(!visible_query || query.is_ok_and(|uri| uri.query().is_some_and(|q| q.len() == 1)), "{octet:#x}");
        }
    }
}
