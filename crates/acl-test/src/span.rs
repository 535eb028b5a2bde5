//! Spans of virtual time: `100ms`, `10s`, `5m`.

/// A year: no rule looks back further than ten minutes, no token lives longer than three days.
const SPAN_MS_MAX: u64 = 366 * 24 * 3600 * 1000;

/// Milliseconds of a span such as `100ms`, `10s` or `5m`, at most a year.
pub(crate) fn milliseconds(text: &str) -> Option<u64> {
    let digits = text.find(|character: char| !character.is_ascii_digit())?;
    let number: u64 = text[..digits].parse().ok()?;
    let unit = match &text[digits..] {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        _ => return None,
    };
    number.checked_mul(unit).filter(|ms| *ms <= SPAN_MS_MAX)
}

#[cfg(test)]
mod tests {
    use super::milliseconds;

    #[test]
    fn a_span_needs_a_number_and_a_unit() {
        for (text, expected) in [
            ("100ms", Some(100)),
            ("10s", Some(10_000)),
            ("5m", Some(300_000)),
            ("5", None),
            ("527041m", None),
            ("99999999999999999999s", None),
            ("s", None),
            ("1h", None),
        ] {
            assert_eq!(milliseconds(text), expected, "{text}");
        }
    }
}
