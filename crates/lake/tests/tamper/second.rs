//! The second verifier, in Python: it shares no code with the first.

use std::path::{Path, PathBuf};
use std::process::Command;

use sekisho_seal::VerifyingKey;

/// The interpreter that has the packages. Under CI it must be there.
pub(crate) fn find() -> Option<PathBuf> {
    let interpreter = root().join("target/python/bin/python");
    let found = interpreter.exists().then_some(interpreter);
    assert!(found.is_some() || std::env::var_os("CI").is_none(), "run `cargo xtask python` first");
    found
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Whether it finds no fault with a lake.
pub(crate) fn is_good(interpreter: &Path, lake: &Path, key: &VerifyingKey) -> bool {
    let output = Command::new(interpreter)
        .arg(root().join("tests/python/verify_lake.py"))
        .arg(key.to_text())
        .arg(lake)
        // Where tables are in a bucket: moto's server takes any.
        .envs([
            ("AWS_ACCESS_KEY_ID", "key"),
            ("AWS_SECRET_ACCESS_KEY", "hidden-well"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
        ])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let failed = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{failed}");
    match said.trim_end() {
        said if said.starts_with("{\"good\": true") => true,
        said if said.starts_with("{\"good\": false") => false,
        other => panic!("{other}{failed}"),
    }
}
