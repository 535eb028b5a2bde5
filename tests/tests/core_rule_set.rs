//! The suite of the OWASP Core Rule Set, as its users run it: `sekisho guard` with the rules, and `sekisho test` with what stands
//! behind it; and without either, with and without the matcher's short cuts.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use sekisho_e2e::{Checkpoint, sekisho, shared_data};

fn core_rule_set() -> Option<PathBuf> {
    shared_data("crs").map(|folder| fs::canonicalize(folder).expect("the folder is there"))
}

/// Runs a command to its end; its last line.
fn last_line(folder: &Path, arguments: &[&str]) -> String {
    let ran = sekisho(folder, arguments, b"").expect("the command ends");
    let last = ran.stdout.lines().last().unwrap_or_default().to_owned();
    assert_eq!(ran.code, Some(0), "{}\n{}", ran.stdout, ran.stderr);
    last
}

#[test]
fn the_whole_suite_passes_through_a_running_checkpoint() {
    let Some(crs) = core_rule_set() else { return };
    let crs = crs.to_str().expect("the path is text");
    let folder = tempfile::tempdir().expect("a folder can be made");
    let setup = sekisho(folder.path(), ["test", "--crs", crs, "--print-setup"], b"").expect("the setup is printed");
    fs::write(folder.path().join("setup.conf"), setup.stdout).expect("the setup is written");
    // Free now; whoever takes it before the backend does makes the test fail aloud.
    let port =
        TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port is free").port();
    let (backend, upstream) = (format!("127.0.0.1:{port}"), format!("http://127.0.0.1:{port}"));
    let guard = ["guard", &upstream, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--crs", crs];
    let suite = ["--seclang", "setup.conf", "--paranoia", "4", "--count"];
    let tolerated = ["--tolerate", "connect", "--tolerate", "length-beside-chunked"];
    let arguments = guard.into_iter().chain(suite).chain(tolerated);
    let checkpoint = Checkpoint::start_in(folder, arguments).expect("the checkpoint starts");
    let url = format!("http://{}", checkpoint.address());
    let tests = format!("{crs}/regression");
    let arguments = ["test", "--crs", crs, "--url", &url, "--backend", &backend, &tests];
    assert_eq!(last_line(checkpoint.folder(), &arguments), "5082 passed, 0 failed");
}

#[test]
fn short_cuts_miss_nothing_in_the_whole_suite() {
    let Some(crs) = core_rule_set() else { return };
    let crs = crs.to_str().expect("the path is text");
    let tests = format!("{crs}/regression");
    let folder = tempfile::tempdir().expect("a folder can be made");
    let arguments = ["test", "--crs", crs, "--paranoia", "4", "--without-short-cuts", &tests];
    assert_eq!(last_line(folder.path(), &arguments), "5082 passed, 0 failed");
}
