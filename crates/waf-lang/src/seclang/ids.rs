//! Numbers of rules and ranges of them.

use sekisho_waf::ir::phased::IdRange;

use super::word::Part;
use crate::report::{Report, quoted};

/// Reads the number of a rule.
pub(super) fn id(part: Part<'_>, report: &mut Report) -> Option<u64> {
    let found = part.text().parse::<u64>().ok();
    if found.is_none_or(|id| id == 0) {
        let message = format!("{} is no number of a rule", quoted(part.text()));
        report.push(part.error("invalid-id", message).help("write a whole number from 1"));
        return None;
    }
    found
}

/// Reads numbers and ranges such as `1-5`, parted by white space or commas.
pub(super) fn ranges(part: Part<'_>, report: &mut Report) -> Option<Vec<IdRange>> {
    let mut found = Vec::new();
    let mut sound = true;
    for piece in part.split(',').flat_map(Part::split_white_space) {
        match range(piece, report) {
            Some(range) => found.push(range),
            None => sound = false,
        }
    }
    if found.is_empty() && sound {
        report.push(
            part.error("invalid-id", "the number of a rule is missing here")
                .help("write a number or a range such as `1-5`"),
        );
        return None;
    }
    sound.then_some(found)
}

/// Reads a number or a range.
pub(super) fn range(part: Part<'_>, report: &mut Report) -> Option<IdRange> {
    let part = part.trim();
    let Some((first, last)) = part.split_once(|mark| mark == '-') else {
        let id = id(part, report)?;
        return Some(IdRange { first: id, last: id });
    };
    let (low, high) = (id(first.trim(), report), id(last.trim(), report));
    let (low, high) = (low?, high?);
    if low > high {
        let message = format!("the range {} is empty", quoted(part.text()));
        report.push(part.error("invalid-id", message).help("write the smaller number first"));
        return None;
    }
    Some(IdRange { first: low, last: high })
}
