//! Views: shorter names of tables, and the tables with the names of the Elastic Common Schema.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::catalog::view::ViewTable;
use datafusion::common::Result;
use datafusion::datasource::provider_as_source;
use datafusion::functions::core::coalesce;
use datafusion::logical_expr::{Expr, LogicalPlanBuilder, col, ident, lit};
use sekisho_event::{Column, Table};
use sekisho_tables::TableName;

use crate::received_hours;

/// Names a table can be asked for by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct View {
    /// The name without `ecs_`.
    name: &'static str,
    pub(crate) table: TableName,
    rows: Rows,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rows {
    All,
    /// Those that a set of rules has decided on.
    Decided,
}

const VIEWS: &[View] = &[
    View { name: "http", table: TableName::Events(Table::Http), rows: Rows::All },
    View { name: "waf", table: TableName::Events(Table::Http), rows: Rows::Decided },
    View { name: "api_activity", table: TableName::Events(Table::ApiActivity), rows: Rows::All },
    View { name: "authentication", table: TableName::Events(Table::Authentication), rows: Rows::All },
    View { name: "network", table: TableName::Events(Table::Network), rows: Rows::All },
    View { name: "process", table: TableName::Events(Table::Process), rows: Rows::All },
    View { name: "findings", table: TableName::Events(Table::Findings), rows: Rows::All },
    View { name: "system", table: TableName::Events(Table::System), rows: Rows::All },
    View { name: "quarantine", table: TableName::Quarantine, rows: Rows::All },
];

/// What the columns of every record are called in the Elastic Common Schema, where that has a name for them.
const OF_RECORDS: [(&str, &str); 5] = [
    ("event.original", "raw"),
    ("event.ingested", "received"),
    ("event.dataset", "source"),
    ("event.reason", "reason"),
    ("event.sequence", "record"),
];
/// Nanoseconds in a millisecond: `event.duration` counts the former, OCSF the latter.
const NS_A_MS: i64 = 1_000_000;

/// All names, sorted.
pub(crate) fn names() -> Vec<String> {
    let tables = TableName::all().map(|table| table.as_str().to_owned());
    let views = VIEWS.iter().flat_map(|view| [view.name.to_owned(), format!("ecs_{}", view.name)]);
    let mut names: Vec<_> = tables.chain(views).chain([received_hours::NAME.to_owned()]).collect();
    names.sort();
    names.dedup();
    names
}

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Named {
    Table(TableName),
    View(View),
    Ecs(View),
}

impl Named {
    pub(crate) fn find(name: &str) -> Option<Self> {
        let view = |name: &str| VIEWS.iter().find(|view| view.name == name).copied();
        if let Some(table) = TableName::named(name) {
            return Some(Self::Table(table));
        }
        if let Some(view) = name.strip_prefix("ecs_").and_then(view) {
            return Some(Self::Ecs(view));
        }
        view(name).map(Self::View)
    }

    pub(crate) const fn table(self) -> TableName {
        match self {
            Self::Table(table) | Self::View(View { table, .. }) | Self::Ecs(View { table, .. }) => table,
        }
    }

    /// The view over its table.
    pub(crate) fn over(self, table: Arc<dyn TableProvider>) -> Result<Arc<dyn TableProvider>> {
        let (view, is_ecs) = match self {
            Self::Table(_) => return Ok(table),
            Self::View(View { rows: Rows::All, .. }) => return Ok(table),
            Self::View(view) => (view, false),
            Self::Ecs(view) => (view, true),
        };
        let columns = table.schema().fields().iter().map(|field| field.name().clone()).collect::<Vec<_>>();
        let mut plan = LogicalPlanBuilder::scan(view.table.as_str(), provider_as_source(table), None)?;
        if view.rows == Rows::Decided {
            plan =
                plan.filter(col(Column::Policy.name()).is_not_null().or(col(Column::RuleUid.name()).is_not_null()))?;
        }
        if is_ecs {
            plan = plan.project(ecs(view.table, &columns))?;
        }
        Ok(Arc::new(ViewTable::new(plan.build()?, None)))
    }
}

/// The columns under the names of the Elastic Common Schema. Where several have one name, the first that is there counts.
fn ecs(table: TableName, columns: &[String]) -> Vec<Expr> {
    let mut named: Vec<(&str, Vec<Expr>)> = Vec::new();
    let mut places = BTreeMap::new();
    let promoted = table.promoted().iter().map(|column| (column.ecs(), column.name()));
    let of_records = OF_RECORDS.into_iter().filter(|(_, name)| columns.iter().any(|column| column == name));
    for (ecs, name) in promoted.chain(of_records).filter(|(ecs, _)| !ecs.is_empty()) {
        let value = match name {
            name if name == Column::DurationMs.name() => ident(name) * lit(NS_A_MS),
            name => ident(name),
        };
        let place = *places.entry(ecs).or_insert(named.len());
        if place == named.len() {
            named.push((ecs, Vec::new()));
        }
        named[place].1.push(value);
    }
    let one = |values: Vec<Expr>| match <[Expr; 1]>::try_from(values) {
        Ok([value]) => value,
        Err(values) => coalesce().call(values),
    };
    let renamed = named.into_iter().map(|(ecs, values)| one(values).alias(ecs));
    // What finds the record again, and the column that a table is divided by.
    renamed.chain(["log", "record", "day"].map(ident)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_stands_for_something() {
        for name in names().into_iter().filter(|name| name != received_hours::NAME) {
            assert!(Named::find(&name).is_some(), "{name}");
        }
        assert_eq!(Named::find("ecs_nothing"), None);
        assert_eq!(names().len(), TableName::all().count() + 2 * VIEWS.len() - 3);
    }
}
