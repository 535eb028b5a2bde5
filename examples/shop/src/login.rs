//! Who is logged in: the cookie `session` and what it stands for.
//!
//! Not one of the holes. Tokens come from the keys the standard library seeds from the system for its hash maps, which
//! is unguessable enough for a shop that sells nothing.

use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};

/// The oldest login is forgotten when one more arrives.
const LOGINS_MAX: usize = 1024;

/// Name of the cookie that carries the token.
pub(crate) const COOKIE: &str = "session";

/// The logins of this run.
#[derive(Debug, Default)]
pub(crate) struct Logins(VecDeque<(String, String)>);

impl Logins {
    /// Remembers that `name` logged in and returns the token for the cookie.
    pub(crate) fn open(&mut self, name: String) -> String {
        let token = format!("{:016x}{:016x}", RandomState::new().hash_one(0), RandomState::new().hash_one(1));
        if self.0.len() == LOGINS_MAX {
            self.0.pop_front();
        }
        self.0.push_back((token.clone(), name));
        token
    }

    /// Whose token the value of a `Cookie` header carries, if anybody's.
    pub(crate) fn name(&self, cookies: &str) -> Option<&str> {
        let token = cookies
            .split(';')
            .filter_map(|pair| pair.trim().split_once('='))
            .find_map(|(name, value)| (name == COOKIE).then_some(value))?;
        self.0.iter().find_map(|(known, name)| (known == token).then_some(name.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::{LOGINS_MAX, Logins};

    #[test]
    fn a_token_names_its_owner_among_other_cookies() {
        let mut logins = Logins::default();
        let token = logins.open("hanako".to_owned());
        assert_eq!(logins.name(&format!("lang=ja; session={token}; x=1")), Some("hanako"));
        assert_eq!(logins.name("session=0; lang=ja"), None);
        assert_eq!(logins.name(""), None);
    }

    #[test]
    fn logins_are_bounded_and_the_oldest_goes_first() {
        let mut logins = Logins::default();
        let first = logins.open("first".to_owned());
        let others: Vec<_> = (0..LOGINS_MAX).map(|_| logins.open("other".to_owned())).collect();
        assert_eq!(logins.name(&format!("session={first}")), None);
        assert_eq!(logins.name(&format!("session={}", others[0])), Some("other"));
    }
}
