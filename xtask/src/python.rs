//! The Python packages that tests hold the lake against: installed into `target/python`, where tests look for them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::packages::{self, Package};
use crate::process::{run, say};

/// What is installed, one requirement a line.
const REQUIREMENTS: &str = "tests/python/requirements.txt";

const PYTHON: Package =
    Package { program: "python3", name: "python3-venv", purpose: "other programs that read the lake's tables" };
const JAVA: Package = Package { program: "java", name: "openjdk-17-jre-headless", purpose: "to run Spark" };

/// Installs them, unless they are there; gives the interpreter that has them.
///
/// # Errors
///
/// If there is no Python, or a package cannot be installed.
pub(crate) fn ensure(root: &Path) -> Result<PathBuf> {
    let folder = root.join("target").join("python");
    let interpreter = folder.join("bin").join("python");
    let wanted = root.join(REQUIREMENTS);
    let wanted = fs::read_to_string(&wanted).with_context(|| format!("read {}", wanted.display()))?;
    // Written last: a folder without it, or with another, was left half done.
    let installed = folder.join("installed.txt");
    if fs::read_to_string(&installed).is_ok_and(|installed| installed == wanted) {
        return Ok(interpreter);
    }
    packages::ensure(&[&PYTHON, &JAVA])?;
    say(format!("installing {REQUIREMENTS} into {}", folder.display()))?;
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
    let mut command = Command::new(&interpreter);
    command.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"]);
    run(command.arg(root.join(REQUIREMENTS)))?;
    fs::write(&installed, wanted).with_context(|| format!("write {}", installed.display()))?;
    Ok(interpreter)
}
