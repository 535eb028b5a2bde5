//! Forms with files, honest and odd.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;
use crate::ir::phased::{BodyProcessor, OverLimit, PhasedSettings, RequestBodySettings, Variable};
use crate::transaction::variables::tests::Filled;

const TYPE: &str = "multipart/form-data; boundary=BB";
const END: &str = "--BB--\r\n";

fn filled_with(settings: PhasedSettings, content_type: &str, body: &[u8]) -> Filled {
    let mut filled = Filled::head("POST /", &format!("Content-Type: {content_type}"), settings);
    filled.body(Some(BodyProcessor::Multipart), body);
    filled
}

fn filled(body: &str) -> Filled {
    filled_with(PhasedSettings::default(), TYPE, body.as_bytes())
}

/// A part with this Content-Disposition and content.
fn part(disposition: &str, content: &str) -> String {
    format!("--BB\r\nContent-Disposition: {disposition}\r\n\r\n{content}\r\n")
}

/// A part called `a` with these header lines besides.
fn part_with(lines: &str) -> String {
    format!("--BB\r\nContent-Disposition: form-data; name=\"a\"\r\n{lines}\r\nv\r\n")
}

const A: &str = "--BB\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nv\r\n";

/// All flags that are set, and the error.
fn odd(filled: &Filled) -> Vec<String> {
    let flags = [
        Variable::MultipartBoundaryQuoted,
        Variable::MultipartBoundaryWhitespace,
        Variable::MultipartCrlfLfLines,
        Variable::MultipartDataAfter,
        Variable::MultipartDataBefore,
        Variable::MultipartFileLimitExceeded,
        Variable::MultipartHeaderFolding,
        Variable::MultipartInvalidHeaderFolding,
        Variable::MultipartInvalidPart,
        Variable::MultipartInvalidQuoting,
        Variable::MultipartLfLine,
        Variable::MultipartMissingSemicolon,
        Variable::MultipartUnmatchedBoundary,
    ];
    let set = flags.iter().filter(|&&flag| filled.all(flag) != ["0"]);
    let mut odd: Vec<_> = set
        .map(|&flag| match filled.all(flag).concat().as_str() {
            "1" => flag.name().trim_start_matches("MULTIPART_").to_owned(),
            value => format!("{}={value}", flag.name().trim_start_matches("MULTIPART_")),
        })
        .collect();
    let strict = odd.iter().any(|flag| !flag.starts_with("UNMATCHED") && flag != "CRLF_LF_LINES");
    if filled.all(Variable::ReqbodyError) == ["1"] {
        odd.push(
            filled.all(Variable::ReqbodyErrorMsg).concat().replace("Multipart parsing error: ", "").replace("\\'", "'"),
        );
    }
    let is_error = filled.all(Variable::ReqbodyProcessorError) == ["1"];
    filled.has(Variable::MultipartStrictError, &[if strict || is_error { "1" } else { "0" }]);
    odd
}

#[test]
fn a_form_that_was_cut_lacks_no_boundary() {
    let settings = PhasedSettings {
        request_body: RequestBodySettings { over_limit: OverLimit::InspectPart, ..RequestBodySettings::default() },
        ..PhasedSettings::default()
    };
    let whole = format!("{A}{}{END}", part("form-data; name=\"b\"", "more"));
    let cut = |end: usize, is_over_limit: bool| {
        let mut filled = Filled::head("POST /", &format!("Content-Type: {TYPE}"), settings.clone());
        filled.body_cut(Some(BodyProcessor::Multipart), &whole.as_bytes()[..end], is_over_limit);
        filled
    };
    let end = whole.len() - END.len() - 3;
    let filled = cut(end, true);
    filled.has(Variable::ArgsPost, &["a=v", "b=mor"]);
    assert_eq!(odd(&filled), [""; 0]);
    assert_eq!(odd(&cut(end, false)), ["the final boundary is missing"]);
}

#[track_caller]
fn check(body: &str, arguments: &[&str], flags: &[&str]) -> Filled {
    let filled = filled(body);
    filled.has(Variable::ArgsPost, arguments);
    assert_eq!(odd(&filled), flags);
    filled
}

#[test]
fn parts_are_arguments_and_files() {
    let file = "form-data; name=\"f\"; filename=\"x.php\"";
    let body = part("form-data; name=\"a\"", "l1\r\nl2\n\r\n")
        + &part(file, "<?php\r\nx").replace("\r\n\r\n", "\r\nContent-Type: text/plain\r\n\r\n")
        + &part("form-data; name=g; filename=y.txt", "")
        + &part("form-data; name=\"e\"; filename=\"\"", "")
        + END;
    check(&body, &["a=l1\\r\\nl2\\n\\r\\n", "e="], &[])
        .has(Variable::Files, &["f=x.php", "g=y.txt"])
        .has(Variable::FilesNames, &["f=f", "g=g"])
        .has(Variable::FilesSizes, &["f=8", "g=0"])
        .has(Variable::FilesTmpContent, &["f=<?php\\r\\nx", "g="])
        .has(Variable::FilesCombinedSize, &["8"])
        .has(Variable::MultipartName, &["a=a", "f=f", "g=g", "e=e"])
        .has(Variable::MultipartFilename, &["x.php=x.php", "y.txt=y.txt", ""])
        .has(Variable::ArgsCombinedSize, &["11"])
        .has(
            Variable::MultipartPartHeaders,
            &[
                "a=Content-Disposition: form-data; name=\\\"a\\\"",
                "f=Content-Disposition: form-data; name=\\\"f\\\"; filename=\\\"x.php\\\"",
                "f=Content-Type: text/plain",
                "g=Content-Disposition: form-data; name=g; filename=y.txt",
                "e=Content-Disposition: form-data; name=\\\"e\\\"; filename=\\\"\\\"",
            ],
        );
    check(&(A.to_owned() + "--BB--"), &["a=v"], &[]);
    check(&A.replace("Content-D", "content-d").replace(": ", ":\t").replace("v\r\n", "v\r\n--BB--"), &["a=v"], &[]);
    check(END, &[], &[]);
    check("", &[], &[]).has(Variable::FilesCombinedSize, &[""]);
}

#[test]
fn boundaries_in_odd_places() {
    let closed = A.to_owned() + END;
    check(&(closed.clone() + "x"), &["a=v"], &["DATA_AFTER"]);
    check(&(closed.clone() + END), &["a=v"], &["DATA_AFTER"]);
    check(&format!("x\r\n{closed}"), &["a=v"], &["DATA_BEFORE"]);
    check(&format!("\r\n{closed}"), &["a=v"], &["DATA_BEFORE"]);
    check(&format!(" --BB\r\n{closed}"), &["a=v"], &["DATA_BEFORE", "UNMATCHED_BOUNDARY=2"]);
    check(A, &["a=v"], &["the final boundary is missing"]);
    check("x", &[], &["DATA_BEFORE", "there is no boundary in the body"]);
    check(&(A.to_owned() + "--BBx\r\n" + END), &["a=v\\r\\n--BBx"], &["a boundary line is not valid"]);
    check(&(A.to_owned() + "--BB---\r\n"), &["a=v\\r\\n--BB---"], &["a boundary line is not valid"]);
    check(&closed.replace('v', "--CC\r\nv"), &["a=--CC\\r\\nv"], &["UNMATCHED_BOUNDARY=2"]);
    check(&closed.replace('v', "x--BB\r\nv"), &["a=x--BB\\r\\nv"], &["UNMATCHED_BOUNDARY=2"]);
    check(&closed.replace('v', "--\r\n-\r\nv"), &["a=--\\r\\n-\\r\\nv"], &[]);
    check(&(A.to_owned() + "--CC\r\n"), &["a=v\\r\\n--CC"], &["UNMATCHED_BOUNDARY", "the final boundary is missing"]);
    check(
        &closed.replace('v', "-- BB"),
        &["a=-- BB"],
        &["UNMATCHED_BOUNDARY=2", "a boundary line has white space before the boundary"],
    );
    check(&closed.replace("v\r\n", ""), &["a="], &["INVALID_PART"]);
    check(
        &closed.replace("\r\nv\r\n", ""),
        &["a=Content-Disposition: form-data; name=\\\"a\\\"\\r\\n"],
        &["INVALID_PART", "a part's header does not end"],
    );
}

#[test]
fn line_ends_are_told_apart() {
    let closed = A.to_owned() + END;
    check(&closed.replace("\r\n", "\n"), &["a=v"], &["LF_LINE"]);
    check(&closed.replace("v\r\n", "v\n"), &["a=v"], &["CRLF_LF_LINES", "LF_LINE"]);
    check(&closed.replacen("--BB\r\n", "--BB\n", 1), &["a=v"], &["CRLF_LF_LINES", "LF_LINE"]);
    check(&closed.replace("\r\n", "\r"), &[], &["DATA_BEFORE", "a boundary line is not valid"]);
}

#[test]
fn headers_of_parts() {
    let check = |lines: &str, headers: &[&str], flags: &[&str]| {
        let first = "a=Content-Disposition: form-data; name=\\\"a\\\"";
        let headers: Vec<_> = std::iter::once(first).chain(headers.iter().copied()).collect();
        check(&(part_with(lines) + END), &["a=v"], flags).has(Variable::MultipartPartHeaders, &headers);
    };
    check("Content-Transfer-Encoding: base64\r\n", &["a=Content-Transfer-Encoding: base64"], &[]);
    check("X: a\r\n b\r\n\tc\r\n", &["a=X: a b c"], &["HEADER_FOLDING"]);
    check("X: a\r\n\x0bb\r\n", &["a=X: a b"], &["HEADER_FOLDING", "INVALID_HEADER_FOLDING"]);
    check("X: a\0b\r\n", &["a=X: a\\x00b"], &["a part header has a NUL byte"]);
    check("X a\r\n", &["a=X a"], &["a part header has no colon"]);
    check(": a\r\n", &["a=: a"], &["a part header has no name"]);
    check("X: a\r\nx: b\r\n", &["a=X: a", "a=x: b"], &["a part has a header twice"]);
    let long = format!("X: {}\r\n", "a".repeat(head::LINE_BYTES_MAX));
    assert_eq!(odd(&filled(&(part_with(&long) + END))), ["a part header line is over 4096 bytes long"]);
    let many: String = (0..100).map(|number| format!("x{number}: y\r\n")).collect();
    let filled = filled(&(part_with(&many) + END));
    assert_eq!(filled.all(Variable::MultipartPartHeaders).len(), head::FIELDS_MAX);
    assert_eq!(odd(&filled), ["a part has more than 64 header lines"]);
}

#[test]
fn parts_that_are_not_understood_are_arguments() {
    let check = |body: &str, argument: &str, error: &str| {
        check(&(body.to_owned() + END), &[argument], &["INVALID_PART", error])
    };
    check("--BB\r\n\r\nv\r\n", "v", "a part has no Content-Disposition");
    check("--BB\r\nX: y\r\n\r\nv\r\n", "v", "a part has no Content-Disposition");
    check("--BB\r\nContent-Disposition : form-data; name=a\r\n\r\nv\r\n", "v", "a part has no Content-Disposition");
    let check = |disposition: &str, argument: &str, error: &str| {
        check(&part(disposition, "v"), argument, &format!("a part's Content-Disposition is not valid: {error}"))
    };
    check("Form-Data; name=a", "v", "it is not form-data");
    check("attachment; name=a", "v", "it is not form-data");
    check("form-datax; name=a", "v", "a semicolon is missing");
    check("form-data", "v", "there is no name");
    check("form-data; name=\"\"", "v", "there is no name");
    check("form-data; Name=a", "v", "a parameter is not known");
    check("form-data; name=a; x=y", "a=v", "a parameter is not known");
    check("form-data; name=a; ", "a=v", "a parameter is incomplete");
    check("form-data; name", "v", "a parameter is incomplete");
    check("form-data; name=", "v", "a parameter is incomplete");
    check("form-data; name=a/b", "a=v", "a semicolon is missing");
    check("form-data; name=\"a\" filename=\"b\"", "a=v", "a semicolon is missing");
    check("form-data; name=a; filename=x; filename=y", "a=v", "a parameter is there twice")
        .has(Variable::MultipartFilename, &["x=x", "y=y"])
        .has(Variable::Files, &["a=x", "a=y"]);
    check("form-data; name=a; name=b", "a=v", "a parameter is there twice")
        .has(Variable::MultipartName, &["a=a", "b=b"]);
    check("form-data; name=a; filename*=UTF-8''x%20y", "a=v", "there is no plain file name beside the extended one")
        .has(Variable::MultipartFilename, &["x y=x y"])
        .has(Variable::Files, &["a=x y"]);
    check("form-data; name=a; filename=z; filename*=x%20y", "a=v", "the extended file name is not valid");
    check("form-data; name=a; filename=z; filename*=''x", "a=v", "the extended file name is not valid");
}

#[test]
fn names_are_quoted_in_several_ways() {
    let named = |disposition: &str, name: &str, flags: &[&str]| {
        check(&(part(disposition, "v") + END), &[&format!("{name}=v")], flags);
    };
    named("form-data; name = \"a\"", "a", &[]);
    named("form-data; name=\"a\";", "a", &[]);
    named("form-data; name=\"a'b\"", "a\\'b", &[]);
    named(r#"form-data; name="a\"b\\c\d""#, r#"a\"b\\c\\d"#, &[]);
    named("form-data; name='a'", "a", &["INVALID_QUOTING"]);
    named("form-data; name=\"a", "a", &["INVALID_QUOTING"]);
    check(
        &(part("form-data; name=\"a\"x\"", "v") + END),
        &["a=v"],
        &["INVALID_PART", "INVALID_QUOTING", "a part's Content-Disposition is not valid: a semicolon is missing"],
    );
    check(&(part("form-data;\r\n name=\"a\"", "v") + END), &["a=v"], &["HEADER_FOLDING"])
        .has(Variable::MultipartPartHeaders, &["a=Content-Disposition: form-data; name=\\\"a\\\""]);
    let both = "form-data; name=\"a\"; filename*=UTF-8''x%20y.txt; filename=\"z\"";
    check(&(part(both, "v") + END), &[], &[])
        .has(Variable::Files, &["a=z", "a=x y.txt"])
        .has(Variable::MultipartFilename, &["z=z", "x y.txt=x y.txt"]);
}

#[test]
fn the_boundary_of_a_content_type() {
    let body = A.to_owned() + END;
    let check = |content_type: &str, flags: &[&str]| {
        let filled = filled_with(PhasedSettings::default(), content_type, body.as_bytes());
        assert_eq!(odd(&filled), flags, "{content_type}");
        let read = !flags.iter().any(|flag| flag.contains(' '));
        assert_eq!(filled.all(Variable::ArgsPost), if read { vec!["a=v"] } else { vec![] }, "{content_type}");
    };
    check("multipart/form-data;boundary=BB", &[]);
    check("Multipart/Form-Data ; boundary=BB; x=y", &[]);
    check("multipart/form-data; boundary=BB;", &[]);
    check("multipart/form-data; boundary=BB; boundaryx", &[]);
    check("multipart/form-data boundary=BB", &["MISSING_SEMICOLON"]);
    check("multipart/form-data; boundary=\"BB\"", &["BOUNDARY_QUOTED"]);
    check("multipart/form-data; boundary =BB", &["BOUNDARY_WHITESPACE"]);
    check("multipart/form-data", &["there is no boundary parameter"]);
    check("multipart/form-data; boundary", &["there is no boundary parameter"]);
    check("multipart/form-data; charset=x; boundary=BB", &["something stands before the boundary parameter"]);
    check("multipart/form-data;; boundary=BB", &["something stands before the boundary parameter"]);
    check("multipart/form-datax; boundary=BB", &["something stands before the boundary parameter"]);
    check("multipart/form-data; Boundary=BB", &["the boundary parameter is not in lower case"]);
    check("multipart/form-data; boundaryx=BB", &["the name of the boundary parameter is not valid"]);
    check("multipart/form-data; boundary=BB; boundary=CC", &["there are several boundary parameters"]);
    check("multipart/form-data; boundary=boundary=BB", &["there are several boundary parameters"]);
    for quoted in ["\"BB", "BB\"", "\"BB\"; x=y", "BB; x=\"y\""] {
        check(&format!("multipart/form-data; boundary={quoted}"), &["the boundary is only partly quoted"]);
    }
    check("multipart/form-data; boundary=", &["the boundary is empty"]);
    check("multipart/form-data; boundary=\"\"", &["BOUNDARY_QUOTED", "the boundary is empty"]);
    check("multipart/form-data; boundary=B@B", &["the boundary has characters that are not allowed"]);
    check("multipart/form-data; boundary=BB ; x", &["the boundary has characters that are not allowed"]);
    check("text/plain; boundary=BB", &["Content-Type is not multipart/form-data"]);
    check(&format!("multipart/form-data; boundary={}", "B".repeat(1000)), &["Content-Type is too long"]);
    check(
        "multipart/form-data; boundary= BB",
        &["BOUNDARY_WHITESPACE", "DATA_BEFORE", "UNMATCHED_BOUNDARY", "there is no boundary in the body"],
    );
    let mut filled = Filled::head("POST /", "", PhasedSettings::default());
    filled.body(Some(BodyProcessor::Multipart), b"x");
    assert_eq!(odd(&filled), ["Content-Type is not available"]);
    let quoted = body.replace("--BB", "--\"BB");
    let filled = filled_with(PhasedSettings::default(), "multipart/form-data; boundary=\"BB\"", quoted.as_bytes());
    assert!(odd(&filled).contains(&"a boundary line has quotes".to_owned()));
}

#[test]
fn limits_hold() {
    let mut settings = PhasedSettings::default();
    settings.request_body.arguments_max = 2;
    settings.request_body.files_max = 1;
    settings.request_body.no_files_bytes_max = 200;
    let read = |body: &str| filled_with(settings.clone(), TYPE, body.as_bytes());
    let file = part("form-data; name=f; filename=x", &"v".repeat(300));
    let filled = read(&(file.clone() + END));
    assert!(odd(&filled).is_empty());
    let filled = read(&(file.clone() + &file + END));
    assert_eq!(odd(&filled), ["FILE_LIMIT_EXCEEDED", "there are more files than SecUploadFileLimit allows"]);
    filled.has(Variable::FilesCombinedSize, &["600"]).has(Variable::FilesNames, &["f=f", "f=f"]);
    let filled = read(&(A.repeat(3) + END));
    assert_eq!(odd(&filled), ["there are more arguments than SecArgumentsLimit allows"]);
    filled.has(Variable::ArgsPost, &["a=v", "a=v"]);
    let filled = read(&(file.repeat(4) + END));
    assert_eq!(filled.all(Variable::Files).len(), 3);
    let filled = read(&(part("form-data; name=a", &"v".repeat(200)) + END));
    assert_eq!(odd(&filled), ["Request body excluding files is bigger than the maximum expected."]);
    filled.has(Variable::InboundDataError, &["1"]);
}

/// Bodies that a reader which goes back or copies would take long over.
#[test]
fn hostile_bodies_take_linear_time() {
    let body = |text: &str| text.repeat(1_000_000 / text.len());
    let folded = format!("--BB\r\nX: a\r\n{}", body(" \r\n b\r\n"));
    let escapes = part(&format!("form-data; name=\"{}\"", body("\\\\")), "v");
    for body in
        [body(A), body("--BB\r\n"), body("--BB\r\n\r\n"), body("\n--B"), body("-"), body("a:b\r\n"), folded, escapes]
    {
        let start = Instant::now();
        let filled = filled(&body);
        assert_eq!(filled.all(Variable::ReqbodyError), ["1"]);
        assert!(start.elapsed() < Duration::from_secs(2), "{:?}", &body[..20]);
    }
    let boundary = "-".repeat(900) + "x";
    let start = Instant::now();
    let content_type = format!("multipart/form-data; boundary={boundary}");
    filled_with(PhasedSettings::default(), &content_type, body("-").as_bytes());
    assert!(start.elapsed() < Duration::from_secs(2));
}

proptest! {
    #[test]
    fn what_is_written_is_read(parts in prop::collection::vec(("[a-z]{1,3}", any::<Option<bool>>(), "[ -~\r\n]{0,40}"), 0..5)) {
        let mut body = String::new();
        let (mut arguments, mut files) = (Vec::new(), Vec::new());
        for (name, is_file, content) in &parts {
            let content = content.replace("--", "-");
            let file = if *is_file == Some(true) { "; filename=\"f\"" } else { "" };
            body += &part(&format!("form-data; name=\"{name}\"{file}"), &content);
            let value = format!("{name}={}", content.as_bytes().escape_ascii());
            if file.is_empty() { arguments.push(value) } else { files.push(value) }
        }
        let filled = filled(&(body + END));
        prop_assert_eq!(odd(&filled), Vec::<String>::new());
        prop_assert_eq!(filled.all(Variable::ArgsPost), arguments);
        prop_assert_eq!(filled.all(Variable::FilesTmpContent), files);
    }

    #[test]
    fn any_bytes_are_read(body in "(--BB|--|-|\r\n|\n|Content-Disposition: |form-data|; ?|name|filename\\*?|=|\"|'|a|%20|\\\\|\0|BB| ){0,60}") {
        let filled = filled(&body);
        let store = &filled.store;
        let values = [Variable::Args, Variable::Files, Variable::MultipartName, Variable::MultipartPartHeaders];
        let bytes: usize = values.iter().flat_map(|&variable| filled.all(variable)).map(|value| value.len()).sum();
        prop_assert!(bytes <= 8 * body.len() + 100 && store.scalar(List::RequestBody) == body.as_bytes());
    }
}
