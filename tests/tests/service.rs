//! The running service as its operator meets it: TLS, pages beside an API, metrics and health, an orderly end, and what
//! is kept, and what is never kept, in the data folder.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use sekisho_e2e::{
    Acl, Certificate, Checkpoint, Client, OpenShop, Origin, RawConnection, connect_tls, decisions, decisions_once,
    files,
};
use serde_json::Value;

const STOP_MS_MAX: u64 = 30_000;
const RECORDS_MS_MAX: u64 = 15_000;

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder can be made")
}

/// Stops a checkpoint in an orderly way; its folder.
fn stop(checkpoint: Checkpoint) -> tempfile::TempDir {
    checkpoint.signal("TERM").expect("the checkpoint runs");
    let (status, folder) = checkpoint.wait(STOP_MS_MAX).expect("it stops");
    assert!(status.success(), "{status}");
    folder
}

#[test]
fn guard_serves_https_and_tells_the_origin() {
    let origin = Origin::start().expect("a port is free");
    let folder = folder();
    let certificate = Certificate::write(folder.path(), "shop").expect("a certificate is made");
    let url = origin.url();
    let arguments = ["guard", &url, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"];
    let arguments = arguments.into_iter().chain(["--tls-cert", "shop.crt", "--tls-key", "shop.key"]);
    let checkpoint = Checkpoint::start_in(folder, arguments).expect("the checkpoint starts");
    assert!(checkpoint.log().contains("listening on https://"), "{}", checkpoint.log());
    let mut client = connect_tls(checkpoint.address(), &[&certificate]).expect("the certificate is shown");
    for _ in 0..3 {
        assert_eq!(client.get("/page").expect("a reply comes").status, 200);
    }
    assert_eq!(client.get("/page?q=%3Cscript%3Ealert(1)%3C/script%3E").expect("a reply comes").status, 403);
    let received = origin.received();
    assert_eq!(received.len(), 3);
    assert_eq!(received[0].header("x-forwarded-proto"), Some("https"));
    assert_eq!(received[0].header("x-forwarded-for"), Some("127.0.0.1"));
    // Who speaks without TLS to a port with TLS is not served, and does no harm.
    let plain = RawConnection::exchange(checkpoint.address(), b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", 15_000);
    assert!(plain.expect("the checkpoint listens").statuses().is_empty());
    assert_eq!(client.get("/page").expect("a reply comes").status, 200);
}

#[test]
fn pages_and_an_api_live_under_one_domain() {
    let (api, other) = (Origin::start().expect("a port is free"), Origin::start().expect("a port is free"));
    let folder = folder();
    let pages = folder.path().join("pages");
    fs::create_dir_all(pages.join("pay")).expect("a folder is made");
    fs::write(pages.join("index.html"), "<h1>ようこそ</h1>").expect("a page is written");
    fs::write(pages.join("pay/card.js"), "pay();").expect("a page is written");
    fs::write(folder.path().join("secret.txt"), "secret").expect("a file is written");
    let config = format!(
        "[[listener]]\naddress = \"127.0.0.1:0\"\n\
         [[upstream]]\nname = \"api\"\nservers = [\"{}\"]\n\
         [[upstream]]\nname = \"other\"\nservers = [\"{}\"]\n\
         [[route]]\nhost = \"shop.example\"\npages = \"pages\"\n\
         [[route]]\nhost = \"shop.example\"\npath = \"/api\"\nupstream = \"api\"\n\
         [[route]]\nhost = \"*.other.example\"\nupstream = \"other\"\n\
         [admin]\naddress = \"127.0.0.1:0\"\n",
        api.url(),
        other.url()
    );
    fs::write(folder.path().join("sekisho.toml"), config).expect("the configuration is written");
    let checkpoint = Checkpoint::start_in(folder, ["run", "-c", "sekisho.toml"]).expect("the checkpoint starts");
    let mut client = Client::open(checkpoint.address()).expect("the checkpoint listens");
    let page = client.get("/").expect("a reply comes");
    assert_eq!((page.status, page.body.as_str()), (200, "<h1>ようこそ</h1>"), "{}", checkpoint.log());
    assert!(page.header("content-type").is_some_and(|kind| kind.starts_with("text/html")), "{page:?}");
    assert_eq!(client.get("/pay/card.js").expect("a reply comes").body, "pay();");
    assert_eq!(client.get("/missing").expect("a reply comes").status, 404);
    for path in ["/../secret.txt", "/%2e%2e/secret.txt", "/pay/..%2f..%2fsecret.txt", "//secret.txt"] {
        let reply = client.get(path).expect("a reply comes");
        assert!(matches!(reply.status, 400..=404) && !reply.body.contains("secret"), "{path}: {reply:?}");
    }
    assert_eq!(client.get("/api/pay?a=1").expect("a reply comes").body, "origin\n");
    assert_eq!(client.get("/api").expect("a reply comes").body, "origin\n");
    assert_eq!(client.get("/apis").expect("a reply comes").status, 404);
    let to = |host: &str| format!("GET /api HTTP/1.1\r\nHost: {host}\r\nUser-Agent: Mozilla/5.0\r\n\r\n");
    assert_eq!(client.ask(to("a.other.example").as_bytes()).expect("a reply comes").body, "origin\n");
    assert_eq!(client.ask(to("unknown.example").as_bytes()).expect("a reply comes").status, 404);
    let lines =
        |origin: &Origin| origin.received().iter().map(|received| received.line().to_owned()).collect::<Vec<_>>();
    assert_eq!(lines(&api), ["GET /api/pay?a=1 HTTP/1.1", "GET /api HTTP/1.1"]);
    assert_eq!(lines(&other), ["GET /api HTTP/1.1"]);
    // The rules stand before pages too.
    assert_eq!(client.get("/?q=%3Cscript%3Ealert(1)%3C/script%3E").expect("a reply comes").status, 403);
}

#[test]
fn metrics_and_health_are_told_at_the_admin_address() {
    let origin = Origin::start().expect("a port is free");
    let checkpoint = Checkpoint::guard(&origin.url()).expect("the checkpoint starts");
    let admin = checkpoint.admin().expect("it has one");
    let get = |path: &str| Client::get_once(admin, path).expect("a reply comes");
    assert_eq!((get("/healthz").status, get("/readyz").status, get("/").status), (200, 200, 404));
    let mut client = Client::open(checkpoint.address()).expect("the checkpoint listens");
    for _ in 0..3 {
        assert_eq!(client.get("/page").expect("a reply comes").status, 200);
    }
    assert_eq!(client.get("/page?q=%3Cscript%3Ealert(1)%3C/script%3E").expect("a reply comes").status, 403);
    let metrics = get("/metrics").body;
    let value = |series: &str| {
        let of = metrics.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        let of = of.unwrap_or_else(|| panic!("no {series} in\n{metrics}"));
        of.parse::<u64>().expect("it is a count")
    };
    let all = |name: &str| value(&format!("{name}_total{{WebACL=\"starter\",Rule=\"ALL\"}}"));
    assert_eq!((all("AllowedRequests"), all("BlockedRequests")), (3, 1));
    assert_eq!(value("sekisho_inspection_seconds_count"), 4);
    assert_eq!(value("sekisho_upstream_seconds_count"), 3);
    assert_eq!(value("sekisho_build_info{version=\"0.1.0\"}"), 1);
    assert!(metrics.ends_with("# EOF\n"), "{metrics}");
    // The public address does not tell any of it.
    assert_eq!(client.get("/metrics").expect("a reply comes").body, "origin\n");
}

/// An origin that answers its one request when told to.
fn patient_origin() -> (SocketAddr, mpsc::Receiver<()>, mpsc::Sender<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = listener.local_addr().expect("it has an address");
    let (tell_asked, asked) = mpsc::channel();
    let (answer, told_to_answer) = mpsc::channel::<()>();
    std::thread::spawn(move || {
        let (stream, _) = listener.accept().expect("the checkpoint connects");
        let mut reader = BufReader::new(&stream);
        let mut line = String::new();
        while line != "\r\n" {
            line.clear();
            reader.read_line(&mut line).expect("a head comes");
        }
        tell_asked.send(()).expect("the test waits");
        told_to_answer.recv().expect("the test tells");
        let response = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate";
        (&stream).write_all(response).expect("the checkpoint still reads");
    });
    (address, asked, answer)
}

#[test]
fn a_stopping_service_finishes_what_is_under_way_and_takes_no_more() {
    let (origin, asked, answer) = patient_origin();
    let checkpoint = Checkpoint::guard(&format!("http://{origin}")).expect("the checkpoint starts");
    let (address, admin) = (checkpoint.address(), checkpoint.admin().expect("it has one"));
    let mut idle = RawConnection::open(address).expect("the checkpoint listens");
    let waiting = std::thread::spawn(move || Client::get_once(address, "/late"));
    asked.recv_timeout(Duration::from_secs(20)).expect("the request reaches the origin");
    checkpoint.signal("TERM").expect("the checkpoint runs");
    let started = Instant::now();
    while RawConnection::open(address).is_ok() {
        assert!(started.elapsed() < Duration::from_secs(20), "connections are still taken:\n{}", checkpoint.log());
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(Client::get_once(admin, "/readyz").expect("a reply comes").status, 503);
    assert!(!waiting.is_finished(), "the request under way was cut");
    let rested = idle.read(10_000).expect("the socket works");
    assert!(rested.bytes.is_empty() && rested.took_ms < 10_000, "a connection at rest is let go: {rested:?}");
    answer.send(()).expect("the origin waits");
    let reply = waiting.join().expect("the client runs to its end").expect("the request is answered");
    assert_eq!((reply.status, reply.body.as_str()), (200, "late"));
    let (status, folder) = checkpoint.wait(STOP_MS_MAX).expect("it stops");
    assert!(status.success(), "{status}");
    let records = decisions(&folder.path().join("sekisho-data")).expect("no line is torn");
    assert_eq!(records.iter().filter(|record| record["httpRequest"]["uri"] == "/late").count(), 1);
}

/// `…/YYYY/MM/dd/HH/mm/<account>_waflogs_<Region>_<acl>_<YYYYMMDDTHHmmZ>_<hash>.log.gz`
fn assert_s3_layout(path: &Path, account: &str, region: &str, acl: &str) {
    let parts: Vec<_> = path.iter().map(|part| part.to_str().expect("names are text")).collect();
    let [root, of, kind, in_region, of_acl, year, month, day, hour, minute, name] = parts[..] else {
        panic!("{} is not where AWS has it", path.display())
    };
    assert_eq!([root, of, kind, in_region, of_acl], ["AWSLogs", account, "WAFLogs", region, acl]);
    let prefix = format!("{account}_waflogs_{region}_{acl}_{year}{month}{day}T{hour}{minute}Z_");
    let hash = name.strip_prefix(&prefix).and_then(|rest| rest.strip_suffix(".log.gz"));
    assert!(hash.is_some_and(|hash| hash.len() == 8), "{name} does not begin with {prefix}");
}

#[test]
fn decisions_end_up_where_aws_puts_them() {
    let origin = Origin::start().expect("a port is free");
    let folder = folder();
    Acl::new("shop-acl").block_query("attack").write(folder.path(), "acl.json").expect("the ACL is written");
    let config = format!(
        "data = \"kept\"\n[[listener]]\naddress = \"127.0.0.1:0\"\n\
         [[upstream]]\nname = \"shop\"\nservers = [\"{}\"]\n[[route]]\nupstream = \"shop\"\n\
         [rules]\nacl = \"acl.json\"\n[admin]\naddress = \"\"\n\
         [records]\naccount = \"123456789012\"\nregion = \"ap-northeast-1\"\n",
        origin.url()
    );
    fs::write(folder.path().join("sekisho.toml"), config).expect("the configuration is written");
    let checkpoint = Checkpoint::start_in(folder, ["run"]).expect("the checkpoint starts");
    let mut client = Client::open(checkpoint.address()).expect("the checkpoint listens");
    let attack = client.get("/page?attack").expect("a reply comes");
    assert_eq!(attack.status, 403);
    assert_eq!(client.get("/page?plain").expect("a reply comes").status, 200);
    // On disk within the flush interval, long before the file is finished.
    let kept = checkpoint.folder().join("kept");
    let live = decisions_once(&kept, RECORDS_MS_MAX, |records| records.len() == 2).expect("records are readable");
    assert_eq!(live.len(), 2, "{live:?}");
    drop(client);
    let folder = stop(checkpoint);
    let kept = folder.path().join("kept");
    let records = decisions(&kept).expect("no line is torn");
    assert_eq!(records, live);
    let archives = files(&kept.join("AWSLogs")).expect("readable");
    assert_eq!(archives.len(), 1, "{archives:?}");
    let relative = archives[0].strip_prefix(&kept).expect("it is below");
    assert_s3_layout(relative, "123456789012", "ap-northeast-1", "shop-acl");
    let of = |query: &str| {
        records.iter().find(|record| record["httpRequest"]["args"] == query).expect("each request has its record")
    };
    assert_eq!((&of("attack")["action"], &of("plain")["action"]), (&Value::from("BLOCK"), &Value::from("ALLOW")));
    assert_eq!(attack.header("x-request-id"), of("attack")["httpRequest"]["requestId"].as_str());
}

/// Values that must be on no disk. Each is sent in several places.
const TOKEN: &str = "t0ps3cr3t-bearer-7Qx";
const SESSION: &str = "s3ss10n-c00k13-9Zk";
const CARDS: [&str; 5] =
    ["4111111111111111", "4242 4242 4242 4242", "5555-5555-5555-4444", "378282246310005", "6011000990139424"];

fn secretive_requests() -> Vec<String> {
    let browser = "Host: shop.example\r\nUser-Agent: Mozilla/5.0\r\n";
    let secrets = format!(
        "Authorization: Bearer {TOKEN}\r\ncookie: sid={SESSION}; a={TOKEN}\r\nProxy-Authorization: Basic {TOKEN}\r\n"
    );
    let mut requests = vec![
        format!("GET /a HTTP/1.1\r\n{browser}{secrets}\r\n"),
        // Attacks in the secret fields themselves: the match is recorded, the value is not.
        format!("GET /b HTTP/1.1\r\n{browser}Cookie: sid={SESSION}<script>alert(1)</script>\r\n\r\n"),
        format!("GET /c HTTP/1.1\r\n{browser}Authorization: ' OR 1=1 -- {TOKEN}\r\n\r\n"),
        // Malformed requests leave a record too.
        format!("GET /d HTTP/1.1\r\n{browser}{secrets}Content-Length: x{TOKEN}\r\n\r\n"),
        format!("GET /e HTTP/1.1\r\n{browser}{secrets}Cookie : {SESSION}\r\n\r\n"),
    ];
    for card in CARDS {
        let encoded = card.replace(' ', "%20");
        let (plus, body) =
            (card.replace(' ', "+"), format!("{{\"card\":\"{card}\",\"q\":\"<script>alert(1)</script>\"}}"));
        let length = body.len();
        requests
            .push(format!("GET /pay/{encoded}/x?card={encoded}&c={plus} HTTP/1.1\r\n{browser}X-Card: {card}\r\n\r\n"));
        requests.push(format!(
            "GET /pay?q=%3Cscript%3E{encoded}%3C/script%3E HTTP/1.1\r\n{browser}Referer: http://a/?c={encoded}\r\n\r\n"
        ));
        requests.push(format!(
            "POST /pay HTTP/1.1\r\n{browser}Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        ));
    }
    requests
}

#[test]
fn secrets_and_card_numbers_are_on_no_disk() {
    let shop = OpenShop::start().expect("the shop opens");
    let checkpoint = Checkpoint::guard(&shop.base().to_string()).expect("the checkpoint starts");
    let requests = secretive_requests();
    for request in &requests {
        let mut connection = RawConnection::open(checkpoint.address()).expect("the checkpoint listens");
        connection.send(request.as_bytes());
        let mut statuses = Vec::new();
        let asked = Instant::now();
        while statuses.is_empty() && asked.elapsed() < Duration::from_secs(20) {
            statuses = connection.read(50).expect("the socket works").statuses();
        }
        assert_eq!(statuses.len(), 1, "{request}");
    }
    let data = |folder: &Path| folder.join("sekisho-data");
    let count = requests.len();
    let live = decisions_once(&data(checkpoint.folder()), RECORDS_MS_MAX, |records| records.len() >= count);
    assert_eq!(live.expect("records are readable").len(), count);
    assert_no_secrets(checkpoint.folder());
    let folder = stop(checkpoint);
    let records = decisions(&data(folder.path())).expect("no line is torn");
    assert_eq!(records.len(), count);
    assert!(records.iter().any(|record| record["action"] == "BLOCK"), "the attacks are there");
    assert!(records.iter().any(|record| record.to_string().contains("REDACTED")), "the fields are there");
    assert_no_secrets(folder.path());
}

/// Looks through every file below: the data, and what the service says of itself.
fn assert_no_secrets(folder: &Path) {
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let mut looked_at = 0;
    for path in files(folder).expect("readable") {
        let Ok(bytes) = fs::read(&path) else { continue };
        let mut text = String::from_utf8_lossy(&bytes).into_owned();
        if path.extension().is_some_and(|end| end == "gz") {
            text.clear();
            flate2::read::GzDecoder::new(bytes.as_slice()).read_to_string(&mut text).expect("an archive is whole");
        }
        looked_at += text.len();
        for secret in [TOKEN, SESSION] {
            assert!(!text.contains(secret), "{secret} is in {}", path.display());
        }
        for card in CARDS {
            let spellings = [card.to_owned(), card.replace(' ', "%20"), card.replace(' ', "+"), digits(card)];
            for spelling in spellings {
                assert!(!text.contains(&spelling), "{spelling} is in {}", path.display());
            }
        }
    }
    assert!(looked_at > 1_000, "there is nothing to look at");
}
