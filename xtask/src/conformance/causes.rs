//! Why the two engines may differ: the causes that are known, each with its section in `docs/conformance.md`.
//!
//! A cause looks at the request and at both outcomes. It must be so narrow that a fault of ours does not fit: it names
//! the rules that may differ and what the request must have in it.

use super::compare::Difference;
use super::exchange::Answer;

/// A known cause.
#[derive(Debug)]
pub(super) struct Cause {
    /// As `docs/conformance.md` calls it.
    pub(super) name: &'static str,
    applies: fn(&Difference<'_>) -> bool,
}

/// Asked in this order.
static CAUSES: &[Cause] = &[
    Cause { name: "both refuse what is no HTTP", applies: refused_by_both },
    Cause { name: "nginx refuses the request line", applies: refused_by_nginx },
    Cause { name: "the strict gate refuses the head", applies: refused_by_the_gate },
    Cause { name: "another status for a version that is none", applies: odd_version },
    Cause { name: "the response has begun", applies: response_begun },
    Cause { name: "line ends in MULTIPART_PART_HEADERS", applies: part_line_ends },
    Cause { name: "libinjection: attributes that begin with on", applies: any_on_attribute },
    Cause { name: "captures of the last argument", applies: last_capture },
    Cause { name: "an escaped ? in the path", applies: escaped_query },
    Cause { name: "cssDecode ends at a NUL", applies: css_nul },
    Cause { name: "@pm misses a phrase within the beginning of another", applies: phrase_missed },
    Cause { name: "several lines of Content-Type", applies: content_types },
    Cause { name: "nginx gives a target without a path one", applies: no_path },
];

/// The rules that say a score is over its threshold: they differ as a consequence.
const BLOCKING: [u64; 2] = [949_110, 959_100];

/// The first cause that explains a difference.
pub(super) fn cause_of(difference: &Difference<'_>) -> Option<&'static Cause> {
    CAUSES.iter().find(|cause| (cause.applies)(difference))
}

/// The head of a request, as far as causes look at it.
struct Head<'a> {
    line: &'a [u8],
    fields: Vec<(&'a [u8], &'a [u8])>,
}

impl<'a> Head<'a> {
    fn of(bytes: &'a [u8]) -> Self {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(bytes.len());
        let mut lines = bytes[..end].split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        let line = lines.next().unwrap_or_default();
        let fields = lines.map(|line| {
            let colon = line.iter().position(|byte| *byte == b':').unwrap_or(line.len());
            (&line[..colon], line.get(colon + 1..).unwrap_or_default())
        });
        Self { line, fields: fields.collect() }
    }

    fn words(&self) -> Vec<&'a [u8]> {
        self.line.split(|byte| *byte == b' ').collect()
    }

    fn target(&self) -> &'a [u8] {
        self.words().get(1).copied().unwrap_or_default()
    }
}

/// Neither forwards the request; the checkpoint asks the rules about as much of it as it could read, for its record.
fn refused_by_both(difference: &Difference<'_>) -> bool {
    let (theirs, ours) = (difference.theirs, difference.ours);
    theirs.answer == Answer::Status(400) && ours.answer == theirs.answer && theirs.decision.is_none()
}

/// ModSecurity 3.0.9 decodes the target before it looks for the `?`, so that a path ends at an escaped one
/// (CVE-2024-1019, mended in 3.0.12).
fn escaped_query(difference: &Difference<'_>) -> bool {
    let head = Head::of(&difference.request.bytes);
    let path = head.target().split(|byte| *byte == b'?').next().unwrap_or_default();
    let escaped = path.windows(3).any(|escape| escape.eq_ignore_ascii_case(b"%3f"));
    let decided = difference.theirs.decision.is_some() && difference.ours.decision.is_some();
    decided && escaped && difference.rules().0.iter().all(|rule| BLOCKING.contains(rule))
}

/// nginx answers 400 before any rule to a method of other letters than `A` to `Z`, `-` and `_`, to the target `*`, and to
/// a path with a percent sign that begins no byte, or with a NUL.
fn refused_by_nginx(difference: &Difference<'_>) -> bool {
    let head = Head::of(&difference.request.bytes);
    let method = head.words().first().copied().unwrap_or_default();
    let odd_method = !method.iter().all(|byte| byte.is_ascii_uppercase() || matches!(byte, b'-' | b'_'));
    let path = head.target().split(|byte| *byte == b'?').next().unwrap_or_default();
    let odd_path = path.iter().enumerate().filter(|(_, byte)| **byte == b'%').any(|(at, _)| {
        let digits = path.get(at + 1..at + 3).unwrap_or_default();
        digits.len() < 2 || !digits.iter().all(u8::is_ascii_hexdigit) || digits == b"00"
    });
    difference.theirs.answer == Answer::Status(400)
        && difference.theirs.decision.is_none()
        && (odd_method || odd_path || path == b"*")
}

/// The checkpoint answers 400, or nothing to a line without a version, to what HTTP does not allow in a head
/// (`docs/adr/003-strict-gate.md`), whatever the rules say of it.
fn refused_by_the_gate(difference: &Difference<'_>) -> bool {
    let head = Head::of(&difference.request.bytes);
    let odd_target = head.words().len() != 3
        || !head.line.ends_with(b" HTTP/1.1") && !head.line.ends_with(b" HTTP/1.0")
        || head.target().iter().any(|byte| !(0x21..0x7f).contains(byte) || b"\"#<>\\^`{|}".contains(byte));
    let odd_field = head.fields.iter().any(|(name, value)| {
        let control = value.iter().any(|byte| (*byte < b' ' && *byte != b'\t') || *byte == 0x7f);
        control || (name.eq_ignore_ascii_case(b"host") && value.contains(&b'%'))
    });
    let refused = matches!(difference.ours.answer, Answer::Status(400) | Answer::Nothing);
    refused && (odd_target || odd_field)
}

/// Both refuse before any rule, nginx with 505.
fn odd_version(difference: &Difference<'_>) -> bool {
    let (theirs, ours) = (difference.theirs, difference.ours);
    let answers = theirs.answer == Answer::Status(505) && ours.answer == Answer::Status(400);
    answers && theirs.decision.is_none()
}

/// Once it has sent the head, the module can refuse a response only by breaking the connection off.
fn response_begun(difference: &Difference<'_>) -> bool {
    difference.theirs.answer == Answer::Nothing
        && difference.ours.answer == Answer::Status(403)
        && difference.theirs.decision == difference.ours.decision
        && difference.ours.decision.as_ref().is_some_and(|decision| decision.rules.contains(&959_100))
}

/// What differs in rules is some of `rules`, there or here alone, and what follows from their scores.
fn only(difference: &Difference<'_>, theirs: &[u64], ours: &[u64]) -> bool {
    let (found_theirs, found_ours) = difference.rules();
    let within = |found: &[u64], allowed: &[u64]| {
        let own = found.iter().filter(|rule| !BLOCKING.contains(rule));
        found.iter().all(|rule| allowed.contains(rule) || BLOCKING.contains(rule))
            && (allowed.is_empty() || own.count() > 0)
    };
    let decided = difference.theirs.decision.is_some() && difference.ours.decision.is_some();
    decided && within(&found_theirs, theirs) && within(&found_ours, ours)
}

/// Whether the request has `needle` in it, in any case.
fn has(difference: &Difference<'_>, needle: &str) -> bool {
    let bytes = &difference.request.bytes;
    bytes.windows(needle.len()).any(|window| window.eq_ignore_ascii_case(needle.as_bytes()))
}

/// ModSecurity 3.0.9 leaves the line end in each value of `MULTIPART_PART_HEADERS`: rule 922110, which captures all of a
/// content type, takes the parameters of an ordinary one for illegal.
fn part_line_ends(difference: &Difference<'_>) -> bool {
    let captures = only(difference, &[922_110], &[942_130, 942_131]) && has(difference, "\r\n--");
    (captures || only(difference, &[922_110], &[]))
        && has(difference, "\r\nContent-Type: text/plain; charset=utf-8\r\n")
}

/// The libinjection in ModSecurity 3.0.9 takes every attribute that begins with `on` for an event handler; later ones
/// have a list of handlers.
fn any_on_attribute(difference: &Difference<'_>) -> bool {
    only(difference, &[941_100, 941_101], &[]) && has(difference, "on")
}

/// Links that compare captures see those of the last argument that matched; ModSecurity 3 keeps arguments in no order.
fn last_capture(difference: &Difference<'_>) -> bool {
    let rules = [942_130, 942_131];
    let either = only(difference, &rules, &[]) || only(difference, &[], &rules);
    either && (has(difference, "&") || has(difference, ","))
}

/// `cssDecode` of ModSecurity 3.0.9 drops what follows a NUL.
fn css_nul(difference: &Difference<'_>) -> bool {
    const CSS: [u64; 8] = [941_100, 941_101, 941_110, 941_160, 941_170, 941_180, 941_210, 941_260];
    let nul = ["%00", "\0", "\\x00", "\\u0000", "&#0", "&#x0", "%u0000"].into_iter().any(|nul| has(difference, nul));
    only(difference, &[], &CSS) && nul
}

/// `@pm` of ModSecurity 3.0.9 with the phrases `.env` and `secrets.json` does not find the first in `secrets.env`.
fn phrase_missed(difference: &Difference<'_>) -> bool {
    only(difference, &[], &[930_130]) && has(difference, "secrets.env")
}

/// Several lines are one value for the checkpoint (`a, b`), as RFC 9110 has it (section 5.3); nginx keeps them apart.
fn content_types(difference: &Difference<'_>) -> bool {
    let head = Head::of(&difference.request.bytes);
    let lines = head.fields.iter().filter(|(name, _)| name.eq_ignore_ascii_case(b"content-type")).count();
    lines > 1 && only(difference, &[920_620], &[920_420, 920_470, 921_421, 921_422])
}

/// `http://host` goes to the rules as `/` there and as it came here.
fn no_path(difference: &Difference<'_>) -> bool {
    let head = Head::of(&difference.request.bytes);
    let rest = head.target().strip_prefix(b"http://").unwrap_or(b"/");
    !rest.contains(&b'/') && only(difference, &[], &[920_100])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::compare::Outcome;
    use super::super::decision::Decision;
    use super::super::request::Request;
    use super::*;

    fn cause(bytes: &[u8], theirs: (Answer, Option<&[u64]>), ours: (Answer, Option<&[u64]>)) -> Option<&'static str> {
        let outcome = |(answer, rules): (Answer, Option<&[u64]>)| Outcome {
            answer,
            decision: rules.map(|rules| Decision { rules: BTreeSet::from_iter(rules.iter().copied()), scores: None }),
        };
        let request = Request { name: String::new(), bytes: bytes.to_vec() };
        let (theirs, ours) = (outcome(theirs), outcome(ours));
        cause_of(&Difference { request: &request, theirs: &theirs, ours: &ours }).map(|cause| cause.name)
    }

    #[test]
    fn a_cause_needs_what_the_request_has() {
        let (pass, block, bad) = (Answer::Status(200), Answer::Status(403), Answer::Status(400));
        let plain = b"GET /a?b=%zz HTTP/1.1\r\nHost: a\r\n\r\n";
        assert_eq!(cause(plain, (bad, None), (pass, Some(&[]))), None);
        assert_eq!(
            cause(b"GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", (bad, None), (pass, Some(&[]))),
            Some("nginx refuses the request line")
        );
        assert_eq!(cause(plain, (pass, Some(&[])), (bad, None)), None);
        assert_eq!(
            cause(b"GET /<a> HTTP/1.1\r\nHost: a\r\n\r\n", (pass, Some(&[])), (bad, None)),
            Some("the strict gate refuses the head")
        );
        assert_eq!(cause(plain, (block, Some(&[941_100, 949_110])), (pass, Some(&[]))), None);
        assert_eq!(
            cause(b"GET /?a=<a+only=1> HTTP/1.1\r\n\r\n", (block, Some(&[941_100, 949_110])), (pass, Some(&[]))),
            Some("libinjection: attributes that begin with on")
        );
        assert_eq!(
            cause(b"GET /?a=<a+only=1> HTTP/1.1\r\n\r\n", (block, Some(&[941_110, 949_110])), (pass, Some(&[]))),
            None
        );
    }
}
