//! The readable form, as people write it.

use sekisho_model::SourceFile;
use sekisho_waf_lang::aws::{LoadOptions, Loaded, ManagedCatalogue, load};
use sekisho_waf_lang::forms::{Form, convert};

const SHOP: &str = r#"sekisho: acl/1
web-acls:
  - name: shop
    default: allow
    rules:
      - name: office
        priority: 0
        when: {ip-set: office, address: {header: X-Forwarded-For, invalid: no-match, position: first}}
        then: allow
        labels: [seen]
      - name: probes
        priority: 1
        when:
          any:
            - path: {starts-with: /admin, transform: [url-decode, lowercase]}
            - header user-agent: {matches: "(?i)sqlmap"}
            - body: {size: "> 8192", oversize: match}
            - headers: {contains: evil, names: {except: [cookie]}, scope: value, oversize: continue}
            - query-arguments: {sqli: default}
            - not: {country: [JP, "NO"]}
            - label: seen
            - path: {contains-base64: /wA=}
        then: {block: {status: 404, headers: {x-reason: probe}}}
        labels: [probe]
        metric: probes-metric
      - name: flood
        priority: 2
        when: {rate: {limit: 100, window-seconds: 60, per: ip, only-when: {method: {equals: POST}}}}
        then: count
ip-sets:
  - name: office
    version: ipv4
    addresses: [192.0.2.0/24]
"#;

fn loaded(text: &str) -> Loaded {
    load(&SourceFile::new("acl.yaml", text), &[], &ManagedCatalogue::new(), &LoadOptions::default())
}

#[test]
fn a_hand_written_file_loads_and_says_in_json_what_it_means() {
    let found = loaded(SHOP);
    assert!(found.diagnostics.is_empty(), "{}", found.diagnostics.render(false));
    assert_eq!(found.policy.map(|policy| policy.rules.len()), Some(3));
    let json = convert(&[SourceFile::new("acl.yaml", SHOP)], None, Form::Json);
    insta::assert_snapshot!("hand_written", json.text.expect("it converts"));
}

#[test]
fn a_value_of_another_type_is_not_carried_into_another_form() {
    for (from, to, place) in [
        ("priority: 0", "priority: high", "high"),
        ("labels: [seen]", "labels: [7]", "7"),
        ("status: 404", "status: gone", "gone"),
        ("limit: 100", "limit: many", "many"),
        ("country: [JP, \"NO\"]", "country: [JP, true]", "true"),
    ] {
        let text = SHOP.replacen(from, to, 1);
        assert_ne!(text, SHOP, "{from}");
        let found = convert(&[SourceFile::new("acl.yaml", text)], None, Form::Json);
        let shown = found.diagnostics.render(false);
        let places: Vec<_> = found.diagnostics.iter().filter_map(|problem| problem.span.as_ref()).collect();
        let exact = places.len() == 1 && places[0].file.text()[places[0].range.clone()] == *place;
        assert!(found.text.is_none() && exact && shown.contains("wrong-type"), "{from}: {shown}");
    }
}

#[test]
fn slips_are_shown_where_they_stand() {
    for (from, to, message, place) in [
        ("then: count", "then: cuont", "`cuont` is no action", "cuont"),
        ("starts-with: /admin", "starts_with: /admin", "unknown key `starts_with`", "starts_with"),
        ("path: {starts-with", "paht: {starts-with", "unknown key `paht`", "paht"),
        ("ip-set: office", "ip-set: ofice", "no resource of this kind is called `ofice` in this file", "ofice"),
        ("priority: 1", "prio: 1", "unknown key `prio`", "prio"),
        ("\"> 8192\"", "big", "expected a sign and a number of bytes", "big"),
        ("[url-decode, lowercase]", "[url-decod]", "`URL_DECOD` is no text transformation", "url-decod"),
        ("sekisho: acl/1", "sekisho: acl/9", "this version of the form is not known", "acl/9"),
        ("ip-sets:", "ipsets:", "unknown key `ipsets`", "ipsets"),
        ("label: seen", "label: seen\n              country: [JP]", "a second statement beside `label`", "country"),
    ] {
        let text = SHOP.replacen(from, to, 1);
        assert_ne!(text, SHOP, "{from}");
        let found = loaded(&text);
        let shown = found.diagnostics.iter().any(|problem| {
            let span = problem.span.as_ref().expect("every problem has a place");
            problem.message == message && span.file.text()[span.range.clone()] == *place
        });
        assert!(shown && found.policy.is_none(), "{message}: {}", found.diagnostics.render(false));
    }
}
