//! What is masked: checked, and compiled when the lake is opened, so that no secret stays in the configuration.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use sekisho_mask::{Mask, MaskSettings, Pattern, SECRET_NAMES};
use sekisho_model::Diagnostic;

use super::super::places::Step;
use super::check::at;
use super::{MaskTable, Problem};

/// Bytes of a file with secrets.
const SECRETS_BYTES_MAX: u64 = 64 << 10;
/// A shorter secret would cover parts of much else.
const SECRET_BYTES_MIN: usize = 8;

/// What is masked, checked.
#[derive(Debug, Clone)]
pub(crate) struct MasksConfig {
    cards: bool,
    names: Vec<String>,
    files: Vec<PathBuf>,
    variables: Vec<String>,
}

pub(super) fn check(table: MaskTable, base: &Path, problems: &mut Vec<Problem>) -> MasksConfig {
    let MaskTable { cards, names, secrets_files, secrets_env } = table;
    let mut files = Vec::new();
    for (index, path) in secrets_files.into_iter().enumerate() {
        let path = base.join(path);
        if let Err(error) = std::fs::File::open(&path) {
            let message = format!("cannot read {}: {error}", path.display());
            let way = ["mask".into(), "secrets_files".into(), Step::Index(index)];
            problems.push(at(Diagnostic::error("unreadable-file", message), &way));
        }
        files.push(path);
    }
    let config = MasksConfig { cards, names, files, variables: secrets_env };
    if let Err(error) = Mask::new(&config.settings()) {
        problems.push(at(Diagnostic::error("mask", error.to_string()), &["mask".into(), "names".into()]));
    }
    config
}

impl MasksConfig {
    /// All but the secrets themselves.
    fn settings(&self) -> MaskSettings {
        let usual = SECRET_NAMES.iter().map(|name| (*name).to_owned());
        let names = usual.chain(self.names.iter().cloned()).collect();
        MaskSettings { cards: self.cards, names, patterns: Vec::new() }
    }

    /// Reads the secrets, and compiles all masks.
    pub(crate) fn mask(&self) -> anyhow::Result<Mask> {
        let mut settings = self.settings();
        for path in &self.files {
            let text = || -> std::io::Result<String> {
                let file = std::fs::File::open(path)?;
                std::io::read_to_string(std::io::Read::take(file, SECRETS_BYTES_MAX + 1))
            };
            let text = text().with_context(|| format!("failed to read {}", path.display()))?;
            anyhow::ensure!(
                text.len() as u64 <= SECRETS_BYTES_MAX,
                "{} has more than {SECRETS_BYTES_MAX} bytes of secrets",
                path.display()
            );
            let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
            let mut secrets = Vec::new();
            for (number, line) in lines {
                // The line itself is not said: it is a secret.
                let is_long = line.trim().len() >= SECRET_BYTES_MIN;
                anyhow::ensure!(
                    is_long,
                    "line {} of {} is shorter than {SECRET_BYTES_MIN} bytes",
                    number + 1,
                    path.display()
                );
                secrets.push(line.trim());
            }
            if !secrets.is_empty() {
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                settings.patterns.push(Pattern::of_secrets(name, &secrets));
            }
        }
        for name in &self.variables {
            #[expect(clippy::disallowed_methods, reason = "the binary is the room that reads the environment")]
            let secret = std::env::var(name);
            let secret = secret.with_context(|| format!("failed to read the secret in `{name}`"))?;
            anyhow::ensure!(secret.len() >= SECRET_BYTES_MIN, "`{name}` is shorter than {SECRET_BYTES_MIN} bytes");
            settings.patterns.push(Pattern::of_secrets(name.clone(), &[&secret]));
        }
        Ok(Mask::new(&settings)?)
    }
}

#[cfg(test)]
mod tests {
    use sekisho_mask::{Counts, Scratch};

    use super::*;

    fn config(base: &Path) -> MasksConfig {
        let table = MaskTable { secrets_files: vec!["secrets".into()], ..MaskTable::default() };
        let mut problems = Vec::new();
        let config = check(table, base, &mut problems);
        assert!(problems.is_empty());
        config
    }

    #[test]
    fn secrets_of_a_file_are_masked_wherever_they_occur() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("secrets"), "s3cret.value\n\n a\"quoted\\one \n").unwrap();
        let config = config(folder.path());
        assert!(!format!("{config:?}").contains("s3cret"));
        let mask = config.mask().unwrap();
        let mut counts = Counts::default();
        let raw = br#"{"a":"x s3cret.value y","b":"a\"quoted\\one"} s3cretXvalue"#;
        let masked = mask.apply(raw, &mut Scratch::default(), &mut counts).to_vec();
        let masked = String::from_utf8(masked).unwrap();
        assert_eq!(masked, r#"{"a":"x REDACTED y","b":"REDACTED"} s3cretXvalue"#);
        assert_eq!(mask.kinds().last().map(String::as_str), Some("secrets"));
        assert_eq!(counts.numbers().last(), Some(&2));
    }

    #[test]
    fn a_short_secret_is_refused_and_not_repeated() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("secrets"), "long-enough\nshort\n").unwrap();
        let error = config(folder.path()).mask().unwrap_err().to_string();
        assert!(error.contains("line 2 of") && !error.contains("short\n"), "{error}");
    }
}
