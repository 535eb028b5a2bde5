//! What SecLang becomes in the engine.

use sekisho_model::Diagnostics;
use sekisho_waf::ir::Comparison;
use sekisho_waf::ir::phased::{
    AllowScope, AuditEngine, AuditParts, BodyProcessor, Change, Control, Disruptive, Effect, EngineMode, Flow, IdRange,
    Item, PartsChange, Phase, PhasedOperator, PhasedPolicy, PhasedRule, PhasedTest, RuleSelection, Selector, Store,
    Target, Text, TextTest, Variable,
};
use sekisho_waf::transform::Transform;
use sekisho_waf_lang::seclang::{Entry, LoadOptions, Loaded, NoFiles, load};

fn loaded(text: &str) -> Loaded {
    load(&[Entry::text("rules.conf", text)], &NoFiles, &LoadOptions::default())
}

/// Loads without a problem.
#[track_caller]
fn policy(text: &str) -> PhasedPolicy {
    let loaded = loaded(text);
    assert!(loaded.diagnostics.is_empty(), "{}", loaded.diagnostics.render(false));
    loaded.policy.expect("no error was found")
}

fn rules(policy: &PhasedPolicy) -> Vec<&PhasedRule> {
    let rules = policy.items.iter().filter_map(|item| if let Item::Rule(rule) = item { Some(&**rule) } else { None });
    rules.collect()
}

/// The one rule of a text.
#[track_caller]
fn rule(text: &str) -> PhasedRule {
    let policy = policy(text);
    assert_eq!(policy.items.len(), 1, "{text}");
    rules(&policy)[0].clone()
}

/// The test of a rule with these variables and this operator.
#[track_caller]
fn test(variables: &str, operator: &str) -> PhasedTest {
    let rule = rule(&format!(r#"SecRule "{variables}" "{operator}" "id:1,phase:2,pass""#));
    rule.links[0].test.clone().expect("it is no SecAction")
}

/// What these actions do for a value that matches.
#[track_caller]
fn effects(actions: &str) -> Vec<Effect> {
    rule(&format!(r#"SecAction "id:1,phase:2,pass,{actions}""#)).links[0].effects.clone()
}

fn codes(diagnostics: &Diagnostics) -> Vec<&'static str> {
    diagnostics.iter().map(|diagnostic| diagnostic.code).collect()
}

/// Exactly these problems, each with a place and each error with a way out; there is a policy unless one is an error.
#[track_caller]
fn finds(text: &str, expected: &[&str]) {
    let loaded = loaded(text);
    let shown = loaded.diagnostics.render(false);
    assert_eq!(codes(&loaded.diagnostics), expected, "{shown}");
    assert_eq!(loaded.policy.is_none(), loaded.diagnostics.has_errors(), "{shown}");
    assert!(loaded.diagnostics.iter().all(|problem| problem.span.is_some()), "{shown}");
}

fn all(variable: Variable) -> Target {
    Target { variable, selector: None, count: false }
}

fn member(variable: Variable, name: &str) -> Target {
    Target { variable, selector: Some(Selector::Name(name.to_owned())), count: false }
}

fn matching(variable: Variable, expression: &str) -> Target {
    Target { variable, selector: Some(Selector::Regex(expression.to_owned())), count: false }
}

#[test]
fn variables_have_selectors_counts_and_exceptions() {
    let found = test("ARGS|&REQUEST_HEADERS:Host|!ARGS:/^a|b,c$/|!ARGS:'x y'|TX:0|XML:/*|XML://@*", "@rx a");
    let count = Target { count: true, ..member(Variable::RequestHeaders, "Host") };
    let xml = |selector| Target { variable: Variable::Xml, selector: Some(selector), count: false };
    let text = xml(Selector::XmlText);
    let included = [all(Variable::Args), count, member(Variable::Tx, "0"), text, xml(Selector::XmlAttributes)];
    assert_eq!(found.targets, included);
    assert_eq!(found.exclusions, [matching(Variable::Args, "^a|b,c$"), member(Variable::Args, "x y")]);
}

#[test]
fn variables_are_parted_by_commas_too_and_know_no_case() {
    let found = test("args:x, request_uri | !Args:y", "@rx a");
    assert_eq!(found.targets, [member(Variable::Args, "x"), all(Variable::RequestUri)]);
    assert_eq!(found.exclusions, [member(Variable::Args, "y")]);
}

#[test]
fn a_slash_within_an_expression_is_escaped() {
    let found = test(r"ARGS:/a\/b|c/|ARGS:'/d|e/'|ARGS_NAMES", "@rx a");
    let expected = [matching(Variable::Args, "a/b|c"), matching(Variable::Args, "d|e"), all(Variable::ArgsNames)];
    assert_eq!(found.targets, expected);
}

#[test]
fn operators_read_their_arguments() {
    let operator = |text: &str| format!("{:?}", test("ARGS", text).operator);
    let expected = |operator: PhasedOperator| format!("{operator:?}");
    let text = |test, text: &str| expected(PhasedOperator::Text { test, text: Text::literal(text) });
    let phrases = |phrases: &[&str]| {
        expected(PhasedOperator::Phrases(phrases.iter().map(|phrase| phrase.as_bytes().to_vec()).collect()))
    };
    let rx = |pattern: &str, global| expected(PhasedOperator::Regex { pattern: pattern.to_owned(), global });
    assert_eq!(operator("@rx ^a b"), rx("^a b", false));
    assert_eq!(operator("^a b"), rx("^a b", false));
    assert_eq!(operator("@RXGLOBAL a{2}"), rx("a{2}", true));
    assert_eq!(operator("@streq  x y "), text(TextTest::Equals, "x y "));
    assert_eq!(operator("@contains a"), text(TextTest::Contains, "a"));
    assert_eq!(operator("@strmatch a"), text(TextTest::Contains, "a"));
    assert_eq!(operator("@containsWord a"), text(TextTest::ContainsWord, "a"));
    assert_eq!(operator("@beginsWith a"), text(TextTest::BeginsWith, "a"));
    assert_eq!(operator("@endsWith a"), text(TextTest::EndsWith, "a"));
    assert_eq!(operator("@within a b"), text(TextTest::Within, "a b"));
    assert_eq!(operator("@pm  a b  c"), phrases(&["a", "b", "c"]));
    assert_eq!(operator("@pm A|42 43|D e|0a|"), phrases(&["ABCD", "e\n"]));
    assert_eq!(operator("@unconditionalMatch"), expected(PhasedOperator::Always));
    assert_eq!(operator("@noMatch"), expected(PhasedOperator::Never));
    assert_eq!(operator("@geoLookup"), expected(PhasedOperator::GeoLookup));
    assert_eq!(operator("@detectSQLi"), expected(PhasedOperator::DetectSqli));
    assert_eq!(operator("@detectXSS"), expected(PhasedOperator::DetectXss));
    assert_eq!(operator("@validateUrlEncoding"), expected(PhasedOperator::UrlEncoding));
    assert_eq!(operator("@validateUtf8Encoding"), expected(PhasedOperator::Utf8Encoding));
    assert_eq!(operator(r"@verifyCC \d{16}"), expected(PhasedOperator::VerifyCreditCard(r"\d{16}".to_owned())));
    assert_eq!(operator(r"@verifyCPF \d"), expected(PhasedOperator::VerifyCpf(r"\d".to_owned())));
    assert_eq!(operator(r"@verifySSN \d"), expected(PhasedOperator::VerifySsn(r"\d".to_owned())));
    assert_eq!(operator(r"@verifySVNR \d"), expected(PhasedOperator::VerifySvnr(r"\d".to_owned())));
}

#[test]
fn numbers_are_compared_with_numbers_and_macros() {
    for (name, expected) in [
        ("eq", Comparison::Eq),
        ("ge", Comparison::Ge),
        ("gt", Comparison::Gt),
        ("le", Comparison::Le),
        ("lt", Comparison::Lt),
    ] {
        let found = test("ARGS", &format!("@{name} 12")).operator;
        let PhasedOperator::Number { comparison, than } = found else { panic!("{found:?}") };
        assert_eq!((comparison, than), (expected, Text::literal("12")));
    }
    finds(r#"SecRule TX:a "@gt %{tx.limit}" "id:1,phase:2,pass""#, &[]);
    finds(r#"SecRule TX:a "@gt many" "id:1,phase:2,pass""#, &["invalid-number"]);
}

#[test]
fn byte_ranges_and_addresses_are_sets() {
    let PhasedOperator::ByteRange(allowed) = test("ARGS", "@validateByteRange 1-3, 10 ,255").operator else {
        panic!("no byte range")
    };
    let bytes: Vec<usize> = (0..256).filter(|byte| allowed[*byte]).collect();
    assert_eq!(bytes, [1, 2, 3, 10, 255]);
    let PhasedOperator::IpMatch(set) = test("REMOTE_ADDR", "@ipMatch 192.0.2.1, 2001:db8::/32,10.0.0.9/8").operator
    else {
        panic!("no addresses")
    };
    assert!(set.contains("192.0.2.1".parse().unwrap()) && set.contains("10.200.0.1".parse().unwrap()));
    assert!(set.contains("2001:db8::1".parse().unwrap()) && !set.contains("192.0.2.2".parse().unwrap()));
}

#[test]
fn expressions_are_held_to_what_can_be_run_at_the_place_of_the_slip() {
    let text =
        "SecRule ARGS:/(/ \"@rx a\\\n(?=b)\" \"id:1,phase:2,pass\"\nSecRule ARGS \"@verifyCC [\" id:2,phase:2,pass\n";
    finds(text, &["invalid-expression"; 3]);
    let places: Vec<_> = loaded(text).diagnostics.iter().map(ToString::to_string).collect();
    assert!(places[1].starts_with("rules.conf:2:1: "), "{places:?}");
}

#[test]
fn an_exclamation_mark_negates() {
    for text in ["!@eq 1", "! @eq 1"] {
        let found = test("ARGS", text);
        assert!(found.negated && matches!(found.operator, PhasedOperator::Number { .. }), "{text}");
    }
    let found = test("ARGS", "!^a");
    assert!(found.negated);
    assert!(matches!(found.operator, PhasedOperator::Regex { pattern, .. } if pattern == "^a"));
}

#[test]
fn a_backslash_escapes_its_quote_and_nothing_else() {
    let found = test("ARGS", r#"@contains \"a\w\\b"#);
    let PhasedOperator::Text { text, .. } = found.operator else { panic!("no text") };
    assert_eq!(text, Text::literal(r#""a\w\\b"#));
    let rule = rule(r#"SecAction "id:1,phase:1,pass,msg:'it\'s, \\ so'""#);
    assert_eq!(rule.metadata.message, Some(Text::literal(r"it's, \\ so")));
}

#[test]
fn lines_go_on_after_a_backslash() {
    let text = "SecRule ARGS \\\n  \"@rx a\\\n b\" \\\r\n \"id:1,\\\n  phase:2,\\\n\tpass\"\n";
    let rule = rule(text);
    assert_eq!((rule.id, rule.place.line), (1, 1));
    let Some(PhasedTest { operator: PhasedOperator::Regex { pattern, .. }, .. }) = &rule.links[0].test else {
        panic!("no expression")
    };
    assert_eq!(pattern, "a b");
}

#[test]
fn comments_end_with_their_line_but_those_of_whole_rules() {
    let text = "# a comment \\\nSecAction \"id:1,phase:1,pass\"\n#SecRule ARGS \\\n  \"@rx a\" \\\n  \"id:2\"\n  # more\nSecAction id:3,phase:1,pass\n";
    assert_eq!(rules(&policy(text)).iter().map(|rule| rule.id).collect::<Vec<_>>(), [1, 3]);
}

#[test]
fn what_is_no_word_is_refused() {
    finds("SecAction \"id:1,phase:1,pass\n", &["unclosed-quote"]);
    finds("SecAction \"id:1,phase:1,pass\"x\n", &["misplaced-quote"]);
    finds("SecAction \"id:1,phase:1,pass,msg:'a'b\"\n", &["misplaced-quote"]);
    finds("SecAction \"id:1,phase:1,pass,msg:'a\"\n", &["unclosed-quote"]);
    finds("SecAction id:1,phase:1,pass more\n", &["surplus-argument"]);
    finds("SecRule ARGS\n", &["missing-argument"]);
    // Only the broken rule is lost, whatever lines it takes.
    finds("SecRule ARGS \"@rx \\\n a \\\n \"id:1\"x\nSecNope On\n", &["misplaced-quote", "unknown-directive"]);
}

#[test]
fn a_rule_says_what_becomes_of_the_transaction() {
    let wish = |actions: &str| {
        let rule = rule(&format!(r#"SecAction "id:1,phase:2,{actions}""#));
        (rule.disruptive, rule.status, rule.flow)
    };
    assert_eq!(wish("pass"), (Disruptive::Pass, None, Flow::Next));
    assert_eq!(wish("deny,status:418"), (Disruptive::Deny, Some(418), Flow::Next));
    assert_eq!(wish("drop"), (Disruptive::Drop, None, Flow::Next));
    assert_eq!(wish("allow"), (Disruptive::Allow(AllowScope::Transaction), None, Flow::Next));
    assert_eq!(wish("allow:phase"), (Disruptive::Allow(AllowScope::Phase), None, Flow::Next));
    assert_eq!(wish("allow:request"), (Disruptive::Allow(AllowScope::Request), None, Flow::Next));
    let place = Text::literal("https://a.example/?b=c");
    assert_eq!(wish("redirect:https://a.example/?b=c"), (Disruptive::Redirect(place), None, Flow::Next));
    assert_eq!(wish("pass,skip:2"), (Disruptive::Pass, None, Flow::Skip(2)));
    // Without default actions nothing is blocked.
    assert_eq!(wish("block"), (Disruptive::Pass, None, Flow::Next));
    finds(r#"SecAction "id:1,phase:2,allow:all""#, &["action-value"]);
    finds(r#"SecAction "id:1,phase:2,pass,deny""#, &["duplicate-action"]);
    finds(r#"SecAction "id:1,phase:2,deny,status:99""#, &["invalid-number"]);
}

#[test]
fn default_actions_are_merged_into_the_rules_of_their_phase_wherever_they_stand() {
    let text = r#"
        SecRule ARGS a "id:1,phase:2,block,t:trim,log,tag:own"
        SecDefaultAction "phase:2,deny,status:402,nolog,auditlog,t:lowercase,tag:all"
        SecRule ARGS a "id:2,phase:2,block,t:none,t:trim"
        SecRule ARGS a "id:3,phase:1,block"
        SecRule ARGS a "id:4,phase:2,pass,status:410,noauditlog"
    "#;
    let policy = policy(text);
    let found = rules(&policy);
    let transforms = |at: usize| found[at].links[0].test.as_ref().unwrap().transforms.clone();
    assert_eq!((&found[0].disruptive, found[0].status), (&Disruptive::Deny, Some(402)));
    assert_eq!((found[0].log, found[0].audit_log), (true, true));
    assert_eq!(found[0].metadata.tags, [Text::literal("all"), Text::literal("own")]);
    assert_eq!(transforms(0), [Transform::Lowercase, Transform::Trim]);
    assert_eq!(transforms(1), [Transform::Trim]);
    assert_eq!((found[1].log, found[1].audit_log), (false, true));
    assert_eq!((&found[2].disruptive, found[2].status), (&Disruptive::Pass, None));
    assert_eq!((&found[3].disruptive, found[3].status), (&Disruptive::Pass, Some(410)));
    assert_eq!((found[3].log, found[3].audit_log), (false, false));
}

#[test]
fn default_actions_are_held_to_what_makes_sense() {
    finds(r#"SecDefaultAction "log,pass""#, &["missing-phase"]);
    finds(r#"SecDefaultAction "phase:1,log""#, &["missing-disruptive"]);
    finds(r#"SecDefaultAction "phase:1,block""#, &["invalid-default"]);
    finds(r#"SecDefaultAction "phase:1,pass,id:1,msg:x,chain""#, &["invalid-default"; 3]);
    finds("SecDefaultAction phase:1,pass\nSecDefaultAction phase:1,deny\n", &["duplicate-default"]);
    finds("SecDefaultAction phase:1,deny\nSecAction id:1,phase:1\n", &["no-disruptive"]);
}

#[test]
fn logs_are_told_as_the_last_word_says() {
    let told = |actions: &str| {
        let rule = rule(&format!(r#"SecAction "id:1,phase:2,pass,{actions}""#));
        (rule.log, rule.audit_log)
    };
    assert_eq!(told("capture"), (true, true));
    assert_eq!(told("nolog"), (false, false));
    assert_eq!(told("nolog,auditlog"), (false, true));
    assert_eq!(told("log,noauditlog"), (true, false));
    assert_eq!(told("nolog,log"), (true, true));
}

#[test]
fn metadata_is_kept() {
    let text = r#"SecAction "id:1,phase:logging,pass,msg:'a %{tx.b}',severity:'CRITICAL',tag:x,tag:'y/z',ver:'v 1',rev:2,maturity:3,accuracy:4,logdata:%{MATCHED_VAR}""#;
    let rule = rule(text);
    let metadata = &rule.metadata;
    assert_eq!((rule.phase, metadata.severity), (Phase::Logging, Some(2)));
    assert_eq!((metadata.maturity, metadata.accuracy), (Some(3), Some(4)));
    assert_eq!((metadata.version.as_deref(), metadata.revision.as_deref()), (Some("v 1"), Some("2")));
    assert_eq!(metadata.tags, [Text::literal("x"), Text::literal("y/z")]);
    assert_eq!(metadata.message.as_ref().unwrap().0.len(), 2);
    assert!(rule.links[0].log_data.is_some());
    finds(r#"SecAction "id:1,phase:2,pass,severity:8""#, &["invalid-severity"]);
    finds(r#"SecAction "id:1,phase:6,pass""#, &["invalid-phase"]);
    finds(r#"SecAction "id:1,phase:2,pass,maturity:10""#, &["invalid-number"]);
    finds(r#"SecAction "id:1,phase:2,pass,msg:a,msg:b""#, &["duplicate-action"]);
}

#[test]
fn setvar_sets_adds_subtracts_and_unsets() {
    let set = |name: &str, change| vec![Effect::Set { store: Store::Tx, name: Text::literal(name), change }];
    assert_eq!(effects("setvar:tx.a=b c"), set("a", Change::To(Text::literal("b c"))));
    assert_eq!(effects("setvar:'TX.a=b, c'"), set("a", Change::To(Text::literal("b, c"))));
    assert_eq!(effects("setvar:tx:a=b"), set("a", Change::To(Text::literal("b"))));
    assert_eq!(effects("setvar:tx.a=+5"), set("a", Change::Add(Text::literal("5"))));
    assert_eq!(effects("setvar:tx.a=-5"), set("a", Change::Subtract(Text::literal("5"))));
    assert_eq!(effects("setvar:!tx.a"), set("a", Change::Unset));
    assert_eq!(effects("setvar:tx.a"), set("a", Change::To(Text::literal("1"))));
    assert_eq!(effects("setvar:tx.a.b="), set("a.b", Change::To(Text::default())));
    finds(r#"SecAction "id:1,phase:2,pass,setvar:a=b""#, &["missing-collection"]);
    finds(r#"SecAction "id:1,phase:2,pass,setvar:args.a=b""#, &["invalid-collection"]);
    finds(r#"SecAction "id:1,phase:2,pass,setvar:tx.=b""#, &["missing-variable"]);
    finds(r#"SecAction "id:1,phase:2,pass,setvar""#, &["action-value"]);
}

#[test]
fn macros_stand_in_names_and_values() {
    let found = effects("setvar:'tx.p_%{MATCHED_VAR_NAME}=%{tx.1}=x'");
    let [Effect::Set { name, change: Change::To(value), .. }] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(
        format!("{name:?}"),
        format!(
            "{:?}",
            Text(vec![
                sekisho_waf::ir::phased::Piece::Literal("p_".to_owned()),
                sekisho_waf::ir::phased::Piece::Value(all(Variable::MatchedVarName)),
            ])
        )
    );
    assert_eq!(value.0[0], sekisho_waf::ir::phased::Piece::Value(member(Variable::Tx, "1")));
    finds(r#"SecAction "id:1,phase:2,pass,msg:'%{nope}'""#, &["unknown-variable"]);
    finds(r#"SecAction "id:1,phase:2,pass,msg:'%{REQUEST_URI.a}'""#, &["selector-on-scalar"]);
    finds(r#"SecAction "id:1,phase:2,pass,msg:'%{tx.}'""#, &["missing-selector"]);
    // What is not closed is no macro.
    finds(r#"SecAction "id:1,phase:2,pass,msg:'100%{'""#, &["unclosed-macro"]);
    finds(r#"SecRule ARGS "@rx ^%{tx.a}" "id:1,phase:2,pass""#, &[]);
    finds(r#"SecRule ARGS "@rx (%{tx.a}" "id:1,phase:2,pass""#, &["invalid-expression"]);
    finds(r#"SecRule ARGS "@rx ^%{tx.a}(?!b)" "id:1,phase:2,pass""#, &["invalid-expression"]);
    finds(r#"SecRule ARGS "@verifyCC %{tx.a}" "id:1,phase:2,pass""#, &["macro-in-expression"]);
    finds(r#"SecRule ARGS "@rx ^%{nope}" "id:1,phase:2,pass""#, &["unknown-variable"]);
    finds(r#"SecRule ARGS "@rx ^%{2}" "id:1,phase:2,pass""#, &[]);
}

#[test]
fn collections_are_opened_and_their_variables_end() {
    let initialize = |store, key| vec![Effect::Initialize { store, key: Text::literal(key) }];
    assert_eq!(effects("initcol:ip=k"), initialize(Store::Ip, "k"));
    assert_eq!(effects("initcol:GLOBAL=k"), initialize(Store::Global, "k"));
    assert_eq!(effects("initcol:resource=k"), initialize(Store::Resource, "k"));
    assert_eq!(effects("setsid:k"), initialize(Store::Session, "k"));
    assert_eq!(effects("setuid:k"), initialize(Store::User, "k"));
    assert_eq!(effects("setrsc:k"), initialize(Store::Resource, "k"));
    let name = || Text::literal("n");
    let expire = Effect::Expire { store: Store::Ip, name: name(), after_s: Text::literal("60") };
    assert_eq!(effects("expirevar:ip.n=60"), [expire]);
    let deprecate = Effect::Deprecate { store: Store::Session, name: name(), by: 60, every_s: 300 };
    assert_eq!(effects("deprecatevar:session.n=60/300"), [deprecate]);
    let set = |change| vec![Effect::Set { store: Store::Env, name: name(), change }];
    assert_eq!(effects("setenv:n=v"), set(Change::To(Text::literal("v"))));
    assert_eq!(effects("setenv:!n"), set(Change::Unset));
    finds(r#"SecAction "id:1,phase:2,pass,initcol:tx=a""#, &["invalid-collection"]);
    finds(r#"SecAction "id:1,phase:2,pass,initcol:ip""#, &["action-value"]);
    finds(r#"SecAction "id:1,phase:2,pass,expirevar:ip.a""#, &["action-value"]);
    finds(r#"SecAction "id:1,phase:2,pass,expirevar:ip.a=soon""#, &["invalid-number"]);
    finds(r#"SecAction "id:1,phase:2,pass,deprecatevar:ip.a=1/0""#, &["action-value"]);
}

#[test]
fn ctl_changes_the_rest_of_the_transaction() {
    let control = |text: &str| match effects(&format!("ctl:{text}")).as_slice() {
        [Effect::Control(control)] => control.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(control("auditEngine=RelevantOnly"), Control::AuditEngine(AuditEngine::RelevantOnly));
    let parts = |letters| AuditParts::of(letters).unwrap();
    assert_eq!(control("auditLogParts=ABZ"), Control::AuditParts(PartsChange::To(parts("ABZ"))));
    assert_eq!(control("auditLogParts=+E"), Control::AuditParts(PartsChange::Add(parts("E"))));
    assert_eq!(control("auditLogParts=-EH"), Control::AuditParts(PartsChange::Remove(parts("EH"))));
    assert_eq!(control("forceRequestBodyVariable=On"), Control::ForceRequestBodyVariable(true));
    assert_eq!(control("requestBodyAccess=off"), Control::RequestBodyAccess(false));
    assert_eq!(control("requestBodyLimit=5"), Control::RequestBodyLimit(5));
    assert_eq!(control("requestBodyProcessor=xml"), Control::RequestBodyProcessor(BodyProcessor::Xml));
    assert_eq!(control("responseBodyAccess=On"), Control::ResponseBodyAccess(true));
    assert_eq!(control("responseBodyLimit=5"), Control::ResponseBodyLimit(5));
    assert_eq!(control("ruleEngine=DetectionOnly"), Control::RuleEngine(EngineMode::DetectionOnly));
    let ids = |ranges: &[(u64, u64)]| {
        RuleSelection::Ids(ranges.iter().map(|&(first, last)| IdRange { first, last }).collect())
    };
    assert_eq!(control("ruleRemoveById=1-5"), Control::RemoveRules(ids(&[(1, 5)])));
    assert_eq!(control("ruleRemoveByTag=a/b"), Control::RemoveRules(RuleSelection::Tag("a/b".to_owned())));
    assert_eq!(control("ruleRemoveByMsg=a"), Control::RemoveRules(RuleSelection::Message("a".to_owned())));
    let target = member(Variable::Args, "x");
    let remove = |rules| Control::RemoveTarget { rules, target: target.clone() };
    assert_eq!(control("ruleRemoveTargetById=7;ARGS:x"), remove(ids(&[(7, 7)])));
    assert_eq!(control("ruleRemoveTargetByTag=a;ARGS:x"), remove(RuleSelection::Tag("a".to_owned())));
    assert_eq!(control("ruleRemoveTargetByMsg=a;ARGS:x"), remove(RuleSelection::Message("a".to_owned())));
    assert_eq!(effects("ctl:debugLogLevel=9"), []);
    finds(r#"SecAction "id:1,phase:2,pass,ctl:ruleEngin=On""#, &["unknown-control"]);
    finds(r#"SecAction "id:1,phase:2,pass,ctl:ruleEngine=Yes""#, &["invalid-value"]);
    finds(r#"SecAction "id:1,phase:2,pass,ctl:ruleEngine""#, &["action-value"]);
    finds(r#"SecAction "id:1,phase:2,pass,ctl:ruleRemoveById=x""#, &["invalid-id"]);
    finds(r#"SecAction "id:1,phase:2,pass,ctl:ruleRemoveTargetById=1""#, &["action-value"]);
    finds(r#"SecAction "id:1,phase:2,pass,ctl:ruleRemoveTargetById=1;NOPE:x""#, &["unknown-variable"]);
    finds(r#"SecAction "id:1,phase:2,pass,ctl:auditLogParts=+Q""#, &["invalid-audit-part"]);
}

#[test]
fn a_chain_is_one_rule() {
    let text = r#"
        SecRule ARGS a "id:1,phase:2,deny,chain,tag:x,severity:2,logdata:'first',setvar:tx.a=1"
        SecRule REQUEST_URI b "chain,capture,t:none,t:lowercase,severity:5,logdata:'second',tag:y"
        SecAction "setvar:tx.b=1,multiMatch,msg:'last'"
    "#;
    let rule = rule(text);
    assert_eq!(rule.links.len(), 3);
    assert_eq!((rule.links[1].capture, rule.links[2].multi_match), (true, true));
    assert!(rule.links[2].test.is_none());
    assert_eq!(rule.metadata.severity, Some(2));
    assert_eq!(rule.metadata.tags.len(), 2);
    // What is said of a match is said once all have matched, by the first that says something.
    assert_eq!(rule.metadata.message, Some(Text::literal("last")));
    let said: Vec<_> = rule.links.iter().map(|link| link.log_data.as_ref().and_then(Text::as_literal)).collect();
    assert_eq!(said, [None, None, Some("first")]);
}

#[test]
fn chains_are_held_to_their_rules() {
    finds("SecAction id:1,phase:1,pass,chain\n", &["open-chain"]);
    finds("SecAction id:1,phase:1,pass,chain\nSecMarker a\n", &["open-chain"]);
    finds("SecAction id:1,phase:1,pass,chain\nSecAction id:2\n", &["misplaced-action"]);
    finds("SecAction id:1,phase:1,pass,chain\nSecAction phase:2,deny,skip:1\n", &["misplaced-action"; 3]);
    finds("SecAction phase:1,pass\n", &["missing-id"]);
    finds("SecAction id:1,pass\n", &["missing-phase"]);
    finds("SecAction id:0,phase:1,pass\n", &["invalid-id"]);
    finds("SecAction id:1,phase:1,pass\nSecAction id:1,phase:2,pass\n", &["duplicate-id"]);
    finds("SecRule !ARGS:x a id:1,phase:1,pass\n", &["missing-variable"]);
}

#[test]
fn markers_are_places_to_skip_to() {
    let text =
        "SecAction id:1,phase:1,pass,skipAfter:END\nSecAction id:2,phase:1,pass,skipAfter:1\nSecMarker \"END\"\n";
    let policy = policy(text);
    assert!(matches!(&policy.items[2], Item::Marker(name) if name == "END"));
    assert_eq!(rules(&policy)[0].flow, Flow::After("END".to_owned()));
    finds("SecMarker 'END'\nSecAction id:1,phase:1,pass,skipAfter:EMD\n", &["unknown-marker"]);
}

#[test]
fn rules_are_removed_wherever_they_stand() {
    let left = |directive: &str| -> Vec<u64> {
        let rules_text = "SecAction \"id:1,phase:1,pass,tag:java,msg:'A (b)'\"\n\
            SecAction \"id:2,phase:1,pass,tag:javascript,msg:'C'\"\nSecAction \"id:3,phase:1,pass\"\n";
        let before = policy(&format!("{directive}\n{rules_text}"));
        let after = policy(&format!("{rules_text}{directive}\n"));
        let ids = |policy: &PhasedPolicy| rules(policy).iter().map(|rule| rule.id).collect::<Vec<_>>();
        assert_eq!(ids(&before), ids(&after));
        ids(&after)
    };
    assert_eq!(left("SecRuleRemoveById 1"), [2, 3]);
    assert_eq!(left("SecRuleRemoveById 1 \"3-9\""), [2]);
    assert_eq!(left("SecRuleRemoveById 1,2"), [3]);
    assert_eq!(left("SecRuleRemoveByTag java"), [2, 3]);
    assert_eq!(left("SecRuleRemoveByTag ^java"), [3]);
    assert_eq!(left("SecRuleRemoveByMsg 'A (b)'"), [2, 3]);
    assert_eq!(left("SecRuleRemoveByMsg ^[ac]"), [3]);
    finds("SecRuleRemoveById 9\n", &["unknown-rule"]);
    finds("SecRuleRemoveById 9-10\n", &[]);
    finds("SecRuleRemoveById 9-1\n", &["invalid-id"]);
    finds("SecRuleRemoveById x\n", &["invalid-id"]);
    finds("SecRuleRemoveByTag (\n", &["invalid-expression"]);
}

#[test]
fn what_cannot_be_honoured_is_no_matter_in_a_rule_that_is_removed() {
    let text =
        "SecRule ARGS a(?=b) id:1,phase:1,pass,chain\nSecRule ARGS \"@rbl a\" exec:b\nSecAction id:2,phase:1,pass\n";
    finds(text, &["invalid-expression", "unsupported-operator", "unsupported-action"]);
    let shown = loaded(text).diagnostics.render(false);
    assert!(shown.contains("or do without the rule: `SecRuleRemoveById 1`"), "{shown}");
    finds(&format!("SecRuleRemoveById 1\n{text}"), &[]);
    finds(&format!("{text}SecRuleRemoveById 1\n"), &[]);
    finds(
        &format!("{text}SecRuleRemoveById 2\n"),
        &["invalid-expression", "unsupported-operator", "unsupported-action"],
    );
    // Slips are told of in any rule.
    finds("SecAction id:1,phase:1,pass,t:nope\nSecRuleRemoveById 1\n", &["unknown-transformation"]);
}

#[test]
fn what_rules_look_at_is_updated() {
    let updated = |directive: &str| {
        let text = format!(
            "{directive}\nSecRule ARGS|REQUEST_URI a \"id:1,phase:1,pass,chain,tag:x,msg:'m'\"\nSecRule ARGS b t:none\n"
        );
        let rule = rule(&text);
        let tests: Vec<PhasedTest> = rule.links.into_iter().filter_map(|link| link.test).collect();
        let [first, second] = tests.try_into().expect("two links");
        (first.targets, first.exclusions, second.targets, second.exclusions)
    };
    let (args, uri) = (all(Variable::Args), all(Variable::RequestUri));
    let x = member(Variable::Args, "x");
    let both = vec![args.clone(), uri.clone()];
    let excluded = (both.clone(), vec![x.clone()], vec![args.clone()], vec![]);
    assert_eq!(updated("SecRuleUpdateTargetById 1 !ARGS:x"), excluded);
    assert_eq!(updated("SecRuleUpdateTargetById 1-5 \"!ARGS:x\""), excluded);
    assert_eq!(updated("SecRuleUpdateTargetByTag x !ARGS:x"), excluded);
    assert_eq!(updated("SecRuleUpdateTargetByMsg m !ARGS:x"), excluded);
    let follower = (both.clone(), vec![], vec![args.clone()], vec![x]);
    assert_eq!(updated("SecRuleUpdateTargetById 1:1 !ARGS:x"), follower);
    let files = all(Variable::Files);
    let added = vec![args.clone(), uri, files.clone()];
    assert_eq!(updated("SecRuleUpdateTargetById 1 FILES|ARGS"), (added, vec![], vec![args.clone()], vec![]));
    let replaced = vec![args.clone(), files];
    assert_eq!(updated("SecRuleUpdateTargetById 1 FILES REQUEST_URI"), (replaced, vec![], vec![args.clone()], vec![]));
    // What is not there is not replaced.
    assert_eq!(updated("SecRuleUpdateTargetById 1 FILES REMOTE_ADDR"), (both, vec![], vec![args], vec![]));
    finds("SecAction id:1,phase:1,pass\nSecRuleUpdateTargetById 1 NOPE\n", &["unknown-variable"]);
    finds("SecRuleUpdateTargetById 1 ARGS\n", &["unknown-rule"]);
    finds("SecAction id:1,phase:1,pass\nSecRuleUpdateTargetById 1:1 ARGS\n", &["unknown-rule"]);
    finds("SecRuleUpdateTargetById 1:x ARGS\n", &["invalid-id"]);
}

#[test]
fn actions_are_updated() {
    let text = r#"
        SecRule ARGS a "id:1,phase:1,deny,status:403,t:trim,tag:x,msg:'a',setvar:tx.a=1,log"
        SecRuleUpdateActionById 1 "pass,status:404,t:none,t:lowercase,tag:y,msg:'b',nolog,setvar:tx.b=1"
    "#;
    let rule = rule(text);
    assert_eq!((&rule.disruptive, rule.status, rule.log), (&Disruptive::Pass, Some(404), false));
    assert_eq!(rule.metadata.message, Some(Text::literal("b")));
    assert_eq!((rule.metadata.tags.len(), rule.links[0].effects.len()), (2, 2));
    assert_eq!(rule.links[0].test.as_ref().unwrap().transforms, [Transform::Lowercase]);
    finds("SecAction id:1,phase:1,pass\nSecRuleUpdateActionById 1 id:2,phase:2,chain\n", &["misplaced-action"; 3]);
    let chain = "SecAction id:1,phase:1,pass,chain\nSecAction t:none\n";
    finds(&format!("{chain}SecRuleUpdateActionById 1:1 deny\n"), &["misplaced-action"]);
}

#[test]
fn every_problem_is_shown_at_once_with_its_place_and_the_way_out() {
    let text = include_str!("fixtures/seclang/broken.conf");
    let loaded = load(&[Entry::text("broken.conf", text)], &NoFiles, &LoadOptions::default());
    assert!(loaded.policy.is_none());
    insta::assert_snapshot!(loaded.diagnostics.render(false));
}
