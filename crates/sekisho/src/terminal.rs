//! What is printed to people, and nothing else is: diagnostics and errors on standard error, results on standard output.

use std::io::{self, IsTerminal, Write};

use sekisho_model::{Diagnostics, Severity};

/// Whether standard output shows colours.
pub(crate) fn color_out() -> bool {
    io::stdout().is_terminal() && color_wanted()
}

/// Whether standard error shows colours.
pub(crate) fn color_err() -> bool {
    io::stderr().is_terminal() && color_wanted()
}

/// Source: no-color.org.
fn color_wanted() -> bool {
    #[expect(clippy::disallowed_methods, reason = "the binary is the room that reads the environment")]
    let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    !unwanted
}

/// Columns of the terminal that standard output is; none if it does not say.
#[cfg(feature = "lake")]
pub(crate) fn width() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
    Some(usize::from(size.ws_col)).filter(|columns| *columns > 0)
}

/// Writes a result to standard output. A reader that has gone away (`| head`) is no error.
pub(crate) fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// Writes a note to standard error.
pub(crate) fn note(text: &str) {
    // Nothing is left to tell it to if standard error is gone.
    let _ = writeln!(io::stderr(), "{text}");
}

/// Prints diagnostics in the order of their places, with a closing count.
pub(crate) fn print_diagnostics(diagnostics: &Diagnostics) {
    if diagnostics.is_empty() {
        return;
    }
    let (errors, warnings) = (diagnostics.count(Severity::Error), diagnostics.count(Severity::Warning));
    let mut sorted = diagnostics.clone();
    sorted.sort_by_place();
    let plural = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    note(&format!("{}{}, {}", sorted.render(color_err()), plural(errors, "error"), plural(warnings, "warning")));
}

/// Prints an error with its causes, once.
pub(crate) fn print_error(error: &anyhow::Error) {
    let mut chain = String::new();
    for cause in error.chain().map(ToString::to_string) {
        // Errors of stores say what is behind them.
        if !chain.contains(&cause) {
            chain.push_str(if chain.is_empty() { "" } else { ": " });
            chain.push_str(&cause);
        }
    }
    note(&format!("error: {chain}"));
}
