//! Diagnostics as text with snippet and caret, in the manner of rustc.

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::{Diagnostic, Severity, Span};

/// A source line longer than this (bytes) is shown only around the caret, so that a minified file stays readable.
const LINE_BYTES_MAX: usize = 160;
/// How many bytes before the caret are kept of such a line.
const LINE_BYTES_BEFORE: usize = 60;

pub(super) fn render(diagnostics: &[Diagnostic], color: bool) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let mut text = String::new();
    for diagnostic in diagnostics {
        text.push_str(&render_one(&renderer, diagnostic));
        text.push_str("\n\n");
    }
    text
}

fn render_one(renderer: &Renderer, diagnostic: &Diagnostic) -> String {
    let level = match diagnostic.severity {
        Severity::Warning => Level::WARNING,
        Severity::Error => Level::ERROR,
    };
    let title = level.primary_title(printable(&diagnostic.message)).id(diagnostic.code);
    let excerpt = diagnostic.span.as_ref().map(Excerpt::around);
    let mut group = Group::with_title(title);
    if let (Some(span), Some(excerpt)) = (&diagnostic.span, &excerpt) {
        let mut annotation = AnnotationKind::Primary.span(excerpt.caret.clone());
        if let Some(label) = &diagnostic.label {
            annotation = annotation.label(printable(label));
        }
        let snippet = Snippet::source(excerpt.text.clone()).line_start(excerpt.line).annotation(annotation);
        group = if excerpt.cut_left {
            // The renderer counts columns from where the excerpt begins, so the true place is named apart.
            let (line, column) = span.file.line_column(span.range.start);
            group.element(Origin::path(span.file.name()).line(line).char_column(column)).element(snippet)
        } else {
            group.element(snippet.path(span.file.name()))
        };
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(printable(help)));
    }
    let text = renderer.render(&[group]);
    // A snippet whose place is named apart is introduced by an empty continuation mark.
    text.lines().filter(|line| line.trim() != ":::").collect::<Vec<_>>().join("\n")
}

/// The line a span starts on, cut around the caret when long.
struct Excerpt {
    text: String,
    line: usize,
    caret: std::ops::Range<usize>,
    cut_left: bool,
}

impl Excerpt {
    fn around(span: &Span) -> Self {
        let text = span.file.text();
        let start = floor_boundary(text, span.range.start);
        let line_start = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let line_end = text[start..].find('\n').map_or(text.len(), |newline| start + newline);
        let (from, to) = if line_end - line_start <= LINE_BYTES_MAX {
            (line_start, line_end)
        } else {
            let from = floor_boundary(text, start.saturating_sub(LINE_BYTES_BEFORE).max(line_start));
            (from, floor_boundary(text, (from + LINE_BYTES_MAX).min(line_end)))
        };
        let end = floor_boundary(text, span.range.end).clamp(start, to.max(start));
        let shown = text[from..to].to_owned();
        let caret_end = (end - from).min(shown.len()).max(start - from);
        Self {
            caret: start - from..caret_end,
            text: shown,
            line: text[..start].matches('\n').count() + 1,
            cut_left: from > line_start,
        }
    }
}

fn floor_boundary(text: &str, offset: usize) -> usize {
    let mut at = offset.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// Escapes control characters other than the newline.
fn printable(text: &str) -> String {
    text.chars()
        .flat_map(|c| if c.is_control() && c != '\n' { c.escape_default().collect::<Vec<_>>() } else { vec![c] })
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::{Diagnostic, Diagnostics, SourceFile};

    #[test]
    fn shows_the_place_the_caret_and_the_way_out() {
        let file = SourceFile::new("acl.json", "{\n  \"Pririty\": 1\n}\n");
        let text = Diagnostics::from(
            Diagnostic::error("unknown-field", "unknown field `Pririty`")
                .at(&file, 4..13)
                .label("not a field of Rule")
                .help("did you mean `Priority`?"),
        )
        .render(false);
        assert!(text.contains("error[unknown-field]: unknown field `Pririty`"), "{text}");
        assert!(text.contains("acl.json:2:3"), "{text}");
        assert!(text.contains("^^^^^^^^^ not a field of Rule"), "{text}");
        assert!(text.contains("help: did you mean `Priority`?"), "{text}");
    }

    #[test]
    fn cuts_a_minified_line_around_the_caret() {
        let long = format!("{{{}\"Bad\":1}}", "\"a\":1,".repeat(500));
        let at = long.find("\"Bad\"").unwrap();
        let file = SourceFile::new("min.json", long);
        let text =
            Diagnostics::from(Diagnostic::error("unknown-field", "unknown field").at(&file, at..at + 5)).render(false);
        assert!(text.lines().all(|line| line.len() < 260), "{text}");
        assert!(text.contains(&format!("min.json:1:{}\n", at + 1)), "{text}");
        assert!(!text.contains(":::"), "{text}");
    }

    #[test]
    fn never_panics_on_odd_ranges_or_controls() {
        let file = SourceFile::new("x", "é\u{1b}[31m\r\nあ");
        for start in 0..14 {
            for end in 0..14 {
                let text = Diagnostics::from(Diagnostic::error("x", "\u{1b}[0m").at(&file, start..end)).render(false);
                assert!(!text.contains('\u{1b}'), "{text:?}");
            }
        }
    }
}
