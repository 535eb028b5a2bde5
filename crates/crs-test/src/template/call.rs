//! The functions of a template.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Problem, Value};
use crate::form;

/// What a function gives, if that is not longer than `bytes_max`.
///
/// # Errors
///
/// A function that does not exist here, arguments it does not take, a result too long.
pub(super) fn call(name: &str, arguments: Vec<Value>, bytes_max: usize) -> Result<Value, Problem> {
    let mut given = Arguments { function: name, values: arguments.into_iter() };
    let value = match name {
        "repeat" => {
            let count = given.count()?;
            let text = given.text()?;
            if text.len().checked_mul(count).is_none_or(|bytes| bytes > bytes_max) {
                return Err(super::too_long(bytes_max));
            }
            Value::Text(text.repeat(count))
        }
        "upper" => Value::Text(given.string()?.to_uppercase().into_bytes()),
        "lower" => Value::Text(given.string()?.to_lowercase().into_bytes()),
        "trim" => Value::Text(given.string()?.trim().as_bytes().to_vec()),
        "nospace" => Value::Text(given.string()?.split_whitespace().collect::<String>().into_bytes()),
        "quote" => Value::Text(format!("{:?}", given.string()?).into_bytes()),
        "squote" => Value::Text([b"'", given.text()?.as_slice(), b"'"].concat()),
        "b64enc" => Value::Text(STANDARD.encode(given.text()?).into_bytes()),
        "b64dec" => Value::Text(STANDARD.decode(given.text()?).map_err(|problem| format!("`b64dec`: {problem}"))?),
        "urlquery" => {
            let mut text = Vec::new();
            form::escape(&given.text()?, &mut text);
            Value::Text(text)
        }
        "trimPrefix" => {
            let (prefix, text) = (given.text()?, given.text()?);
            Value::Text(text.strip_prefix(prefix.as_slice()).unwrap_or(&text).to_vec())
        }
        "trimSuffix" => {
            let (suffix, text) = (given.text()?, given.text()?);
            Value::Text(text.strip_suffix(suffix.as_slice()).unwrap_or(&text).to_vec())
        }
        "replace" => {
            let (old, new, text) = (given.string()?, given.string()?, given.string()?);
            let longest = text.len().saturating_add((text.len() + 1).saturating_mul(new.len()));
            if longest > bytes_max {
                return Err(super::too_long(bytes_max));
            }
            Value::Text(text.replace(&old, &new).into_bytes())
        }
        "cat" => Value::Text(given.rest().join(&b' ')),
        "print" => Value::Text(given.rest().concat()),
        "add" => given.numbers(i64::checked_add)?,
        "sub" => given.numbers(i64::checked_sub)?,
        "mul" => given.numbers(i64::checked_mul)?,
        "int" => Value::Number(given.number()?),
        "toString" => Value::Text(given.text()?),
        _ => return Err(format!("`{name}` is no function that tests may use")),
    };
    given.nothing_left()?;
    Ok(value)
}

struct Arguments<'n> {
    function: &'n str,
    values: std::vec::IntoIter<Value>,
}

impl Arguments<'_> {
    fn next(&mut self) -> Result<Value, Problem> {
        self.values.next().ok_or_else(|| format!("`{}` needs more arguments", self.function))
    }

    fn text(&mut self) -> Result<Vec<u8>, Problem> {
        Ok(self.next()?.into_text())
    }

    fn string(&mut self) -> Result<String, Problem> {
        let text = self.text()?;
        String::from_utf8(text).map_err(|_| format!("`{}` takes text, not any bytes", self.function))
    }

    fn number(&mut self) -> Result<i64, Problem> {
        match self.next()? {
            Value::Number(number) => Ok(number),
            Value::Text(_) => Err(format!("`{}` takes a number here", self.function)),
        }
    }

    fn count(&mut self) -> Result<usize, Problem> {
        let number = self.number()?;
        usize::try_from(number).map_err(|_| format!("`{}` cannot do something {number} times", self.function))
    }

    fn rest(&mut self) -> Vec<Vec<u8>> {
        self.values.by_ref().map(Value::into_text).collect()
    }

    fn numbers(&mut self, join: fn(i64, i64) -> Option<i64>) -> Result<Value, Problem> {
        let mut total = self.number()?;
        while self.values.len() > 0 {
            let next = self.number()?;
            total = join(total, next).ok_or_else(|| format!("`{}` leaves the numbers", self.function))?;
        }
        Ok(Value::Number(total))
    }

    fn nothing_left(&mut self) -> Result<(), Problem> {
        match self.values.len() {
            0 => Ok(()),
            _ => Err(format!("`{}` takes fewer arguments", self.function)),
        }
    }
}
