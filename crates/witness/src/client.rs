//! How a log asks a witness.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode, Uri, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use sekisho_seal::{Hash, Note, NoteSignature, WitnessKey};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::request::AddCheckpoint;

/// Bytes of an answer: a few signature lines.
const ANSWER_BYTES_MAX: usize = 16 << 10;
/// How long a witness may take to answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Why there is no signature.
#[derive(Debug, thiserror::Error)]
pub enum SubmissionError {
    /// The address cannot be used.
    #[error("`{0}` is not the address of a witness: it must begin with http:// or https:// and name a host")]
    Address(String),
    /// The connection failed.
    #[error("cannot reach the witness")]
    Connection(#[source] io::Error),
    /// It did not answer in time.
    #[error("the witness did not answer within {} s", TIMEOUT.as_secs())]
    Timeout,
    /// What came is not HTTP, or too much.
    #[error("the witness's answer is not one")]
    Answer(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It refused.
    #[error("the witness refused with status {status}: {why}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// What it said, one line.
        why: String,
    },
    /// It signed something else, or with another key.
    #[error("the witness's answer has no signature of its key over this checkpoint")]
    NotItsSignature,
    /// It knows a larger state than this one.
    #[error(
        "the witness has signed {0} leaves already, more than this log has: records were lost, or the log is a copy"
    )]
    Ahead(u64),
    /// The log's hashes cannot be read.
    #[error("cannot read the log's hashes")]
    Hashes(#[source] io::Error),
}

/// What a witness gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witnessed {
    /// Its signatures over the checkpoint.
    pub signatures: Vec<NoteSignature>,
}

/// A witness that is asked.
#[derive(Debug, Clone)]
pub struct Submission {
    uri: Uri,
    key: WitnessKey,
    tls: Arc<ClientConfig>,
}

impl Submission {
    /// `address`: its submission prefix, such as `https://witness.example/sekisho`; `/add-checkpoint` is put behind it.
    ///
    /// # Errors
    ///
    /// If the address cannot be used.
    pub fn new(address: &str, key: WitnessKey) -> Result<Self, SubmissionError> {
        let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        Self::with_authorities(address, key, roots)
    }

    /// As [`Submission::new`], with the authorities that may vouch for the witness's certificate.
    ///
    /// # Errors
    ///
    /// If the address cannot be used.
    pub fn with_authorities(address: &str, key: WitnessKey, roots: RootCertStore) -> Result<Self, SubmissionError> {
        let bad = || SubmissionError::Address(address.to_owned());
        let uri: Uri = format!("{}/add-checkpoint", address.trim_end_matches('/')).parse().map_err(|_| bad())?;
        let is_usable =
            matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some_and(|host| !host.is_empty());
        if !is_usable || uri.query().is_some() {
            return Err(bad());
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring speaks the default versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { uri, key, tls: Arc::new(tls) })
    }

    /// Its key.
    #[must_use]
    pub fn key(&self) -> &WitnessKey {
        &self.key
    }

    /// Asks for a signature. `before`: number of leaves of what it is thought to have signed last; if it names another, that one is proved
    /// from. `prove` gives the hashes that prove a number of leaves to be the beginning of the checkpoint's `size`.
    ///
    /// # Errors
    ///
    /// If it gives none.
    pub async fn submit(
        &self,
        checkpoint: &Note,
        (before, size): (u64, u64),
        prove: impl Fn(u64) -> io::Result<Vec<Hash>>,
    ) -> Result<Witnessed, SubmissionError> {
        let (status, answer) = self.ask(checkpoint, before.min(size), &prove, size).await?;
        let (status, answer) = match (status, answer.trim_end().parse::<u64>()) {
            (StatusCode::CONFLICT, Ok(known)) if known > size => return Err(SubmissionError::Ahead(known)),
            (StatusCode::CONFLICT, Ok(known)) if known != before => self.ask(checkpoint, known, &prove, size).await?,
            _ => (status, answer),
        };
        if status != StatusCode::OK {
            let why = answer.lines().next().unwrap_or_default().chars().filter(|letter| !letter.is_control());
            return Err(SubmissionError::Refused { status: status.as_u16(), why: why.take(200).collect() });
        }
        let signatures: Vec<_> = answer
            .lines()
            .filter_map(|line| NoteSignature::from_line(line).ok())
            .filter(|signature| self.vouches(checkpoint, signature))
            .collect();
        if signatures.is_empty() { Err(SubmissionError::NotItsSignature) } else { Ok(Witnessed { signatures }) }
    }

    fn vouches(&self, checkpoint: &Note, signature: &NoteSignature) -> bool {
        let alone = checkpoint.signed_by(vec![signature.clone()]);
        matches!(self.key.find(&alone), Ok(Some(_)))
    }

    async fn ask(
        &self,
        checkpoint: &Note,
        before: u64,
        prove: &impl Fn(u64) -> io::Result<Vec<Hash>>,
        size: u64,
    ) -> Result<(StatusCode, String), SubmissionError> {
        let is_proof = before > 0 && before < size;
        let proof = if is_proof { prove(before).map_err(SubmissionError::Hashes)? } else { Vec::new() };
        let body = AddCheckpoint { before, proof, checkpoint: checkpoint.clone() }.to_text();
        let exchange = self.exchange(body);
        tokio::time::timeout(TIMEOUT, exchange).await.unwrap_or(Err(SubmissionError::Timeout))
    }

    async fn exchange(&self, body: String) -> Result<(StatusCode, String), SubmissionError> {
        let host = self.uri.host().expect("checked when made").to_owned();
        let is_tls = self.uri.scheme_str() == Some("https");
        let port = self.uri.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
        let bare = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let stream = TcpStream::connect((bare.as_str(), port)).await.map_err(SubmissionError::Connection)?;
        if !is_tls {
            return self.speak(stream, body).await;
        }
        let name = ServerName::try_from(bare).map_err(|_| SubmissionError::Address(self.uri.to_string()))?;
        let connector = TlsConnector::from(Arc::clone(&self.tls));
        let stream = connector.connect(name, stream).await.map_err(SubmissionError::Connection)?;
        self.speak(stream, body).await
    }

    async fn speak(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        body: String,
    ) -> Result<(StatusCode, String), SubmissionError> {
        let failed = |error: hyper::Error| SubmissionError::Answer(error.into());
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(failed)?;
        let target = self.uri.path_and_query().map_or("/", |target| target.as_str());
        let request = Request::post(target)
            .header(header::HOST, self.uri.authority().map_or("", |authority| authority.as_str()))
            .header(header::CONTENT_TYPE, "text/plain; charset=utf-8")
            .body(Full::new(Bytes::from(body)))
            .map_err(|error| SubmissionError::Answer(error.into()))?;
        let exchange = async {
            let response = sender.send_request(request).await.map_err(failed)?;
            let status = response.status();
            let answer = Limited::new(response.into_body(), ANSWER_BYTES_MAX).collect().await;
            let answer = answer.map_err(SubmissionError::Answer)?.to_bytes();
            let answer = String::from_utf8(answer.to_vec()).map_err(|error| SubmissionError::Answer(error.into()))?;
            Ok((status, answer))
        };
        tokio::pin!(exchange, connection);
        tokio::select! {
            answer = &mut exchange => answer,
            // The exchange sees the end of the connection itself.
            _ = &mut connection => exchange.await,
        }
    }
}
