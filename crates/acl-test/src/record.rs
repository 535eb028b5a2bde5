//! The record of a decision, and what a test says must stand in it.

use sekisho_edge::record::{Details, MaskSettings, Occurrence, Recorder, Source, Subject, Veil, details, keeps};
use sekisho_waf::{Context, Request, Scratch};
use serde_json::Value;

use crate::LoadedRules;

/// The record of the last decision as a service would write it; none if the logging configuration drops it.
pub(crate) fn record(
    rules: &LoadedRules,
    request: &Request<'_>,
    scratch: &Scratch,
    context: &Context<'_>,
) -> Option<Value> {
    let verdict = scratch.verdict();
    let policy = rules.rule_set.policy();
    if !keeps(&rules.logging, policy, verdict.decision, Some(verdict)) {
        return None;
    }
    let inserted: Vec<_> = verdict.inserted_headers(policy).collect();
    let source = Source { name: "-".to_owned(), id: "-".to_owned() };
    let veil = Veil::of(policy, &rules.logging.redacted);
    let mut line = Vec::new();
    Details::of(&rules.rule_set, request, verdict).lend(|match_details| {
        let occurrence = Occurrence {
            at: context.now,
            request_id: "test",
            country: context.places.place(request.client.ip).map(|place| place.country),
            asn: context.places.asn(request.client.ip),
            response_code_sent: details::custom_status(verdict, policy),
            inserted: &inserted,
            match_details,
        };
        let subject = Subject::Evaluated { request, verdict };
        let mut recorder = Recorder::new(&source, &MaskSettings::default());
        recorder.write(policy, &veil, &occurrence, subject, &mut line);
        if let Some(transaction) = scratch.transactions().next() {
            recorder.add_phases(&veil, transaction, &mut line);
        }
    });
    Some(serde_json::from_slice(&line).expect("a record is JSON"))
}

/// Finds the first place where a record does not hold what is expected: the path, what is expected there, what is there.
///
/// Of a mapping only the expected keys are looked at, null being a key that must not be there; a list must have as many
/// elements.
pub(crate) fn difference(expected: &Value, got: &Value, path: &str) -> Option<(String, String, String)> {
    let nothing = Value::Null;
    match (expected, got) {
        (Value::Object(expected), Value::Object(got)) => expected
            .iter()
            .find_map(|(key, value)| difference(value, got.get(key).unwrap_or(&nothing), &format!("{path}.{key}"))),
        (Value::Array(expected), Value::Array(got)) if expected.len() == got.len() => {
            (expected.iter().zip(got).zip(0..))
                .find_map(|((expected, got), index): (_, usize)| difference(expected, got, &format!("{path}[{index}]")))
        }
        _ => (expected != got).then(|| (path.to_owned(), expected.to_string(), got.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::difference;

    #[test]
    fn only_what_is_expected_is_looked_at() {
        let got = json!({"a": {"b": 1, "c": 2}, "d": [{"e": 1}]});
        let differs = |expected| difference(&expected, &got, "record").map(|(path, ..)| path);
        assert_eq!(differs(json!({"a": {"b": 1}, "d": [{}], "x": null})), None);
        assert_eq!(differs(json!({"a": {"b": 2}})).unwrap(), "record.a.b");
        assert_eq!(differs(json!({"d": []})).unwrap(), "record.d");
        assert_eq!(differs(json!({"d": [{"e": 2}]})).unwrap(), "record.d[0].e");
        assert_eq!(differs(json!({"a": null})).unwrap(), "record.a");
    }
}
