//! Bodies made to be slow: what almost matches many patterns, over and over.

use crate::loads::Load;

const FORM: &str = "application/x-www-form-urlencoded";
const BYTES: usize = 1_000_000;

fn repeated(unit: &str, bytes: usize) -> String {
    unit.repeat(bytes / unit.len())
}

pub(crate) fn all() -> Vec<Load> {
    let units = [
        "<",
        "$",
        "'",
        "+",
        "(",
        "%00",
        "a=",
        "\\",
        "%26",
        "%25",
        "/*",
        "..%2f",
        "select+",
        "%3cscript+",
        "%24%7b",
        "%27+or+",
        "1+",
        "%0d%0a",
        "%22",
        "a%27%22%5c",
        "union+select+",
        "%e3%81%82",
        "cat+",
        ";%20",
        "{{",
        "`",
    ];
    let mut loads: Vec<Load> = Vec::new();
    for unit in units {
        let body = format!("a={}", repeated(unit, BYTES));
        loads.push(Load::post(&format!("1 MB of {unit}"), FORM, body.into_bytes()));
    }
    loads.push(Load::post("1 MB of arguments", FORM, repeated("a=b&", BYTES).into_bytes()));
    let json = format!("[{}1]", repeated("\"<'(\",", BYTES));
    loads.push(Load::post("1 MB of JSON", "application/json", json.into_bytes()));
    let xml = format!("<a>{}</a>", repeated("<b c=\"'($\">'</b>", BYTES));
    loads.push(Load::post("1 MB of XML", "text/xml", xml.into_bytes()));
    loads
}
