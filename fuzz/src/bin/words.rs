//! Words of any bytes: no panic, a filter that fits its checksum, and no row that a search shows without its words in the filter.
//!
//! What stands before the first zero byte is looked for in the rest; the rest is read as a filter's file too.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sekisho_words::{Builder, Filter, Wanted, words_of_pattern, words_of_value};

fuzz_target!(|bytes: &[u8]| {
    let at = bytes.iter().position(|&byte| byte == 0).unwrap_or(0);
    let (wanted, text) = bytes.split_at(at);
    if let Ok(filter) = Filter::open(text) {
        let _ = filter.check();
        assert!(filter.may_contain_all(&words_of_value("a b")).is_ok());
    }
    let mut builder = Builder::new();
    builder.add(text);
    let file = builder.finish();
    let filter = Filter::open(&file[..]).expect("it was just made");
    filter.check().expect("it was just made");
    if let Ok(text) = std::str::from_utf8(text) {
        assert!(filter.may_contain_all(&words_of_value(text)).expect("it was just made"));
        let pattern = format!("%{}%", text.replace('#', "##").replace('%', "#%").replace('_', "#_"));
        assert!(filter.may_contain_all(&words_of_pattern(&pattern, Some('#'))).expect("it was just made"));
    }
    let Ok(mut wanted) = Wanted::read(&String::from_utf8_lossy(wanted)) else { return };
    if wanted.matches([text]) {
        assert!(filter.may_contain_all(wanted.words()).expect("it was just made"));
    }
});
