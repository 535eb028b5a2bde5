//! A row that a search would show always has its words in the filter of its file, whatever the bytes; and what stands in a log in one piece is
//! found by searching for it.

use proptest::prelude::*;
use sekisho_words::{Builder, Filter, Wanted, words_of_pattern, words_of_value};

/// Texts as logs have them, and bytes they should not have.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[a-cA-C0-2]{1,4}",
        2 => prop::sample::select(vec![".", "-", "_", "@", ":", "::", "/", " ", "\"", "\\", "\\\\", "\\n", "\\u00", "%2", "%20", "%41", "="]).prop_map(str::to_owned),
        1 => prop::sample::select(vec!["10.0.0.1", "2001:db8::1", "36659dd6-3cf5-4369-ae72-21be4cb11547", "東京", "ſ", "İ", "ς", "Ａ", "\u{301}", "ー"]).prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

fn file_of(texts: &[&[u8]]) -> Vec<u8> {
    let mut builder = Builder::new();
    texts.iter().for_each(|text| builder.add(text));
    builder.finish()
}

fn compound() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<[u8; 4]>().prop_map(|octets| std::net::Ipv4Addr::from(octets).to_string()),
        any::<[u8; 16]>().prop_map(|octets| std::net::Ipv6Addr::from(octets).to_string()),
        "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
        "[a-z]{1,8}\\.[a-z]{1,8}@[a-z0-9]{1,8}(-[a-z0-9]{1,4})?\\.(com|example|co\\.jp)",
        "(i|vol|sg|AKIA|ASIA)-?[0-9a-f]{8,17}",
        "arn:aws:iam::[0-9]{12}:user/[a-zA-Z-]{1,8}x",
        "[ぁ-ん一-龥ァ-ヴー]{1,6}",
    ]
}

proptest! {
    #[test]
    fn what_a_search_shows_is_in_the_filter(texts in prop::collection::vec(text(), 1..4), wanted in text()) {
        let Ok(mut wanted) = Wanted::read(&wanted) else { return Ok(()) };
        let texts: Vec<_> = texts.iter().map(String::as_bytes).collect();
        if wanted.matches(texts.iter().copied()) {
            let file = file_of(&texts);
            prop_assert!(Filter::open(&file[..]).unwrap().may_contain_all(wanted.words()).unwrap());
        }
    }

    #[test]
    fn a_part_of_a_text_that_is_shown_is_in_the_filter(text in text(), from in any::<prop::sample::Index>(), len in 1_usize..12) {
        let begins: Vec<_> = text.char_indices().map(|(at, _)| at).collect();
        prop_assume!(!begins.is_empty());
        let part: String = text[begins[from.index(begins.len())]..].chars().take(len).collect();
        let Ok(mut wanted) = Wanted::read(&part) else { return Ok(()) };
        if wanted.matches([text.as_bytes()]) {
            let file = file_of(&[text.as_bytes()]);
            prop_assert!(Filter::open(&file[..]).unwrap().may_contain_all(wanted.words()).unwrap(), "{part}");
        }
    }

    #[test]
    fn any_bytes_are_taken(bytes in prop::collection::vec(any::<u8>(), 0..200), wanted in "\\PC{1,20}") {
        let file = file_of(&[&bytes]);
        let filter = Filter::open(&file[..]).unwrap();
        filter.check().unwrap();
        let Ok(mut wanted) = Wanted::read(&wanted) else { return Ok(()) };
        prop_assert!(!wanted.matches([bytes.as_slice()]) || filter.may_contain_all(wanted.words()).unwrap());
    }

    #[test]
    fn a_compound_is_found_in_whatever_a_log_puts_around_it(
        compound in compound(),
        left in prop::sample::select(vec!["", " ", "\"", "=", "(", "src=", "{\"ip\":\"", "/", "\\n", "%20", "[", "\t"]),
        right in prop::sample::select(vec!["", " ", "\"", ",", ")", "\"}", "/", "\\n", "%20", "]", ";", ". "]),
    ) {
        let text = format!("before{}{left}{compound}{right}after", if left.is_empty() { " " } else { "" });
        let text = if right.is_empty() { text.replace("after", "") } else { text };
        let mut wanted = Wanted::read(&compound).unwrap();
        prop_assert!(wanted.matches([text.as_bytes()]), "{compound} in {text}");
    }

    #[test]
    fn json_hides_no_word(value in "[a-z\u{e4}\u{6771}\u{4eac}\"/\\\\\n ]{1,20}", ascii in any::<bool>()) {
        let mut json = serde_json::to_string(&value).unwrap();
        if ascii {
            json = json.chars().map(|c| if c.is_ascii() { c.to_string() } else { format!("\\u{:04x}", u32::from(c)) }).collect();
        }
        // A backslash before a letter is read both ways, and its word may be joined to others in one of them.
        prop_assume!(!value.contains('\\'));
        let file = file_of(&[json.as_bytes()]);
        let filter = Filter::open(&file[..]).unwrap();
        prop_assert!(filter.may_contain_all(&words_of_value(&value)).unwrap(), "{json}");
        if let Ok(mut wanted) = Wanted::read(&format!("\"{}\"", value.replace(['"', '\n'], " "))) && !value.contains(['"', '\n']) {
            prop_assert!(wanted.matches([json.as_bytes()]), "{value} in {json}");
        }
    }

    #[test]
    fn what_a_pattern_implies_is_in_every_value_that_fits(left in text(), literal in text(), right in text(), anchored in any::<bool>()) {
        let quoted: String = literal.chars().flat_map(|c| if matches!(c, '%' | '_' | '#') { vec!['#', c] } else { vec![c] }).collect();
        let (pattern, value) = if anchored {
            (format!("{quoted}%"), format!("{literal}{right}"))
        } else {
            (format!("%{quoted}%"), format!("{left}{literal}{right}"))
        };
        let mut builder = Builder::new();
        builder.add_value(&value);
        let file = builder.finish();
        let words = words_of_pattern(&pattern, Some('#'));
        prop_assert!(Filter::open(&file[..]).unwrap().may_contain_all(&words).unwrap(), "{pattern} {value}");
    }
}

#[test]
fn about_one_word_in_a_hundred_that_is_not_there_is_taken_to_be() {
    let mut builder = Builder::new();
    (0..100_000).for_each(|number| builder.add(format!("id{number}").as_bytes()));
    assert_eq!(builder.words(), 100_000);
    let file = builder.finish();
    let filter = Filter::open(&file[..]).unwrap();
    let taken = |name: &str| {
        (0..100_000)
            .filter(|number| filter.may_contain_all(&words_of_value(&format!("{name}{number}"))).unwrap())
            .count()
    };
    assert_eq!(taken("id"), 100_000);
    let wrong = taken("no");
    assert!((300..1500).contains(&wrong), "{wrong} in 100,000");
}

#[test]
fn order_and_repetition_make_no_difference_and_a_builder_is_used_again() {
    let mut builder = Builder::new();
    ["a b", "c d", "a b"].iter().for_each(|text| builder.add(text.as_bytes()));
    let first = builder.finish();
    ["d c", "b", "a"].iter().for_each(|text| builder.add_value(text));
    assert_eq!(builder.finish(), first);
}

#[test]
fn damage_is_found() {
    let file = file_of(&[b"alpha beta gamma"]);
    Filter::open(&file[..]).unwrap().check().unwrap();
    for at in 0..file.len() {
        let mut altered = file.clone();
        altered[at] ^= 1;
        let found = Filter::open(&altered[..]).and_then(|filter| filter.check());
        assert_eq!(found.is_err(), !(40..64).contains(&at), "{at}");
    }
    for len in 0..file.len() {
        assert!(Filter::open(&file[..len]).is_err(), "{len}");
    }
}
