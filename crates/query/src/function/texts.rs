//! Texts as functions get them: whichever of Arrow's three ways of keeping text, as views.

use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, AsArray as _, BooleanArray, StringViewArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use datafusion::common::{Result, ScalarValue, plan_err};
use datafusion::logical_expr::ColumnarValue;

/// An argument that is text: one for all rows, or one a row.
pub(super) enum Texts {
    One(Option<String>),
    Each(StringViewArray),
}

impl Texts {
    pub(super) fn read(argument: &ColumnarValue) -> Result<Self> {
        match argument {
            ColumnarValue::Scalar(scalar) => {
                let text = scalar.cast_to(&DataType::Utf8)?;
                Ok(Self::One(match text {
                    ScalarValue::Utf8(text) => text,
                    _ => None,
                }))
            }
            ColumnarValue::Array(array) => {
                let views = cast(array, &DataType::Utf8View)?;
                Ok(Self::Each(views.as_string_view().clone()))
            }
        }
    }

    fn get(&self, row: usize) -> Option<&str> {
        match self {
            Self::One(text) => text.as_deref(),
            Self::Each(views) => views.is_valid(row).then(|| views.value(row)),
        }
    }

    /// What each row's text gives; one value if all rows have one text.
    pub(super) fn map<T: Clone, A>(&self, rows: usize, one: impl FnMut(&str) -> Option<T>) -> Result<ColumnarValue>
    where
        A: FromIterator<Option<T>> + arrow::array::Array + 'static,
    {
        let rows_made = if matches!(self, Self::One(_)) { 1 } else { rows };
        let mut one = one;
        let made: A = (0..rows_made).map(|row| self.get(row).and_then(&mut one)).collect();
        as_argument(Arc::new(made), matches!(self, Self::One(_)))
    }

    /// What each row's pair of texts gives.
    pub(super) fn map_with(
        &self,
        other: &Self,
        rows: usize,
        mut pair: impl FnMut(&str, &str) -> Option<bool>,
    ) -> Result<ColumnarValue> {
        let is_one = matches!((self, other), (Self::One(_), Self::One(_)));
        let rows = if is_one { 1 } else { rows };
        let made: BooleanArray = (0..rows)
            .map(|row| match (self.get(row), other.get(row)) {
                (Some(left), Some(right)) => pair(left, right),
                _ => None,
            })
            .collect();
        as_argument(Arc::new(made), is_one)
    }
}

fn as_argument(made: ArrayRef, is_one: bool) -> Result<ColumnarValue> {
    if is_one {
        Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&made, 0)?))
    } else {
        Ok(ColumnarValue::Array(made))
    }
}

/// The type of what a function gives, if its arguments are texts.
pub(super) fn of_texts(name: &str, arguments: &[DataType], gives: DataType) -> Result<DataType> {
    for argument in arguments {
        if !matches!(argument, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null) {
            return plan_err!("{name} takes text, not {argument}");
        }
    }
    Ok(gives)
}
