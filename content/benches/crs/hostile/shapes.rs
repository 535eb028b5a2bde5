//! Bodies made to be slow: what almost matches many patterns, over and over.

use crate::loads::Load;

const FORM: &str = "application/x-www-form-urlencoded";

fn repeated(unit: &str, bytes: usize) -> String {
    unit.repeat(bytes / unit.len())
}

/// The shapes that are known, each with a body of so many bytes.
pub(crate) fn all(bytes: usize) -> Vec<Load> {
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
        let body = format!("a={}", repeated(unit, bytes));
        loads.push(Load::post(&format!("{unit} over and over"), FORM, body.into_bytes()));
    }
    loads.push(Load::post("arguments", FORM, repeated("a=b&", bytes).into_bytes()));
    let json = format!("[{}1]", repeated("\"<'(\",", bytes));
    loads.push(Load::post("JSON", "application/json", json.into_bytes()));
    let xml = format!("<a>{}</a>", repeated("<b c=\"'($\">'</b>", bytes));
    loads.push(Load::post("XML", "text/xml", xml.into_bytes()));
    loads
}

/// A text over and over, of so many bytes.
pub(crate) fn repeated_bytes(unit: &[u8], bytes: usize) -> Vec<u8> {
    unit.iter().copied().cycle().take(bytes).collect()
}

/// A text field of a form with files, which holds bytes as they are.
pub(crate) fn multipart(name: &str, unit: &[u8], bytes: usize) -> Load {
    let head = b"--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n".as_slice();
    let body = [head, &repeated_bytes(unit, bytes), b"\r\n--b--\r\n"].concat();
    Load::post(&format!("multipart of {name}"), "multipart/form-data; boundary=b", body)
}

/// A string of a JSON document.
pub(crate) fn json(name: &str, unit: &[u8], bytes: usize) -> Load {
    let text = String::from_utf8_lossy(unit).replace('\\', "\\\\").replace('"', "\\\"");
    let text: String = text.chars().filter(|letter| !letter.is_control()).collect();
    let body = format!("{{\"a\":\"{}\"}}", text.repeat(bytes / text.len().max(1)));
    Load::post(&format!("JSON of {name}"), "application/json", body.into_bytes())
}

/// An argument of a form, with what separates arguments escaped.
pub(crate) fn form(name: &str, unit: &[u8], bytes: usize) -> Load {
    let mut text = String::new();
    for byte in unit {
        match byte {
            b' ' => text.push('+'),
            b'&' | b'%' | b'+' | b';' | 0..=0x1f | 0x7f.. => text.push_str(&format!("%{byte:02x}")),
            byte => text.push(char::from(*byte)),
        }
    }
    let body = format!("a={}", text.repeat(bytes / text.len().max(1)));
    Load::post(&format!("form of {name}"), FORM, body.into_bytes())
}
