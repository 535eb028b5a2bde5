//! Which parts are covered, where, and by what.

use sekisho_waf::ir::ProtectedPart;

use super::*;

const HASHED: Option<ProtectionMethod> = Some(ProtectionMethod::Hash);
const SUBSTITUTED: Option<ProtectionMethod> = Some(ProtectionMethod::Substitute);

fn protected(part: RequestPart, method: ProtectionMethod) -> ProtectedPart {
    ProtectedPart { part, method, shown_in_match_details: false, shown_in_rate_details: false }
}

fn veil(parts: Vec<ProtectedPart>) -> Veil {
    Veil::new(&Protection { hash_prefix: "111122223333".to_owned(), parts }, &[])
}

#[test]
fn a_hash_is_the_sha256_of_account_and_content_in_base64() {
    let veil = veil(Vec::new());
    let stand = veil.stand(HASHED, b"s3cret").unwrap();
    // printf 111122223333s3cret | openssl dgst -sha256 -binary | base64
    assert_eq!(stand.bytes(), b"tvQOQbeh2OYanZA21JULMy7lS1AxvUC0qFjUqattwoI=");
    assert_eq!(veil.stand(SUBSTITUTED, b"s3cret").unwrap().bytes(), b"REDACTED");
    assert_eq!(veil.stand(None, b"s3cret"), None);
}

#[test]
fn names_of_headers_and_arguments_have_no_case_and_those_of_cookies_have() {
    let veil = veil(vec![
        protected(RequestPart::Header("x-key".to_owned()), ProtectionMethod::Hash),
        protected(RequestPart::QueryArgument("pässword".to_owned()), ProtectionMethod::Hash),
        protected(RequestPart::Cookie("Session".to_owned()), ProtectionMethod::Substitute),
    ]);
    for name in ["x-key", "X-Key", "X-KEY"] {
        assert_eq!(veil.header(name.as_bytes(), Place::Request), HASHED, "{name}");
    }
    assert_eq!(veil.header(b"x-keys", Place::Request), None);
    for name in ["pässword", "PÄSSWORD", "p%C3%A4ssword", "P%c3%a4ss%77ord"] {
        assert_eq!(veil.argument(name.as_bytes(), Place::Request), HASHED, "{name}");
    }
    assert_eq!(veil.argument(b"passwords", Place::Request), None);
    assert_eq!((veil.cookie(b"Session", Place::Request), veil.cookie(b"session", Place::Request)), (SUBSTITUTED, None));
}

#[test]
fn exceptions_concern_their_place_only_and_substitution_is_the_stricter() {
    let shown = |part, method, in_match, in_rate| ProtectedPart {
        part,
        method,
        shown_in_match_details: in_match,
        shown_in_rate_details: in_rate,
    };
    let header = || RequestPart::Header("x".to_owned());
    let places = [Place::Request, Place::MatchDetails, Place::RateDetails];
    let at = |veil: &Veil| places.map(|place| veil.header(b"x", place));
    let veil_of = |parts| at(&veil(parts));
    assert_eq!(veil_of(vec![shown(header(), ProtectionMethod::Hash, true, false)]), [HASHED, None, HASHED]);
    assert_eq!(veil_of(vec![shown(header(), ProtectionMethod::Hash, false, true)]), [HASHED, HASHED, None]);
    let both = vec![
        shown(header(), ProtectionMethod::Substitute, true, true),
        shown(header(), ProtectionMethod::Hash, false, true),
    ];
    assert_eq!(veil_of(both), [SUBSTITUTED, HASHED, None]);
}

#[test]
fn one_protected_argument_covers_all_of_the_query_in_details() {
    let veil = veil(vec![
        protected(RequestPart::QueryArgument("a".to_owned()), ProtectionMethod::Hash),
        protected(RequestPart::QueryArgument("b".to_owned()), ProtectionMethod::Substitute),
    ]);
    assert_eq!(veil.arguments(Place::MatchDetails), SUBSTITUTED);
    assert_eq!(veil.arguments(Place::RateDetails), SUBSTITUTED);
    assert_eq!((veil.argument(b"a", Place::MatchDetails), veil.argument(b"c", Place::MatchDetails)), (HASHED, None));
}

#[test]
fn redaction_concerns_what_it_names_and_not_rules_that_look_at_all_headers() {
    let redacted = [RedactedPart::Method, RedactedPart::UriPath, RedactedPart::Header("x-key".to_owned())];
    let veil = Veil::new(&Protection::default(), &redacted);
    assert_eq!((veil.method(), veil.path()), (SUBSTITUTED, SUBSTITUTED));
    assert_eq!(veil.header(b"X-Key", Place::MatchDetails), SUBSTITUTED);
    assert_eq!(veil.header_of_many(b"X-Key"), None);
    assert!(!veil.sees_arguments());
}

#[test]
fn an_argument_is_found_by_the_name_a_service_reads() {
    assert_eq!(argument(b"q=1&P%61ss=x=y&pass=z", b"pass"), Some(b"x=y".as_slice()));
    assert_eq!(argument(b"pass", b"pass"), Some(b"".as_slice()));
    assert_eq!(argument(b"a=1", b"pass"), None);
}

/// What rules in phases sanitise is covered wherever it comes.
#[test]
fn what_rules_in_phases_sanitise_is_covered() {
    let parts = [
        SanitisedPart::Argument("pin".to_owned()),
        SanitisedPart::RequestHeader("x-key".to_owned()),
        SanitisedPart::ResponseHeader("x-secret".to_owned()),
    ];
    let veil = Veil::new(&Protection::default(), &[]).and_sanitised(&parts);
    for place in [Place::Request, Place::MatchDetails, Place::RateDetails] {
        assert!(veil.argument(b"PIN", place).is_some() && veil.argument(b"q", place).is_none());
        assert!(veil.header(b"X-Key", place).is_some() && veil.header(b"host", place).is_none());
    }
    assert!(veil.sanitises_argument(b"Pin") && veil.sanitises_argument(b"") && !veil.sanitises_argument(b"q"));
    assert!(veil.sanitises_response_header(b"X-SECRET") && !veil.sanitises_response_header(b"date"));
    let bare = Veil::new(&Protection::default(), &[]);
    assert!(!bare.sanitises_argument(b"") && !bare.sanitises_response_header(b""));
}
