//! Whatever a web ACL is mangled into, it loads or gives an error, and never panics.

use proptest::prelude::*;
use proptest::sample::Index;
use sekisho_model::SourceFile;
use sekisho_waf_lang::aws::{LoadOptions, ManagedCatalogue, load};

const WEB_ACL: &str = include_str!("fixtures/export/web-acl.json");
const MANAGED_WEB_ACL: &str = include_str!("fixtures/export/firewall-manager.json");
const RESOURCES: [&str; 3] = [
    include_str!("fixtures/export/ip-set.json"),
    include_str!("fixtures/export/regex-pattern-set.json"),
    include_str!("fixtures/export/rule-group.json"),
];

fn loads_or_says_why(acl: &str, resources: &[&str]) -> Result<(), TestCaseError> {
    let resources: Vec<_> = resources.iter().map(|text| SourceFile::new("r", *text)).collect();
    let loaded = load(&SourceFile::new("a", acl), &resources, &ManagedCatalogue::new(), &LoadOptions::default());
    prop_assert_eq!(loaded.policy.is_none(), loaded.diagnostics.has_errors(), "{}", loaded.diagnostics.render(false));
    Ok(())
}

/// How a value of a tree is changed.
#[derive(Debug, Clone)]
enum Change {
    Remove,
    Replace(serde_json::Value),
    Rename(String),
    Repeat,
}

fn change() -> impl Strategy<Value = Change> {
    let value = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        ".{0,12}".prop_map(Into::into),
        Just(serde_json::json!([])),
        Just(serde_json::json!({})),
        Just(serde_json::json!({"NotStatement": {"Statement": {"GeoMatchStatement": {"CountryCodes": ["JP"]}}}})),
    ];
    prop_oneof![
        Just(Change::Remove),
        value.prop_map(Change::Replace),
        "[A-Za-z]{0,12}".prop_map(Change::Rename),
        Just(Change::Repeat),
    ]
}

/// How many values a tree has, itself included.
fn size(value: &serde_json::Value) -> usize {
    1 + match value {
        serde_json::Value::Array(items) => items.iter().map(size).sum(),
        serde_json::Value::Object(entries) => entries.values().map(size).sum(),
        _ => 0,
    }
}

/// Changes the value at a place in depth-first order.
fn apply(value: &mut serde_json::Value, place: &mut usize, change: &Change) {
    let keys: Vec<String> = match value {
        serde_json::Value::Array(items) => (0..items.len()).map(|at| at.to_string()).collect(),
        serde_json::Value::Object(entries) => entries.keys().cloned().collect(),
        _ => return,
    };
    for key in keys {
        if *place == 0 {
            *place = usize::MAX;
            return change_member(value, &key, change);
        }
        *place -= 1;
        let member = match key.parse::<usize>() {
            Ok(at) if value.is_array() => &mut value[at],
            _ => &mut value[key.as_str()],
        };
        apply(member, place, change);
        if *place == usize::MAX {
            return;
        }
    }
}

fn change_member(value: &mut serde_json::Value, key: &str, change: &Change) {
    match (value, change) {
        (serde_json::Value::Array(items), change) => {
            let at = key.parse::<usize>().expect("places in a list are numbers");
            match change {
                Change::Remove => drop(items.remove(at)),
                Change::Replace(with) => items[at] = with.clone(),
                Change::Rename(text) => items[at] = text.as_str().into(),
                Change::Repeat => items.push(items[at].clone()),
            }
        }
        (serde_json::Value::Object(entries), change) => {
            let old = entries.remove(key).expect("the key was just listed");
            match change {
                Change::Remove => {}
                Change::Replace(with) => drop(entries.insert(key.to_owned(), with.clone())),
                Change::Rename(name) => drop(entries.insert(name.clone(), old)),
                Change::Repeat => drop(entries.insert(key.to_owned(), serde_json::json!([old.clone(), old]))),
            }
        }
        _ => {}
    }
}

proptest! {
    #[test]
    fn a_changed_tree(changes in prop::collection::vec((any::<Index>(), change()), 1..4), which in 0..5_usize) {
        let mut texts = [WEB_ACL, RESOURCES[0], RESOURCES[1], RESOURCES[2], MANAGED_WEB_ACL].map(str::to_owned);
        let mut tree: serde_json::Value = serde_json::from_str(&texts[which]).unwrap();
        // Managed groups are not in the catalogue here; without them the rest can load.
        if which == 0 {
            let rules = tree["WebACL"]["Rules"].as_array_mut().unwrap();
            rules.retain(|rule| rule["Statement"].get("ManagedRuleGroupStatement").is_none());
        }
        if which == 4 {
            tree["WebACL"]["PreProcessFirewallManagerRuleGroups"].as_array_mut().unwrap().remove(0);
        }
        for (place, change) in changes {
            let mut place = place.index(size(&tree));
            apply(&mut tree, &mut place, &change);
        }
        texts[which] = tree.to_string();
        loads_or_says_why(&texts[if which == 4 { 4 } else { 0 }], &[&texts[1], &texts[2], &texts[3]])?;
    }

    #[test]
    fn a_cut_and_spliced_text(from in any::<Index>(), length in 0..64_usize, with in r#"[{}\[\]",:a-zA-Z0-9\\]{0,8}"#) {
        let from = WEB_ACL.floor_char_boundary(from.index(WEB_ACL.len()));
        let to = WEB_ACL.ceil_char_boundary((from + length).min(WEB_ACL.len()));
        let text = format!("{}{with}{}", &WEB_ACL[..from], &WEB_ACL[to..]);
        loads_or_says_why(&text, &RESOURCES)?;
    }
}
