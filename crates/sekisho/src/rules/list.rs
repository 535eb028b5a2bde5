//! Lists of addresses and ranges: text, one a line, `#` begins a comment.

use std::net::IpAddr;
use std::path::Path;

use ipnet::IpNet;
use sekisho_model::{Diagnostic, Diagnostics, SourceFile};

use crate::read;

/// Reads a list, reporting every line that is none.
pub(crate) fn read(path: &Path) -> Result<Vec<IpNet>, Diagnostics> {
    parse(&read::text(path)?)
}

fn parse(source: &SourceFile) -> Result<Vec<IpNet>, Diagnostics> {
    let mut ranges = Vec::new();
    let mut diagnostics = Diagnostics::new();
    let mut offset = 0;
    for line in source.text().split_inclusive('\n') {
        let entry = line.split('#').next().unwrap_or_default();
        let text = entry.trim();
        let start = offset + (entry.len() - entry.trim_start().len());
        offset += line.len();
        if text.is_empty() {
            continue;
        }
        match text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)) {
            Ok(range) => ranges.push(range),
            Err(_) => diagnostics.push(
                Diagnostic::error("address-range", format!("`{text}` is not an address or range"))
                    .at(source, start..start + text.len())
                    .help("write one a line, such as 192.0.2.1, 203.0.113.0/24 or 2001:db8::/32; # begins a comment"),
            ),
        }
    }
    if diagnostics.is_empty() { Ok(ranges) } else { Err(diagnostics) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_ranges_and_reports_every_bad_line() {
        let good = SourceFile::new("list", "# bad ones\n192.0.2.1\n 203.0.113.0/24 # office\n\n2001:db8::/32");
        assert_eq!(parse(&good).unwrap().len(), 3);
        let bad = SourceFile::new("list", "10.0.0.0/33\nok\n10.0.0.1\n");
        let errors = parse(&bad).unwrap_err();
        let places: Vec<_> = errors.iter().map(ToString::to_string).collect();
        assert_eq!(places.len(), 2);
        assert!(places[1].starts_with("list:2:1:"), "{places:?}");
    }
}
