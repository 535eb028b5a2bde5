//! What is left of values under veil and mask.

use sekisho_waf::ir::{ProtectedPart, Protection, RedactedPart, RequestPart};

use super::super::mask::MaskSettings;
use super::*;

fn veil(parts: &[(RequestPart, ProtectionMethod)]) -> Veil {
    let protected = |(part, method): &(RequestPart, ProtectionMethod)| ProtectedPart {
        part: part.clone(),
        method: *method,
        shown_in_match_details: false,
        shown_in_rate_details: false,
    };
    let parts = parts.iter().map(protected).collect();
    Veil::new(&Protection { hash_prefix: "111122223333".to_owned(), parts }, &[])
}

fn written(veil: &Veil, write: impl FnOnce(&mut Cloak<'_>, &mut Vec<u8>)) -> String {
    let mut mask = Mask::new(&MaskSettings::default());
    let mut out = Vec::new();
    write(&mut Cloak::new(&mut mask, veil), &mut out);
    String::from_utf8(out).unwrap()
}

fn query(veil: &Veil, text: &str) -> String {
    written(veil, |cloak, out| cloak.push_query(out, text.as_bytes()))
}

fn header(veil: &Veil, name: &str, value: &str) -> String {
    written(veil, |cloak, out| cloak.push_header(out, name.as_bytes(), value.as_bytes()))
}

const SECRET_HASH: &str = "tvQOQbeh2OYanZA21JULMy7lS1AxvUC0qFjUqattwoI=";

#[test]
fn protected_arguments_are_covered_where_they_stand_and_the_rest_is_not() {
    let hashed = veil(&[(RequestPart::QueryArgument("hoppy".to_owned()), ProtectionMethod::Hash)]);
    let expected = format!("hoppy={SECRET_HASH}&yellow=hello&x-hoppy-extra=%3Cwords%3E&H%6Fppy={SECRET_HASH}&flag");
    assert_eq!(query(&hashed, "hoppy=s3cret&yellow=hello&x-hoppy-extra=%3Cwords%3E&H%6Fppy=s3cret&flag"), expected);
    let substituted = veil(&[(RequestPart::QueryArgument("hoppy".to_owned()), ProtectionMethod::Substitute)]);
    assert_eq!(query(&substituted, "a=4111111111111111&hoppy="), "a=************1111&hoppy=REDACTED");
}

#[test]
fn a_protected_query_shows_neither_names_nor_values() {
    let substituted = veil(&[(RequestPart::QueryString, ProtectionMethod::Substitute)]);
    assert_eq!(query(&substituted, "name=value&flag"), "REDACTED=REDACTED&REDACTED");
    assert_eq!(query(&substituted, ""), "");
    let hashed = veil(&[(RequestPart::QueryString, ProtectionMethod::Hash)]);
    assert_eq!(query(&hashed, "s3cret=s3cret"), format!("{SECRET_HASH}={SECRET_HASH}"));
}

#[test]
fn redaction_is_stricter_than_a_hash() {
    let part = ProtectedPart {
        part: RequestPart::QueryArgument("q".to_owned()),
        method: ProtectionMethod::Hash,
        shown_in_match_details: false,
        shown_in_rate_details: false,
    };
    let protection = Protection { hash_prefix: String::new(), parts: vec![part] };
    let veil = Veil::new(&protection, &[RedactedPart::QueryString, RedactedPart::Header("x-key".to_owned())]);
    assert_eq!((query(&veil, "q=1&r=2"), header(&veil, "X-Key", "k")), ("REDACTED".to_owned(), "REDACTED".to_owned()));
}

#[test]
fn a_hash_of_a_secret_that_is_asked_for_by_name_stands_in_place_of_the_mask() {
    let hashed = veil(&[
        (RequestPart::Header("authorization".to_owned()), ProtectionMethod::Hash),
        (RequestPart::Cookie("session".to_owned()), ProtectionMethod::Hash),
    ]);
    assert_eq!(header(&hashed, "Authorization", "s3cret"), SECRET_HASH);
    assert_eq!(header(&hashed, "Proxy-Authorization", "s3cret"), "REDACTED");
    let cookies = header(&hashed, "Cookie", "theme=dark;session=s3cret;  lone; Session=x");
    assert_eq!(cookies, format!("theme=REDACTED; session={SECRET_HASH}; REDACTED; Session=REDACTED"));
    assert_eq!(header(&veil(&[]), "Cookie", "theme=dark"), "REDACTED");
}

#[test]
fn a_protected_cookie_header_covers_the_values_of_all_cookies() {
    let hashed = veil(&[(RequestPart::Header("cookie".to_owned()), ProtectionMethod::Hash)]);
    assert_eq!(header(&hashed, "cookie", "a=s3cret; b=s3cret"), format!("a={SECRET_HASH}; b={SECRET_HASH}"));
}
