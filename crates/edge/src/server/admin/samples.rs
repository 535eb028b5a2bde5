//! `GET /samples[?rule-metric-name=NAME][&max-items=N][&start-time=T][&end-time=T]`: requests that a rule matched.

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response, StatusCode};

use super::{TEXT_TYPE, json, reply};
use crate::body::Reply;
use crate::sample::{Ask, Unanswerable};
use crate::server::shared::Shared;

/// Answers a query with the response of `GetSampledRequests`, or with a line that says why not.
pub(super) fn list(shared: &Shared, query: &str) -> Response<Reply> {
    let answer = Ask::parse(query).and_then(|ask| shared.samples.answer(&ask, shared.clock.now()));
    match answer {
        Ok(text) => json(StatusCode::OK, text),
        Err(error) => {
            let mut response = Response::new(reply(format!("{error}\n").into()));
            *response.status_mut() = match error {
                Unanswerable::Name { .. } => StatusCode::NOT_FOUND,
                _ => StatusCode::BAD_REQUEST,
            };
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(TEXT_TYPE));
            response
        }
    }
}
