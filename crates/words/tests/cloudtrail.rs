//! Real events of CloudTrail: how large their filter is.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]
#![expect(clippy::disallowed_methods, reason = "tests find the shared folder by the environment")]

use sekisho_words::{Builder, Filter, Wanted};

#[path = "shared/events.rs"]
mod shared;

#[test]
fn a_filter_takes_at_most_five_bytes_an_event_and_finds_every_event_by_its_id() {
    let Some(events) = shared::events() else {
        assert!(std::env::var_os("CI").is_none(), "the shared folder is missing");
        eprintln!("skipped: the shared folder is missing");
        return;
    };
    let mut builder = Builder::new();
    events.iter().for_each(|event| builder.add(event));
    let (words, file) = (builder.words(), builder.finish());
    eprintln!("{} events, {words} words, {} bytes", events.len(), file.len());
    assert!(file.len() <= events.len() * 5, "{} bytes for {} events", file.len(), events.len());

    let filter = Filter::open(&file[..]).unwrap();
    for event in events.iter().step_by(100) {
        let id = event_id(event);
        let mut wanted = Wanted::read(id).unwrap();
        assert!(filter.may_contain_all(wanted.words()).unwrap(), "{id}");
        assert!(wanted.matches([event.as_slice()]), "{id}");
    }
}

/// The id of an event.
fn event_id(event: &[u8]) -> &str {
    let text = std::str::from_utf8(event).unwrap();
    let (_, rest) = text.split_once("\"eventID\":").unwrap();
    rest.trim_start().trim_start_matches('"').split('"').next().unwrap()
}
