//! XML bodies, well formed and not.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;
use crate::ir::phased::{BodyProcessor, PhasedSettings, Selector, Variable};
use crate::transaction::Source;
use crate::transaction::variables::tests::Filled;

fn filled(body: &[u8]) -> Filled {
    let mut filled = Filled::head("POST /", "", PhasedSettings::default());
    filled.body(Some(BodyProcessor::Xml), body);
    filled
}

fn attributes(filled: &Filled) -> Vec<String> {
    let source = Source::of(Variable::Xml, Some(&Selector::XmlAttributes)).unwrap();
    let store = &filled.store;
    store.of(source).map(|id| String::from_utf8_lossy(store.value(id)).into_owned()).collect()
}

#[track_caller]
fn check_bytes(body: &[u8], text: &str, expect: &[&str], error: Option<XmlError>) {
    let filled = filled(body);
    let found = String::from_utf8_lossy(filled.store.scalar(List::XmlText)).into_owned();
    assert_eq!((found.as_str(), attributes(&filled)), (text, expect.iter().map(|&text| text.to_owned()).collect()));
    let message = error.map_or(String::new(), |error| format!("XML parsing error: {error}"));
    filled
        .has(Variable::ReqbodyErrorMsg, &[&message])
        .has(Variable::ReqbodyError, &[if error.is_some() { "1" } else { "0" }]);
}

#[track_caller]
fn check(body: &str, text: &str, attributes: &[&str], error: Option<XmlError>) {
    check_bytes(body.as_bytes(), text, attributes, error);
}

#[test]
fn text_is_one_value_and_attributes_are_each_one() {
    check("<a x=\"1\"><b y='2'>t&amp;u</b> <!--c--><![CDATA[<z>&amp;]]><?p q?></a>", "t&u <z>&amp;", &["1", "2"], None);
    check("<a/>", "", &[], None);
    check("\u{feff}<?xml version=\"1.0\"?>\n<!-- c --><?p?><a >x</a >\n<!-- d -->\n", "x", &[], None);
    check("<a>&#65;&#x42;&#x1F600;&lt;&gt;&quot;&apos;</a>", "AB\u{1f600}<>\"'", &[], None);
    check("<a b=\" 1\n2\t3\r\n4 &#10;\" c = ''/>", "", &[" 1 2 3 4 \n", ""], None);
    check("<a>1\r\n2\r3<![CDATA[4\r\n5]]></a>", "1\n2\n34\n5", &[], None);
    check("<x:a xmlns:x=\"u\" xmlns='v' x:b=\"1\">q</x:a>", "q", &["1"], None);
    check("<a xmlnsx='1' axmlns='2'/>", "", &["1", "2"], None);
    check("<a.b-c_1>\u{e9}</a.b-c_1>", "\u{e9}", &[], None);
    assert_eq!(filled(b"<a/>").store.list(List::XmlText).len(), 1);
    assert_eq!(filled(b"").store.list(List::XmlText).len(), 0);
}

#[test]
fn what_is_not_well_formed_is_an_error_and_what_came_before_counts() {
    use XmlError as E;
    check("", "", &[], Some(E::NoRoot));
    check("  ", "", &[], Some(E::NoRoot));
    check("x", "", &[], Some(E::NoRoot));
    check("<a", "", &[], Some(E::Ended));
    check("<a>x", "x", &[], Some(E::Ended));
    check("<a b=\"1\"", "", &["1"], Some(E::Ended));
    check("<a b=\"1", "", &[], Some(E::Ended));
    check("<a>x<![CDATA[y</a>", "xy</a>", &[], Some(E::Ended));
    check("<a>x<!-- y", "x", &[], Some(E::Ended));
    check("<a>x<b>y</a>", "xy", &[], Some(E::Mismatch));
    check("<a>x</a>y", "x", &[], Some(E::BesideRoot));
    check("<a>x</a><b/>", "x", &[], Some(E::BesideRoot));
    check(" <?xml version=\"1.0\"?><a/>", "", &[], Some(E::Instruction));
    check("<a><?xml ?></a>", "", &[], Some(E::Instruction));
    check("<a><?p,?></a>", "", &[], Some(E::Instruction));
    check("<a b=1/>", "", &[], Some(E::Attribute));
    check("<a b/>", "", &[], Some(E::Attribute));
    check("<a b=\"1\"c=\"2\"/>", "", &["1"], Some(E::Tag));
    check("<a b=\"1\" b=\"2\"/>", "", &["1", "2"], Some(E::DuplicateAttribute));
    check("<a b=\"<\"/>", "", &["<"], Some(E::Attribute));
    check("<1a/>", "", &[], Some(E::Name));
    check("< a/>", "", &[], Some(E::Name));
    check("<a>x</ a>", "x", &[], Some(E::Name));
    check("<a>x<!b></a>", "x", &[], Some(E::Tag));
    check("<a>x]]></a>", "x", &[], Some(E::SectionEnd));
    check("<a><!-- -- --></a>", "", &[], Some(E::Comment));
    check("<a>x & y</a>", "x ", &[], Some(E::Reference));
    check("<a>x&lt</a>", "x", &[], Some(E::Reference));
    check("<a>x&#0;</a>", "x", &[], Some(E::Reference));
    check("<a>x&#xd800;</a>", "x", &[], Some(E::Reference));
    check("<a>x&#99999999999;</a>", "x", &[], Some(E::Reference));
    check("<a>x&#;</a>", "x", &[], Some(E::Reference));
    check("<a>x\x01</a>", "x", &[], Some(E::Character));
    check("<a>x</a>\0", "x", &[], Some(E::Character));
    check_bytes(b"<a>x\xff</a>", "x", &[], Some(E::Character));
}

#[test]
fn only_encodings_like_ascii_are_read() {
    let declared = |encoding: &str| format!("<?xml version='1.0' encoding=\"{encoding}\" standalone='yes' ?><a>x</a>");
    for encoding in ["UTF-8", "us-ascii", "ISO-8859-1", "windows-1252", "Shift_JIS", "EUC-JP"] {
        check(&declared(encoding), "x", &[], None);
    }
    for encoding in ["utf-16", "utf-7", "ebcdic-cp-us", "", "iso-2022-jp"] {
        check(&declared(encoding), "", &[], Some(XmlError::Encoding));
    }
    check("<?xml version='1.0' x='y'?><a/>", "", &[], Some(XmlError::Declaration));
    check("<?xml version='1.0' ", "", &[], Some(XmlError::Ended));
    let utf16: Vec<u8> = "\u{feff}<a>x</a>".encode_utf16().flat_map(u16::to_le_bytes).collect();
    check_bytes(&utf16, "", &[], Some(XmlError::Character));
    check_bytes(b"<?xml version='1.0' encoding='iso-8859-1'?><a>\xe9</a>", "\u{fffd}", &[], None);
}

#[test]
fn entities_are_not_expanded_and_what_they_stand_for_is_seen() {
    use XmlError as E;
    check("<a>1&x;2</a>", "1", &[], Some(E::Entity));
    check("<!DOCTYPE a [<!ENTITY x \"y&#65;&z;\">]><a b=\"&x;\">1</a>", "y&#65;&z;\n", &[""], Some(E::Entity));
    check("<!DOCTYPE a [<!ENTITY x \"y&#65;\">]><a>1</a>", "yA\n1", &[], None);
    check("<!DOCTYPE a SYSTEM \"http://h/\"><a>1</a>", "1", &[], None);
    check("<!DOCTYPE a PUBLIC 'p' \"http://h/\" [ ] ><a>1</a>", "1", &[], None);
    check(
        "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>1&x;2</a>",
        "file:///etc/passwd\n1",
        &[],
        Some(E::Entity),
    );
    check("<!DOCTYPE a [<!-- \" --><?p '?> <!ATTLIST a d CDATA \"def\">]><a/>", "def\n", &[], None);
    check("<!DOCTYPE a [%x;]><a/>", "", &[], Some(E::Entity));
    check("<!DOCTYPE a [<!ENTITY x <!ENTITY y>>]><a/>", "", &[], Some(E::Doctype));
    check("<!DOCTYPE a [x]><a/>", "", &[], Some(E::Doctype));
    check("<!DOCTYPE a SYSTEM><a/>", "", &[], Some(E::Doctype));
    check("<!DOCTYPEa><a/>", "", &[], Some(E::Doctype));
    check("<!DOCTYPE a [<!ENTITY x \"y\"", "y\n", &[], Some(E::Ended));
    check("<a/><!DOCTYPE a>", "", &[], Some(E::BesideRoot));
}

#[test]
fn limits_hold() {
    let nested = |depth: usize| "<a>".repeat(depth) + "x" + &"</a>".repeat(depth);
    check(&nested(256), "x", &[], None);
    check(&nested(257), "", &[], Some(XmlError::TooDeep));
    let many = |count: usize| {
        let attributes: String = (0..count).map(|number| format!(" a{number}=''")).collect();
        format!("<a{attributes}/>")
    };
    let read = |body: String| filled(body.as_bytes());
    assert_eq!(attributes(&read(many(10_000))).len(), 10_000);
    let over = read(many(10_001));
    assert_eq!(attributes(&over).len(), 10_000);
    over.has(Variable::ReqbodyErrorMsg, &["XML parsing error: there are more than 10000 attributes"]);
    let again = read(format!("<a {} a1=''/>", &many(20)[2..].replace("/>", "")));
    again.has(Variable::ReqbodyErrorMsg, &["XML parsing error: an attribute is there twice"]);
}

#[test]
fn hostile_documents_take_linear_time() {
    let body = |text: &str| text.repeat(1_000_000 / text.len());
    let entities = format!("<!DOCTYPE a [<!ENTITY x \"{}\">]><a>{}</a>", "y".repeat(100_000), "&x;".repeat(100_000));
    let bodies = [
        entities,
        format!("<a>{}", body("]")),
        format!("<a>{}", body("&#0")),
        format!("<a>{}", body("<b/>")),
        format!("<a>{}", body("<!---->")),
        format!("<a>{}", body("<?p ?")),
        format!("<a>&{}", body("x")),
        format!("<a>&#{};", body("0")),
        format!("<a {}", body("x='' ")),
        format!("<!DOCTYPE a [{}", body("<!x>")),
        body("<"),
        body("\r"),
    ];
    for body in bodies {
        let mut settings = PhasedSettings::default();
        settings.request_body.no_files_bytes_max = 2_000_000;
        let start = Instant::now();
        let mut filled = Filled::head("POST /", "", settings);
        filled.body(Some(BodyProcessor::Xml), body.as_bytes());
        filled.has(Variable::ReqbodyError, &["1"]);
        assert!(start.elapsed() < Duration::from_secs(2), "{:?}", &body[..20]);
    }
}

/// An element with text and attributes in it.
#[derive(Debug, Clone)]
struct Element {
    text: String,
    attribute: Option<String>,
    inner: Vec<Element>,
}

fn elements() -> impl Strategy<Value = Element> {
    let parts = || ("[ -~\u{e9}\n]{0,8}", prop::option::of("[ -~]{0,6}"));
    let leaf = parts().prop_map(|(text, attribute)| Element { text, attribute, inner: Vec::new() });
    leaf.prop_recursive(4, 24, 3, move |inner| {
        (parts(), prop::collection::vec(inner, 0..3)).prop_map(|((text, attribute), inner)| Element {
            text,
            attribute,
            inner,
        })
    })
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&#34;")
}

fn write(element: &Element, out: &mut String, text: &mut String, attributes: &mut Vec<String>) {
    let attribute = element.attribute.as_ref().map(|value| format!(" b=\"{}\"", escaped(value)));
    attributes.extend(element.attribute.clone());
    *out += &format!("<a{}>{}", attribute.unwrap_or_default(), escaped(&element.text));
    *text += &element.text;
    for inner in &element.inner {
        write(inner, out, text, attributes);
    }
    *out += "</a>";
}

proptest! {
    #[test]
    fn what_is_written_is_read(root in elements()) {
        let (mut body, mut text, mut expect) = (String::new(), String::new(), Vec::new());
        write(&root, &mut body, &mut text, &mut expect);
        let filled = filled(body.as_bytes());
        prop_assert_eq!(filled.store.scalar(List::XmlText), text.as_bytes());
        prop_assert_eq!(attributes(&filled), expect);
        prop_assert_eq!(filled.store.scalar(List::ReqbodyError), b"0");
    }

    #[test]
    fn any_bytes_are_read(body in "(</?a|/?>|<!|--|\\[CDATA\\[|\\]\\]>|<\\?|\\?>|xml|DOCTYPE a|\\[|\\]|'|\"|=|&|#|x|;|1| |\0|\u{e9}){0,40}") {
        let filled = filled(body.as_bytes());
        let text = filled.store.scalar(List::XmlText).len();
        let values: usize = attributes(&filled).iter().map(String::len).sum();
        prop_assert!(text + values <= 2 * body.len());
    }
}
