//! One request's name and time, from its arrival to its record.

use std::cell::Cell;
use std::hash::{BuildHasher, RandomState};

use sekisho_model::Timestamp;

/// Characters of a request's name.
const NAME_CHARS: usize = 35;

/// A request as logs and refusals refer to it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Visit {
    /// When it arrived.
    pub(crate) at: Timestamp,
    name: [u8; NAME_CHARS],
}

/// Makes names that no other worker or run makes. They need not be secret, only different.
#[derive(Debug)]
pub(crate) struct Names {
    run: u64,
    next: Cell<u32>,
}

impl Names {
    pub(crate) fn new() -> Self {
        // The keys of a hasher are random; hashing anything yields a number no one else has.
        let random = RandomState::new();
        Self { run: random.hash_one("run"), next: Cell::new(random.hash_one("next") as u32) }
    }

    /// Names a request in the form of AWS: `1-`, the time in seconds, `-`, 24 digits; all hexadecimal.
    pub(crate) fn visit(&self, at: Timestamp) -> Visit {
        let number = self.next.get();
        self.next.set(number.wrapping_add(1));
        let mut name = *b"1-00000000-000000000000000000000000";
        hex(&mut name[2..10], at.unix_ms() / 1000);
        hex(&mut name[11..27], self.run);
        hex(&mut name[27..], number.into());
        Visit { at, name }
    }
}

impl Visit {
    /// The name.
    pub(crate) fn name(&self) -> &str {
        std::str::from_utf8(&self.name).expect("dashes and hexadecimal digits")
    }
}

/// Writes the lowest digits of `number`, as many as fit.
fn hex(out: &mut [u8], mut number: u64) {
    for digit in out.iter_mut().rev() {
        *digit = b"0123456789abcdef"[(number & 0xf) as usize];
        number >>= 4;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_differ_and_tell_the_second() {
        let names = Names::new();
        let (one, two) = (names.visit(Timestamp::from_unix_ms(1_700_000_000_000)), names.visit(Timestamp::default()));
        assert_ne!(one.name(), two.name());
        assert_eq!(one.name().len(), NAME_CHARS);
        assert!(one.name().starts_with("1-6553f100-") && two.name().starts_with("1-00000000-"));
        let other = Names::new().visit(Timestamp::default());
        assert_ne!(other.name()[11..27], two.name()[11..27]);
    }
}
