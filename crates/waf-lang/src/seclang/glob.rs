//! Patterns of file names, as a shell reads them.

/// Whether a path matches a pattern: `*` is any run without `/`, `?` any character but `/`, `[a-z]` and `[!a-z]` one of a
/// class. Takes time of at most the product of both lengths.
#[must_use]
pub fn matches(pattern: &str, path: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let path: Vec<char> = path.chars().collect();
    let (mut at, mut seen) = (0, 0);
    // Where to go on if what follows the last star does not match: the star may take one more character.
    let mut retry: Option<(usize, usize)> = None;
    loop {
        if pattern.get(at) == Some(&'*') {
            at += 1;
            retry = Some((at, seen));
            continue;
        }
        if at == pattern.len() && seen == path.len() {
            return true;
        }
        if let Some(next) = path.get(seen).and_then(|&character| one(&pattern, at, character)) {
            (at, seen) = (next, seen + 1);
            continue;
        }
        match retry {
            Some((after_star, taken)) if path.get(taken).is_some_and(|&character| character != '/') => {
                (at, seen) = (after_star, taken + 1);
                retry = Some((after_star, taken + 1));
            }
            _ => return false,
        }
    }
}

/// Whether a path is a pattern.
#[must_use]
pub fn is_pattern(path: &str) -> bool {
    path.contains(['*', '?', '['])
}

/// Where the pattern goes on if its next piece takes this character.
fn one(pattern: &[char], at: usize, character: char) -> Option<usize> {
    match *pattern.get(at)? {
        '?' => (character != '/').then_some(at + 1),
        '[' => class(pattern, at, character),
        literal => (literal == character).then_some(at + 1),
    }
}

fn class(pattern: &[char], at: usize, character: char) -> Option<usize> {
    let negated = matches!(pattern.get(at + 1), Some('!' | '^'));
    let first = at + 1 + usize::from(negated);
    // A `]` right after the beginning stands for itself; a `[` that is never closed does too.
    let Some(length) = pattern.get(first + 1..).and_then(|rest| rest.iter().position(|&c| c == ']')) else {
        return (character == '[').then_some(at + 1);
    };
    let members = &pattern[first..first + 1 + length];
    let mut held = false;
    let mut i = 0;
    while i < members.len() {
        if members.get(i + 1) == Some(&'-') && i + 2 < members.len() {
            held |= members[i] <= character && character <= members[i + 2];
            i += 3;
        } else {
            held |= members[i] == character;
            i += 1;
        }
    }
    (held != negated && character != '/').then_some(first + length + 2)
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn matches_as_a_shell_does() {
        for (pattern, path, expected) in [
            ("rules/*.conf", "rules/a.conf", true),
            ("rules/*.conf", "rules/a.conf.example", false),
            ("rules/*.conf", "rules/b/a.conf", false),
            ("a*b*c", "aXbXbc", true),
            ("a*b*c", "aXbXbd", false),
            ("?.conf", "a.conf", true),
            ("?.conf", ".conf", false),
            ("[a-c]x", "bx", true),
            ("[!a-c]x", "bx", false),
            ("[]]x", "]x", true),
            ("[x", "[x", true),
            ("*", "", true),
            ("", "", true),
            ("a", "", false),
        ] {
            assert_eq!(matches(pattern, path), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn takes_no_exponential_time() {
        assert!(!matches(&"a*".repeat(50), &format!("{}b", "a".repeat(2_000)).replace('b', "/")));
    }
}
