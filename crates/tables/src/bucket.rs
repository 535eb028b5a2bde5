//! A bucket of S3, or of anything that speaks its protocol, as tables need it.
//!
//! A file that must not be there yet is written with `If-None-Match: *`. Its answer may be lost after it was written, and be asked for again: then the
//! store says that the file is there already. So whatever such an answer says, the file is read, and if it has the very bytes, it was written. Each
//! commit has bytes of its own, since it names files that nobody else writes.
//!
//! Everything else is tried again by `object_store` within [`Patience`]. Errors say which bucket and key, and what helps.

use std::error::Error as _;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::stream::{BoxStream, StreamExt as _};
use object_store::path::Path;
use object_store::{
    BackoffConfig, CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    ObjectStoreExt as _, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions, Result,
    RetryConfig,
};

/// What errors say they come from.
const STORE: &str = "S3";
/// Bytes of what a store says that are told: a page of HTML from something in between would drown the rest.
const SAID_BYTES_MAX: usize = 400;

/// How long a store is waited for, and how often it is asked again.
#[derive(Debug, Clone)]
pub struct Patience {
    /// Until a connection stands: one that takes longer is better begun anew.
    pub connect: Duration,
    /// Until an answer is whole. A part of a large file has 10 MB.
    pub request: Duration,
    /// Requests after the first, of those that may be made twice: with the pauses between them some 40 s, longer than a store is out of sorts for as a rule. What
    /// takes longer is begun anew from the write-ahead log.
    pub retries: usize,
    /// The first pause; each is up to twice the one before.
    pub pause: Duration,
    /// The longest pause.
    pub pause_max: Duration,
    /// Requests to write a file that must not be there yet. Each of them is tried again by itself where it certainly had no effect.
    pub creates: u32,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            request: Duration::from_secs(30),
            retries: 8,
            pause: Duration::from_millis(100),
            pause_max: Duration::from_secs(10),
            creates: 5,
        }
    }
}

impl Patience {
    /// As `object_store` has it.
    pub(crate) fn retry(&self) -> RetryConfig {
        let backoff = BackoffConfig { init_backoff: self.pause, max_backoff: self.pause_max, base: 2. };
        // After so long no new try begins, however many are left: credentials of a request do not live for ever.
        RetryConfig { backoff, max_retries: self.retries, retry_timeout: self.request * 4 }
    }
}

/// The bucket.
pub(crate) struct Bucket {
    inner: Arc<dyn ObjectStore>,
    name: String,
    patience: Patience,
}

impl fmt::Debug for Bucket {
    /// Without what is inside: it has credentials.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Bucket").field("name", &self.name).finish_non_exhaustive()
    }
}

impl fmt::Display for Bucket {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "s3://{}", self.name)
    }
}

/// What a store said instead of what it was asked for.
#[derive(Debug, thiserror::Error)]
#[error("{action} s3://{bucket}/{key}: {said}{}{help}", if help.is_empty() { "" } else { "; " })]
struct Refused {
    action: &'static str,
    bucket: String,
    key: String,
    said: String,
    help: &'static str,
}

/// An error and what is behind it, on one line of bounded length.
fn said(error: &Error) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut behind = match error {
        // What it says itself is in what is behind it.
        Error::Generic { source, .. } => Some(&**source as &dyn std::error::Error),
        error => error.source(),
    };
    while let Some(error) = behind {
        let part = error.to_string();
        if !parts.iter().any(|known| known.contains(&part)) {
            parts.push(part);
        }
        behind = error.source();
    }
    let whole = if parts.is_empty() { error.to_string() } else { parts.join(": ") };
    let whole = without_xml(&whole);
    let plain: String = whole.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    let end = plain.floor_char_boundary(SAID_BYTES_MAX);
    if end < plain.len() { format!("{}…", &plain[..end]) } else { plain }
}

/// Of an answer in XML its code and its message, which say all.
fn without_xml(said: &str) -> String {
    let element = |name: &str| {
        let (_, rest) = said.split_once(&format!("<{name}>"))?;
        Some(rest.split_once(&format!("</{name}>"))?.0)
    };
    let (Some(code), Some(begin)) = (element("Code"), said.find("<?xml").or_else(|| said.find("<Error>"))) else {
        return said.to_owned();
    };
    let message = element("Message").map(|message| format!(": {message}")).unwrap_or_default();
    format!("{} {code}{message}", said[..begin].trim_end())
}

/// What helps against an error. What is looked for is in what programs say, not in addresses and keys, which may be anything.
fn help(error: &Error, said: &str) -> &'static str {
    let has = |part: &str| said.contains(part);
    match error {
        _ if has("NoSuchBucket") => "make the bucket, or correct its name in storage.toml",
        _ if has("RequestTimeTooSkewed") => "set this machine's clock",
        _ if has("without LOCATION") || has("AuthorizationHeaderMalformed") || has("PermanentRedirect") => {
            "the bucket is in another region: set `region` in storage.toml, or AWS_REGION"
        }
        _ if has("InvalidAccessKeyId") || has("SignatureDoesNotMatch") || has("ExpiredToken") => {
            "check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN"
        }
        Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => {
            "the credentials need s3:ListBucket on the bucket, and s3:GetObject, s3:PutObject and s3:DeleteObject below the prefix"
        }
        _ if has("http://169.254.") => {
            "no credentials were found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the machine a role"
        }
        _ if has("NotImplemented") || has("501 Not Implemented") => {
            "the store must know conditional writes (If-None-Match and If-Match with PutObject)"
        }
        _ if has("error sending request") || has("client error (Connect)") || has("timed out") => {
            "it cannot be reached or does not answer in time: check `endpoint_url` in storage.toml, and the network"
        }
        _ => "",
    }
}

impl Bucket {
    pub(crate) fn new(inner: Arc<dyn ObjectStore>, name: &str, patience: Patience) -> Self {
        Self { inner, name: name.to_owned(), patience }
    }

    /// The same kind of error, in words that say where and what helps.
    fn refused(&self, action: &'static str, key: &str, error: Error) -> Error {
        let said = said(&error);
        let help = help(&error, &said);
        let told = Refused { action, bucket: self.name.clone(), key: key.to_owned(), said, help };
        let (path, source) = (key.to_owned(), Box::new(told));
        match error {
            Error::NotFound { .. } => Error::NotFound { path, source },
            Error::AlreadyExists { .. } => Error::AlreadyExists { path, source },
            Error::Precondition { .. } => Error::Precondition { path, source },
            Error::NotModified { .. } => Error::NotModified { path, source },
            Error::PermissionDenied { .. } => Error::PermissionDenied { path, source },
            Error::Unauthenticated { .. } => Error::Unauthenticated { path, source },
            _ => Error::Generic { store: STORE, source },
        }
    }

    /// Writes a file that must not be there yet.
    async fn create(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        let mut pause = self.patience.pause;
        for left in (0..self.patience.creates.max(1)).rev() {
            let mut error = match self.inner.put_opts(location, payload.clone(), options.clone()).await {
                Ok(put) => return Ok(put),
                Err(error) => error,
            };
            if is_final(&error) {
                return Err(error);
            }
            match self.compare(location, &payload).await {
                Ok(Some(Ok(put))) => return Ok(put),
                Ok(Some(Err(source))) => {
                    return Err(Error::AlreadyExists { path: location.to_string(), source });
                }
                // It is not there: the store was at odds with itself (409), or the request never came through.
                Ok(None) => {}
                // Whether the file that is there is this one, nobody knows.
                Err(unread) => error = unread,
            }
            if left == 0 {
                // Not as one that is there already: nobody knows.
                return Err(Error::Generic { store: STORE, source: Box::new(error) });
            }
            tokio::time::sleep(pause).await;
            pause = self.patience.pause_max.min(pause * 2);
        }
        unreachable!("the last try returns")
    }

    /// Whether a file has these bytes; none if there is no such file.
    async fn compare(
        &self,
        location: &Path,
        payload: &PutPayload,
    ) -> Result<Option<std::result::Result<PutResult, Box<dyn std::error::Error + Send + Sync>>>> {
        let found = match self.inner.get(location).await {
            Ok(found) => found,
            Err(Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let other = || "somebody else has written it".into();
        if found.meta.size != payload.content_length() as u64 {
            return Ok(Some(Err(other())));
        }
        let put = PutResult { e_tag: found.meta.e_tag.clone(), version: found.meta.version.clone() };
        let bytes = found.bytes().await?;
        let mut rest = &bytes[..];
        let is_same = payload.iter().all(|piece| {
            let same = rest.strip_prefix(&piece[..]);
            rest = same.unwrap_or_default();
            same.is_some()
        });
        Ok(Some(if is_same { Ok(put) } else { Err(other()) }))
    }
}

/// Whether asking again cannot help.
const fn is_final(error: &Error) -> bool {
    matches!(
        error,
        Error::NotFound { .. }
            | Error::PermissionDenied { .. }
            | Error::Unauthenticated { .. }
            | Error::NotImplemented { .. }
            | Error::NotSupported { .. }
    )
}

#[async_trait]
impl ObjectStore for Bucket {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        let put = match options.mode {
            PutMode::Create => self.create(location, payload, options).await,
            PutMode::Overwrite | PutMode::Update(_) => self.inner.put_opts(location, payload, options).await,
        };
        put.map_err(|error| self.refused("write", location.as_ref(), error))
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let upload = self.inner.put_multipart_opts(location, options).await;
        upload.map_err(|error| self.refused("write", location.as_ref(), error))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let got = self.inner.get_opts(location, options).await;
        got.map_err(|error| self.refused("read", location.as_ref(), error))
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        let this = Self::new(Arc::clone(&self.inner), &self.name, self.patience.clone());
        let deleted = self.inner.delete_stream(locations);
        deleted.map(move |deleted| deleted.map_err(|error| this.refused("delete below", "", error))).boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let this = Self::new(Arc::clone(&self.inner), &self.name, self.patience.clone());
        let key = prefix.map(Path::to_string).unwrap_or_default();
        self.inner.list(prefix).map(move |meta| meta.map_err(|error| this.refused("list", &key, error))).boxed()
    }

    fn list_with_offset(&self, prefix: Option<&Path>, offset: &Path) -> BoxStream<'static, Result<ObjectMeta>> {
        let this = Self::new(Arc::clone(&self.inner), &self.name, self.patience.clone());
        let key = prefix.map(Path::to_string).unwrap_or_default();
        let listed = self.inner.list_with_offset(prefix, offset);
        listed.map(move |meta| meta.map_err(|error| this.refused("list", &key, error))).boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        let listed = self.inner.list_with_delimiter(prefix).await;
        listed.map_err(|error| self.refused("list", prefix.map(Path::as_ref).unwrap_or_default(), error))
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        let copied = self.inner.copy_opts(from, to, options).await;
        copied.map_err(|error| self.refused("copy", from.as_ref(), error))
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        let renamed = self.inner.rename_opts(from, to, options).await;
        renamed.map_err(|error| self.refused("rename", from.as_ref(), error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_keys_say_nothing_of_what_helps() {
        let helped = |said: &str| help(&Error::Generic { store: STORE, source: "it".into() }, said);
        let away = "Error performing GET http://127.0.0.1:45501/metadata-501/connect in 60ms, after 6 retries - HTTP error: error sending request";
        assert!(helped(away).starts_with("it cannot be reached"));
        assert_eq!(
            helped("Error performing PUT https://metadata-501.s3/connect in 6ms - Server returned error response: x"),
            ""
        );
        let old = "Error performing PUT http://a/b in 6ms - Server returned non-2xx status code: 501 Not Implemented: ";
        assert!(helped(old).contains("conditional writes"));
        let token =
            "Error performing PUT http://169.254.169.254/latest/api/token in 1s - HTTP error: error sending request";
        assert!(helped(token).starts_with("no credentials"));
    }

    #[test]
    fn what_a_store_says_is_told_in_a_line_of_bounded_length() {
        let xml = r#"Error performing PUT - 404 Not Found: <?xml version="1.0"?> <Error><Code>NoSuchBucket</Code><Message>None such</Message></Error>"#;
        assert_eq!(without_xml(xml), "Error performing PUT - 404 Not Found: NoSuchBucket: None such");
        for other in ["", "<Code>", "</Code><Code>", "<Error><Code>x", "no XML"] {
            assert_eq!(without_xml(other), other);
        }
        let page = Error::Generic { store: STORE, source: format!("<html>\r\n{}", "é".repeat(9_000)).into() };
        let said = said(&page);
        assert!(said.len() <= SAID_BYTES_MAX + "…".len() && said.starts_with("<html>  é"), "{said}");
    }
}
