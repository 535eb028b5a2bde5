//! A log and a witness over real sockets.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

use std::path::Path;
use std::sync::Arc;

use sekisho_disk::FileSystem;
use sekisho_model::{ManualClock, Timestamp};
use sekisho_seal::{Cosigner, Hash, SealLog, SigningKey, consistency_proof};
use sekisho_witness::{BODY_BYTES_MAX, Submission, SubmissionError, Witness, serve};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

struct Running {
    address: String,
    witness: Arc<Witness>,
    stop: oneshot::Sender<()>,
    task: tokio::task::JoinHandle<()>,
}

async fn running(folder: &Path, secret: &str, log: &SigningKey) -> Running {
    let cosigner = Cosigner::new(SigningKey::from_text(secret).unwrap()).unwrap();
    let witness = Witness::open(Arc::new(FileSystem), folder, cosigner, vec![log.verifying()]).unwrap();
    let witness = Arc::new(witness);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let clock = Arc::new(ManualClock::new(Timestamp::from_unix_ms(1_795_348_800_000)));
    let (stop, stopped) = oneshot::channel();
    let served = serve(listener, Arc::clone(&witness), clock, async { _ = stopped.await });
    Running { address, witness, stop, task: tokio::spawn(served) }
}

impl Running {
    fn submission(&self) -> Submission {
        let key = sekisho_seal::WitnessKey::from_text(&self.witness.key()).unwrap();
        Submission::new(&format!("http://{}/some/prefix/", self.address), key).unwrap()
    }

    async fn stop(self) {
        _ = self.stop.send(());
        self.task.await.unwrap();
    }
}

fn copy(key: &SigningKey) -> SigningKey {
    SigningKey::from_text(&key.to_secret_text()).unwrap()
}

fn log(folder: &Path, key: &SigningKey) -> SealLog {
    SealLog::open(Arc::new(FileSystem), folder, copy(key)).unwrap()
}

async fn submit(log: &mut SealLog, leaves: u8, submission: &Submission, known: u64) -> Result<usize, SubmissionError> {
    (0..leaves).for_each(|leaf| log.push(Hash::of_leaf(&[leaf])));
    let mut note = log.checkpoint().unwrap();
    let size = log.size();
    let prove = |before| consistency_proof(log.files(), before, size);
    let witnessed = submission.submit(&note, (known, size), prove).await?;
    witnessed.signatures.into_iter().for_each(|signature| note.add(signature));
    assert!(submission.key().find(&note).unwrap().is_some());
    log.publish(&note).unwrap();
    Ok(note.signatures().len())
}

#[tokio::test]
async fn a_log_is_witnessed_across_restarts_of_the_witness() {
    let folder = TempDir::new().unwrap();
    let key = SigningKey::generate("log.example").unwrap();
    let secret = SigningKey::generate_witness("w.example").unwrap().to_secret_text();
    let mut log = log(&folder.path().join("seal"), &key);
    let first = running(&folder.path().join("witness"), &secret, &key).await;
    assert_eq!(submit(&mut log, 5, &first.submission(), 0).await.unwrap(), 2);
    assert_eq!(submit(&mut log, 250, &first.submission(), 5).await.unwrap(), 2);
    first.stop().await;
    let second = running(&folder.path().join("witness"), &secret, &key).await;
    // What the log thinks is wrong: the witness says what it knows.
    assert_eq!(submit(&mut log, 250, &second.submission(), 0).await.unwrap(), 2);
    assert_eq!(submit(&mut log, 0, &second.submission(), 3).await.unwrap(), 2);
    second.stop().await;
}

#[tokio::test]
async fn a_log_that_lost_records_or_was_rewritten_is_not_witnessed() {
    let folder = TempDir::new().unwrap();
    let key = SigningKey::generate("log.example").unwrap();
    let secret = SigningKey::generate_witness("w.example").unwrap().to_secret_text();
    let running = running(&folder.path().join("witness"), &secret, &key).await;
    let mut whole = log(&folder.path().join("seal"), &key);
    submit(&mut whole, 9, &running.submission(), 0).await.unwrap();
    let mut shorter = log(&folder.path().join("shorter"), &key);
    let refused = submit(&mut shorter, 4, &running.submission(), 0).await;
    assert!(matches!(refused, Err(SubmissionError::Ahead(9))), "{refused:?}");
    let mut rewritten = log(&folder.path().join("rewritten"), &key);
    rewritten.push(Hash::of_leaf(b"another"));
    let refused = submit(&mut rewritten, 30, &running.submission(), 0).await;
    assert!(matches!(refused, Err(SubmissionError::Refused { status: 422, .. })), "{refused:?}");
    let other = SigningKey::generate("log.example").unwrap();
    let mut other = log(&folder.path().join("other"), &other);
    let refused = submit(&mut other, 10, &running.submission(), 0).await;
    assert!(matches!(refused, Err(SubmissionError::Refused { status: 403, .. })), "{refused:?}");
    running.stop().await;
}

async fn exchanged(address: &str, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    _ = stream.read_to_end(&mut answer).await;
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn anything_may_be_sent() {
    let folder = TempDir::new().unwrap();
    let key = SigningKey::generate("log.example").unwrap();
    let secret = SigningKey::generate_witness("w.example").unwrap().to_secret_text();
    let running = running(&folder.path().join("witness"), &secret, &key).await;
    let address = &running.address;
    let post = |body: &[u8]| {
        let head = format!("POST /add-checkpoint HTTP/1.1\r\nhost: w\r\ncontent-length: {}\r\n\r\n", body.len());
        [head.as_bytes(), body].concat()
    };
    for (request, status) in [
        (b"GET / HTTP/1.1\r\nhost: w\r\n\r\n".to_vec(), "404"),
        (b"GET /add-checkpoint HTTP/1.1\r\nhost: w\r\n\r\n".to_vec(), "405"),
        (post(b"nothing"), "400"),
        (post(&[0xff, 0xfe]), "400"),
        (post(&vec![b'a'; BODY_BYTES_MAX + 1]), "413"),
        (b"\0\0\0\r\n\r\n".to_vec(), "400"),
    ] {
        let answer = exchanged(address, &request).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{status}: {answer}");
    }
    let nobody = Submission::new("http://127.0.0.1:1", running.submission().key().clone()).unwrap();
    let mut log = log(&folder.path().join("seal"), &key);
    assert!(matches!(submit(&mut log, 1, &nobody, 0).await, Err(SubmissionError::Connection(_))));
    assert!(matches!(submit(&mut log, 1, &running.submission(), 0).await, Ok(2)));
    for address in ["", "w.example", "ftp://w", "http://", "http://w?x=1"] {
        let made = Submission::new(address, running.submission().key().clone());
        assert!(matches!(made, Err(SubmissionError::Address(_))), "{address}");
    }
    running.stop().await;
}
