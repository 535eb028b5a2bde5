//! Rules in ModSecurity's language in front of a service: requests and responses they stop, what they leave alone, what they
//! keep from one request to the next, and what is recorded of them.

mod audit;
mod group;

use std::fs;
use std::io::Write as _;
use std::net::TcpStream;
use std::sync::Mutex;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use sekisho_e2e::{
    Checkpoint, Client, Ending, FrameConnection, FrameReply, Origin, RawConnection, decisions_once, find_program,
    sekisho, shared_data,
};
use serde_json::Value;

const RECORDS_MS_MAX: u64 = 20_000;
const WAIT_MS_MAX: u64 = 20_000;

/// What most tests here begin with.
const BASE: &str = "SecRuleEngine On\nSecRequestBodyAccess On\nSecResponseBodyAccess On\n\
                    SecResponseBodyMimeType text/plain text/html\n";

/// A checkpoint before `origin` with these rules, after [`BASE`].
fn start(origin: &Origin, rules: &str) -> Checkpoint {
    let folder = tempfile::tempdir().expect("a folder can be made");
    fs::write(folder.path().join("main.conf"), format!("{BASE}{rules}")).expect("the rules are written");
    let url = origin.url();
    let arguments = ["guard", &url, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--seclang", "main.conf"];
    Checkpoint::start_in(folder, arguments).expect("the checkpoint starts")
}

fn client(checkpoint: &Checkpoint) -> Client<TcpStream> {
    Client::open(checkpoint.address()).expect("the checkpoint listens")
}

fn status(checkpoint: &Checkpoint, path: &str) -> u16 {
    client(checkpoint).get(path).expect("a reply comes").status
}

fn post(checkpoint: &Checkpoint, path: &str, body: &str) -> u16 {
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: shop.example\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    client(checkpoint).ask(request.as_bytes()).expect("a reply comes").status
}

fn records(checkpoint: &Checkpoint, count: usize) -> Vec<Value> {
    let data = checkpoint.folder().join("sekisho-data");
    let records = decisions_once(&data, RECORDS_MS_MAX, |records| records.len() >= count).expect("records are whole");
    assert_eq!(records.len(), count, "{records:#?}");
    records
}

/// What `read` gives, once it gives something.
fn wait<T>(what: &str, mut read: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = read() {
            return found;
        }
        assert!(started.elapsed() < Duration::from_millis(WAIT_MS_MAX), "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The numbers of the rules that a record says matched.
fn matched(record: &Value) -> Vec<u64> {
    let rules = record["secLang"]["matchedRules"].as_array().expect("a list");
    rules.iter().map(|rule| rule["ruleId"].as_u64().expect("a number")).collect()
}

#[test]
fn the_core_rule_set_blocks_requests_and_leaks_at_paranoia_1() {
    let Some(crs) = shared_data("crs") else { return };
    let leak =
        "<html>You have an error in your SQL syntax; check the manual that corresponds to your MySQL server</html>";
    let origin = Origin::answering(move |request, stream| {
        let body = if request.line().contains("/leak") { leak } else { "<html>hello</html>" };
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n";
        write!(stream, "{head}Content-Length: {}\r\n\r\n{body}", body.len())
    });
    let origin = origin.expect("a port is free");
    let (url, crs) = (origin.url(), crs.display().to_string());
    // The base configuration names a file that tests must not write to.
    let folder = tempfile::tempdir().expect("a folder can be made");
    fs::write(folder.path().join("audit.conf"), "SecAuditEngine Off\n").expect("the rules are written");
    let arguments = ["guard", &url, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--crs", &crs];
    let arguments = arguments.into_iter().chain(["--paranoia", "1", "--seclang", "audit.conf"]);
    let checkpoint = Checkpoint::start_in(folder, arguments).expect("the checkpoint starts");
    wait("the summary", || checkpoint.log().contains("paranoia level 1 has ").then_some(()));
    assert_eq!(status(&checkpoint, "/search?q=red+shoes"), 200);
    assert_eq!(status(&checkpoint, "/search?q=1%27%20OR%20%271%27%3D%271"), 403);
    assert_eq!(post(&checkpoint, "/login", "user=a&password=%27%20UNION%20SELECT%20password%20FROM%20users--"), 403);
    assert_eq!(origin.received().len(), 1);
    assert_eq!(status(&checkpoint, "/leak"), 403);
    let records = records(&checkpoint, 4);
    let blocked: Vec<_> = records.iter().filter(|record| record["action"] == "BLOCK").collect();
    assert_eq!(blocked.len(), 3);
    let by = |rule: &str| blocked.iter().filter(|record| record["terminatingRuleId"] == rule).count();
    assert_eq!((by("949110"), by("959100")), (2, 1));
    for record in &blocked {
        let scores = &record["secLang"]["anomalyScores"];
        let outbound = record["terminatingRuleId"] == "959100";
        let total = &scores[if outbound { "outbound" } else { "inbound" }]["total"];
        assert!(total.as_u64() >= Some(4), "{record:#}");
        assert_eq!(record["responseCodeSent"], 403);
    }
    assert!(blocked.iter().any(|record| matched(record).contains(&942_100)), "{blocked:#?}");
}

#[test]
fn what_becomes_of_a_request_is_what_its_rule_says() {
    let origin = Origin::start().expect("a port is free");
    let checkpoint = start(
        &origin,
        "SecRule ARGS:deny \"@streq 1\" \"id:1,phase:2,deny,status:418,log,msg:'denied',severity:CRITICAL,tag:'t/1'\"\n\
         SecRule ARGS:go \"@streq 1\" \"id:2,phase:1,redirect:https://elsewhere.example/%{REQUEST_FILENAME},log\"\n\
         SecRule ARGS:drop \"@streq 1\" \"id:3,phase:1,drop,log\"\n\
         SecRule RESPONSE_STATUS \"@streq 200\" \"id:4,phase:3,pass,nolog,setvar:tx.seen=1,chain\"\n\
         SecRule ARGS:three \"@streq 1\" \"\"\n\
         SecRule ARGS:three \"@streq 1\" \"id:5,phase:3,deny,status:451,log\"\n\
         SecRule ARGS \"@contains pass\" \"id:6,phase:2,pass,log,msg:'only seen'\"\nSecServerSignature \"gate/1\"\n",
    );
    let browser = b"GET /?deny=1 HTTP/1.1\r\nHost: shop.example\r\nAccept: text/html\r\n\r\n";
    let page = client(&checkpoint).ask(browser).expect("a reply comes");
    assert_eq!(page.status, 418);
    assert_eq!(page.header("server"), Some("gate/1"));
    assert!(page.body.contains("lang=\"ja\"") && page.header("x-request-id").is_some(), "{}", page.body);
    let moved = client(&checkpoint).get("/shop?go=1").expect("a reply comes");
    assert_eq!((moved.status, moved.header("location")), (302, Some("https://elsewhere.example//shop")));
    let head = b"GET /?drop=1 HTTP/1.1\r\nHost: shop.example\r\n\r\n";
    let dropped = RawConnection::exchange(checkpoint.address(), head, WAIT_MS_MAX).expect("the checkpoint listens");
    assert!(dropped.bytes.is_empty() && dropped.ending != Ending::TimeOver, "{dropped:?}");
    assert!(origin.received().is_empty());
    assert_eq!(status(&checkpoint, "/?three=1"), 451);
    assert_eq!(status(&checkpoint, "/?a=pass"), 200);
    assert_eq!(origin.received().len(), 2);
    let records = records(&checkpoint, 5);
    let of = |number: &str| records.iter().find(|record| record["terminatingRuleId"] == number).expect("a record");
    let rule = &of("1")["secLang"]["matchedRules"][0];
    assert_eq!((&rule["message"], &rule["severity"]), (&"denied".into(), &"CRITICAL".into()));
    assert_eq!((&rule["tags"][0], &rule["variable"]), (&"t/1".into(), &"ARGS:deny".into()));
    assert!(rule["file"].as_str().is_some_and(|file| file.ends_with("main.conf")) && rule["line"] == 5);
    assert_eq!(of("1")["secLang"]["intervention"]["action"], "DENY");
    assert_eq!(of("2")["secLang"]["intervention"]["action"], "REDIRECT");
    assert_eq!(of("3")["secLang"]["intervention"]["action"], "DROP");
    assert_eq!((&of("3")["responseCodeSent"], &of("5")["responseCodeSent"]), (&Value::Null, &451.into()));
    let passed = of("Default_Action");
    assert_eq!((matched(passed), &passed["secLang"]["responseStatus"]), (vec![6], &200.into()));
    let metrics = Client::get_once(checkpoint.admin().expect("it is announced"), "/metrics").expect("metrics");
    for series in [
        "CountedRequests_total{WebACL=\"seclang\",Rule=\"6\"} 1",
        "BlockedRequests_total{WebACL=\"seclang\",Rule=\"1\"} 1",
    ] {
        assert!(metrics.body.contains(series), "{series} in\n{}", metrics.body);
    }
    assert!(metrics.body.contains("BlockedRequests_total{WebACL=\"seclang\",Rule=\"ALL\"} 4"), "{}", metrics.body);
    assert!(metrics.body.contains("AllowedRequests_total{WebACL=\"seclang\",Rule=\"ALL\"} 1"), "{}", metrics.body);
}

#[test]
fn a_body_no_rule_reads_is_passed_on_as_it_comes() {
    let (go, told) = mpsc::channel::<()>();
    let told = Mutex::new(told);
    // The second half comes only when the client has the first.
    let origin = Origin::answering(move |request, stream| {
        let kind = if request.line().contains("/page") { "text/html" } else { "application/octet-stream" };
        write!(stream, "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: 12\r\n\r\nfirst ")?;
        stream.flush()?;
        if kind != "text/html" {
            let told = told.lock().expect("no test panics here").recv_timeout(Duration::from_millis(WAIT_MS_MAX));
            told.map_err(|_| std::io::ErrorKind::TimedOut)?;
        }
        stream.write_all(b"second")
    });
    let origin = origin.expect("a port is free");
    let checkpoint =
        start(&origin, "SecRule RESPONSE_BODY \"@contains second\" \"id:1,phase:4,deny,status:403,log,msg:'leak'\"\n");
    let mut connection = RawConnection::open(checkpoint.address()).expect("the checkpoint listens");
    connection.send(b"GET /download HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n");
    let mut bytes = Vec::new();
    wait("the first half", || {
        bytes.extend(connection.read(50).expect("the socket works").bytes);
        bytes.ends_with(b"first ").then_some(())
    });
    go.send(()).expect("the origin waits");
    bytes.extend(connection.read(WAIT_MS_MAX).expect("the socket works").bytes);
    assert!(bytes.ends_with(b"first second"), "{}", String::from_utf8_lossy(&bytes));
    // The same in a kind of content that the rules read.
    let page = client(&checkpoint).get("/page").expect("a reply comes");
    assert_eq!(page.status, 403);
    assert!(!page.body.contains("first"), "{}", page.body);
}

#[test]
fn a_compressed_response_is_read_as_the_client_will() {
    // `a secret leak`, in gzip.
    let zipped: &[u8] = &[
        0x1f, 0x8b, 0x08, 0, 0, 0, 0, 0, 0, 0x03, 0x4b, 0x54, 0x28, 0x4e, 0x4d, 0x2e, 0x4a, 0x2d, 0x51, 0xc8, 0x49,
        0x4d, 0xcc, 0x06, 0,
    ];
    let origin = Origin::answering(move |_, stream| {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\n";
        write!(stream, "{head}Content-Length: {}\r\n\r\n", zipped.len())?;
        stream.write_all(zipped)
    });
    let origin = origin.expect("a port is free");
    let checkpoint =
        start(&origin, "SecRule RESPONSE_BODY \"@contains secret leak\" \"id:1,phase:4,deny,status:403,log\"\n");
    let request = b"GET / HTTP/1.1\r\nHost: shop.example\r\nAccept-Encoding: zstd, gzip;q=0.9\r\n\r\n";
    assert_eq!(client(&checkpoint).ask(request).expect("a reply comes").status, 403);
    assert_eq!(origin.received()[0].header("accept-encoding"), Some("gzip;q=0.9"));
}

#[test]
fn bodies_over_the_limit_are_refused_or_looked_at_in_part() {
    let origin = Origin::start().expect("a port is free");
    let rule = "SecRule ARGS_POST \"@contains attack\" \"id:1,phase:2,deny,status:403,log\"\n";
    let refusing = start(&origin, &format!("SecRequestBodyLimit 1000\n{rule}"));
    let body = |bytes: usize| format!("a={}", "x".repeat(bytes - 2));
    assert_eq!(post(&refusing, "/", &body(1000)), 200);
    assert_eq!(post(&refusing, "/", &body(1001)), 413);
    // Nobody says beforehand how much comes.
    let chunked = format!("{:x}\r\n{}\r\n0\r\n\r\n", 1001, body(1001));
    let request = format!(
        "POST / HTTP/1.1\r\nHost: shop.example\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Transfer-Encoding: chunked\r\n\r\n{chunked}"
    );
    assert_eq!(client(&refusing).ask(request.as_bytes()).expect("a reply comes").status, 413);
    let refused = records(&refusing, 3);
    assert_eq!(refused.iter().filter(|record| record["terminatingRuleId"] == "Body_Limit").count(), 2);
    let partial =
        start(&origin, &format!("SecRequestBodyLimit 1000\nSecRequestBodyLimitAction ProcessPartial\n{rule}"));
    assert_eq!(post(&partial, "/", &format!("{}&b=attack", body(900))), 403);
    assert_eq!(post(&partial, "/", &format!("{}&b=attack", body(1000))), 200);
    let received = origin.received();
    assert_eq!(received.iter().map(|received| received.body.len()).collect::<Vec<_>>(), [1000, 1009]);
}

#[test]
fn collections_are_kept_from_one_request_to_the_next() {
    let origin = Origin::start().expect("a port is free");
    let checkpoint = start(
        &origin,
        "SecAction \"id:1,phase:1,pass,nolog,initcol:ip=%{REMOTE_ADDR}\"\n\
         SecRule IP:count \"@ge 3\" \"id:2,phase:1,deny,status:429,log,msg:'seen %{ip.count} times'\"\n\
         SecAction \"id:3,phase:5,pass,nolog,setvar:ip.count=+1\"\n",
    );
    let statuses: Vec<u16> = (0..5).map(|_| status(&checkpoint, "/")).collect();
    assert_eq!(statuses, [200, 200, 200, 429, 429]);
    let metrics = Client::get_once(checkpoint.admin().expect("it is announced"), "/metrics").expect("metrics");
    assert!(metrics.body.contains("sekisho_collections 1\n"), "{}", metrics.body);
}

#[test]
fn http2_passes_through_the_same_phases() {
    let origin = Origin::start().expect("a port is free");
    let checkpoint = start(
        &origin,
        "SecRule REQUEST_PROTOCOL \"@streq HTTP/2.0\" \"id:3,phase:1,pass,log\"\n\
         SecRule ARGS:q \"@contains attack\" \"id:1,phase:2,deny,log\"\n\
         SecRule ARGS:drop \"@streq 1\" \"id:2,phase:1,drop,log\"\n",
    );
    let ask = |path: &'static [u8]| {
        let mut connection = FrameConnection::open(checkpoint.address()).expect("the checkpoint listens");
        let fields: [(&[u8], &[u8]); 4] =
            [(b":method", b"GET"), (b":scheme", b"http"), (b":path", path), (b":authority", b"shop.example")];
        connection.request(1, &fields, None).expect("it is sent");
        connection.read(1, WAIT_MS_MAX).expect("the socket works")
    };
    assert_eq!(ask(b"/?q=fine"), FrameReply::Ok);
    assert_eq!(ask(b"/?q=attack"), FrameReply::OtherStatus);
    assert!(matches!(ask(b"/?drop=1"), FrameReply::Reset | FrameReply::Closed));
    assert_eq!(origin.received().len(), 1);
    for record in records(&checkpoint, 3) {
        assert!(record["secLang"]["matchedRules"].to_string().contains("\"ruleId\":3"), "{record:#}");
    }
}

#[test]
fn a_tunnel_begins_when_phase_3_has_said_yes() {
    let origin = Origin::answering(|_, stream| {
        stream.write_all(b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\ntunnelled")
    });
    let origin = origin.expect("a port is free");
    let checkpoint = start(
        &origin,
        "SecRule RESPONSE_STATUS \"@streq 101\" \"id:1,phase:3,deny,log,chain\"\nSecRule ARGS:no \"@streq 1\" \"\"\n\
         SecRule RESPONSE_BODY \"@contains tunnelled\" \"id:2,phase:4,deny,log\"\n",
    );
    let ask = |path: &str| {
        let mut connection = RawConnection::open(checkpoint.address()).expect("the checkpoint listens");
        let head = format!("GET {path} HTTP/1.1\r\nHost: shop.example\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
        connection.send(head.as_bytes());
        let mut bytes = Vec::new();
        wait("an answer", || {
            bytes.extend(connection.read(50).expect("the socket works").bytes);
            let text = String::from_utf8_lossy(&bytes).into_owned();
            (text.contains("tunnelled") || text.contains("Request: ")).then_some(text)
        })
    };
    assert!(ask("/").starts_with("HTTP/1.1 101 "));
    assert!(ask("/?no=1").starts_with("HTTP/1.1 403 "));
    let records = records(&checkpoint, 2);
    assert_eq!(records.iter().filter(|record| record["secLang"]["responseStatus"] == 101).count(), 1);
}

#[test]
fn rules_are_read_again_with_all_they_include_and_broken_ones_are_not_used() {
    let origin = Origin::start().expect("a port is free");
    let folder = tempfile::tempdir().expect("a folder can be made");
    let included = folder.path().join("rules");
    fs::create_dir(&included).expect("a folder is made");
    let rule = |word: &str| format!("SecRule ARGS \"@contains {word}\" \"id:1,phase:2,deny,log\"\n");
    fs::write(folder.path().join("main.conf"), format!("{BASE}Include rules/*.conf\n")).expect("rules are written");
    fs::write(included.join("a.conf"), rule("alpha")).expect("rules are written");
    let url = origin.url();
    let arguments = ["guard", &url, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--seclang", "main.conf"];
    let checkpoint = Checkpoint::start_in(folder, arguments).expect("the checkpoint starts");
    let both = || (status(&checkpoint, "/?q=alpha"), status(&checkpoint, "/?q=beta"));
    assert_eq!(both(), (403, 200));
    let told = |text: &str| checkpoint.log().matches(text).count();
    let rules = checkpoint.folder().join("rules");
    // By itself: the file was included, not named.
    fs::write(rules.join("a.conf"), rule("beta")).expect("rules are written");
    wait("the change to be seen", || (told("new rules are in force") == 1).then_some(()));
    assert_eq!(both(), (200, 403));
    fs::write(rules.join("a.conf"), "SecRule ARGS \"@rx (\" \"id:1,phase:2,deny\"\n").expect("rules are written");
    checkpoint.signal("HUP").expect("the checkpoint runs");
    wait("the refusal", || (told("the new rules cannot be used") >= 1).then_some(()));
    assert_eq!(both(), (200, 403));
    // A file that comes into the folder is one more to include.
    fs::write(rules.join("a.conf"), rule("beta")).expect("rules are written");
    fs::write(rules.join("b.conf"), rule("alpha").replace("id:1", "id:2")).expect("rules are written");
    wait("the new file to be seen", || (both() == (403, 403)).then_some(()));
}

#[test]
fn secrets_do_not_leave_by_what_rules_quote() {
    let origin = Origin::start().expect("a port is free");
    let checkpoint = start(
        &origin,
        "SecAuditEngine On\nSecAuditLog audit.log\nSecAuditLogParts ABHZ\n\
         SecRule REQUEST_HEADERS:Authorization \"@rx .\" \"id:1,phase:1,pass,log,msg:'m %{MATCHED_VAR}',logdata:'d %{MATCHED_VAR}'\"\n\
         SecRule REQUEST_COOKIES:/^s/ \"@rx .\" \"id:2,phase:1,pass,log,logdata:'%{MATCHED_VAR}'\"\n\
         SecRule ARGS:q \"@rx .\" \"id:3,phase:1,pass,log,logdata:'%{REQUEST_HEADERS.authorization} and %{MATCHED_VAR}'\"\n\
         SecRule REQUEST_COOKIES|ARGS:none \"@rx (.*)\" \"id:5,phase:1,pass,log,capture,logdata:'%{TX.1}',chain\"\n\
         SecRule MATCHED_VARS|TX:1 \"@rx .\"\n\
         SecRule ARGS:q \"@rx .\" \"id:4,phase:1,pass,log,msg:'shown',logdata:'%{MATCHED_VAR}'\"\n",
    );
    let request = b"GET /?q=4111111111111111 HTTP/1.1\r\nHost: shop.example\r\nAuthorization: Basic hush\r\nCookie: sid=hush\r\n\r\n";
    assert_eq!(client(&checkpoint).ask(request).expect("a reply comes").status, 200);
    let record = &records(&checkpoint, 1)[0];
    assert_eq!(matched(record), [1, 2, 3, 5, 4]);
    let audit = wait("the entry", || {
        fs::read_to_string(checkpoint.folder().join("audit.log")).ok().filter(|text| text.contains("---Z--"))
    });
    for text in [record.to_string(), audit] {
        assert!(!text.contains("hush") && !text.contains("4111111111111111"), "{text}");
        assert!(text.contains("************1111"), "{text}");
    }
}

#[test]
fn the_web_acl_judges_first_and_counting_stops_nothing() {
    let origin = Origin::start().expect("a port is free");
    let folder = tempfile::tempdir().expect("a folder can be made");
    let rules = format!("{BASE}SecRule ARGS \"@rx alpha|beta\" \"id:1,phase:2,deny,log\"\n");
    fs::write(folder.path().join("main.conf"), rules).expect("the rules are written");
    sekisho_e2e::Acl::new("first").block_query("alpha").write(folder.path(), "acl.json").expect("the ACL is written");
    let url = origin.url();
    let arguments = ["guard", &url, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--seclang", "main.conf"];
    let arguments = arguments.into_iter().chain(["--acl", "acl.json", "--count"]);
    let checkpoint = Checkpoint::start_in(folder, arguments).expect("the checkpoint starts");
    assert_eq!((status(&checkpoint, "/?q=alpha"), status(&checkpoint, "/?q=beta")), (403, 200));
    let records = records(&checkpoint, 2);
    let of = |action: &str| records.iter().find(|record| record["action"] == action).expect("a record");
    assert!(of("BLOCK").get("secLang").is_none());
    assert_eq!(of("ALLOW")["secLang"]["engine"], "DETECTION_ONLY");
    assert_eq!(matched(of("ALLOW")), [1]);
}

#[test]
fn a_client_that_leaves_ends_its_transaction() {
    let (go, told) = mpsc::channel::<()>();
    let told = Mutex::new(told);
    let origin = Origin::answering(move |_, _| {
        // Nothing at all, until the test is over.
        let _over = told.lock().expect("no test panics here").recv_timeout(Duration::from_millis(WAIT_MS_MAX));
        Err(std::io::ErrorKind::ConnectionAborted.into())
    });
    let origin = origin.expect("a port is free");
    let checkpoint = start(&origin, "SecAction \"id:1,phase:1,pass,log\"\nSecAction \"id:2,phase:5,pass,log\"\n");
    let mut connection = RawConnection::open(checkpoint.address()).expect("the checkpoint listens");
    connection.send(b"GET /slow HTTP/1.1\r\nHost: shop.example\r\n\r\n");
    wait("the request to arrive", || (origin.received().len() == 1).then_some(()));
    drop(connection);
    let record = &records(&checkpoint, 1)[0];
    assert_eq!((matched(record), &record["secLang"]["responseStatus"]), (vec![1, 2], &Value::Null));
    go.send(()).expect("the origin waits");
}

#[test]
fn bodies_held_share_one_bound() {
    let origin = Origin::start().expect("a port is free");
    let folder = tempfile::tempdir().expect("a folder can be made");
    fs::write(folder.path().join("main.conf"), format!("{BASE}SecAction \"id:1,phase:2,pass,nolog\"\n"))
        .expect("rules");
    let config = format!(
        "[[listener]]\naddress = \"127.0.0.1:0\"\n[[upstream]]\nname = \"a\"\nservers = [\"{}\"]\n\
         [[route]]\nupstream = \"a\"\n[seclang]\nfiles = [\"main.conf\"]\n\
         [limits]\nbodies_held_bytes_max = 6000\n[admin]\naddress = \"127.0.0.1:0\"\n",
        origin.url()
    );
    fs::write(folder.path().join("sekisho.toml"), config).expect("the configuration is written");
    let checkpoint = Checkpoint::start_in(folder, ["run", "-c", "sekisho.toml"]).expect("the checkpoint starts");
    let body = |bytes: usize| format!("a={}", "x".repeat(bytes - 2));
    assert_eq!((post(&checkpoint, "/", &body(2500)), post(&checkpoint, "/", &body(3500))), (200, 413));
    // One that is still coming holds its share, and gives it back.
    let mut slow = RawConnection::open(checkpoint.address()).expect("the checkpoint listens");
    let head = "POST / HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 2000\r\n\r\n";
    slow.send(format!("{head}{}", "y".repeat(1900)).as_bytes());
    let admin = checkpoint.admin().expect("it is announced");
    let held = |bytes: usize| {
        let metrics = Client::get_once(admin, "/metrics").expect("metrics");
        metrics.body.contains(&format!("sekisho_bodies_held_bytes {bytes}\n")).then_some(())
    };
    // It takes room for what rules will look at as well.
    wait("the body to be held", || held(2 * 1900));
    assert_eq!((post(&checkpoint, "/", &body(1000)), post(&checkpoint, "/", &body(1500))), (200, 413));
    drop(slow);
    wait("the room to come back", || held(0));
    assert_eq!(post(&checkpoint, "/", &body(2500)), 200);
    // What a body becomes when its coding is undone counts as well.
    let zipped = |bytes: usize| {
        let mut coder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        coder.write_all(body(bytes).as_bytes()).and_then(|()| coder.finish()).expect("memory takes whatever is written")
    };
    let send = |body: &[u8]| {
        let head = format!(
            "POST / HTTP/1.1\r\nHost: shop.example\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        client(&checkpoint).ask(&[head.as_bytes(), body].concat()).expect("a reply comes").status
    };
    assert_eq!((send(&zipped(2000)), send(&zipped(4000))), (200, 413));
    wait("the room to come back", || held(0));
}

#[test]
fn check_explains_what_rules_make_of_one_request() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let rules = "SecRule ARGS \"@rx ^<\" \"id:7,phase:2,deny,status:406,log,t:urlDecodeUni,t:lowercase,msg:'markup',\
                 logdata:'in %{MATCHED_VAR_NAME}',severity:ERROR,setvar:'tx.blocking_inbound_anomaly_score=+4'\"\n";
    fs::write(folder.path().join("main.conf"), format!("{BASE}{rules}")).expect("the rules are written");
    let request = b"POST / HTTP/1.1\r\nHost: shop.example\r\nContent-Type: application/x-www-form-urlencoded\r\n\
                    Content-Length: 7\r\n\r\na=%253C";
    let run = |more: &[&str]| {
        let arguments = ["check", "--seclang", "main.conf"].iter().chain(more).chain(&["-"]);
        let ran = sekisho(folder.path(), arguments, request).expect("it ends");
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        ran.stdout
    };
    let text = run(&[]);
    for told in [
        "7  phase 2  ERROR  MATCH → stopped",
        "ARGS:a = %3C",
        "after urlDecodeUni, lowercase",
        "data: in ARGS:a",
        "main.conf:5",
        "inbound anomaly score 4",
        "BLOCK with status 406 by rule 7",
    ] {
        assert!(text.contains(told), "{told} in\n{text}");
    }
    let record: Value = serde_json::from_str(&run(&["--json"])).expect("a record is JSON");
    assert_eq!((&record["terminatingRuleId"], &record["responseCodeSent"]), (&"7".into(), &406.into()));
    assert_eq!((matched(&record), &record["secLang"]["anomalyScores"]["inbound"]["total"]), (vec![7], &4.into()));
    let counted = run(&["--count"]);
    assert_eq!(counted.lines().nth(1), Some("ALLOW: rules only count"), "{counted}");
    // One verdict, and nothing of a web ACL that nobody gave.
    assert_eq!(text.lines().nth(1), Some("BLOCK with status 406 by rule 7"), "{text}");
    assert!(!text.contains("ALLOW") && !text.contains("web ACL"), "{text}");
}

#[test]
fn of_what_a_chain_looks_at_again_only_what_came_from_cookies_is_hidden() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let chain = |id: u32, quoted: &str| {
        format!(
            "SecRule REQUEST_COOKIES|ARGS \"@rx =(.*)\" \"id:{id},phase:1,pass,log,capture,logdata:'{quoted}',chain\"\n\
             SecRule MATCHED_VARS \"@contains red\"\n"
        )
    };
    let rules = [chain(1, "%{MATCHED_VAR}"), chain(2, "%{TX.1}")].concat();
    fs::write(folder.path().join("main.conf"), format!("{BASE}{rules}")).expect("the rules are written");
    let data = |query: &str, cookie: &str| {
        let request = format!("GET /?{query} HTTP/1.1\r\nHost: shop.example\r\nCookie: sid={cookie}\r\n\r\n");
        let ran = sekisho(folder.path(), ["check", "--seclang", "main.conf", "--json", "-"], request.as_bytes());
        let record: Value = serde_json::from_str(&ran.expect("it ends").stdout).expect("a record is JSON");
        let rules = record["secLang"]["matchedRules"].as_array().expect("a list");
        rules.iter().map(|rule| rule["data"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(data("q=a%3Dred+shoes", "none"), ["a=red shoes", "red shoes"]);
    assert_eq!(data("q=none", "a=red"), ["REDACTED", "REDACTED"]);
    // What the rule captured may be the cookie's.
    assert_eq!(data("q=a%3Dred+shoes", "a=hush"), ["a=red shoes", "REDACTED"]);
}

/// curl decides on the framing here, not the test.
#[test]
fn a_large_upload_passes_whole() {
    let Some(curl) = find_program("curl") else { return };
    let origin = Origin::start().expect("a port is free");
    let checkpoint =
        start(&origin, "SecRequestBodyLimit 4000000\nSecRule ARGS \"@contains attack\" \"id:1,phase:2,deny,log\"\n");
    let body = checkpoint.folder().join("body");
    fs::write(&body, vec![b'x'; 3_000_000]).expect("a file is written");
    for version in ["--http1.1", "--http2-prior-knowledge"] {
        let finished = sekisho_e2e::Program::new(&curl)
            .expect("a folder can be made")
            .args([
                version,
                "-s",
                "-o",
                "/dev/null",
                "-w",
                "%{http_code}",
                "-H",
                "Content-Type: text/plain",
                "-H",
                "Expect:",
            ])
            .args(["--data-binary", &format!("@{}", body.display()), &format!("http://{}/", checkpoint.address())])
            .run(WAIT_MS_MAX);
        let finished = finished.expect("curl ends");
        assert!(finished.output.contains("200"), "{version}: {finished:?}");
    }
    assert!(origin.received().iter().all(|received| received.body.len() == 3_000_000));
    assert_eq!(origin.received().len(), 2);
}
