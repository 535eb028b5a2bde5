//! Captcha and Challenge in a real browser: a challenge is met silently, a puzzle solved with the keyboard alone, and nothing else
//! gets through.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::digest::{SHA256, digest};
use ring::hmac;
use sekisho_e2e::{Acl, Browser, Certificate, Checkpoint, Client, Origin, decisions_once};
use serde_json::Value;

const KEY: [u8; 32] = [7; 32];
const RECORDS_MS_MAX: u64 = 20_000;
/// Whether the page that was asked for is there.
const ARRIVED: &str = "document.contentType === 'text/plain' && document.readyState === 'complete'";

/// An origin behind a checkpoint that challenges below `/silent` and asks a puzzle below `/puzzle`.
struct Stage {
    origin: Origin,
    checkpoint: Checkpoint,
    tls: bool,
}

impl Stage {
    fn set() -> Self {
        Self::with(false)
    }

    fn with(tls: bool) -> Self {
        let origin = Origin::start().expect("an origin");
        let folder = tempfile::tempdir().expect("a folder");
        let acl = Acl::new("tokens").ask("Challenge", "/silent").ask("Captcha", "/puzzle");
        acl.write(folder.path(), "acl.json").expect("an ACL");
        fs::create_dir(folder.path().join("sekisho-data")).expect("a data folder");
        let keys = format!("# the test's own\n{}\n", STANDARD.encode(KEY));
        fs::write(folder.path().join("sekisho-data/token.keys"), keys).expect("a key file");
        let url = origin.url();
        let mut arguments =
            vec!["guard", &url, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--acl", "acl.json"];
        if tls {
            Certificate::write(folder.path(), "shop").expect("a certificate");
            arguments.extend(["--tls-cert", "shop.crt", "--tls-key", "shop.key"]);
        }
        Self { checkpoint: Checkpoint::start_in(folder, &arguments).expect("a checkpoint"), origin, tls }
    }

    fn url(&self, path: &str) -> String {
        format!("{}://{}{path}", if self.tls { "https" } else { "http" }, self.checkpoint.address())
    }

    /// The status of a request to this host, and the reason its record names.
    fn status_at(&self, host: &str, path: &str, field: &str) -> (u16, Option<String>) {
        let mut client = Client::open(self.checkpoint.address()).expect("the checkpoint listens");
        let reply = client.ask(format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n{field}\r\n").as_bytes());
        let reply = reply.expect("a reply");
        let id = reply.header("x-request-id").map(str::to_owned);
        let reason = id.and_then(|id| {
            let found = |records: &[Value]| records.iter().any(|record| record["httpRequest"]["requestId"] == *id);
            let records = decisions_once(&self.data(), RECORDS_MS_MAX, found).expect("records");
            let record = records.into_iter().find(|record| record["httpRequest"]["requestId"] == *id)?;
            record["captchaResponse"]["failureReason"].as_str().map(str::to_owned)
        });
        (reply.status, reason)
    }

    fn status(&self, path: &str, field: &str) -> (u16, Option<String>) {
        self.status_at(&self.checkpoint.address().to_string(), path, field)
    }

    /// The request lines that reached the origin, but for the icon that browsers ask for unasked.
    fn pages(&self) -> Vec<String> {
        let received = self.origin.received();
        let lines = received.iter().map(|received| received.line().to_owned());
        lines.filter(|line| !line.contains("/favicon.ico")).collect()
    }

    fn data(&self) -> PathBuf {
        self.checkpoint.folder().join("sekisho-data")
    }
}

/// The answer to a question in words, as a person works it out.
fn answer(question: &str) -> String {
    const WORDS: &str = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen";
    const TENS: &str = "twenty thirty forty fifty sixty seventy eighty ninety";
    const ONES: &str = "zero one two three four five six seven eight nine";
    let at = |list: &str, word: &str| list.split(' ').position(|listed| listed == word);
    let number = |word: &str| {
        let (tens, ones) = word.split_once('-').unwrap_or((word, "zero"));
        at(WORDS, word).map(|at| at + 10).or_else(|| Some((at(TENS, tens)? + 2) * 10 + at(ONES, ones)?))
    };
    let (told, asked) = question.split_once(". In digits, write how many ").expect("a question");
    let words: Vec<_> = told.split([' ', ',']).filter(|word| !word.is_empty()).collect();
    let count = |thing: &str| {
        let pair = words.windows(2).find(|pair| pair[1] == thing).expect("what is asked for was told of");
        number(pair[0]).expect("a number")
    };
    let (first, second) = asked.split_once(" there are, then right after it how many ").expect("two things");
    format!("{}{}", count(first), count(second.trim_end_matches('.')))
}

/// A token with its times moved, signed again with the test's key: version, key id (4), id (16), two times (8 each), domain.
fn moved(token: &str, ms_earlier: u64, key: &[u8]) -> String {
    let mut bytes = URL_SAFE_NO_PAD.decode(token).expect("a token");
    bytes.truncate(bytes.len() - 32);
    for at in [21, 29] {
        let time: [u8; 8] = bytes[at..at + 8].try_into().expect("a time");
        let time = u64::from_be_bytes(time).saturating_sub(ms_earlier);
        bytes[at..at + 8].copy_from_slice(&time.to_be_bytes());
    }
    let mut message = b"sekisho/token/1".to_vec();
    message.extend((bytes.len() as u64).to_be_bytes());
    message.extend(&bytes);
    let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), &message);
    bytes.extend(signature.as_ref());
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A token as the test's key signs it, with nothing solved but a puzzle just now.
#[expect(clippy::disallowed_methods, reason = "a token has to be of the time that the checkpoint reads")]
fn forged(host: &str, key: &[u8]) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_millis();
    let now = u64::try_from(now).expect("a time").to_be_bytes();
    let id = digest(&SHA256, &[b"sekisho/key-id/1", key].concat());
    let bytes = [&[1], &id.as_ref()[..4], &[0; 16], &now, &[0; 8], host.as_bytes(), &[0; 32]].concat();
    moved(&URL_SAFE_NO_PAD.encode(bytes), 0, key)
}

fn text(browser: &mut Browser, expression: &str) -> String {
    browser.evaluate(expression).expect("the page answers").as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_browser_meets_a_challenge_silently_and_cannot_use_the_solution_twice() {
    let Some(mut browser) = Browser::start().expect("a browser") else { return };
    let stage = Stage::set();
    browser.open(&stage.url("/silent/page?a=b")).expect("the interstitial");
    browser.until(ARRIVED).expect("the page follows by itself");
    assert_eq!(stage.pages(), ["GET /silent/page?a=b HTTP/1.1"]);
    let cookie = browser.cookie("aws-waf-token").expect("a token");
    assert_eq!((&cookie["httpOnly"], &cookie["sameSite"], &cookie["path"]), (&true.into(), &"Lax".into(), &"/".into()));
    // What the page posted is good once.
    let posted = loop {
        let request = browser.event("Network.requestWillBeSent").expect("the page posted");
        if let Some(posted) = request["request"]["postData"].as_str() {
            break posted.to_owned();
        }
    };
    let again = format!(
        "fetch('/.well-known/sekisho/token', {{method: 'POST', body: new URLSearchParams('{posted}')}}).then(r => r.text())"
    );
    assert_eq!(text(&mut browser, &again), "{\"result\":\"spent\"}");
    // A challenge that was met asks no more, and is no puzzle.
    browser.open(&stage.url("/silent/other")).expect("a page");
    assert_eq!(text(&mut browser, "document.contentType"), "text/plain");
    browser.open(&stage.url("/puzzle")).expect("a page");
    assert_eq!(text(&mut browser, "document.querySelector('h1 .en').textContent"), "Are you a person?");
}

#[test]
fn over_tls_the_token_is_kept_from_plain_connections() {
    let Some(mut browser) = Browser::start().expect("a browser") else { return };
    let stage = Stage::with(true);
    browser.open(&stage.url("/silent")).expect("the interstitial");
    browser.until(ARRIVED).expect("the page follows by itself");
    assert_eq!(browser.cookie("aws-waf-token").expect("a token")["secure"], true);
    let spoken = text(&mut browser, "performance.getEntriesByType('navigation')[0].nextHopProtocol");
    assert_eq!((spoken.as_str(), stage.pages().len()), ("h2", 1));
}

#[test]
fn a_puzzle_is_solved_with_the_keyboard_alone_in_words() {
    let Some(mut browser) = Browser::start().expect("a browser") else { return };
    let stage = Stage::set();
    browser.open(&stage.url("/puzzle")).expect("the interstitial");
    browser.until("document.activeElement.id === 'answer'").expect("the cursor is where the answer goes");
    // Continue, then the way to the words.
    browser.press(&["Tab", "Tab", "Enter"]).expect("keys");
    let question = "document.getElementById('words-en').textContent";
    browser.until(&format!("{question} && document.activeElement.id === 'answer'")).expect("a question in words");
    let first = text(&mut browser, question);
    browser.write("1").expect("text");
    browser.press(&["Enter"]).expect("a key");
    browser.until(&format!("{question} !== '{first}'")).expect("another question after a wrong answer");
    browser.until("document.getElementById('status').className === 'bad'").expect("the page says so");
    assert!(text(&mut browser, "document.getElementById('status').innerText").contains("not it"));
    assert!(browser.cookie("aws-waf-token").is_err() && stage.pages().is_empty());

    let second = text(&mut browser, question);
    browser.write(&answer(&second)).expect("text");
    browser.press(&["Enter"]).expect("a key");
    browser.until(ARRIVED).expect("the page follows");
    assert_eq!(stage.pages(), ["GET /puzzle HTTP/1.1"]);

    let token = browser.cookie("aws-waf-token").expect("a token")["value"].as_str().unwrap_or_default().to_owned();
    let cookie = |token: &str| format!("Cookie: aws-waf-token={token}\r\n");
    let with = |token: &str| stage.status("/puzzle", &cookie(token));
    let failed = |reason: &str| (405, Some(reason.to_owned()));
    assert_eq!(with(&token), (200, None));
    assert_eq!(stage.status("/silent", &format!("X-Aws-Waf-Token: {token}\r\n")), (200, None));
    assert_eq!(stage.status("/puzzle", ""), failed("TOKEN_MISSING"));
    assert_eq!(with(&moved(&token, 200_000, &KEY)), (200, None));
    assert_eq!(with(&moved(&token, 301_000, &KEY)), failed("TOKEN_EXPIRED"));
    assert_eq!(with(&moved(&token, 0, &[8; 32])), failed("TOKEN_INVALID"));
    assert_eq!(stage.status_at("other.example", "/puzzle", &cookie(&token)), failed("TOKEN_DOMAIN_MISMATCH"));
}

#[test]
fn the_page_of_a_puzzle_is_named_for_screen_readers_in_both_languages() {
    let Some(mut browser) = Browser::start().expect("a browser") else { return };
    let stage = Stage::set();
    browser.open(&stage.url("/puzzle")).expect("the interstitial");
    browser.until("document.activeElement.id === 'answer'").expect("the form");
    let names = |browser: &mut Browser| -> Vec<String> {
        let tree = browser.command("Accessibility.getFullAXTree", &serde_json::json!({})).expect("a tree");
        let nodes = tree["nodes"].as_array().cloned().unwrap_or_default();
        let roles = ["textbox", "button", "image", "heading"];
        let shown = nodes.iter().filter(|node| roles.iter().any(|role| node["role"]["value"] == *role));
        shown.map(|node| node["name"]["value"].as_str().unwrap_or_default().to_owned()).collect()
    };
    let english = names(&mut browser);
    for name in ["Are you a person?", "Your answer", "Continue", "Ask me in words instead", "Another one", "日本語"]
    {
        assert!(english.iter().any(|known| known == name), "{name} among {english:?}");
    }
    assert!(english.iter().all(|name| !name.is_empty()), "{english:?}");
    browser.evaluate("document.getElementById('language').click()").expect("the page answers");
    let japanese = names(&mut browser);
    for name in ["人による操作かを確認します", "お答え", "進む", "English"] {
        assert!(japanese.iter().any(|known| known == name), "{name} among {japanese:?}");
    }
    assert_eq!(text(&mut browser, "document.title"), "人による操作かを確認します");
}

#[test]
fn keys_rotate_by_their_file_and_old_tokens_hold_while_their_key_stays() {
    const NEW_KEY: [u8; 32] = [9; 32];
    const RELOADED: &str = "new rules are in force";
    let stage = Stage::set();
    let file = stage.data().join("token.keys");
    let rotate = |keys: &[[u8; 32]]| {
        let before = stage.checkpoint.log().matches(RELOADED).count();
        let lines: String = keys.iter().map(|key| STANDARD.encode(key) + "\n").collect();
        fs::write(&file, lines).expect("a key file");
        stage.checkpoint.signal("HUP").expect("the checkpoint runs");
        let started = Instant::now();
        while stage.checkpoint.log().matches(RELOADED).count() == before {
            assert!(started.elapsed().as_secs() < 20, "no reload:\n{}", stage.checkpoint.log());
            std::thread::sleep(Duration::from_millis(5));
        }
    };
    let with = |key: &[u8]| stage.status("/puzzle", &format!("X-Aws-Waf-Token: {}\r\n", forged("127.0.0.1", key)));
    let invalid = (405, Some("TOKEN_INVALID".to_owned()));
    assert_eq!((with(&KEY), with(&NEW_KEY)), ((200, None), invalid.clone()));
    rotate(&[NEW_KEY, KEY]);
    assert_eq!((with(&KEY), with(&NEW_KEY)), ((200, None), (200, None)));
    rotate(&[NEW_KEY]);
    assert_eq!((with(&KEY), with(&NEW_KEY)), (invalid, (200, None)));
    // A file that is no key file changes nothing, and what stands in it is not told.
    fs::write(&file, "not a key: hunter2\n").expect("a file");
    stage.checkpoint.signal("HUP").expect("the checkpoint runs");
    let started = Instant::now();
    while !stage.checkpoint.log().contains("the new token keys cannot be used") {
        assert!(started.elapsed().as_secs() < 20, "no report:\n{}", stage.checkpoint.log());
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(with(&NEW_KEY), (200, None));
    assert!(!stage.checkpoint.log().contains("hunter2"));
}
