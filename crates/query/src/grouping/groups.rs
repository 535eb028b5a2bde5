//! The groups that one thread has found, and what it has gathered of each.

use std::iter::repeat_n;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray as _, BooleanArray, RecordBatch, UInt32Array};
use arrow::compute::take;
use arrow::datatypes::SchemaRef;
use datafusion::error::Result;
use datafusion::logical_expr::{EmitTo, GroupsAccumulator};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::aggregates::group_values::{GroupValues, new_group_values};
use datafusion::physical_plan::aggregates::order::GroupOrdering;
use datafusion::physical_plan::aggregates::{AggregateExec, PhysicalGroupBy, aggregate_expressions, evaluate_group_by};

use super::runs;

/// Runs must be this many rows long on average for their first rows to be taken out.
const ROWS_OF_RUN_MIN: usize = 2;

/// One aggregate, over all groups.
struct Gathered {
    arguments: Vec<Arc<dyn PhysicalExpr>>,
    filter: Option<Arc<dyn PhysicalExpr>>,
    of_groups: Box<dyn GroupsAccumulator>,
}

impl Gathered {
    /// Its arguments' values for each row, and which rows count.
    fn evaluate(&self, batch: &RecordBatch) -> Result<(Vec<ArrayRef>, Option<BooleanArray>)> {
        let array = |expression: &Arc<dyn PhysicalExpr>| expression.evaluate(batch)?.into_array(batch.num_rows());
        let arguments = self.arguments.iter().map(array).collect::<Result<Vec<_>>>()?;
        let filter = self.filter.as_ref().map(array).transpose()?;
        Ok((arguments, filter.map(|rows| rows.as_boolean().clone())))
    }
}

/// What a thread has grouped since it last handed groups on.
pub(super) struct Groups {
    by: PhysicalGroupBy,
    keys: Box<dyn GroupValues>,
    gathered: Vec<Gathered>,
    schema: SchemaRef,
    /// Of the current batch: where runs begin, the group of each run, and of each row.
    starts: Vec<u32>,
    of_runs: Vec<usize>,
    of_rows: Vec<usize>,
}

impl Groups {
    pub(super) fn new(grouping: &AggregateExec, schema: SchemaRef) -> Result<Self> {
        let by = grouping.group_expr();
        let keys = new_group_values(by.group_schema(&grouping.input_schema())?, &GroupOrdering::None)?;
        let arguments = aggregate_expressions(grouping.aggr_expr(), grouping.mode(), by.num_group_exprs())?;
        let aggregates = grouping.aggr_expr().iter().zip(grouping.filter_expr()).zip(arguments);
        let gathered = aggregates.map(|((aggregate, filter), arguments)| {
            Ok(Gathered { arguments, filter: filter.clone(), of_groups: aggregate.create_groups_accumulator()? })
        });
        let gathered = gathered.collect::<Result<Vec<_>>>()?;
        let (starts, of_runs, of_rows) = (Vec::new(), Vec::new(), Vec::new());
        Ok(Self { by: by.clone(), keys, gathered, schema, starts, of_runs, of_rows })
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.keys.len()
    }

    /// Bytes they take.
    pub(super) fn bytes(&self) -> usize {
        let gathered = self.gathered.iter().map(|gathered| gathered.of_groups.size()).sum::<usize>();
        let of_batch = size_of::<usize>() * (self.of_runs.capacity() + self.of_rows.capacity());
        self.keys.size() + gathered + of_batch + size_of::<u32>() * self.starts.capacity()
    }

    /// Adds rows to their groups.
    pub(super) fn add(&mut self, batch: &RecordBatch) -> Result<()> {
        let columns = evaluated(&self.by, batch)?;
        self.find(&columns, batch.num_rows())?;
        let groups = self.keys.len();
        for gathered in &mut self.gathered {
            let (arguments, filter) = gathered.evaluate(batch)?;
            gathered.of_groups.update_batch(&arguments, &self.of_rows, filter.as_ref(), groups)?;
        }
        Ok(())
    }

    /// Finds the group of each row.
    fn find(&mut self, columns: &[ArrayRef], rows: usize) -> Result<()> {
        runs::find(columns, rows, &mut self.starts)?;
        if self.starts.len() * ROWS_OF_RUN_MIN > rows {
            return self.keys.intern(columns, &mut self.of_rows);
        }
        let firsts = UInt32Array::from(self.starts.clone());
        let of_firsts = columns.iter().map(|column| Ok(take(column, &firsts, None)?));
        self.keys.intern(&of_firsts.collect::<Result<Vec<_>>>()?, &mut self.of_runs)?;
        self.of_rows.clear();
        let ends = self.starts.iter().skip(1).map(|&end| end as usize).chain([rows]);
        for (&group, end) in self.of_runs.iter().zip(ends) {
            self.of_rows.extend(repeat_n(group, end - self.of_rows.len()));
        }
        Ok(())
    }

    /// All of them with what was gathered; afterwards there are none. None: there were none.
    pub(super) fn take(&mut self) -> Result<Option<RecordBatch>> {
        if self.keys.is_empty() {
            return Ok(None);
        }
        let mut columns = self.keys.emit(EmitTo::All)?;
        for gathered in &mut self.gathered {
            columns.extend(gathered.of_groups.state(EmitTo::All)?);
        }
        self.keys.clear_shrink(0);
        Ok(Some(RecordBatch::try_new(Arc::clone(&self.schema), columns)?))
    }

    /// Rows as if each were a group of its own. What was gathered stays as it is.
    pub(super) fn apart(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let mut columns = evaluated(&self.by, batch)?;
        for gathered in &self.gathered {
            let (arguments, filter) = gathered.evaluate(batch)?;
            columns.extend(gathered.of_groups.convert_to_state(&arguments, filter.as_ref())?);
        }
        Ok(RecordBatch::try_new(Arc::clone(&self.schema), columns)?)
    }
}

/// What rows are grouped by: there is one way of grouping.
fn evaluated(by: &PhysicalGroupBy, batch: &RecordBatch) -> Result<Vec<ArrayRef>> {
    Ok(evaluate_group_by(by, batch)?.into_iter().next().unwrap_or_default())
}
