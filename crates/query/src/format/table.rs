//! A table for people, as wide as the terminal.
//!
//! Logs hold what attackers sent: control characters, escape sequences that move the cursor, characters that turn the direction of text. All of
//! them are shown as escapes, so that a terminal does nothing but print.

use std::fmt::Write as _;
use std::io::Write;

use arrow::array::{Array as _, RecordBatch};
use arrow::datatypes::SchemaRef;
use unicode_width::UnicodeWidthChar as _;

use super::{Format, cells};
use crate::error::QueryError;

/// Rows that are looked at for the widths of the columns.
const ROWS_LOOKED_AT: usize = 500;
/// Narrowest column that a table is squeezed to.
const COLUMN_WIDTH_MIN: usize = 6;
/// Widest cell where there is no terminal to fit.
const CELL_WIDTH_MAX: usize = 200;
/// Characters of a value that are looked at.
const CELL_CHARS_MAX: usize = 1_000;
/// Stands between columns.
const GAP: &str = "  ";

/// Writes a table.
#[derive(Debug)]
pub struct Table<W: Write> {
    to: W,
    width: Option<usize>,
    names: Vec<String>,
    is_right: Vec<bool>,
    /// Rows until the widths are known.
    first: Vec<Vec<String>>,
    widths: Option<Vec<usize>>,
    rows: u64,
}

impl<W: Write> Table<W> {
    /// `width`: columns of the terminal, if it is one.
    pub fn new(schema: &SchemaRef, to: W, width: Option<usize>) -> Self {
        let names = schema.fields().iter().map(|field| shown(field.name())).collect();
        let is_right = schema.fields().iter().map(|field| field.data_type().is_numeric()).collect();
        Self { to, width, names, is_right, first: Vec::new(), widths: None, rows: 0 }
    }

    /// Fits the columns to the first rows and the terminal, and writes what is there.
    fn begin(&mut self) -> Result<Vec<usize>, QueryError> {
        let mut widths: Vec<usize> = self.names.iter().map(|name| width(name)).collect();
        for row in &self.first {
            for (wide, cell) in widths.iter_mut().zip(row) {
                *wide = (*wide).max(width(cell)).min(CELL_WIDTH_MAX);
            }
        }
        if let Some(terminal) = self.width {
            squeeze(&mut widths, terminal.saturating_sub(GAP.len() * self.names.len().saturating_sub(1)));
        }
        let names = std::mem::take(&mut self.names);
        self.line(&names, &widths, false)?;
        let rules: Vec<_> = widths.iter().map(|width| "─".repeat(*width)).collect();
        self.line(&rules, &widths, false)?;
        for row in std::mem::take(&mut self.first) {
            self.line(&row, &widths, true)?;
        }
        Ok(widths)
    }

    fn line(&mut self, cells: &[String], widths: &[usize], is_row: bool) -> Result<(), QueryError> {
        let mut line = String::new();
        for (place, (cell, wide)) in cells.iter().zip(widths).enumerate() {
            if place > 0 {
                line.push_str(GAP);
            }
            let cell = cut(cell, *wide);
            let blanks = " ".repeat(wide.saturating_sub(width(&cell)));
            let is_right = is_row && self.is_right[place];
            let (before, after) = if is_right { (blanks.as_str(), "") } else { ("", blanks.as_str()) };
            let _ = write!(line, "{before}{cell}{after}");
        }
        writeln!(self.to, "{}", line.trim_end()).map_err(QueryError::write("the table"))
    }
}

impl<W: Write> Format for Table<W> {
    fn rows(&mut self, rows: &RecordBatch) -> Result<(), QueryError> {
        self.rows += rows.num_rows() as u64;
        let columns = cells::columns(rows)?;
        for row in 0..rows.num_rows() {
            let cells = columns.iter().zip(rows.columns()).map(|(column, values)| {
                let mut cell = String::new();
                if values.is_valid(row) {
                    let _ = column.value(row).write(&mut cell);
                }
                shown(&cell)
            });
            let cells: Vec<_> = cells.collect();
            match self.widths.clone() {
                Some(widths) => self.line(&cells, &widths, true)?,
                None => self.first.push(cells),
            }
            if self.widths.is_none() && self.first.len() >= ROWS_LOOKED_AT {
                self.widths = Some(self.begin()?);
            }
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<(), QueryError> {
        if self.widths.is_none() {
            self.begin()?;
        }
        let plural = if self.rows == 1 { "row" } else { "rows" };
        writeln!(self.to, "({} {plural})", self.rows).map_err(QueryError::write("the table"))?;
        self.to.flush().map_err(QueryError::write("the table"))
    }
}

/// Makes the widest columns narrower until they fit together.
fn squeeze(widths: &mut [usize], terminal: usize) {
    loop {
        let sum: usize = widths.iter().sum();
        let Some(widest) = widths.iter().copied().max() else { return };
        if sum <= terminal || widest <= COLUMN_WIDTH_MIN {
            return;
        }
        let second = widths.iter().copied().filter(|width| *width < widest).max().unwrap_or(0).max(COLUMN_WIDTH_MIN);
        let wide: Vec<_> = widths.iter_mut().filter(|width| **width == widest).collect();
        let surplus = (sum - terminal).div_ceil(wide.len()).min(widest - second).max(1);
        for width in wide {
            *width -= surplus;
        }
    }
}

/// What a terminal may be given for a value.
fn shown(text: &str) -> String {
    let mut shown = String::with_capacity(text.len().min(CELL_CHARS_MAX));
    for (count, c) in text.chars().enumerate() {
        if count == CELL_CHARS_MAX {
            shown.push('…');
            break;
        }
        match c {
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            c if is_unseen(c) => {
                let _ = write!(shown, "{}", c.escape_unicode());
            }
            c => shown.push(c),
        }
    }
    shown
}

/// Characters that steer a terminal, turn text around, or are not seen. Source: Unicode, categories Cc, Cf, Zl, Zp.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

fn width(text: &str) -> usize {
    text.chars().map(|c| c.width().unwrap_or(0)).sum()
}

/// The text, cut to a width.
fn cut(text: &str, wide: usize) -> String {
    if width(text) <= wide {
        return text.to_owned();
    }
    let (mut cut, mut used) = (String::new(), 1);
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used > wide {
            break;
        }
        cut.push(c);
    }
    cut.push('…');
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_is_given_nothing_that_steers_it() {
        assert_eq!(shown("a\x1b[31mb\u{202e}c\nd\u{9b}"), "a\\u{1b}[31mb\\u{202e}c\\nd\\u{9b}");
        assert_eq!(shown("東京 é 😀"), "東京 é 😀");
    }

    #[test]
    fn columns_are_squeezed_from_the_widest() {
        let mut widths = [4, 100, 50];
        squeeze(&mut widths, 60);
        assert_eq!(widths, [4, 28, 28]);
        let mut narrow = [6, 6, 6];
        squeeze(&mut narrow, 4);
        assert_eq!(narrow, [6, 6, 6]);
    }

    #[test]
    fn wide_characters_take_two_columns() {
        assert_eq!(cut("東京都庁", 6), "東京…");
        assert_eq!(cut("abc", 3), "abc");
    }
}
