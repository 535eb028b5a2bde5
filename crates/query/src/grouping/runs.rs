//! Where runs of equal rows begin.

use arrow::array::{Array as _, ArrayRef, ArrowNativeTypeOp as _, AsArray as _, GenericByteArray, PrimitiveArray};
use arrow::buffer::BooleanBuffer;
use arrow::datatypes::{ArrowPrimitiveType, ByteArrayType, DataType};
use arrow::downcast_primitive_array;
use datafusion::error::{DataFusionError, Result};

/// Whether rows of a column of this type can be compared with the rows before them.
pub(super) fn can_compare(kind: &DataType) -> bool {
    use DataType::{Binary, BinaryView, Boolean, LargeBinary, LargeUtf8, Null, Utf8, Utf8View};
    let is_bytes = matches!(kind, Utf8 | LargeUtf8 | Binary | LargeBinary | Utf8View | BinaryView);
    is_bytes || matches!(kind, Boolean | Null) || kind.is_primitive()
}

/// Fills `starts` with the places of rows that may differ from the row before, the first one included. All rows from
/// one place up to the next are equal; two runs side by side may be too.
///
/// Time and room are linear in the rows, whatever they hold.
pub(super) fn find(columns: &[ArrayRef], rows: usize, starts: &mut Vec<u32>) -> Result<()> {
    starts.clear();
    if rows == 0 {
        return Ok(());
    }
    starts.push(0);
    let mut differ: Option<BooleanBuffer> = None;
    for column in columns {
        if let Some(of_column) = differences(column)? {
            differ = Some(match differ {
                Some(others) => &others | &of_column,
                None => of_column,
            });
        }
    }
    // The bit at a place is about the row after it. Batches have far fewer than 2^32 rows.
    starts.extend(differ.iter().flat_map(|differ| differ.set_indices_u32()).map(|place| place + 1));
    Ok(())
}

/// Of each row but the first, whether it differs from the one before. None: no row does.
fn differences(column: &ArrayRef) -> Result<Option<BooleanBuffer>> {
    let pairs = column.len() - 1;
    let column = column.as_ref();
    let of_values = downcast_primitive_array! {
        column => of_numbers(column),
        DataType::Boolean => shifted(column.as_boolean().values(), |one, next| one ^ next),
        DataType::Utf8View => of_views(column.as_string_view().views(), pairs),
        DataType::BinaryView => of_views(column.as_binary_view().views(), pairs),
        DataType::Utf8 => of_bytes(column.as_string::<i32>()),
        DataType::LargeUtf8 => of_bytes(column.as_string::<i64>()),
        DataType::Binary => of_bytes(column.as_binary::<i32>()),
        DataType::LargeBinary => of_bytes(column.as_binary::<i64>()),
        DataType::Null => return Ok(None),
        other => return Err(DataFusionError::Internal(format!("runs of {other} cannot be found"))),
    };
    let Some(nulls) = column.nulls().filter(|nulls| nulls.null_count() > 0) else {
        return Ok(Some(of_values));
    };
    // What is null holds any value: two such rows are equal, and one of two differs.
    let one_is_null = shifted(nulls.inner(), |one, next| one ^ next);
    let is_known = nulls.inner().slice(1, pairs);
    Ok(Some(&(&of_values & &is_known) | &one_is_null))
}

/// Puts each bit together with the one after it.
fn shifted(bits: &BooleanBuffer, put: impl Fn(&BooleanBuffer, &BooleanBuffer) -> BooleanBuffer) -> BooleanBuffer {
    let pairs = bits.len() - 1;
    put(&bits.slice(0, pairs), &bits.slice(1, pairs))
}

/// A view is a length with the text itself, or with its place: if it is the same, so is the text. The other way round
/// holds within what was read from one dictionary.
fn of_views(views: &[u128], pairs: usize) -> BooleanBuffer {
    let next = &views[1..];
    BooleanBuffer::collect_bool(pairs, |place| views[place] != next[place])
}

fn of_numbers<T: ArrowPrimitiveType>(column: &PrimitiveArray<T>) -> BooleanBuffer {
    let values = column.values();
    // By bits: NaN is like NaN, and 0.0 beside -0.0 merely begins a run.
    BooleanBuffer::collect_bool(values.len() - 1, |place| values[place].is_ne(values[place + 1]))
}

fn of_bytes<T: ByteArrayType>(column: &GenericByteArray<T>) -> BooleanBuffer {
    BooleanBuffer::collect_bool(column.len() - 1, |place| {
        let (one, next): (&[u8], &[u8]) = (column.value(place).as_ref(), column.value(place + 1).as_ref());
        one != next
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{BinaryArray, BooleanArray, Float64Array, Int64Array, NullArray, StringArray, StringViewArray};
    use arrow::row::{RowConverter, SortField};
    use proptest::prelude::*;

    use super::*;

    /// Columns of all kinds, of the same texts.
    fn columns(texts: &[Option<String>]) -> Vec<ArrayRef> {
        let length = |text: &Option<String>| text.as_ref().map(String::len);
        let number = |length| f64::from(u8::try_from(length).unwrap_or(u8::MAX));
        vec![
            Arc::new(StringViewArray::from_iter(texts)),
            Arc::new(StringArray::from_iter(texts)),
            Arc::new(BinaryArray::from_iter(texts.iter().map(|text| text.as_ref().map(String::as_bytes)))),
            Arc::new(Int64Array::from_iter(
                texts.iter().map(|text| length(text).and_then(|length| length.try_into().ok())),
            )),
            Arc::new(Float64Array::from_iter(texts.iter().map(|text| length(text).map(|length| 0.0 / number(length))))),
            Arc::new(BooleanArray::from_iter(texts.iter().map(|text| length(text).map(|length| length % 2 == 0)))),
        ]
    }

    fn found(columns: &[ArrayRef], rows: usize) -> Vec<u32> {
        let mut starts = vec![7];
        find(columns, rows, &mut starts).unwrap();
        starts
    }

    proptest! {
        #[test]
        fn runs_begin_where_rows_differ(
            runs in prop::collection::vec((prop::option::of("[ab]{0,2}|[ab]{13}"), 1_usize..70), 1..20),
            skipped in 0_usize..9,
        ) {
            let texts: Vec<_> = runs.iter().flat_map(|(text, rows)| std::iter::repeat_n(text.clone(), *rows)).collect();
            let skipped = skipped.min(texts.len() - 1);
            for column in columns(&texts) {
                // A part of a column begins within a byte of its bits.
                let column = column.slice(skipped, texts.len() - skipped);
                let keys = RowConverter::new(vec![SortField::new(column.data_type().clone())]).unwrap();
                let rows = keys.convert_columns(&[Arc::clone(&column)]).unwrap();
                let differ = (1..rows.num_rows()).filter(|&row| rows.row(row) != rows.row(row - 1));
                let expected: Vec<_> = [0].into_iter().chain(differ).map(|row| u32::try_from(row).unwrap()).collect();
                let starts = found(&[Arc::clone(&column)], column.len());
                if matches!(column.data_type(), DataType::Utf8View) {
                    // Equal texts may stand in two places.
                    prop_assert!(expected.iter().all(|start| starts.contains(start)), "{starts:?}");
                } else {
                    prop_assert_eq!(starts, expected, "{}", column.data_type());
                }
            }
        }
    }

    #[test]
    fn several_columns_begin_a_run_wherever_one_does() {
        let one: ArrayRef = Arc::new(Int64Array::from(vec![1, 1, 2, 2, 2]));
        let other: ArrayRef = Arc::new(StringViewArray::from(vec![Some("a"), None, None, None, Some("a")]));
        let nothing: ArrayRef = Arc::new(NullArray::new(5));
        assert_eq!(found(&[one, Arc::clone(&nothing), other], 5), [0, 1, 2, 4]);
        assert_eq!(found(&[nothing], 5), [0]);
        assert_eq!(found(&[], 5), [0]);
        assert!(found(&[Arc::new(NullArray::new(0))], 0).is_empty());
    }
}
