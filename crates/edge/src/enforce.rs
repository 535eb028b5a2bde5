//! From a decision to what the client gets.
//!
//! A block is answered as its policy says; where the policy says nothing, and wherever the edge itself refuses, calmly and
//! in the form the client understands: a page for browsers, in English and Japanese, JSON or a line of text otherwise.
//! The page names the request, so that a person who was wrongly blocked can be helped.

use bytes::Bytes;
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, LOCATION};
use http::{HeaderName, HeaderValue, Method, Response, StatusCode, request};
use sekisho_waf::ir::{BlockResponse, HeaderInsert};
use sekisho_waf::transaction::{Intervention, InterventionKind};

use crate::body::Source;
use crate::visit::Visit;

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The form a client wants a refusal in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Page,
    Json,
    Text,
}

/// The response to a blocked request. One of its own status below 400 tells of no error, and has no body but its own.
pub(crate) fn block(response: &BlockResponse, head: &request::Parts, visit: &Visit) -> Response<Source> {
    let status = StatusCode::from_u16(response.status).unwrap_or(StatusCode::FORBIDDEN);
    let Some(body) = response.body.as_ref().filter(|_| may_have_body(status)) else {
        if response.status < 400 {
            let mut built = Response::new(Source::Empty);
            *built.status_mut() = status;
            add(&mut built, &response.headers);
            return built;
        }
        let mut built = refuse(status, head, visit);
        add(&mut built, &response.headers);
        return built;
    };
    let mut built = Response::new(body_for(&head.method, Bytes::copy_from_slice(body.content.as_bytes())));
    *built.status_mut() = status;
    if let Ok(kind) = HeaderValue::from_str(&body.content_type) {
        built.headers_mut().insert(CONTENT_TYPE, kind);
    }
    add(&mut built, &response.headers);
    built
}

/// The response to a request, or in place of a response, that rules in phases stopped.
pub(crate) fn intervene(intervention: &Intervention, head: &request::Parts, visit: &Visit) -> Response<Source> {
    let status = status_of(intervention);
    let InterventionKind::Redirect(location) = &intervention.kind else {
        let plain = BlockResponse { status: status.as_u16(), headers: Vec::new(), body: None };
        return block(&plain, head, visit);
    };
    // An address with bytes that no field may hold, as a rule can make one from the request, leads nowhere.
    let Ok(location) = HeaderValue::from_str(location) else {
        return refuse(StatusCode::FORBIDDEN, head, visit);
    };
    let mut response = Response::new(Source::Empty);
    *response.status_mut() = status;
    response.headers_mut().insert(LOCATION, location);
    response
}

/// The status that an intervention is answered with: that of its rule, as far as it can end an exchange.
pub(crate) fn status_of(intervention: &Intervention) -> StatusCode {
    let status = StatusCode::from_u16(intervention.status).ok();
    match &intervention.kind {
        InterventionKind::Redirect(location) if HeaderValue::from_str(location).is_ok() => {
            status.filter(StatusCode::is_redirection).unwrap_or(StatusCode::FOUND)
        }
        _ => status.filter(|status| (200..600).contains(&status.as_u16())).unwrap_or(StatusCode::FORBIDDEN),
    }
}

/// Headers of a policy, as HTTP has them. One that HTTP cannot carry is left out: the loader warned of it.
pub(crate) fn header(insert: &HeaderInsert) -> Option<(HeaderName, HeaderValue)> {
    Some((HeaderName::from_bytes(insert.name.as_bytes()).ok()?, HeaderValue::from_str(&insert.value).ok()?))
}

fn add(response: &mut Response<Source>, inserts: &[HeaderInsert]) {
    for (name, value) in inserts.iter().filter_map(header) {
        response.headers_mut().insert(name, value);
    }
}

/// The edge's own answer with an error status.
pub(crate) fn refuse(status: StatusCode, head: &request::Parts, visit: &Visit) -> Response<Source> {
    let (kind, text) = match form(head) {
        Form::Page => ("text/html; charset=utf-8", page(status, visit.name())),
        Form::Json => ("application/json", json(status, visit.name())),
        Form::Text => ("text/plain; charset=utf-8", text(status, visit.name())),
    };
    let mut response = Response::new(body_for(&head.method, text.into()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(name) = HeaderValue::from_str(visit.name()) {
        headers.insert(X_REQUEST_ID, name);
    }
    response
}

/// Source: RFC 9110, sections 15.3.5 and 15.4.5.
fn may_have_body(status: StatusCode) -> bool {
    !matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
}

fn body_for(method: &Method, bytes: Bytes) -> Source {
    if method == Method::HEAD { Source::Empty } else { Source::Full(bytes) }
}

/// A person's browser says `text/html`; a program that says `json` gets JSON; whoever says neither, text.
fn form(head: &request::Parts) -> Form {
    let accept = head.headers.get(ACCEPT).map(HeaderValue::as_bytes).unwrap_or_default();
    let says = |kind: &[u8]| memchr::memmem::find(accept, kind).is_some();
    if says(b"text/html") {
        Form::Page
    } else if says(b"json") {
        Form::Json
    } else {
        Form::Text
    }
}

/// What happened, in English and Japanese.
fn words(status: StatusCode) -> (&'static str, &'static str) {
    match status.as_u16() {
        403 => {
            ("This request was stopped by a security check.", "このリクエストは、安全のための確認で止められました。")
        }
        404 => ("There is nothing here.", "お探しのページはありません。"),
        408 => ("The request did not arrive in time.", "リクエストの受信が時間内に終わりませんでした。"),
        413 => ("The request is too large.", "リクエストが大きすぎます。"),
        429 => ("Too many requests.", "リクエストが多すぎます。しばらくしてからお試しください。"),
        400..=499 => ("The request could not be understood.", "リクエストを解釈できませんでした。"),
        503 => ("The service is not available at the moment.", "サービスは現在ご利用いただけません。"),
        504 => ("The service did not answer in time.", "サービスからの応答が時間内にありませんでした。"),
        _ => ("The service did not answer properly.", "サービスから正しい応答がありませんでした。"),
    }
}

fn page(status: StatusCode, name: &str) -> String {
    let (english, japanese) = words(status);
    let code = status.as_u16();
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{code}</title>\n<style>\
         body{{font-family:system-ui,sans-serif;max-width:34rem;margin:18vh auto 0;padding:0 1.5rem;line-height:1.7;\
         color:#222;background:#fff}}small{{color:#666}}\
         @media(prefers-color-scheme:dark){{body{{color:#ddd;background:#181818}}small{{color:#999}}}}\
         </style>\n</head>\n<body>\n<h1>{code}</h1>\n<p>{english}</p>\n<p lang=\"ja\">{japanese}</p>\n\
         <p><small>If this is a mistake, please tell the site's owner this number.<br>\
         <span lang=\"ja\">お心当たりのない場合は、この番号をサイトの管理者にお知らせください。</span><br>\
         <code>{name}</code></small></p>\n</body>\n</html>\n"
    )
}

fn json(status: StatusCode, name: &str) -> String {
    let (english, _) = words(status);
    format!("{{\"status\":{},\"message\":\"{english}\",\"requestId\":\"{name}\"}}\n", status.as_u16())
}

fn text(status: StatusCode, name: &str) -> String {
    let (english, japanese) = words(status);
    format!("{} {english}\n{japanese}\nRequest: {name}\n", status.as_u16())
}

#[cfg(test)]
mod tests {
    use http::Request;
    use http_body::Body;
    use sekisho_model::Timestamp;
    use sekisho_waf::ir::ResponseBody;

    use super::*;
    use crate::body::{Attendance, Reply};
    use crate::visit::Names;

    fn head(method: Method, accept: Option<&str>) -> request::Parts {
        let mut request = Request::builder().method(method).uri("/");
        if let Some(accept) = accept {
            request = request.header(ACCEPT, accept);
        }
        request.body(()).unwrap().into_parts().0
    }

    fn content(response: Response<Source>) -> String {
        match response.into_body() {
            Source::Full(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
            Source::Empty => String::new(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_refusal_has_the_form_the_client_wants() {
        let visit = Names::new().visit(Timestamp::default());
        let refused = |accept| refuse(StatusCode::FORBIDDEN, &head(Method::GET, accept), &visit);
        let browser = content(refused(Some("text/html,application/xhtml+xml,*/*;q=0.8")));
        assert!(browser.contains("lang=\"ja\"") && browser.contains(visit.name()));
        let api = content(refused(Some("application/json")));
        let value: serde_json::Value = serde_json::from_str(&api).unwrap();
        assert_eq!((value["status"].as_u64(), value["requestId"].as_str()), (Some(403), Some(visit.name())));
        assert!(content(refused(None)).starts_with("403 "));
        assert_eq!(refused(None).headers()[X_REQUEST_ID], visit.name());
    }

    #[test]
    fn head_gets_no_body() {
        let visit = Names::new().visit(Timestamp::default());
        let response = refuse(StatusCode::FORBIDDEN, &head(Method::HEAD, None), &visit);
        assert!(Reply::new(response.into_body(), Attendance::None).is_end_stream());
    }

    #[test]
    fn the_policys_own_response_is_sent_as_it_is() {
        let visit = Names::new().visit(Timestamp::default());
        let custom = BlockResponse {
            status: 429,
            headers: vec![HeaderInsert { name: "retry-after".to_owned(), value: "30".to_owned() }],
            body: Some(ResponseBody { content_type: "text/plain".to_owned(), content: "slow down".to_owned() }),
        };
        let response = block(&custom, &head(Method::GET, Some("text/html")), &visit);
        assert_eq!((response.status().as_u16(), response.headers()["retry-after"].to_str().unwrap()), (429, "30"));
        assert_eq!(content(response), "slow down");
    }

    #[test]
    fn a_response_that_is_no_error_speaks_of_none() {
        let visit = Names::new().visit(Timestamp::default());
        let location = vec![HeaderInsert { name: "location".to_owned(), value: "/moved".to_owned() }];
        let moved = BlockResponse { status: 302, headers: location, body: None };
        let response = block(&moved, &head(Method::GET, Some("text/html")), &visit);
        assert_eq!((response.status().as_u16(), response.headers()["location"].to_str().unwrap()), (302, "/moved"));
        assert_eq!(content(response), "");
        let body = Some(ResponseBody { content_type: "text/plain".to_owned(), content: "nothing".to_owned() });
        let nothing = BlockResponse { status: 204, headers: Vec::new(), body };
        assert_eq!(content(block(&nothing, &head(Method::GET, None), &visit)), "");
    }
}
