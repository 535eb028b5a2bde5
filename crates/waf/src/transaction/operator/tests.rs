//! Compiled operators as rules use them.

use super::*;
use crate::NoPlaces;

fn compile(operator: &PhasedOperator) -> CompiledOperator {
    OperatorCompiler::new(&Limits::default()).compile(operator).unwrap()
}

fn holds(operator: &CompiledOperator, value: &str, expanded: Option<&[u8]>) -> Option<Vec<(u8, String)>> {
    let mut captures = Captures::default();
    let tested = Tested { value: value.as_bytes(), expanded, places: &NoPlaces };
    let held = operator.holds(tested, &mut OperatorMemory::default(), Some(&mut captures));
    let alone = operator.holds(tested, &mut OperatorMemory::default(), None);
    assert_eq!(held, alone, "{value:?} with captures and without");
    let text = |captured: &Captured| String::from_utf8(captured.bytes(value.as_bytes()).to_vec()).unwrap();
    held.then(|| captures.iter().map(|(group, captured)| (group, text(captured))).collect())
}

fn caught(groups: &[(u8, &str)]) -> Option<Vec<(u8, String)>> {
    Some(groups.iter().map(|(group, text)| (*group, (*text).to_owned())).collect())
}

fn regex(pattern: &str, global: bool) -> CompiledOperator {
    compile(&PhasedOperator::Regex { pattern: pattern.to_owned(), global })
}

#[test]
fn groups_that_took_part_are_caught() {
    let operator = regex("(a)(b)?(c)?", false);
    assert_eq!(holds(&operator, "xac", None), caught(&[(0, "ac"), (1, "a"), (3, "c")]));
    assert_eq!(holds(&operator, "x", None), None);
}

#[test]
fn no_line_starts_after_the_last_line_feed() {
    for (pattern, value, expected) in [
        ("^$", "a\n", None),
        ("^$", "a\n\n", caught(&[(0, "")])),
        ("^$", "", caught(&[(0, "")])),
        ("^$", "\n", caught(&[(0, "")])),
        ("^x*$", "a\n", None),
        ("^x*$", "a\nx\n", caught(&[(0, "x")])),
        ("^$|b*", "a\n", caught(&[(0, "")])),
        ("(^)", "a\n", caught(&[(0, ""), (1, "")])),
        (r"\n$", "a\n", caught(&[(0, "\n")])),
    ] {
        assert_eq!(holds(&regex(pattern, false), value, None), expected, "{pattern} in {value:?}");
    }
}

#[test]
fn groups_of_all_matches_are_numbered_on() {
    let operator = regex("([a-z])([0-9])?", true);
    let expected = caught(&[(0, "a1"), (1, "a"), (2, "1"), (3, "b"), (4, "b"), (5, "c3"), (6, "c"), (7, "3")]);
    assert_eq!(holds(&operator, "a1 b c3", None), expected);
    let many = holds(&operator, &"a1".repeat(100), None).unwrap();
    assert_eq!(many.len(), 10, "no more than rules can refer to");
}

#[test]
fn phrases_are_caught_as_written() {
    let operator = compile(&PhasedOperator::Phrases(vec![b"Evil".to_vec(), b"bad".to_vec()]));
    assert_eq!(holds(&operator, "an eVIL thing, bad", None), caught(&[(0, "Evil")]));
    assert_eq!(holds(&operator, "fine", None), None);
}

#[test]
fn injections_are_caught_as_their_fingerprint() {
    let operator = compile(&PhasedOperator::DetectSqli);
    assert_eq!(holds(&operator, "1' or '1'='1", None), caught(&[(0, "s&sos")]));
    let operator = compile(&PhasedOperator::DetectXss);
    assert_eq!(holds(&operator, "<script>", None), caught(&[(0, "<script>")]));
}

#[test]
fn texts_are_expanded_for_each_value() {
    let target = crate::ir::phased::Target {
        variable: crate::ir::phased::Variable::RequestMethod,
        selector: None,
        count: false,
    };
    let text = Text(vec![crate::ir::phased::Piece::Value(target)]);
    let operator = compile(&PhasedOperator::Text { test: TextTest::Within, text: text.clone() });
    assert_eq!(operator.text(), Some(&text));
    assert!(holds(&operator, "GET", Some(b"GET HEAD")).is_some());
    assert!(holds(&operator, "PUT", Some(b"GET HEAD")).is_none());
    let literal = compile(&PhasedOperator::Text { test: TextTest::BeginsWith, text: Text::literal("GE") });
    assert_eq!(literal.text(), None);
    assert!(holds(&literal, "GET", None).is_some());
}

#[test]
fn numbers_are_found_among_others() {
    let operator = compile(&PhasedOperator::VerifyCreditCard(r"\d{13,16}".to_owned()));
    assert_eq!(holds(&operator, "1234567890123 or 4111111111111111", None), caught(&[(0, "4111111111111111")]));
    assert_eq!(holds(&operator, "94111111111111111", None), caught(&[(0, "4111111111111111")]), "within a longer one");
    assert_eq!(holds(&operator, "1234567890123", None), None);
}

#[test]
fn memory_serves_one_policy_after_another() {
    let mut memory = OperatorMemory::default();
    let tested = |value| Tested { value, expanded: None, places: &NoPlaces };
    for round in 0..4 {
        let operator = regex(&format!("x{round}{{{round},}}"), false);
        assert!(operator.holds(tested(b"x0x11x22x333"), &mut memory, None), "round {round}");
    }
}

#[test]
fn what_cannot_be_linear_is_refused() {
    let mut compiler = OperatorCompiler::new(&Limits::default());
    let error = compiler.pattern(r"(a)\1").unwrap_err();
    assert!(error.to_string().contains("pattern"), "{error}");
}
