//! The six requests that are measured: five that people send, one of an attacker. Made the same way every time.

use std::fmt::Write as _;

use super::sent::{BOUNDARY, BROWSER, arguments, form, json, multipart};

/// A request, and what must become of it.
#[derive(Debug, Clone)]
pub(super) struct Load {
    /// As the report calls it.
    pub(super) name: &'static str,
    pub(super) status: u16,
    method: &'static str,
    target: &'static str,
    fields: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

/// All of them, in the order of the report.
pub(super) fn all() -> Vec<Load> {
    vec![
        browser("benign GET", "/products/espresso-machines?sort=price&order=asc&page=2&q=stainless+steel", 200),
        post("small JSON POST", "/api/cart", "application/json", json()),
        post("10 KB form POST", "/account/profile", "application/x-www-form-urlencoded", form()),
        post("950-argument POST", "/survey", "application/x-www-form-urlencoded", arguments()),
        post("64 KB multipart", "/upload", &format!("multipart/form-data; boundary={BOUNDARY}"), multipart()),
        browser("attack GET", "/products?id=1%27%20UNION%20SELECT%20name,password%20FROM%20users--%20", 403),
    ]
}

/// Header fields as a browser sends them.
fn browser(name: &'static str, target: &'static str, status: u16) -> Load {
    let fields = BROWSER.into_iter().map(|(name, value)| (name, value.to_owned())).collect();
    Load { name, status, method: "GET", target, fields, body: Vec::new() }
}

fn post(name: &'static str, target: &'static str, kind: &str, body: Vec<u8>) -> Load {
    let mut load = browser(name, target, 200);
    load.method = "POST";
    load.fields.push(("Content-Type", kind.to_owned()));
    load.body = body;
    load
}

impl Load {
    /// The request as it goes over the wire, on a connection that stays open.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.target);
        for (name, value) in &self.fields {
            write!(head, "{name}: {value}\r\n").expect("a String takes any text");
        }
        if !self.body.is_empty() {
            write!(head, "Content-Length: {}\r\n", self.body.len()).expect("a String takes any text");
        }
        head.push_str("\r\n");
        [head.as_bytes(), &self.body].concat()
    }

    /// Its name as a file name.
    pub(super) fn file_name(&self) -> String {
        self.name.to_ascii_lowercase().replace(' ', "-")
    }
}

#[cfg(test)]
mod tests {
    use super::super::sent::ARGUMENTS;
    use super::*;

    #[test]
    fn the_requests_are_what_their_names_say() {
        let loads = all();
        assert_eq!(loads.len(), 6);
        assert!((9_000..11_500).contains(&loads[2].body.len()), "{}", loads[2].body.len());
        assert_eq!(loads[3].body.split(|byte| *byte == b'&').count(), ARGUMENTS);
        assert!((64_000..66_000).contains(&loads[4].body.len()), "{}", loads[4].body.len());
        let file = &loads[4].body[600..loads[4].body.len() - 60];
        assert!(!file.windows(BOUNDARY.len()).any(|part| part == BOUNDARY.as_bytes()));
        assert!(loads[0].bytes().ends_with(b"\r\n\r\n"));
    }
}
