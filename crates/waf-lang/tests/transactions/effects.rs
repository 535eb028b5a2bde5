//! Variables and numbers.

use sekisho_waf::transaction::TransactionLimits;

use crate::site::{Sent, Site, check};

#[test]
fn a_variable_is_set_once_for_each_value_that_matches() {
    check(r#"SecRule ARGS "@streq 1" "id:1,phase:2,pass,nolog,setvar:tx.a=+1""#, "x=1&y=1&z=2", "a=2 b= c= d= e=");
}

#[test]
fn a_link_sets_variables_even_if_a_later_one_fails() {
    check(
        r#"SecRule ARGS "@streq 1" "id:1,phase:2,pass,nolog,setvar:tx.a=+1,chain"
             SecRule ARGS "@streq 9" "setvar:tx.b=1""#,
        "x=1&y=1",
        "a=2 b= c= d= e=",
    );
    check(
        r#"SecRule ARGS "@streq 1" "id:1,phase:2,pass,nolog,setvar:tx.a=+1,chain"
             SecRule ARGS "@rx ." "setvar:tx.b=+1""#,
        "x=1&y=1",
        "a=2 b=2 c= d= e=",
    );
}

#[test]
fn numbers_are_what_texts_begin_with() {
    check(
        r#"SecAction "id:1,phase:2,pass,nolog,setvar:tx.a=-5,setvar:tx.b=abc,setvar:tx.b=+3,setvar:tx.c=9abc,setvar:tx.c=+1,setvar:tx.d=%{tx.none},setvar:tx.e""#,
        "",
        "a=-5 b=3 c=10 d= e=1",
    );
    check(
        r#"SecAction "id:1,phase:2,pass,nolog,setvar:tx.a=+%{tx.none},setvar:tx.b=+x,setvar:!tx.e,setvar:tx.c=5,setvar:!tx.c""#,
        "",
        "a=0 b=0 c= d= e=",
    );
}

#[test]
fn numbers_are_compared_as_far_as_they_are_numbers() {
    // ModSecurity 3.0.9 reads what does not fit 32 bits as 0 for `@eq`; here it is a number like others.
    check(
        r#"SecRule ARGS:x "@gt 5" "id:1,phase:2,pass,nolog,setvar:tx.a=gt"
           SecRule ARGS:x "@lt 5" "id:2,phase:2,pass,nolog,setvar:tx.b=lt"
           SecRule ARGS:x "@ge 99999999999" "id:4,phase:2,pass,nolog,setvar:tx.d=ge""#,
        "x=99999999999",
        "a=gt b= c= d=ge e=",
    );
    check(
        r#"SecRule ARGS:x "@eq 12" "id:1,phase:2,pass,nolog,setvar:tx.a=eq"
           SecRule ARGS:y "@eq 13" "id:2,phase:2,pass,nolog,setvar:tx.b=eq"
           SecRule ARGS:z "!@eq 13" "id:3,phase:2,pass,nolog,setvar:tx.c=ran""#,
        "x=12abc&y=%2013",
        "a=eq b=eq c= d= e=",
    );
}

#[test]
fn an_operand_follows_the_variables_it_is_made_of() {
    check(
        r#"SecAction "id:1,phase:2,pass,nolog,setvar:tx.t=1"
           SecRule ARGS "@streq %{tx.t}" "id:2,phase:2,pass,nolog,setvar:tx.t=2,setvar:tx.a=+1""#,
        "x=1&y=1",
        "a=1 b= c= d= e=",
    );
}

#[test]
fn names_of_variables_are_known_in_any_case_and_may_be_made_of_values() {
    check(
        r#"SecAction "id:1,phase:2,pass,nolog,setvar:tx.FooBar=1,setvar:tx.zz1=1,setvar:tx.zz2=2"
           SecRule TX:foobar "@eq 1" "id:2,phase:2,pass,nolog,setvar:tx.a=%{MATCHED_VAR_NAME}"
           SecRule TX:/foob/ "@eq 1" "id:3,phase:2,pass,nolog,setvar:tx.b=%{MATCHED_VAR_NAME}"
           SecRule TX:/^zz/ "@rx ." "id:4,phase:2,pass,nolog,setvar:'tx.c=%{tx.c};%{MATCHED_VAR_NAME}'"
           SecRule TX:ZZ1 "@rx ." "id:5,phase:2,pass,nolog,setvar:tx.d=%{MATCHED_VAR_NAME}""#,
        "",
        "a=TX:foobar b=TX:FooBar c=;TX:zz1;TX:zz2 d=TX:ZZ1 e=",
    );
    check(
        r#"SecRule ARGS_NAMES "@rx ." "id:1,phase:2,pass,nolog,setvar:'tx.count_%{MATCHED_VAR}=+1'"
           SecRule TX:/^count_/ "@gt 1" "id:2,phase:2,pass,nolog,setvar:'tx.a=%{tx.a}%{MATCHED_VAR_NAME}'"
           SecRule &TX:/^count_/ "@eq 3" "id:3,phase:2,pass,nolog,setvar:tx.b=3"
           SecRule TX:count_z "@eq 1" "id:4,phase:2,pass,nolog,setvar:tx.c=z""#,
        "x=1&y=1&X=2&z=",
        "a=TX:count_x b=3 c=z d= e=",
    );
}

#[test]
fn what_the_environment_is_given_can_be_looked_at() {
    check(
        r#"SecAction "id:1,phase:1,pass,nolog,setenv:foo=bar"
           SecAction "id:2,phase:1,pass,nolog,setvar:tx.a=%{env.foo}"
           SecRule ENV:foo "@rx ." "id:3,phase:1,pass,nolog,setvar:tx.b=%{MATCHED_VAR_NAME}""#,
        "",
        "a=bar b=ENV:foo c= d= e=",
    );
}

/// Where it differs from libmodsecurity 3.0.9, which counts the days of the week from Monday, 1, it keeps to the reference
/// manual.
#[test]
fn time_is_told_in_its_parts() {
    check(
        r#"SecAction "id:1,phase:2,pass,nolog,setvar:tx.a=%{TIME},setvar:tx.b=%{TIME_MON},setvar:tx.c=%{TIME_WDAY},setvar:'tx.d=%{TIME_YEAR}-%{TIME_DAY}-%{TIME_EPOCH}',setvar:'tx.e=%{DURATION}|%{MODSEC_BUILD}'""#,
        "",
        "a=22:13:20 b=10 c=2 d=2023-14-1700000000 e=0|030009100",
    );
}

#[test]
fn variables_are_bounded() {
    let limits =
        TransactionLimits { variables_max: 3, value_bytes_max: 4, name_bytes_max: 12, ..TransactionLimits::default() };
    let rules = r#"SecRule ARGS "@rx ." "id:1,phase:2,pass,nolog,setvar:'tx.v_%{MATCHED_VAR}=%{MATCHED_VAR}'"
        SecRule &TX:/^v_/ "@rx ." "id:2,phase:2,pass,nolog,setvar:tx.a=%{MATCHED_VAR}"
        SecRule TX:/^v_/ "@rx ." "id:3,phase:2,pass,nolog,setvar:'tx.b=%{tx.b}%{MATCHED_VAR}'"
        SecRule &TX:v_2 "@eq 1" "id:4,phase:2,pass,nolog,setvar:tx.c=2""#;
    let mut site = Site::with_limits(rules, limits);
    // The name of the first is too long; the second has a place of its own, since a rule names it; the last is one too many.
    site.send(Sent::query("a=12345678901&b=2&c=abcdefg&d=4&e=5&f=6"));
    assert_eq!(site.tx(&["a", "b", "c"]), "a=4 b=2abc c=2");
}

#[test]
fn a_variable_that_doubles_itself_stays_within_its_limit() {
    let limits = TransactionLimits::default();
    let mut site = Site::with_limits(
        r#"SecAction "id:1,phase:2,pass,nolog,setvar:tx.a=0123456789"
           SecRule ARGS "@rx ." "id:2,phase:2,pass,nolog,setvar:'tx.a=%{tx.a}%{tx.a}'""#,
        limits,
    );
    let query: Vec<_> = (0..64).map(|at| format!("p{at}=1")).collect();
    site.send(Sent::query(&query.join("&")));
    assert_eq!(site.tx(&["a"]).len(), "a=".len() + limits.value_bytes_max);
}
