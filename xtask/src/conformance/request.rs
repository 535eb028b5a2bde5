//! One request of the comparison: bytes as they go over the wire, and where they come from.

/// A request and its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Request {
    /// What to call it in a report: a test of the suite, or a generator and its number.
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
}

/// A request that is being put together.
#[derive(Debug, Clone, Default)]
pub(super) struct Parts {
    pub(super) method: String,
    pub(super) target: String,
    pub(super) version: String,
    pub(super) fields: Vec<(String, Vec<u8>)>,
    pub(super) body: Vec<u8>,
}

impl Parts {
    /// A request as a browser sends it, to `target`.
    pub(super) fn browser(method: &str, target: &str) -> Self {
        let field = |name: &str, value: &str| (name.to_owned(), value.as_bytes().to_vec());
        Self {
            method: method.to_owned(),
            target: target.to_owned(),
            version: "HTTP/1.1".to_owned(),
            fields: vec![
                field("Host", "shop.example"),
                field("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
                field("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
                field("Accept-Language", "en-GB,en;q=0.8,ja;q=0.5"),
            ],
            body: Vec::new(),
        }
    }

    pub(super) fn field(&mut self, name: &str, value: impl Into<Vec<u8>>) {
        self.fields.push((name.to_owned(), value.into()));
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|(known, _)| known.eq_ignore_ascii_case(name))
    }

    /// Says how long the body is and that nothing follows, unless that is said already.
    pub(super) fn complete(&mut self) {
        if !self.body.is_empty() && !self.has("Content-Length") && !self.has("Transfer-Encoding") {
            self.field("Content-Length", self.body.len().to_string());
        }
        if !self.has("Connection") {
            self.field("Connection", "close");
        }
    }

    pub(super) fn into_request(self, name: String) -> Request {
        let mut bytes = format!("{} {} {}\r\n", self.method, self.target, self.version).into_bytes();
        for (name, value) in &self.fields {
            bytes.extend_from_slice(name.as_bytes());
            bytes.extend_from_slice(b": ");
            bytes.extend_from_slice(value);
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(&self.body);
        Request { name, bytes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_gets_its_length_and_the_connection_its_end() {
        let mut parts = Parts::browser("POST", "/a?b=c");
        parts.body = b"x=1".to_vec();
        parts.complete();
        let request = parts.into_request("one".to_owned());
        let text = String::from_utf8_lossy(&request.bytes);
        assert!(text.starts_with("POST /a?b=c HTTP/1.1\r\nHost: shop.example\r\n"), "{text}");
        assert!(text.ends_with("Content-Length: 3\r\nConnection: close\r\n\r\nx=1"), "{text}");
    }
}
