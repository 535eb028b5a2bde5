//! Static pages: files under one directory, and nothing else.
//!
//! The path is decoded once and every segment checked before the file system sees it; what the name resolves to is checked
//! again, so that no link leads out. Files are read off the worker's thread, a block at a time.
//!
//! Source: RFC 9110 sections 8.8 and 13 (validators, conditional requests).

mod body;
mod kind;
mod path;

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use http::header::{
    ALLOW, CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED, LOCATION,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, request, response};

use crate::body::Source;
pub(crate) use body::PageBody;

/// Files up to this size are read in one go.
const WHOLE_BYTES_MAX: u64 = 64 * 1024;
/// What a directory shows.
const INDEX: &str = "index.html";
const X_CONTENT_TYPE_OPTIONS: HeaderName = HeaderName::from_static("x-content-type-options");

/// A directory of pages.
#[derive(Debug)]
pub(crate) struct Pages {
    root: Arc<Path>,
    bytes_max: u64,
}

/// What a path leads to.
enum Found {
    File(Page),
    /// A directory asked for without a slash at its end.
    Directory,
    Nothing,
}

/// A file, opened.
struct Page {
    file: File,
    bytes: u64,
    modified: Option<SystemTime>,
    kind: &'static str,
    whole: Option<Bytes>,
}

impl Pages {
    /// Pages under `directory`.
    ///
    /// # Errors
    ///
    /// If it does not exist or is none.
    pub(crate) fn new(directory: &Path, bytes_max: u64) -> io::Result<Self> {
        let root = directory.canonicalize()?;
        if !root.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        Ok(Self { root: root.into(), bytes_max })
    }

    /// Answers a request for what is under `prefix`.
    pub(crate) async fn answer(&self, head: &request::Parts, prefix: &str) -> Response<Source> {
        if head.method != Method::GET && head.method != Method::HEAD {
            let mut response = plain(StatusCode::METHOD_NOT_ALLOWED);
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            return response;
        }
        let under = head.uri.path().strip_prefix(prefix).unwrap_or_default();
        let Some(relative) = path::relative(under) else { return plain(StatusCode::NOT_FOUND) };
        let (root, bytes_max, slash) = (Arc::clone(&self.root), self.bytes_max, under.ends_with('/'));
        let whole = head.method == Method::GET;
        let found = tokio::task::spawn_blocking(move || find(&root, &relative, slash, bytes_max, whole)).await;
        match found {
            Ok(Ok(Found::File(page))) => page.into_response(head),
            Ok(Ok(Found::Directory)) => redirect(head),
            Ok(Ok(Found::Nothing)) => plain(StatusCode::NOT_FOUND),
            Ok(Err(error)) if is_absence(&error) => plain(StatusCode::NOT_FOUND),
            Ok(Err(error)) => {
                tracing::warn!(%error, path = head.uri.path(), "cannot read a page");
                plain(StatusCode::INTERNAL_SERVER_ERROR)
            }
            Err(_) => plain(StatusCode::INTERNAL_SERVER_ERROR),
        }
    }
}

fn is_absence(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidFilename, NotADirectory, NotFound, PermissionDenied};
    matches!(error.kind(), NotFound | NotADirectory | PermissionDenied | InvalidFilename)
}

/// Looks a checked relative path up.
fn find(root: &Path, relative: &Path, slash: bool, bytes_max: u64, whole: bool) -> io::Result<Found> {
    let mut path = resolve(root, relative)?;
    let mut metadata = path.metadata()?;
    if metadata.is_dir() {
        if !slash && relative.components().next().is_some() {
            return Ok(Found::Directory);
        }
        path = resolve(root, &relative.join(INDEX))?;
        metadata = path.metadata()?;
    } else if slash {
        return Ok(Found::Nothing);
    }
    if !metadata.is_file() || metadata.len() > bytes_max {
        return Ok(Found::Nothing);
    }
    Page::open(&path, &metadata, whole).map(Found::File)
}

/// The file a relative path names, links followed, if it is under `root` and no part of it is hidden.
fn resolve(root: &Path, relative: &Path) -> io::Result<PathBuf> {
    let path = root.join(relative).canonicalize()?;
    let inside = path.strip_prefix(root).map_err(|_| io::Error::from(io::ErrorKind::NotFound))?;
    if inside.iter().any(|part| part.as_encoded_bytes().starts_with(b".")) {
        return Err(io::ErrorKind::NotFound.into());
    }
    Ok(path)
}

impl Page {
    fn open(path: &Path, metadata: &Metadata, whole: bool) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let bytes = metadata.len();
        let whole = if whole && bytes <= WHOLE_BYTES_MAX {
            let mut content = Vec::with_capacity(usize::try_from(bytes).unwrap_or_default());
            // A file that grows meanwhile must not outgrow the length told.
            (&mut file).take(bytes).read_to_end(&mut content)?;
            Some(Bytes::from(content))
        } else {
            None
        };
        let bytes = whole.as_ref().map_or(bytes, |content| content.len() as u64);
        Ok(Self { file, bytes, modified: metadata.modified().ok(), kind: kind::of(path), whole })
    }

    fn etag(&self) -> Option<HeaderValue> {
        let since = self.modified?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
        HeaderValue::from_str(&format!("\"{:x}-{:x}\"", self.bytes, since.as_nanos())).ok()
    }

    fn into_response(self, head: &request::Parts) -> Response<Source> {
        let etag = self.etag();
        let (mut response, ()) = Response::new(()).into_parts();
        let unchanged = is_unchanged(&head.headers, etag.as_ref(), self.modified);
        validators(&mut response, etag, self.modified);
        if unchanged {
            response.status = StatusCode::NOT_MODIFIED;
            return Response::from_parts(response, Source::Empty);
        }
        let fields = &mut response.headers;
        fields.insert(CONTENT_TYPE, HeaderValue::from_static(self.kind));
        fields.insert(CONTENT_LENGTH, HeaderValue::from(self.bytes));
        fields.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        let source = match self.whole {
            _ if head.method == Method::HEAD => Source::Empty,
            Some(content) => Source::Full(content),
            None => Source::Page(PageBody::new(self.file, self.bytes)),
        };
        Response::from_parts(response, source)
    }
}

fn validators(response: &mut response::Parts, etag: Option<HeaderValue>, modified: Option<SystemTime>) {
    if let Some(etag) = etag {
        response.headers.insert(ETAG, etag);
    }
    if let Some(value) = modified.and_then(|at| HeaderValue::from_str(&httpdate::fmt_http_date(at)).ok()) {
        response.headers.insert(LAST_MODIFIED, value);
    }
}

/// Whether the client's copy is current. `If-None-Match` decides alone where it is sent.
fn is_unchanged(headers: &HeaderMap, etag: Option<&HeaderValue>, modified: Option<SystemTime>) -> bool {
    if headers.contains_key(IF_NONE_MATCH) {
        let Some(etag) = etag else { return false };
        let mut tags =
            headers.get_all(IF_NONE_MATCH).iter().flat_map(|line| line.as_bytes().split(|byte| *byte == b','));
        return tags.any(|tag| {
            let tag = tag.trim_ascii();
            tag == b"*" || tag.strip_prefix(b"W/").unwrap_or(tag) == etag.as_bytes()
        });
    }
    let since = headers.get(IF_MODIFIED_SINCE).and_then(|value| value.to_str().ok());
    let since = since.and_then(|text| httpdate::parse_http_date(text).ok());
    let (Some(since), Some(modified)) = (since, modified) else { return false };
    // The header counts whole seconds.
    modified.duration_since(since).is_ok_and(|late| late.as_secs() == 0) || modified <= since
}

fn redirect(head: &request::Parts) -> Response<Source> {
    let query = head.uri.query().map_or_else(String::new, |query| format!("?{query}"));
    let mut response = plain(StatusCode::PERMANENT_REDIRECT);
    // The path was checked: it begins with one slash only, so it cannot name another host.
    if let Ok(location) = HeaderValue::from_str(&format!("{}/{query}", head.uri.path())) {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}

fn plain(status: StatusCode) -> Response<Source> {
    let mut response = Response::new(Source::Empty);
    *response.status_mut() = status;
    response
}
