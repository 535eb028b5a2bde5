//! Running other programs: always shown, never through a shell, always with their exit status looked at.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// Prints one line for the person who runs the task.
pub(crate) fn say(line: impl AsRef<str>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(line.as_ref().as_bytes())?;
    out.write_all(b"\n")?;
    out.flush()
}

/// The cargo that runs this task, in the workspace.
pub(crate) fn cargo(root: &Path) -> Command {
    let mut command = Command::new(environment("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root);
    command
}

/// An environment variable that is set and not empty.
#[expect(clippy::disallowed_methods, reason = "the house keeper is driven by cargo, through the environment")]
pub(crate) fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Runs the command with its output shown.
///
/// # Errors
///
/// If it cannot be started or does not succeed.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    say(format!("$ {}", shown(command)))?;
    let status = command.status().with_context(|| format!("start {}", shown(command)))?;
    if !status.success() {
        bail!("{} ended with {status}", shown(command));
    }
    Ok(())
}

/// Runs the command and returns its standard output; standard error is shown.
///
/// # Errors
///
/// If it cannot be started or does not succeed, or prints something other than UTF-8.
pub(crate) fn capture(command: &mut Command) -> Result<String> {
    let output = command.stderr(Stdio::inherit()).output().with_context(|| format!("start {}", shown(command)))?;
    if !output.status.success() {
        bail!("{} ended with {}", shown(command), output.status);
    }
    String::from_utf8(output.stdout).with_context(|| format!("read what {} printed", shown(command)))
}

/// Builds the `sekisho` binary in `profile` and returns where it is.
///
/// # Errors
///
/// If the build fails, or names no executable.
pub(crate) fn build_sekisho(root: &Path, profile: &str) -> Result<PathBuf> {
    build(root, &["--package", "sekisho", "--bin", "sekisho"], profile)
}

/// The `sekisho` binary that the environment names as `SEKISHO_BIN`, or one that is built.
///
/// # Errors
///
/// As [`build_sekisho`].
pub(crate) fn find_sekisho(root: &Path, profile: &str) -> Result<PathBuf> {
    match environment("SEKISHO_BIN") {
        Some(binary) => Ok(PathBuf::from(binary)),
        None => build_sekisho(root, profile),
    }
}

/// Builds the `sekisho` binary and all tests of the workspace in `profile`, each library once for both, and returns where the binary is.
///
/// # Errors
///
/// If the build fails, or names no executable.
pub(crate) fn build_with_tests(root: &Path, profile: &str) -> Result<PathBuf> {
    build(root, &[&["--workspace", "--bins", "--tests"][..], ALL_FEATURES].concat(), profile)
}

/// What the program has only where it is asked for: built, checked and tested with the workspace.
pub(crate) const ALL_FEATURES: &[&str] = &["--features", "sekisho/cluster"];

fn build(root: &Path, what: &[&str], profile: &str) -> Result<PathBuf> {
    let mut command = cargo(root);
    command.arg("build").args(what).args(["--locked", "--profile", profile]);
    command.arg("--message-format=json-render-diagnostics");
    say(format!("$ {}", shown(&command)))?;
    let messages = capture(&mut command)?;
    let binary = executable(&messages, "sekisho").context("find the sekisho binary in what cargo built")?;
    Ok(binary)
}

/// The path of the executable of target `name` among cargo's JSON messages.
fn executable(messages: &str, name: &str) -> Option<PathBuf> {
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|message| message["reason"] == "compiler-artifact" && message["target"]["name"] == name)
        .filter(|message| message["profile"]["test"] != true)
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
}

/// The folder and file of `program`, looked up in `PATH` and where Debian keeps servers.
pub(crate) fn find_program(program: &str) -> Option<PathBuf> {
    let path = environment("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin", "/sbin"].map(PathBuf::from))
        .map(|folder| folder.join(program))
        .find(|file| is_executable(file))
}

fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

/// The command as a person would type it.
pub(crate) fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
    let program = Path::new(words[0].as_ref()).file_name().map(|name| name.to_string_lossy().into_owned());
    let mut line = program.unwrap_or_else(|| words[0].to_string());
    for word in &words[1..] {
        line.push(' ');
        line.push_str(word);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_executable_is_read_from_cargos_messages() {
        let messages = concat!(
            r#"{"reason":"compiler-artifact","target":{"name":"serde"},"executable":null}"#,
            "\n",
            r#"{"reason":"compiler-artifact","target":{"name":"sekisho"},"executable":"/t/demo/sekisho"}"#,
            "\n",
            r#"{"reason":"build-finished","success":true}"#,
        );
        assert_eq!(executable(messages, "sekisho"), Some(PathBuf::from("/t/demo/sekisho")));
        assert_eq!(executable(messages, "serde"), None);
    }

    #[test]
    fn a_failing_command_is_an_error_that_names_it() {
        let error = capture(&mut Command::new("false")).expect_err("false succeeds");
        assert!(error.to_string().starts_with("false ended with"), "{error}");
    }

    #[test]
    fn programs_are_found_only_where_they_are() {
        assert!(find_program("sh").is_some());
        assert!(find_program("no-such-program-of-ours").is_none());
    }
}
