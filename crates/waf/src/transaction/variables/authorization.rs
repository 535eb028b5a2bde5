//! `AUTH_TYPE` and `REMOTE_USER`, as the client claims them.
//!
//! Source: RFC 9110 section 11.4, RFC 7617 section 2.

use memchr::memchr;

use super::super::{Entry, List, Span, Store};
use crate::transform::{Outcome, Transform};

/// Fills both from an Authorization field. Only the Basic scheme names a user.
pub(super) fn fill(store: &mut Store, field: &[u8]) {
    let space = memchr(b' ', field).unwrap_or(field.len());
    let (scheme, credentials) = (&field[..space], field[space..].trim_ascii());
    store.set_scalar(List::AuthType, scheme);
    if !scheme.eq_ignore_ascii_case(b"basic") {
        return;
    }
    let mut outcome = Outcome::Unchanged;
    let decoded = store.write(|out| outcome = Transform::Base64Decode.apply(credentials, out));
    if outcome == Outcome::Changed
        && let Some(colon) = memchr(b':', store.slice(decoded))
    {
        let user = Entry { name: Span::default(), value: decoded.part(0..colon) };
        store.set(List::RemoteUser, [user]);
    }
}
