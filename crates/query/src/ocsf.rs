//! Events as OCSF has them: JSON with the attributes in their places.
//!
//! Source: OCSF schema 1.8; layout of folders: Amazon Security Lake user guide, "Collecting data from custom sources".

use arrow::array::{Array as _, AsArray as _, RecordBatch};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use sekisho_event::{Column, Kind};
use sekisho_tables::TableName;
use serde_json::{Map, Value, json};

/// The version whose paths the columns have.
const VERSION: &str = "1.8.0";
/// What the edge calls itself where AWS WAF's log names the service.
const OWN_SERVICE: &str = "SEKISHO";
/// Attributes that are arrays of objects: an item each for the texts of a column.
const ARRAYS: [&str; 6] =
    ["resources", "answers", "vulnerabilities", "ja4_fingerprint_list", "loggers", "affected_packages"];
/// Attributes that hold JSON of their own.
const JSON: [Column; 3] = [Column::RequestData, Column::ResponseData, Column::RequestHeaders];

/// The event of a row of a table. NULL columns are left out.
pub(crate) fn event(table: TableName, rows: &RecordBatch, row: usize) -> Value {
    let mut event = Value::Object(Map::new());
    for column in table.promoted().iter().filter(|column| !column.ocsf().is_empty()) {
        if let Some(value) = value(*column, rows, row) {
            let path: Vec<_> = column.ocsf().split('.').collect();
            place(&mut event, &path, value);
        }
    }
    let class = event["class_uid"].as_i64().unwrap_or(0);
    let activity = event["activity_id"].as_i64().unwrap_or(0);
    event["category_uid"] = json!(class / 1_000);
    event["type_uid"] = json!(class * 100 + activity);
    place(&mut event, &["metadata", "version"], json!(VERSION));
    provider(&mut event, text("dst_service", rows, row).as_deref() == Some(OWN_SERVICE));
    if let Some(raw) = text("raw", rows, row) {
        event["raw_data"] = json!(raw);
    }
    if let Some(unmapped) = text("unmapped", rows, row) {
        event["unmapped"] =
            serde_json::from_str(&unmapped).ok().filter(Value::is_object).unwrap_or(json!({ "text": unmapped }));
    }
    for (name, column) in [("record_uid", "record"), ("record_log", "log")] {
        let own = match column {
            "record" => int(column, rows, row).map(|record| json!(record)),
            _ => text(column, rows, row).map(|log| json!(log)),
        };
        if let Some(own) = own {
            place(&mut event, &["unmapped", "sekisho", name], own);
        }
    }
    event
}

/// Says whose cloud an event is of, as the schema wants it: sources that name an account or region are AWS's. Our own edge
/// names the region `local`, which is no cloud.
fn provider(event: &mut Value, own: bool) {
    let Some(event) = event.as_object_mut() else { return };
    if own {
        event.remove("cloud");
    } else if let Some(cloud) = event.get_mut("cloud") {
        place(cloud, &["provider"], json!("AWS"));
    }
}

/// The folder of an event in Security Lake's layout.
pub(crate) fn folder(rows: &RecordBatch, row: usize, day: jiff::civil::Date) -> String {
    let part = |column| text(column, rows, row).filter(|part| is_plain(part)).unwrap_or_else(|| "unknown".to_owned());
    format!(
        "ext/{}/region={}/accountId={}/eventDay={}",
        part("source"),
        part("region"),
        part("account_uid"),
        day.strftime("%Y%m%d")
    )
}

/// Whether a text is a part of a path and nothing else: it came from outside.
fn is_plain(part: &str) -> bool {
    (1..=64).contains(&part.len())
        && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

fn text(column: &str, rows: &RecordBatch, row: usize) -> Option<String> {
    let column = rows.column_by_name(column)?;
    if !column.is_valid(row) {
        return None;
    }
    let views = column.as_string_view_opt().map(|texts| texts.value(row).to_owned());
    views.or_else(|| column.as_string_opt::<i32>().map(|texts| texts.value(row).to_owned()))
}

fn int(column: &str, rows: &RecordBatch, row: usize) -> Option<i64> {
    let column = rows.column_by_name(column)?.as_primitive_opt::<Int64Type>()?;
    column.is_valid(row).then(|| column.value(row))
}

fn value(column: Column, rows: &RecordBatch, row: usize) -> Option<Value> {
    let values = rows.column_by_name(column.name())?;
    if !values.is_valid(row) {
        return None;
    }
    match column.kind() {
        Kind::Int => int(column.name(), rows, row).map(|int| json!(int)),
        Kind::Bool => Some(json!(values.as_boolean_opt()?.value(row))),
        // OCSF's moments are milliseconds.
        Kind::Time => Some(json!(values.as_primitive_opt::<TimestampMicrosecondType>()?.value(row).div_euclid(1_000))),
        Kind::Text => {
            let text = text(column.name(), rows, row)?;
            let parsed = JSON.contains(&column).then(|| serde_json::from_str(&text).ok()).flatten();
            Some(parsed.unwrap_or(Value::String(text)))
        }
        Kind::Texts => {
            let items = values.as_list_opt::<i32>()?.value(row);
            let items = items.as_string_opt::<i32>()?;
            Some(Value::Array(items.iter().flatten().map(|item| json!(item)).collect()))
        }
    }
}

/// Puts a value where a path says. The first that is put somewhere stays.
fn place(into: &mut Value, path: &[&str], value: Value) {
    let Some((first, rest)) = path.split_first() else { return };
    let Value::Object(fields) = into else { return };
    if ARRAYS.contains(first) && !rest.is_empty() {
        let list = fields.entry(*first).or_insert_with(|| json!([]));
        let Value::Array(list) = list else { return };
        let values = match value {
            Value::Array(values) => values,
            one => vec![one],
        };
        for (at, value) in values.into_iter().enumerate() {
            if list.len() <= at {
                list.push(json!({}));
            }
            place(&mut list[at], rest, value);
        }
    } else if rest.is_empty() {
        fields.entry(*first).or_insert(value);
    } else {
        place(fields.entry(*first).or_insert_with(|| json!({})), rest, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_go_where_paths_say() {
        let mut event = json!({});
        place(&mut event, &["src_endpoint", "ip"], json!("10.0.0.1"));
        place(&mut event, &["resources", "uid"], json!(["a", "b"]));
        place(&mut event, &["resources", "type"], json!(["x"]));
        place(&mut event, &["metadata", "labels"], json!(["l"]));
        place(&mut event, &["src_endpoint", "ip"], json!("late"));
        let expect = json!({
            "src_endpoint": { "ip": "10.0.0.1" },
            "resources": [{ "uid": "a", "type": "x" }, { "uid": "b" }],
            "metadata": { "labels": ["l"] },
        });
        assert_eq!(event, expect);
    }

    #[test]
    fn clouds_have_a_provider_and_our_own_edge_has_none() {
        let event = json!({ "cloud": { "region": "eu-west-1" } });
        let (mut theirs, mut ours, mut neither) = (event.clone(), event, json!({ "time": 1 }));
        provider(&mut theirs, false);
        provider(&mut ours, true);
        provider(&mut neither, false);
        assert_eq!(theirs, json!({ "cloud": { "region": "eu-west-1", "provider": "AWS" } }));
        assert_eq!((ours, neither), (json!({}), json!({ "time": 1 })));
    }

    #[test]
    fn no_record_names_a_folder_outside() {
        assert!(is_plain("eu-west-1") && !is_plain("../x") && !is_plain("") && !is_plain("a/b"));
    }
}
