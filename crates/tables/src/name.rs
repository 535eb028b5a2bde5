//! Which tables there are.

use sekisho_event::Table;

/// One of the lake's tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TableName {
    /// Events of some classes.
    Events(Table),
    /// Records that tell no event, with the reason.
    Quarantine,
}

impl TableName {
    /// All of them; the quarantine is the last.
    pub fn all() -> impl Iterator<Item = Self> {
        Table::ALL.iter().copied().map(Self::Events).chain([Self::Quarantine])
    }

    /// Its name in SQL, and of its folder.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Events(table) => table.name(),
            Self::Quarantine => "quarantine",
        }
    }

    /// What it holds, in a sentence.
    #[must_use]
    pub const fn about(self) -> &'static str {
        match self {
            Self::Events(table) => table.about(),
            Self::Quarantine => "Records that tell no event, and why.",
        }
    }

    /// The table with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::all().find(|table| table.as_str() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_to_tables() {
        for table in TableName::all() {
            assert_eq!(TableName::named(table.as_str()), Some(table));
        }
        assert_eq!(TableName::named("none"), None);
    }
}
