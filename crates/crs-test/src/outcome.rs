//! What came of a request.

/// What came of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The response; none if the connection ended without one that can be read.
    pub response: Option<Response>,
    /// The rules that matched and said so in the error log, in order.
    pub log: Vec<Logged>,
    /// Why HTTP refused it before any rule could, if it did.
    pub refused: Option<String>,
    /// What is otherwise with the matcher's short cuts, if requests are judged without them too.
    pub short_cuts: Vec<String>,
}

/// A response.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Response {
    /// Its status.
    pub status: u16,
    /// Names and values of its headers, in order.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Vec<u8>,
}

/// A rule that matched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    /// Its number.
    pub rule: u64,
    /// Its line in ModSecurity's error log.
    pub line: String,
}

impl Response {
    /// The first value of a header, by its name in any ASCII case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// All of it as text, as tests search it.
    pub(crate) fn text(&self) -> String {
        let mut text = format!("HTTP/1.1 {}\r\n", self.status);
        for (name, value) in &self.headers {
            text += &format!("{name}: {value}\r\n");
        }
        text + "\r\n" + &String::from_utf8_lossy(&self.body)
    }
}

impl Outcome {
    /// The numbers of the rules that matched, each once, ascending.
    #[must_use]
    pub fn rules(&self) -> Vec<u64> {
        let mut rules: Vec<_> = self.log.iter().map(|logged| logged.rule).collect();
        rules.sort_unstable();
        rules.dedup();
        rules
    }

    /// The lines of the error log.
    pub(crate) fn log_text(&self) -> String {
        self.log.iter().map(|logged| format!("{}\n", logged.line)).collect()
    }
}
