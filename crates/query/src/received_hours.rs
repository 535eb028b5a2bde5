//! How much came in from each source in each hour, so that silence is visible.

use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::catalog::view::ViewTable;
use datafusion::common::Result;
use datafusion::datasource::provider_as_source;
use datafusion::functions::datetime::expr_fn::date_trunc;
use datafusion::functions_aggregate::expr_fn::{count, max, sum};
use datafusion::logical_expr::{LogicalPlanBuilder, ident, lit};
use sekisho_tables::TableName;

/// What it is asked for by.
pub(crate) const NAME: &str = "received_hours";

/// Over all tables: `log`, `source`, `hour` (its beginning), `records`, of which `quarantined`, and `newest`: when the last of them came in.
///
/// # Errors
///
/// If a table has not the columns of records.
pub(crate) fn over(tables: Vec<(TableName, Arc<dyn TableProvider>)>) -> Result<Arc<dyn TableProvider>> {
    let mut all: Option<LogicalPlanBuilder> = None;
    for (name, table) in tables {
        let is_quarantined = lit(i64::from(name == TableName::Quarantine));
        let columns = [
            ident("log"),
            ident("source"),
            ident("received"),
            date_trunc(lit("hour"), ident("received")).alias("hour"),
            is_quarantined.alias("is_quarantined"),
        ];
        let rows = LogicalPlanBuilder::scan(name.as_str(), provider_as_source(table), None)?.project(columns)?;
        all = Some(match all {
            None => rows,
            Some(others) => others.union(rows.build()?)?,
        });
    }
    let all = all.expect("there are tables").aggregate(
        [ident("log"), ident("source"), ident("hour")],
        [
            count(lit(1)).alias("records"),
            sum(ident("is_quarantined")).alias("quarantined"),
            max(ident("received")).alias("newest"),
        ],
    )?;
    Ok(Arc::new(ViewTable::new(all.build()?, None)))
}
