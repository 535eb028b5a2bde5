//! `[[text*count]]`: long values in few words.

/// The text with every `[[text*count]]` written out; other brackets stay. None if it becomes longer than `bytes_max`.
pub(crate) fn expanded(text: &str, bytes_max: usize) -> Option<String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("[[") {
        out.push_str(before);
        match repetition(after) {
            Some((unit, count, behind)) => {
                if unit.len().checked_mul(count)?.checked_add(out.len())? > bytes_max {
                    return None;
                }
                out.push_str(&unit.repeat(count));
                rest = behind;
            }
            None => {
                out.push_str("[[");
                rest = after;
            }
        }
    }
    out.push_str(rest);
    (out.len() <= bytes_max).then_some(out)
}

fn repetition(text: &str) -> Option<(&str, usize, &str)> {
    let (inner, behind) = text.split_once("]]")?;
    let (unit, count) = inner.rsplit_once('*')?;
    Some((unit, count.parse().ok()?, behind))
}

#[cfg(test)]
mod tests {
    use super::expanded;

    #[test]
    fn repetitions_are_written_out_and_other_brackets_stay() {
        assert_eq!(expanded("/[[a*3]]?[[%20*2]]x", 100).unwrap(), "/aaa?%20%20x");
        assert_eq!(expanded("[[1,2],[3]] [[x", 100).unwrap(), "[[1,2],[3]] [[x");
        assert_eq!(expanded("[[a*101]]", 100), None);
        assert_eq!(expanded("[[ab*18446744073709551615]]", 100), None);
    }
}
