//! JA3: the MD5 of what a client offers, in its order.
//!
//! Source: JA3, "How it works" (github.com/salesforce/ja3).

use std::fmt::{Display, Write};

use md5::{Digest, Md5};

use super::{ClientHello, hex, without_grease};

/// 32 hexadecimal digits.
pub(super) fn fingerprint(hello: &ClientHello<'_>) -> String {
    hex(&Md5::digest(text(hello)))
}

/// Version, cipher suites, extensions, groups and point formats, in decimal.
pub(super) fn text(hello: &ClientHello<'_>) -> String {
    let mut text = hello.version.to_string();
    list(&mut text, without_grease(&hello.ciphers));
    list(&mut text, without_grease(&hello.extensions));
    list(&mut text, without_grease(&hello.groups));
    list(&mut text, hello.point_formats.iter());
    text
}

fn list(text: &mut String, values: impl Iterator<Item = impl Display>) {
    text.push(',');
    for (at, value) in values.enumerate() {
        let dash = if at > 0 { "-" } else { "" };
        write!(text, "{dash}{value}").expect("a string takes everything");
    }
}
