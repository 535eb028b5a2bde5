//! `time_bucket(interval, time)`: the beginning of the stretch of time that a moment is in, as in `time_bucket(interval '5 minutes', time)`.
//!
//! Stretches of days and less count from Monday, 2000-01-03, UTC, so that weeks begin on Mondays; those of months from 2000-01-01. It is `date_bin`
//! with that origin.

use arrow::datatypes::{DataType, IntervalUnit, TimeUnit};
use datafusion::common::{Result, ScalarValue, plan_err};
use datafusion::functions::datetime::date_bin;
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::{ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility, lit};

/// Monday, 2000-01-03, and 2000-01-01: nanoseconds since 1970.
const MONDAY_NS: i64 = 946_857_600_000_000_000;
const CENTURY_NS: i64 = 946_684_800_000_000_000;

#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct TimeBucket {
    signature: Signature,
}

impl TimeBucket {
    pub(super) fn new() -> Self {
        let time = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        let interval = DataType::Interval(IntervalUnit::MonthDayNano);
        Self { signature: Signature::exact(vec![interval, time], Volatility::Immutable) }
    }
}

const NAME: &str = "time_bucket";

impl ScalarUDFImpl for TimeBucket {
    fn name(&self) -> &'static str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        Ok(arguments[1].clone())
    }

    fn simplify(&self, arguments: Vec<Expr>, _: &SimplifyContext) -> Result<ExprSimplifyResult> {
        let [Expr::Literal(stretch, _), _] = arguments.as_slice() else {
            return Ok(ExprSimplifyResult::Original(arguments));
        };
        let origin = lit(origin(stretch)?);
        Ok(ExprSimplifyResult::Simplified(date_bin().call([arguments, vec![origin]].concat())))
    }

    fn invoke_with_args(&self, mut given: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let ColumnarValue::Scalar(stretch) = &given.args[0] else {
            return plan_err!("{NAME} takes one interval for all rows");
        };
        let origin = origin(stretch)?;
        given.arg_fields.push(arrow::datatypes::Field::new("origin", origin.data_type(), true).into());
        given.args.push(ColumnarValue::Scalar(origin));
        date_bin().invoke_with_args(given)
    }
}

fn origin(stretch: &ScalarValue) -> Result<ScalarValue> {
    let ScalarValue::IntervalMonthDayNano(stretch) = stretch else {
        return plan_err!("{NAME} takes an interval, such as interval '5 minutes'");
    };
    let begin_ns = if stretch.is_some_and(|stretch| stretch.months != 0) { CENTURY_NS } else { MONDAY_NS };
    Ok(ScalarValue::TimestampNanosecond(Some(begin_ns), Some("UTC".into())))
}
