//! `sekisho test` as a user types it: what it prints, and what it ends with.

use std::fs;
use std::path::Path;

use sekisho_e2e::{Ran, sekisho};
use serde_json::Value;

fn run(folder: &Path, arguments: &[&str]) -> Ran {
    sekisho(folder, arguments, b"").expect("the command runs to its end")
}

const ACL_TEST: &str = "
cases:
  - {name: customers see the shop, request: GET /products, action: allow}
  - {name: scripts are let through, request: 'GET /?q=%3Cscript%3Ealert(1)%3C/script%3E', action: allow}
";

#[test]
fn tests_of_rules_end_with_what_came_of_them() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    fs::write(folder.path().join("acl.yaml"), ACL_TEST).expect("a file is written");
    let ran = run(folder.path(), &["test", "acl.yaml"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(1), ""), "{ran:?}");
    for part in [
        "FAIL scripts are let through  acl.yaml:4",
        "expected  allow",
        "got       block",
        "CrossSiteScripting_QUERYARGUMENTS  MATCH → Block",
        "1 passed, 1 failed (2 requests)",
    ] {
        assert!(ran.stdout.contains(part), "{part:?} is missing:\n{}", ran.stdout);
    }
    let ran = run(folder.path(), &["test", "--filter", "customers", "acl.yaml"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "1 passed, 0 failed (1 request)\n"), "{ran:?}");
    let ran = run(folder.path(), &["test", "--json", "acl.yaml"]);
    let report: Value = serde_json::from_str(&ran.stdout).expect("the report is JSON");
    assert_eq!((ran.code, &report["passed"], &report["failed"]), (Some(1), &1.into(), &1.into()));
    assert_eq!(report["cases"][1]["failures"][0]["differences"][0]["got"], "block");
}

#[test]
fn tests_that_are_not_understood_end_with_two_and_say_why() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    fs::write(folder.path().join("bad.yaml"), "cases:\n  - {name: x, reqest: GET /, action: allow}\n")
        .expect("written");
    fs::write(folder.path().join("good.yaml"), ACL_TEST).expect("a file is written");
    for (arguments, parts) in [
        (&["test", "good.yaml", "bad.yaml"][..], &["bad.yaml:2:15", "did you mean `request`?"][..]),
        (&["test", "missing.yaml"], &["missing.yaml", "No such file"]),
        (&["test", "--filter", "nothing like it", "good.yaml"], &["nothing like it"]),
        (&["test"], &["FILE"]),
    ] {
        let ran = run(folder.path(), arguments);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{arguments:?}: {ran:?}");
        for part in parts {
            assert!(ran.stderr.contains(part), "{arguments:?} does not say {part:?}:\n{}", ran.stderr);
        }
    }
}
