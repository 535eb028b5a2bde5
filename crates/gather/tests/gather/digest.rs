//! CloudTrail's digests: signed here as CloudTrail does, then verified, with all that can be done to files.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use sekisho_disk::simulated::Plan;
use sekisho_gather::{
    DigestKeys, DigestPlace, DigestReport, DigestState, DigestsFeed, Feed, Gather, LogState, stop, verify_digests,
};
use serde_json::{Value, json};

use crate::world::{World, gzip, until};

const KEY: &[u8] = include_bytes!("../data/digest-key.pk8");

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn sha256(bytes: &[u8]) -> String {
    hex(ring::digest::digest(&ring::digest::SHA256, bytes).as_ref())
}

struct Trail {
    folder: tempfile::TempDir,
    key: RsaKeyPair,
    newest_signature: BTreeMap<String, String>,
}

fn log_key(hour: usize) -> String {
    format!(
        "AWSLogs/111122223333/CloudTrail/us-east-1/2026/11/22/111122223333_CloudTrail_us-east-1_20261122T{hour:02}05Z_a{hour}.json.gz"
    )
}

fn digest_key(hour: usize) -> String {
    format!(
        "AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2026/11/22/111122223333_CloudTrail-Digest_us-east-1_t_us-east-1_20261122T{hour:02}0000Z.json.gz"
    )
}

impl Trail {
    /// Three hours of a log file each.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = RsaKeyPair::from_pkcs8(KEY).unwrap();
        let mut previous: Option<(String, String, String)> = None;
        for hour in 1..=3 {
            let log = format!("{{\"Records\":[{{\"eventName\":\"Hour{hour}\"}}]}}");
            write(folder.path(), &log_key(hour), &gzip(log.as_bytes()));
            let end = format!("2026-11-22T{hour:02}:00:00Z");
            let before = |part: fn(&(String, String, String)) -> &String| {
                previous.as_ref().map_or(Value::Null, |p| part(p).clone().into())
            };
            let content = json!({
                "awsAccountId": "111122223333", "digestStartTime": "x", "digestEndTime": end, "digestS3Bucket": "trail",
                "digestS3Object": digest_key(hour), "digestSignatureAlgorithm": "SHA256withRSA", "digestPublicKeyFingerprint": "x",
                "previousDigestS3Bucket": "trail", "previousDigestS3Object": before(|p| &p.0),
                "previousDigestHashValue": before(|p| &p.1), "previousDigestHashAlgorithm": "SHA-256", "previousDigestSignature": before(|p| &p.2),
                "logFiles": [{"s3Bucket": "trail", "s3Object": log_key(hour), "hashValue": sha256(log.as_bytes()), "hashAlgorithm": "SHA-256"}]
            })
            .to_string();
            let before = previous.as_ref().map_or("null", |previous| &previous.2);
            let text = format!("{end}\ntrail/{}\n{}\n{before}", digest_key(hour), sha256(content.as_bytes()));
            let mut signature = vec![0; key.public().modulus_len()];
            key.sign(&RSA_PKCS1_SHA256, &ring::rand::SystemRandom::new(), text.as_bytes(), &mut signature).unwrap();
            write(folder.path(), &digest_key(hour), &gzip(content.as_bytes()));
            previous = Some((digest_key(hour), sha256(content.as_bytes()), hex(&signature)));
        }
        let newest_signature = BTreeMap::from([(digest_key(3), previous.unwrap().2)]);
        Self { folder, key, newest_signature }
    }

    fn path(&self, key: &str) -> PathBuf {
        self.folder.path().join(key)
    }

    fn verify(&self, signatures: &BTreeMap<String, String>) -> DigestReport {
        let mut keys = DigestKeys::default();
        let list =
            json!({"PublicKeyList": [{"Value": STANDARD.encode(self.key.public_key().as_ref()), "Fingerprint": "x"}]});
        keys.add_list(&list.to_string()).unwrap();
        verify_digests(self.folder.path(), &keys, signatures).unwrap()
    }

    fn states(&self) -> (Vec<DigestState>, Vec<LogState>) {
        let report = self.verify(&self.newest_signature);
        (report.digests.into_iter().map(|(_, state)| state).collect(), report.logs.into_values().collect())
    }
}

fn write(folder: &Path, key: &str, bytes: &[u8]) {
    let path = folder.join(key);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

use DigestState as D;
use LogState as L;

#[test]
fn what_was_not_touched_is_verified() {
    let trail = Trail::new();
    assert!(trail.verify(&trail.newest_signature).is_whole());
    // Without its metadata the newest is unsigned; those before it are not.
    let report = trail.verify(&BTreeMap::new());
    assert_eq!(
        report.digests.iter().map(|(_, state)| *state).collect::<Vec<_>>(),
        [D::Verified, D::Verified, D::Unsigned]
    );
    assert!(!report.is_whole() && report.unnamed.is_empty());
}

#[test]
fn altered_and_missing_log_files_are_named() {
    let trail = Trail::new();
    fs::write(trail.path(&log_key(1)), gzip(b"{\"Records\":[]}")).unwrap();
    fs::remove_file(trail.path(&log_key(2))).unwrap();
    write(trail.folder.path(), "AWSLogs/1_CloudTrail_us-east-1_added.json.gz", b"x");
    let report = trail.verify(&trail.newest_signature);
    assert_eq!(report.logs.values().copied().collect::<Vec<_>>(), [L::Altered, L::Missing, L::Verified]);
    assert!(report.logs.contains_key(&log_key(1)) && report.unnamed.len() == 1);
}

#[test]
fn altered_missing_and_damaged_digests_are_named() {
    let trail = Trail::new();
    let path = trail.path(&digest_key(2));
    let before = fs::read(&path).unwrap();
    let content = {
        let mut content = String::new();
        std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&before[..]), &mut content).unwrap();
        content
    };
    // Another hash for its log file.
    fs::write(&path, gzip(content.replace("\"hashValue\":\"", "\"hashValue\":\"0").as_bytes())).unwrap();
    assert_eq!(
        trail.states(),
        (vec![D::Verified, D::Altered, D::PreviousAltered], vec![L::Verified, L::Unproved, L::Verified])
    );
    fs::write(&path, &before[..before.len() / 2]).unwrap();
    assert_eq!(trail.states().0.iter().filter(|state| **state == D::Altered).count(), 1);
    fs::remove_file(&path).unwrap();
    assert_eq!(trail.states().0, [D::Unsigned, D::PreviousMissing]);
}

#[test]
fn another_key_proves_nothing_and_keys_are_read_in_every_form() {
    let trail = Trail::new();
    let none = verify_digests(trail.folder.path(), &DigestKeys::default(), &trail.newest_signature).unwrap();
    assert!(none.digests.iter().all(|(_, state)| *state == D::UnknownKey));
    let der = trail.key.public_key().as_ref();
    let pem = format!("-----BEGIN RSA PUBLIC KEY-----\n{}\n-----END RSA PUBLIC KEY-----\n", STANDARD.encode(der));
    for content in [der, pem.as_bytes()] {
        let mut keys = DigestKeys::default();
        keys.add_file(content).unwrap();
        assert!(verify_digests(trail.folder.path(), &keys, &trail.newest_signature).unwrap().is_whole());
    }
    let mut keys = DigestKeys::default();
    assert!(keys.add_file(b"nothing").is_err() && keys.add_list("{}").is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn digests_of_a_folder_are_settled_once_and_what_fails_is_a_trouble_until_it_is_mended() {
    let trail = Trail::new();
    let keys = trail.folder.path().join("keys.json");
    let list =
        json!({"PublicKeyList": [{"Value": STANDARD.encode(trail.key.public_key().as_ref()), "Fingerprint": "x"}]});
    fs::write(&keys, list.to_string()).unwrap();
    let whole = fs::read(trail.path(&log_key(2))).unwrap();
    fs::write(trail.path(&log_key(2)), gzip(b"{}")).unwrap();
    let feed = Feed::Digests(DigestsFeed {
        place: DigestPlace::Folder(trail.folder.path().to_owned()),
        keys_file: keys.clone(),
        poll_ms: 20,
    });
    let start = |world: &World| {
        let gather = Arc::new(world.gather().unwrap());
        let (stopper, stopped) = stop();
        let (running, feeds) = (Arc::clone(&gather), vec![feed.clone()]);
        let task = tokio::spawn(async move { running.run(feeds, &stopped).await });
        (gather, stopper, task)
    };
    let world = World::new();
    let (gather, stopper, task) = start(&world);
    let digests = |gather: &Gather| {
        gather.counts().get("cloudtrail").map_or((0, 0), |counts| (counts.verified_digests, counts.failed_digests))
    };
    // The third has its signature in the metadata of its object, which a folder has not.
    until("a failed digest", || digests(&gather) == (1, 1)).await;
    until("a trouble", || gather.troubles().iter().any(|told| told.contains(&format!("{} is altered", log_key(2)))))
        .await;
    fs::write(trail.path(&log_key(2)), whole).unwrap();
    until("no trouble", || gather.troubles().is_empty() && digests(&gather) == (2, 1)).await;
    // Keys that are gone are told, and waited for.
    fs::remove_file(&keys).unwrap();
    until("a trouble", || gather.troubles().iter().any(|told| told.contains("keys.json"))).await;
    fs::write(&keys, list.to_string()).unwrap();
    until("no trouble", || gather.troubles().is_empty()).await;
    stopper.stop();
    task.await.unwrap().unwrap();
    drop(gather);
    let told = |world: &World| -> Vec<String> {
        let kept = world.kept();
        assert!(kept.iter().all(|kept| kept.source == "sekisho"));
        kept.iter()
            .map(|kept| serde_json::from_str::<Value>(&kept.raw).unwrap()["kind"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(told(&world), ["digest_verified", "digest_failed", "digest_verified"]);

    // What is settled stays so over a crash, whatever is done to it then: its records are in the lake.
    let world = world.crashed(Plan::default());
    fs::remove_file(trail.path(&log_key(1))).unwrap();
    let (gather, stopper, task) = start(&world);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(gather.troubles().is_empty() && digests(&gather) == (0, 0));
    stopper.stop();
    task.await.unwrap().unwrap();
    drop(gather);
    assert_eq!(told(&world).len(), 3);
}
