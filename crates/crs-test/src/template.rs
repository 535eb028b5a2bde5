//! The templates in a request's data: Go's `text/template` with functions of Sprig, as far as they make text of text.
//!
//! Control structures, variables, and functions that read the environment, the clock or chance are refused by name: a test
//! sends the same bytes every time.
//!
//! Source: Go's `text/template`, the documentation of Sprig.

mod call;
mod lexer;

use lexer::{Lexer, Token};

/// Why a template cannot be expanded.
pub(crate) type Problem = String;

/// The words of control structures.
const CONTROL: [&str; 10] = ["block", "break", "continue", "define", "else", "end", "if", "range", "template", "with"];

/// Nesting of parentheses deeper than this is refused: nobody reads it.
const DEPTH_MAX: usize = 32;

/// A value within a template.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Value {
    Text(Vec<u8>),
    Number(i64),
}

impl Value {
    /// As it is printed.
    fn into_text(self) -> Vec<u8> {
        match self {
            Self::Text(text) => text,
            Self::Number(number) => number.to_string().into_bytes(),
        }
    }
}

/// The text with its templates written out, if that is not longer than `bytes_max`.
///
/// # Errors
///
/// What is not understood, by name.
pub(crate) fn expand(text: &str, bytes_max: usize) -> Result<Vec<u8>, Problem> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(open) = rest.find("{{") {
        let (before, after) = (&rest[..open], &rest[open + 2..]);
        let trims_before = after.starts_with('-') && after[1..].starts_with([' ', '\t', '\r', '\n']);
        out.extend_from_slice(if trims_before { before.trim_end() } else { before }.as_bytes());
        let mut lexer = Lexer::new(if trims_before { &after[1..] } else { after });
        if let Some(value) = action(&mut lexer, bytes_max)? {
            out.extend(value.into_text());
        }
        if out.len() > bytes_max {
            return Err(too_long(bytes_max));
        }
        rest = lexer.rest();
        if lexer.trims_after() {
            rest = rest.trim_start();
        }
    }
    out.extend_from_slice(rest.as_bytes());
    if out.len() > bytes_max { Err(too_long(bytes_max)) } else { Ok(out) }
}

fn too_long(bytes_max: usize) -> Problem {
    format!("it makes more than {bytes_max} bytes")
}

/// What stands between `{{` and `}}`: a comment, or a pipeline.
fn action(lexer: &mut Lexer<'_>, bytes_max: usize) -> Result<Option<Value>, Problem> {
    if lexer.comment()? {
        return Ok(None);
    }
    let mut parser = Parser { lexer, bytes_max, depth: 0 };
    let (value, end) = parser.pipeline()?;
    if end != Token::Close {
        return Err("`)` closes nothing".to_owned());
    }
    Ok(Some(value))
}

struct Parser<'l, 't> {
    lexer: &'l mut Lexer<'t>,
    bytes_max: usize,
    depth: usize,
}

impl Parser<'_, '_> {
    /// Commands between `|`: the value of each is the last argument of the next. Also gives what ended it.
    fn pipeline(&mut self) -> Result<(Value, Token), Problem> {
        let mut value = None;
        loop {
            let (result, end) = self.command(value.take())?;
            match end {
                Token::Pipe => value = Some(result),
                _ => return Ok((result, end)),
            }
        }
    }

    /// A value, or a function and its arguments.
    fn command(&mut self, piped: Option<Value>) -> Result<(Value, Token), Problem> {
        let mut function = None;
        let mut arguments = Vec::new();
        let end = loop {
            match self.lexer.next()? {
                end @ (Token::Pipe | Token::Close | Token::CloseParenthesis) => break end,
                Token::Name(name) if CONTROL.contains(&name.as_str()) => {
                    return Err(format!("`{name}`: templates here have no control structures"));
                }
                Token::Name(name) if function.is_none() && arguments.is_empty() => function = Some(name),
                Token::Name(name) => arguments.push(call::call(&name, Vec::new(), self.bytes_max)?),
                Token::Text(text) => arguments.push(Value::Text(text)),
                Token::Number(number) => arguments.push(Value::Number(number)),
                Token::OpenParenthesis => arguments.push(self.parenthesis()?),
            }
        };
        let value = match function {
            Some(name) => {
                arguments.extend(piped);
                call::call(&name, arguments, self.bytes_max)?
            }
            None => match (arguments.pop(), piped) {
                (Some(value), None) if arguments.is_empty() => value,
                (None, _) => return Err("a command is missing".to_owned()),
                _ => return Err("a value takes no arguments".to_owned()),
            },
        };
        Ok((value, end))
    }

    fn parenthesis(&mut self) -> Result<Value, Problem> {
        if self.depth == DEPTH_MAX {
            return Err(format!("more than {DEPTH_MAX} parentheses within each other"));
        }
        self.depth += 1;
        let (value, end) = self.pipeline()?;
        self.depth -= 1;
        if end == Token::CloseParenthesis { Ok(value) } else { Err("a `)` is missing".to_owned()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: &str) {
        assert_eq!(expand(text, 1000).map(|out| String::from_utf8(out).unwrap()), Ok(expect.to_owned()), "{text}");
    }

    #[track_caller]
    fn refused(text: &str, word: &str) {
        let problem = expand(text, 1000).unwrap_err();
        assert!(problem.contains(word), "{text}: {problem}");
    }

    #[test]
    fn pipelines_give_their_value_as_last_argument() {
        check("a{{ \"1\" | repeat 3 }}b", "a111b");
        check("foo=%3d{{ \"+\" | repeat 4 }}", "foo=%3d++++");
        check("{{ repeat 2 \"ab\" | upper }}", "ABAB");
        check("{{ \"a b\" | urlquery }}{{`x\\y`}}{{ 7 }}", "a+bx\\y7");
        check("{{ cat (repeat 2 \"a\") \"b\" | replace \" \" \"-\" }}", "aa-b");
        check("{{ \"\\u00e9\\x41\\n\" }}", "\u{e9}A\n");
        check("{{ mul 2 (add 1 2 3) }}", "12");
    }

    #[test]
    fn white_space_is_trimmed_and_comments_are_nothing() {
        check("a  {{- \"b\" -}}  c", "abc");
        check("a{{/* not {{ this }} */}}b", "ab");
        check("no template { } }}", "no template { } }}");
    }

    #[test]
    fn what_is_no_function_of_text_is_refused_by_name() {
        refused("{{ range . }}", "`range`");
        refused("{{ env \"HOME\" }}", "`env`");
        refused("{{ randAlpha 5 }}", "`randAlpha`");
        refused("{{ .Field }}", "`.`");
        refused("{{ $x }}", "`$`");
        refused("{{ \"a\"", "`}}`");
        refused("{{ (\"a\" }}", "`)`");
        refused("{{ \"a\" \"b\" }}", "no arguments");
        refused("{{ repeat \"a\" \"b\" }}", "repeat");
    }

    #[test]
    fn what_grows_without_bound_is_refused() {
        refused("{{ \"a\" | repeat 1001 }}", "1000 bytes");
        refused("{{ \"a\" | repeat 900 | repeat 900 | repeat 9000 }}", "1000 bytes");
        refused("{{ \"a\" | repeat -1 }}", "repeat");
        refused(&"{{ \"a\" | repeat 400 }}".repeat(3), "1000 bytes");
        refused(&format!("{{{{ {}1{} }}}}", "(".repeat(100), ")".repeat(100)), "parentheses");
    }
}
