//! From the path of a request to a relative path of the file system.

use std::path::PathBuf;

/// Decodes a path, which is empty or begins with `/`, once. None if any segment could lead elsewhere or means nothing:
/// dot segments, hidden names, empty segments within, encoded separators, controls, or bytes that are no UTF-8.
pub(super) fn relative(path: &str) -> Option<PathBuf> {
    let mut relative = PathBuf::new();
    let mut segments = path.strip_prefix('/').unwrap_or(path).split('/').peekable();
    while let Some(segment) = segments.next() {
        if segment.is_empty() {
            // Only a slash at the end leaves an empty segment behind.
            return segments.peek().is_none().then_some(relative);
        }
        let name = decode(segment)?;
        let plain = |c: char| !c.is_control() && !matches!(c, '/' | '\\' | ':');
        if name.starts_with('.') || !name.chars().all(plain) {
            return None;
        }
        relative.push(name);
    }
    Some(relative)
}

fn decode(segment: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        if byte != b'%' {
            bytes.push(byte);
            rest = after;
            continue;
        }
        let (digits, after) = after.split_first_chunk::<2>()?;
        let digit = |digit: u8| char::from(digit).to_digit(16);
        bytes.push(u8::try_from(digit(digits[0])? << 4 | digit(digits[1])?).ok()?);
        rest = after;
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn plain_paths_become_relative() {
        for (path, expected) in [
            ("", ""),
            ("/", ""),
            ("/a/b.html", "a/b.html"),
            ("/a/", "a"),
            ("/%E6%97%A5%20x", "日 x"),
            ("/%252e%252e", "%2e%2e"),
        ] {
            assert_eq!(relative(path).unwrap(), PathBuf::from(expected), "{path}");
        }
    }

    #[test]
    fn paths_that_could_lead_elsewhere_are_refused() {
        for path in [
            "/../etc/passwd",
            "/a/../../b",
            "/%2e%2e/b",
            "/.%2E/b",
            "/.git/config",
            "/a/.htaccess",
            "//etc",
            "/a//b",
            "/a%2fb",
            "/a%5cb",
            "/a\\b",
            "/a%00",
            "/%zz",
            "/%4",
            "/%ff",
            "/c:/x",
            "/.",
            "/%2e",
        ] {
            assert!(relative(path).is_none(), "{path}");
        }
    }

    proptest! {
        #[test]
        fn nothing_leaves_the_root(path in "(/|%2[eEfF]|\\.|[a-z]|%5c|%00|\\\\){0,24}") {
            if let Some(relative) = relative(&path) {
                for part in relative.components() {
                    prop_assert!(matches!(part, std::path::Component::Normal(_)), "{:?}", part);
                }
            }
        }
    }
}
