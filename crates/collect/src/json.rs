//! JSON objects, member by member, as far as someone asks.
//!
//! Members are cut out, not read: a text without escapes is borrowed from the record, and what nobody takes is left as it came, for
//! `unmapped`. So a record is gone through once a level that is opened, and nothing is built that is not kept.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::source::Refusal;
use crate::time;

/// An object whose members are taken one by one.
#[derive(Debug)]
pub(crate) struct Object<'r> {
    members: Vec<Member<'r>>,
}

#[derive(Debug)]
struct Member<'r> {
    name: Cow<'r, str>,
    state: State<'r>,
}

#[derive(Debug)]
enum State<'r> {
    /// As it came.
    Left(&'r str),
    Taken,
    /// An object some of whose members may be taken.
    Opened(Object<'r>),
}

impl<'r> Object<'r> {
    /// Reads a record that is one object.
    pub(crate) fn parse(raw: &'r [u8]) -> Result<Self, Refusal> {
        let text = crate::source::text(raw)?;
        Self::from_text(text).map_err(|error| Refusal::Json(error.to_string()))
    }

    fn from_text(text: &'r str) -> Result<Self, serde_json::Error> {
        let mut reader = serde_json::Deserializer::from_str(text);
        let members = reader.deserialize_map(Members)?;
        reader.end()?;
        Ok(Self { members })
    }

    /// The first member of this name that is left, taken.
    fn take(&mut self, name: &str) -> Option<&'r str> {
        for member in &mut self.members {
            if let (true, State::Left(text)) = (member.name == name, &member.state) {
                let text = *text;
                member.state = State::Taken;
                return (text != "null").then_some(text);
            }
        }
        None
    }

    /// A member that is left, not taken.
    fn peek(&self, name: &str) -> Option<&'r str> {
        self.members.iter().find_map(|member| match member.state {
            State::Left(text) if member.name == name && text != "null" => Some(text),
            _ => None,
        })
    }

    /// A text; numbers and truths as they are written. An object or array is left.
    pub(crate) fn text(&mut self, name: &str) -> Option<Cow<'r, str>> {
        let text = plain(self.peek(name)?)?;
        self.take(name);
        Some(text)
    }

    /// A whole number, also one in a text. What is none is left.
    pub(crate) fn int(&mut self, name: &str) -> Option<i64> {
        let number = plain(self.peek(name)?)?.parse().ok()?;
        self.take(name);
        Some(number)
    }

    /// A truth, also one in a text. What is none is left.
    pub(crate) fn bool(&mut self, name: &str) -> Option<bool> {
        let truth = match &*plain(self.peek(name)?)? {
            "true" | "True" => true,
            "false" | "False" => false,
            _ => return None,
        };
        self.take(name);
        Some(truth)
    }

    /// A moment in RFC 3339. What is none is left.
    pub(crate) fn time(&mut self, name: &str) -> Option<i64> {
        let moment = time::rfc3339(&plain(self.peek(name)?)?)?;
        self.take(name);
        Some(moment)
    }

    /// What a text is read as. What cannot be read so is left.
    pub(crate) fn text_if<T>(&mut self, name: &str, read: impl Fn(&str) -> Option<T>) -> Option<T> {
        let found = read(&plain(self.peek(name)?)?)?;
        self.take(name);
        Some(found)
    }

    /// A text by either of two names.
    pub(crate) fn either(&mut self, name: &str, other: &str) -> Option<Cow<'r, str>> {
        self.text(name).or_else(|| self.text(other))
    }

    /// Anything, as JSON.
    pub(crate) fn json(&mut self, name: &str) -> Option<Cow<'r, str>> {
        self.take(name).map(Cow::Borrowed)
    }

    /// Texts of an array. Anything else is left.
    pub(crate) fn texts(&mut self, name: &str) -> Vec<Cow<'r, str>> {
        let Some(items) = self.peek(name).and_then(items) else { return Vec::new() };
        let texts: Option<Vec<_>> = items.iter().map(|item| plain(item)).collect();
        if texts.is_some() {
            self.take(name);
        }
        texts.unwrap_or_default()
    }

    /// An object, to take its members. What is not taken of it stays in [`Object::rest`].
    pub(crate) fn open(&mut self, name: &str) -> Option<&mut Self> {
        let at = self.members.iter().position(|member| member.name == name && !matches!(member.state, State::Taken))?;
        if let State::Left(text) = self.members[at].state {
            self.members[at].state = State::Opened(Self::from_text(text).ok()?);
        }
        match &mut self.members[at].state {
            State::Opened(object) => Some(object),
            _ => None,
        }
    }

    /// An object, not taken.
    pub(crate) fn copy(&self, name: &str) -> Option<Self> {
        Self::from_text(self.peek(name)?).ok()
    }

    /// Texts of an array, not taken.
    pub(crate) fn peek_texts(&self, name: &str) -> Vec<Cow<'r, str>> {
        self.items(name).into_iter().filter_map(plain).collect()
    }

    /// The items of an array as they came, not taken.
    pub(crate) fn items(&self, name: &str) -> Vec<&'r str> {
        self.peek(name).and_then(items).unwrap_or_default()
    }

    /// The objects of an array, not taken.
    pub(crate) fn objects(&self, name: &str) -> Vec<Self> {
        self.items(name).into_iter().filter_map(|item| Self::from_text(item).ok()).collect()
    }

    /// What nobody took, as JSON; empty if nothing is left.
    pub(crate) fn rest(&self) -> String {
        let mut rest = String::new();
        self.write_rest(&mut rest);
        rest
    }

    fn write_rest(&self, rest: &mut String) {
        let start = rest.len();
        for member in &self.members {
            let (before, name) = (rest.len(), &member.name);
            rest.push(if before == start { '{' } else { ',' });
            rest.push_str(&serde_json::to_string(name).expect("a text is JSON"));
            rest.push(':');
            let begin = rest.len();
            match &member.state {
                State::Left(text) if *text != "null" => rest.push_str(text),
                State::Left(_) | State::Taken => {}
                State::Opened(object) => object.write_rest(rest),
            }
            if rest.len() == begin {
                rest.truncate(before);
            }
        }
        if rest.len() > start {
            rest.push('}');
        }
    }
}

/// A text, number or truth; an object, array or nothing is none.
fn plain(json: &str) -> Option<Cow<'_, str>> {
    match json.as_bytes().first()? {
        b'"' => {
            let inner = json.get(1..json.len().checked_sub(1)?)?;
            if inner.contains('\\') {
                serde_json::from_str(json).ok().map(Cow::Owned)
            } else {
                Some(Cow::Borrowed(inner))
            }
        }
        b'{' | b'[' | b'n' => None,
        _ => Some(Cow::Borrowed(json)),
    }
}

/// The items of an array, as they came.
fn items(json: &str) -> Option<Vec<&str>> {
    let mut reader = serde_json::Deserializer::from_str(json);
    reader.deserialize_seq(Items).ok()
}

struct Members;

impl<'r> Visitor<'r> for Members {
    type Value = Vec<Member<'r>>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<M: MapAccess<'r>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let mut members = Vec::with_capacity(32);
        while let Some(Name(name)) = map.next_key()? {
            let value: &'r RawValue = map.next_value()?;
            members.push(Member { name, state: State::Left(value.get()) });
        }
        Ok(members)
    }
}

#[derive(serde::Deserialize)]
#[serde(transparent)]
struct Name<'r>(#[serde(borrow)] Cow<'r, str>);

struct Items;

impl<'r> Visitor<'r> for Items {
    type Value = Vec<&'r str>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an array")
    }

    fn visit_seq<S: SeqAccess<'r>>(self, mut sequence: S) -> Result<Self::Value, S::Error> {
        let mut items = Vec::new();
        while let Some(item) = sequence.next_element::<&'r RawValue>()? {
            items.push(item.get());
        }
        Ok(items)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn object(text: &str) -> Object<'_> {
        Object::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn members_are_taken_and_the_rest_stays() {
        let text = r#"{"a":"x\ny","b":7,"c":"8","d":true,"e":null,"f":{"g":1,"h":[1, 2]},"i":["p","q"],"j":[1,{}],"k":"left"}"#;
        let mut object = object(text);
        assert_eq!(object.text("a").as_deref(), Some("x\ny"));
        assert_eq!((object.int("b"), object.int("c"), object.int("k")), (Some(7), Some(8), None));
        assert_eq!((object.bool("d"), object.bool("b"), object.text("e")), (Some(true), None, None));
        assert_eq!(object.open("f").and_then(|inner| inner.int("g")), Some(1));
        assert_eq!((object.texts("i"), object.texts("j")), (vec!["p".into(), "q".into()], Vec::new()));
        assert_eq!(object.rest(), r#"{"f":{"h":[1, 2]},"j":[1,{}],"k":"left"}"#);
        assert!(object.open("k").is_none() && object.text("f").is_none());
    }

    #[test]
    fn nothing_is_left_of_what_was_taken_whole() {
        let mut object = object(r#"{"a":{"b":1}}"#);
        object.open("a").unwrap().int("b");
        assert_eq!(object.rest(), "");
    }

    #[test]
    fn a_name_that_comes_twice_is_not_lost() {
        let mut object = object(r#"{"a":1,"a":2}"#);
        assert_eq!(object.int("a"), Some(1));
        assert_eq!(object.rest(), r#"{"a":2}"#);
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for text in ["", "[]", "{", "{}x", "7", r#"{"a":}"#] {
            assert!(matches!(Object::parse(text.as_bytes()), Err(Refusal::Json(_))), "{text}");
        }
        assert_eq!(Object::parse(b"{\"a\":\"\xff\"}").unwrap_err(), Refusal::Utf8(6));
    }

    proptest! {
        #[test]
        fn the_rest_of_an_object_nobody_touched_is_the_object(names in proptest::collection::vec("[a-z\"\\\\]{1,4}", 0..6)) {
            let members: Vec<_> = names.iter().enumerate()
                .map(|(at, name)| format!("{}:{at}", serde_json::to_string(name).unwrap())).collect();
            let text = format!("{{{}}}", members.join(","));
            let rest = object(&text).rest();
            prop_assert_eq!(if rest.is_empty() { "{}" } else { &rest }, text);
        }
    }
}
