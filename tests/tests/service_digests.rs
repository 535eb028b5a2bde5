//! CloudTrail's digests in a bucket: they come after the logs they are about, are verified as they come, and what fails is told and stops nothing.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use ring::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use sekisho_e2e::lake::{FOUND_WITHIN, LAKE, configure, query, start, stop, until, verify};
use sekisho_e2e::{Checkpoint, Client, Moto, Origin, sekisho_with};
use serde_json::{Value, json};

const KEY: &[u8] = include_bytes!("../../crates/gather/tests/data/digest-key.pk8");
const FINGERPRINT: &str = "67b9fa73676d86966b449dd677850753";
const ACCOUNT: &str = "AWSLogs/111122223333";

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("memory takes all");
    encoder.finish().expect("memory takes all")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn sha256(bytes: &[u8]) -> String {
    hex(ring::digest::digest(&ring::digest::SHA256, bytes).as_ref())
}

fn log_key(hour: usize) -> String {
    format!(
        "{ACCOUNT}/CloudTrail/us-east-1/2026/11/22/111122223333_CloudTrail_us-east-1_20261122T{hour:02}05Z_a{hour}.json.gz"
    )
}

fn digest_key(hour: usize) -> String {
    format!(
        "{ACCOUNT}/CloudTrail-Digest/us-east-1/2026/11/22/111122223333_CloudTrail-Digest_us-east-1_trail_us-east-1_20261122T{hour:02}0000Z.json.gz"
    )
}

fn log(hour: usize) -> String {
    json!({"Records": [{
        "eventVersion": "1.08", "eventTime": format!("2026-11-22T{hour:02}:00:00Z"), "eventSource": "s3.amazonaws.com",
        "eventName": format!("Hour{hour}"), "awsRegion": "us-east-1", "sourceIPAddress": "203.0.113.7",
        "eventID": format!("00000000-0000-4000-8000-{hour:012}"), "eventType": "AwsApiCall", "recipientAccountId": "111122223333"
    }]})
    .to_string()
}

/// A trail that delivers to a bucket as CloudTrail does.
struct Trail<'m> {
    moto: &'m Moto,
    key: RsaKeyPair,
    /// Key, hash and signature.
    previous: Option<(String, String, String)>,
}

impl<'m> Trail<'m> {
    fn new(moto: &'m Moto) -> Self {
        Self { moto, key: RsaKeyPair::from_pkcs8(KEY).expect("it is a key"), previous: None }
    }

    /// What `aws cloudtrail list-public-keys` prints.
    fn keys(&self, fingerprint: &str) -> String {
        let value = STANDARD.encode(self.key.public_key().as_ref());
        json!({"PublicKeyList": [{"Value": value, "Fingerprint": fingerprint}]}).to_string()
    }

    fn deliver_log(&self, hour: usize) {
        self.moto.put(&log_key(hour), &gzip(log(hour).as_bytes())).expect("it is put");
    }

    /// Delivers the digest of an hour.
    fn deliver_digest(&mut self, hour: usize) {
        let before = |part: fn(&(String, String, String)) -> &String| {
            self.previous.as_ref().map_or(Value::Null, |previous| part(previous).clone().into())
        };
        let end = format!("2026-11-22T{hour:02}:00:00Z");
        let content = json!({
            "awsAccountId": "111122223333", "digestStartTime": "x", "digestEndTime": end, "digestS3Bucket": "logs",
            "digestS3Object": digest_key(hour), "digestSignatureAlgorithm": "SHA256withRSA", "digestPublicKeyFingerprint": FINGERPRINT,
            "previousDigestS3Bucket": "logs", "previousDigestS3Object": before(|p| &p.0),
            "previousDigestHashValue": before(|p| &p.1), "previousDigestHashAlgorithm": "SHA-256", "previousDigestSignature": before(|p| &p.2),
            "logFiles": [{"s3Bucket": "logs", "s3Object": log_key(hour), "hashValue": sha256(log(hour).as_bytes()), "hashAlgorithm": "SHA-256"}]
        })
        .to_string();
        let before = self.previous.as_ref().map_or("null", |previous| &previous.2);
        let text = format!("{end}\nlogs/{}\n{}\n{before}", digest_key(hour), sha256(content.as_bytes()));
        let mut signature = vec![0; self.key.public().modulus_len()];
        let random = ring::rand::SystemRandom::new();
        self.key.sign(&RSA_PKCS1_SHA256, &random, text.as_bytes(), &mut signature).expect("it signs");
        let signature = hex(&signature);
        let metadata = [("signature", &*signature), ("signature-algorithm", "SHA256withRSA")];
        self.moto.put_with(&digest_key(hour), &gzip(content.as_bytes()), &metadata).expect("it is put");
        self.previous = Some((digest_key(hour), sha256(content.as_bytes()), signature));
    }
}

fn source(moto: &Moto) -> String {
    format!(
        "[[lake.source]]\nformat = \"cloudtrail\"\ndigest_keys_file = \"keys.json\"\ndigest_poll_s = 1\n\
         [lake.source.s3]\nurl = \"s3://logs/AWSLogs\"\npoll_s = 1\nendpoint_url = \"{}\"\n",
        moto.url()
    )
}

fn ready(checkpoint: &Checkpoint) -> String {
    let reply =
        Client::get_once(checkpoint.admin().expect("it has an admin address"), "/readyz").expect("a reply comes");
    assert_eq!(reply.status, 200, "requests are served all the same");
    reply.body
}

fn until_ready(checkpoint: &Checkpoint, what: &str, is_so: impl Fn(&str) -> bool) {
    let started = Instant::now();
    loop {
        let body = ready(checkpoint);
        if is_so(&body) {
            return;
        }
        assert!(started.elapsed() < FOUND_WITHIN, "{what}: {body}\n{}", checkpoint.log());
        std::thread::sleep(Duration::from_millis(100));
    }
}

const RESULTS: &str = "SELECT operation, count(*) FROM system WHERE source = 'sekisho' AND operation LIKE 'digest%' GROUP BY 1 ORDER BY 1";

#[test]
fn digests_of_a_bucket_are_verified_as_they_come_and_once() {
    let (origin, moto) = (Origin::start().expect("a port is free"), Moto::start().expect("moto runs"));
    let folder = tempfile::tempdir().expect("a folder can be made");
    let mut trail = Trail::new(&moto);
    fs::write(folder.path().join("keys.json"), trail.keys(FINGERPRINT)).expect("it is written");
    configure(folder.path(), &origin, &source(&moto));
    let checkpoint = start(folder);
    trail.deliver_log(1);
    until(checkpoint.folder(), "SELECT operation FROM api_activity WHERE operation LIKE 'Hour%'", &["Hour1"]);
    trail.deliver_digest(1);
    until(checkpoint.folder(), RESULTS, &["digest_verified,1"]);
    assert_eq!(ready(&checkpoint), "ready\n");

    // The log file of the second hour is another than CloudTrail delivered.
    moto.put(&log_key(2), &gzip(b"{\"Records\":[]}")).expect("it is put");
    trail.deliver_digest(2);
    until_ready(&checkpoint, "an altered log file is told", |body| {
        body.contains("lake: digests of s3://logs/AWSLogs: ") && body.contains(&format!("{} is altered", log_key(2)))
    });
    until(checkpoint.folder(), RESULTS, &["digest_failed,1", "digest_verified,1"]);
    let metrics = Client::get_once(checkpoint.admin().expect("it has one"), "/metrics").expect("a reply comes").body;
    for series in
        ["verified_digests_total", "failed_digests_total", "verified_log_files_total", "failed_log_files_total"]
    {
        let line = format!("sekisho_lake_{series}{{source=\"cloudtrail\"}} 1");
        assert!(metrics.lines().any(|told| told == line), "{line}\n{metrics}");
    }
    assert!(checkpoint.log().contains("a digest of CloudTrail fails"), "{}", checkpoint.log());
    // It comes back.
    trail.deliver_log(2);
    until_ready(&checkpoint, "what was mended is no trouble", |body| body == "ready\n");

    // What is settled is not looked at again, also after a kill; what comes then is held against it.
    let checkpoint = start(checkpoint.kill().expect("it runs"));
    trail.deliver_log(3);
    trail.deliver_digest(3);
    until(checkpoint.folder(), RESULTS, &["digest_failed,1", "digest_verified,3"]);
    // The fourth hour has a digest, and no log file.
    trail.deliver_digest(4);
    until_ready(&checkpoint, "a missing log file is told", |body| body.contains(&format!("{} is missing", log_key(4))));
    let folder = stop(checkpoint);
    assert_eq!(query(folder.path(), RESULTS), ["digest_failed,2", "digest_verified,3"]);
    let raw = "SELECT raw FROM system WHERE operation = 'digest_failed' ORDER BY record DESC LIMIT 1";
    assert!(query(folder.path(), raw)[0].contains(&log_key(4)));
    verify(folder.path());
}

#[test]
fn keys_that_are_none_and_keys_of_another_trail_are_told_apart() {
    let (origin, moto) = (Origin::start().expect("a port is free"), Moto::start().expect("moto runs"));
    let folder = tempfile::tempdir().expect("a folder can be made");
    let mut trail = Trail::new(&moto);
    fs::write(folder.path().join("keys.json"), "{\"Keys\": []}").expect("it is written");
    configure(folder.path(), &origin, &source(&moto));
    let ran = sekisho_with(folder.path(), ["run", "-c", "sekisho.toml"], &Moto::CREDENTIALS).expect("it ends");
    let told = &ran.stderr;
    assert!(ran.code == Some(2) && told.contains("digest_keys_file") && told.contains("list-public-keys"), "{told}");

    // A list of other keys.
    let other = other_key();
    let keys = json!({"PublicKeyList": [{"Value": STANDARD.encode(other), "Fingerprint": "another"}]}).to_string();
    fs::write(folder.path().join("keys.json"), keys).expect("it is written");
    let checkpoint = start(folder);
    trail.deliver_log(1);
    trail.deliver_digest(1);
    until_ready(&checkpoint, "an unknown key is told", |body| {
        body.contains("signed with a key that is not among those given")
    });
    // The right keys come without a restart.
    fs::write(checkpoint.folder().join("keys.json"), trail.keys(FINGERPRINT)).expect("it is written");
    until_ready(&checkpoint, "the right keys settle it", |body| body == "ready\n");
    verify(stop(checkpoint).path());
}

/// An RSA public key that has signed nothing: the test key with another modulus.
fn other_key() -> Vec<u8> {
    let key = RsaKeyPair::from_pkcs8(KEY).expect("it is a key");
    let mut bytes = key.public_key().as_ref().to_vec();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x55;
    bytes
}

#[test]
fn ingesting_a_bucket_verifies_its_digests_first() {
    let moto = Moto::start().expect("moto runs");
    let folder = tempfile::tempdir().expect("a folder can be made");
    let mut trail = Trail::new(&moto);
    fs::write(folder.path().join("keys.json"), trail.keys(FINGERPRINT)).expect("it is written");
    for hour in 1..=3 {
        trail.deliver_log(hour);
        trail.deliver_digest(hour);
    }
    let ingest = |place: &str| {
        let url = moto.url();
        let arguments =
            ["ingest", "cloudtrail", place, "--digest-keys", "keys.json", "--endpoint-url", &url, "--lake", LAKE];
        sekisho_with(folder.path(), arguments, &Moto::CREDENTIALS).expect("it runs")
    };
    let ran = ingest("s3://logs/AWSLogs");
    let told = "s3://logs/AWSLogs: digests of CloudTrail\n  3 digests verified\n  3 log files verified\n";
    assert!(ran.code == Some(0) && ran.stderr.contains(told), "{}", ran.stderr);
    // The logs alone: digests stand beside them.
    let ran = ingest(&format!("s3://logs/{ACCOUNT}/CloudTrail"));
    assert!(ran.code == Some(0) && ran.stderr.contains("3 digests verified"), "{}", ran.stderr);
    moto.put(&log_key(2), &gzip(b"{\"Records\":[]}")).expect("it is put");
    let ran = ingest("s3://logs/AWSLogs");
    assert!(ran.code == Some(1) && ran.stderr.contains(&format!("ALTERED: {}", log_key(2))), "{}", ran.stderr);
    verify_there(folder.path());
}

fn verify_there(folder: &Path) {
    assert_eq!(query(folder, "SELECT count(DISTINCT operation) FROM api_activity WHERE operation LIKE 'Hour%'"), ["3"]);
    verify(folder);
}
