//! A block of Terraform and its text.

/// Arguments first, then blocks: the order of Terraform's style guide.
#[derive(Debug, Default)]
pub(super) struct Block {
    arguments: Vec<(String, String)>,
    blocks: Vec<(String, Block)>,
}

/// Lists longer than this (bytes in one line) get a line for each element.
const LINE_BYTES_MAX: usize = 80;
/// The line that ends a text of several lines.
const END: &str = "EOT";

impl Block {
    /// An argument with a value as it stands in the file.
    pub(super) fn value(&mut self, name: &str, value: String) {
        self.arguments.push((name.to_owned(), value));
    }

    /// An argument of text.
    pub(super) fn text(&mut self, name: &str, text: &str) {
        let value = if is_plain_lines(text) { format!("<<-{END}\n{}", escape_templates(text)) } else { quote(text) };
        self.value(name, value);
    }

    /// An argument of a list.
    pub(super) fn list(&mut self, name: &str, items: Vec<String>) {
        let line = format!("[{}]", items.join(", "));
        if line.len() <= LINE_BYTES_MAX {
            return self.value(name, line);
        }
        self.value(name, format!("[\n{}", items.join("\n")));
    }

    /// A new block within.
    pub(super) fn block(&mut self, name: &str) -> &mut Self {
        self.blocks.push((name.to_owned(), Self::default()));
        let (_, block) = self.blocks.last_mut().expect("it was just pushed");
        block
    }

    /// Writes it with its head, such as `rule`.
    pub(super) fn write(&self, head: &str, depth: usize, out: &mut String) {
        let margin = "  ".repeat(depth);
        if self.arguments.is_empty() && self.blocks.is_empty() {
            out.push_str(&format!("{margin}{head} {{}}\n"));
            return;
        }
        out.push_str(&format!("{margin}{head} {{\n"));
        self.write_arguments(&format!("{margin}  "), out);
        for (at, (name, block)) in self.blocks.iter().enumerate() {
            if at > 0 || !self.arguments.is_empty() {
                out.push('\n');
            }
            block.write(name, depth + 1, out);
        }
        out.push_str(&format!("{margin}}}\n"));
    }

    /// Writes the arguments. `terraform fmt` lines up the `=` of neighbours that take one line each.
    fn write_arguments(&self, margin: &str, out: &mut String) {
        let is_line = |argument: &&(String, String)| !argument.1.contains('\n');
        let mut rest = self.arguments.as_slice();
        while let Some((first, others)) = rest.split_first() {
            if is_line(&first) {
                let run = rest.iter().take_while(is_line).count();
                let width = rest[..run].iter().map(|(name, _)| name.len()).max().unwrap_or_default();
                for (name, value) in &rest[..run] {
                    out.push_str(&format!("{margin}{name:width$} = {value}\n"));
                }
                rest = &rest[run..];
                continue;
            }
            let (name, value) = first;
            let mut lines = value.lines();
            let opening = lines.next().unwrap_or_default();
            out.push_str(&format!("{margin}{name} = {opening}\n"));
            let comma = if opening == "[" { "," } else { "" };
            for line in lines {
                out.push_str(&format!("{margin}  {line}{comma}\n"));
            }
            out.push_str(&format!("{margin}{}\n", if opening == "[" { "]" } else { END }));
            rest = others;
        }
    }
}

/// Whether lines of their own show a text as it is: the indentation that is taken off again must be ours alone.
///
/// Source: HCL Native Syntax Specification, "Template Expressions".
fn is_plain_lines(text: &str) -> bool {
    let plain = |line: &str| {
        !line.trim().is_empty() && line.trim() != END && !line.chars().any(|c| c.is_control() || c == '\u{feff}')
    };
    text.ends_with('\n')
        && !text.contains('\r')
        && text.lines().all(plain)
        && text.lines().any(|line| !line.starts_with(char::is_whitespace))
}

fn escape_templates(text: &str) -> String {
    text.replace("${", "$${").replace("%{", "%%{")
}

/// A quoted text. Source: HCL Native Syntax Specification, "Template Expressions".
pub(super) fn quote(text: &str) -> String {
    let mut quoted = String::new();
    crate::forms::json::quote(text, &mut quoted);
    escape_templates(&quoted)
}
