//! The steps of a run: what was done, how it went, how long it took, as a table at the end.

use std::io::Write;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// The steps so far, reported to `out`.
#[derive(Debug)]
pub(super) struct Steps<W> {
    out: W,
    done: Vec<Step>,
}

#[derive(Debug)]
struct Step {
    name: &'static str,
    outcome: Outcome,
    took: Duration,
}

#[derive(Debug)]
enum Outcome {
    Passed,
    Failed,
    NotRun(&'static str),
}

impl<W: Write> Steps<W> {
    pub(super) fn new(out: W) -> Self {
        Self { out, done: Vec::new() }
    }

    /// Runs a step, prints why it failed if it does, and says whether it passed.
    ///
    /// # Errors
    ///
    /// Only if nothing can be printed: a failed step is reported by [`Steps::finish`].
    pub(super) fn step(&mut self, name: &'static str, action: impl FnOnce() -> Result<()>) -> Result<bool> {
        writeln!(self.out, "\n== {name}")?;
        let start = Instant::now();
        let result = action();
        let took = start.elapsed();
        if let Err(error) = &result {
            writeln!(self.out, "{name} failed: {error:#}")?;
        }
        let passed = result.is_ok();
        self.done.push(Step { name, outcome: if passed { Outcome::Passed } else { Outcome::Failed }, took });
        Ok(passed)
    }

    /// Records a step that is left out, and why.
    ///
    /// # Errors
    ///
    /// If nothing can be printed.
    pub(super) fn skip(&mut self, name: &'static str, why: &'static str) -> Result<bool> {
        writeln!(self.out, "\n== {name}: not run, {why}")?;
        self.done.push(Step { name, outcome: Outcome::NotRun(why), took: Duration::ZERO });
        Ok(false)
    }

    /// Prints the table.
    ///
    /// # Errors
    ///
    /// If a step failed.
    pub(super) fn finish(mut self) -> Result<()> {
        let table = self.table();
        writeln!(self.out, "\n{table}")?;
        let failed: Vec<_> = self.done.iter().filter(|step| matches!(step.outcome, Outcome::Failed)).collect();
        if !failed.is_empty() {
            let names: Vec<_> = failed.iter().map(|step| step.name).collect();
            bail!("failed: {}", names.join(", "));
        }
        Ok(())
    }

    fn table(&self) -> String {
        let mut table = String::from("step         outcome     seconds\n");
        for Step { name, outcome, took } in &self.done {
            let (word, why) = match outcome {
                Outcome::Passed => ("passed", ""),
                Outcome::Failed => ("FAILED", ""),
                Outcome::NotRun(why) => ("not run", *why),
            };
            let row = format!("{name:<12} {word:<9} {:>9.1}  {why}", took.as_secs_f64());
            table.push_str(row.trim_end());
            table.push('\n');
        }
        let total: Duration = self.done.iter().map(|step| step.took).sum();
        table.push_str(&format!("{:<12} {:<9} {:>9.1}", "total", "", total.as_secs_f64()));
        table
    }
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    #[test]
    fn a_failed_step_fails_the_run_and_the_later_steps_still_run() -> Result<()> {
        let mut steps = Steps::new(Vec::new());
        assert!(!steps.step("one", || Err(anyhow!("no")))?);
        assert!(steps.step("two", || Ok(()))?);
        steps.skip("three", "for a reason")?;
        let table = steps.table();
        for row in ["one          FAILED", "two          passed", "three        not run"] {
            assert!(table.contains(row), "{table}");
        }
        assert!(table.contains("for a reason"), "{table}");
        let error = steps.finish().expect_err("a step failed");
        assert_eq!(error.to_string(), "failed: one");
        Ok(())
    }

    #[test]
    fn what_was_not_run_is_no_failure() -> Result<()> {
        let mut steps = Steps::new(Vec::new());
        steps.step("one", || Ok(()))?;
        steps.skip("two", "for a reason")?;
        steps.finish()
    }
}
