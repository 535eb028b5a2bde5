//! One event.

use std::borrow::Cow;

use crate::{Class, Column, Kind, Table};

/// What a column of an event holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value<'r> {
    /// UTF-8 text.
    Text(Cow<'r, str>),
    /// A whole number.
    Int(i64),
    /// True or false.
    Bool(bool),
    /// Microseconds since 1970-01-01T00:00:00Z.
    Time(i64),
    /// Several texts.
    Texts(Vec<Cow<'r, str>>),
}

impl Value<'_> {
    /// The kind of column it fits.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Text(_) => Kind::Text,
            Self::Int(_) => Kind::Int,
            Self::Bool(_) => Kind::Bool,
            Self::Time(_) => Kind::Time,
            Self::Texts(_) => Kind::Texts,
        }
    }
}

/// One event of one class, drawn from a record. Borrows from the record where it can.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event<'r> {
    class: Class,
    values: Vec<(Column, Value<'r>)>,
    unmapped: Cow<'r, str>,
}

impl<'r> Event<'r> {
    /// An event with nothing but its class, which is in its column, too.
    #[must_use]
    pub fn new(class: Class) -> Self {
        let mut values = Vec::with_capacity(32);
        values.push((Column::ClassUid, Value::Int(class.uid())));
        Self { class, values, unmapped: Cow::Borrowed("") }
    }

    /// Its class.
    #[must_use]
    pub fn class(&self) -> Class {
        self.class
    }

    /// Where it is kept.
    #[must_use]
    pub fn table(&self) -> Table {
        self.class.table()
    }

    /// Columns with values. Each is there once.
    #[must_use]
    pub fn values(&self) -> &[(Column, Value<'r>)] {
        &self.values
    }

    /// The value of a column.
    #[must_use]
    pub fn get(&self, column: Column) -> Option<&Value<'r>> {
        self.values.iter().find(|(known, _)| *known == column).map(|(_, value)| value)
    }

    /// What has no column, as JSON or as the source writes it.
    #[must_use]
    pub fn unmapped(&self) -> &str {
        &self.unmapped
    }

    /// Keeps what has no column.
    pub fn set_unmapped(&mut self, unmapped: impl Into<Cow<'r, str>>) {
        self.unmapped = unmapped.into();
    }

    /// Sets a column; the last value counts. An empty text is none.
    ///
    /// # Panics
    ///
    /// If the column does not hold such values, or its table does not have it: both are mistakes of the source's code, and its tests find
    /// them.
    pub fn set(&mut self, column: Column, value: Value<'r>) {
        assert_eq!(value.kind(), column.kind(), "{}", column.name());
        debug_assert!(
            self.table().columns().contains(&column),
            "{} has no column {}",
            self.table().name(),
            column.name()
        );
        if matches!(&value, Value::Text(text) if text.is_empty()) {
            return;
        }
        match self.values.iter_mut().find(|(known, _)| *known == column) {
            Some((_, known)) => *known = value,
            None => self.values.push((column, value)),
        }
    }

    /// Sets a text, if there is one.
    pub fn text(&mut self, column: Column, text: Option<impl Into<Cow<'r, str>>>) {
        if let Some(text) = text {
            self.set(column, Value::Text(text.into()));
        }
    }

    /// Sets a number, if there is one.
    pub fn int(&mut self, column: Column, number: Option<i64>) {
        if let Some(number) = number {
            self.set(column, Value::Int(number));
        }
    }

    /// Sets a truth, if it is known.
    pub fn bool(&mut self, column: Column, truth: Option<bool>) {
        if let Some(truth) = truth {
            self.set(column, Value::Bool(truth));
        }
    }

    /// Sets a moment, if it is known: microseconds since 1970-01-01T00:00:00Z.
    pub fn time(&mut self, column: Column, time_us: Option<i64>) {
        if let Some(time_us) = time_us {
            self.set(column, Value::Time(time_us));
        }
    }

    /// Sets several texts, if there are any.
    pub fn texts(&mut self, column: Column, texts: Vec<Cow<'r, str>>) {
        if !texts.is_empty() {
            self.set(column, Value::Texts(texts));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_value_counts_and_empty_texts_are_none() {
        let mut event = Event::new(Class::HttpActivity);
        event.text(Column::Path, Some("/a"));
        event.text(Column::Path, Some("/b"));
        event.text(Column::Host, Some(""));
        event.text(Column::Query, None::<&str>);
        event.int(Column::HttpStatus, Some(200));
        assert_eq!(event.get(Column::ClassUid), Some(&Value::Int(4002)));
        assert_eq!(event.values().len(), 3, "class, path and status");
        assert_eq!(event.get(Column::Path), Some(&Value::Text("/b".into())));
        assert_eq!(event.get(Column::Host), None);
    }
}
