//! `cargo xtask reloads`: the Core Rule Set loaded anew, again and again, while requests are decided by it.
//!
//! Two files of rules take turns; they differ in one word that one of them refuses. No request may fail, each reload must
//! take effect, and memory must stay where it is. The Core Rule Set comes from files of rules, or is a group of a web ACL.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::json;

use crate::connection::Connection;
use crate::modsecurity::{self, Setting};
use crate::process::{find_sekisho, say};
use crate::process_tree::Usage;
use crate::server::{Server, free_address};
use crate::{nginx, packages};

/// Connections that send all the while.
const CLIENTS: u32 = 3;
/// Reloads after which the memory a reload needs has been taken once.
const WARM_UP: u32 = 20;
/// What the reloads after those may add, in MB: fragments. One kept rule set would be as much, a thousand far more.
const GROWTH_MB_MAX: f64 = 16.0;
/// How long one reload may take on a busy machine.
const RELOAD_TIME_MAX: Duration = Duration::from_secs(60);
/// What the log says of new rules.
const LOADED: &str = "new rules are in force";
const WORDS: [&str; 2] = ["alpha", "beta"];
const RULE_FILE: &str = "main.conf";
const ACL_FILE: &str = "acl.json";

/// How the checkpoint gets the Core Rule Set.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Form {
    /// As rule files behind an empty web ACL.
    SecLang,
    /// As a rule group of a web ACL.
    Group,
}

impl Form {
    pub(crate) fn of(acl: bool) -> Self {
        if acl { Self::Group } else { Self::SecLang }
    }
}

/// Builds the checkpoint and reloads it `count` times under load.
///
/// # Errors
///
/// If a request fails or is decided wrongly, a reload does not take effect, or memory grows.
pub(crate) fn run(root: &Path, form: Form, count: u32) -> Result<()> {
    packages::ensure(&[&packages::NGINX])?;
    let binary = find_sekisho(root, "demo")?;
    check(root, &binary, form, count)
}

/// The same with a binary that is built already.
///
/// # Errors
///
/// As [`run`].
pub(crate) fn check(root: &Path, binary: &Path, form: Form, count: u32) -> Result<()> {
    let crs = modsecurity::rules_folder(root)?;
    let folder = tempfile::tempdir().context("create a folder for the run")?;
    let backend = nginx::backend(folder.path())?;
    let rules = Rules { folder: folder.path(), crs: &crs, form };
    rules.write(WORDS[0])?;
    let log = folder.path().join("sekisho.log");
    let address = free_address()?;
    let mut command = Command::new(binary);
    command.args(["guard", &format!("http://{}", backend.address), "--listen", &address]);
    command.args(rules.arguments());
    command.arg("--data").arg(folder.path().join("data"));
    let server = Server::start(command, &address, &log)?;
    let (stop, sent) = (AtomicBool::new(false), AtomicU64::new(0));
    let begin = Instant::now();
    let memory = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(|| send_steadily(&address, &stop, &sent))).collect();
        let reloaded = reload_all(&rules, &server, &log, count);
        stop.store(true, Ordering::SeqCst);
        for client in clients {
            client.join().expect("a client does not panic")?;
        }
        reloaded
    })?;
    let (requests, took) = (sent.load(Ordering::SeqCst), begin.elapsed().as_secs_f64());
    ensure!(requests > u64::from(count), "only {requests} requests were sent: nothing was under load");
    let Memory { before_mb, after_mb, growth_mb, peak_mb } = memory;
    say(format!(
        "{count} reloads and {requests} requests in {took:.0} s: none failed; {before_mb:.1} MB at first, {after_mb:.1} MB at last, \
         {growth_mb:.1} MB more than after {WARM_UP}, {peak_mb:.1} MB at the most"
    ))?;
    ensure!(growth_mb <= GROWTH_MB_MAX, "memory grew by {growth_mb:.1} MB, more than {GROWTH_MB_MAX}");
    Ok(())
}

/// Resident memory of a run, in MB.
struct Memory {
    before_mb: f64,
    after_mb: f64,
    /// What came after [`WARM_UP`].
    growth_mb: f64,
    peak_mb: f64,
}

/// Where the rule file stands, and what it includes.
struct Rules<'a> {
    folder: &'a Path,
    crs: &'a Path,
    form: Form,
}

impl Rules<'_> {
    /// What tells the checkpoint of them.
    fn arguments(&self) -> Vec<PathBuf> {
        match self.form {
            Form::SecLang => vec!["--seclang".into(), self.folder.join(RULE_FILE)],
            Form::Group => vec!["--crs".into(), self.crs.into(), "--acl".into(), self.folder.join(ACL_FILE)],
        }
    }

    /// Writes the rules that refuse `word` besides what the Core Rule Set does.
    fn write(&self, word: &str) -> Result<()> {
        match self.form {
            Form::SecLang => self.write_rules(word),
            Form::Group => self.write_acl(word),
        }
    }

    fn write_rules(&self, word: &str) -> Result<()> {
        let after = format!("SecRule ARGS:word \"@streq {word}\" \"id:9000003,phase:1,deny,status:418\"");
        let setting = Setting { paranoia: 1, inbound: 5, outbound: 4, audit_log: None, after: &after };
        modsecurity::write_rules(self.folder, RULE_FILE, self.crs, setting).map(|_| ())
    }

    /// Replaces the web ACL at once: it is watched.
    fn write_acl(&self, word: &str) -> Result<()> {
        let visibility =
            json!({"SampledRequestsEnabled": true, "CloudWatchMetricsEnabled": true, "MetricName": "shop"});
        let acl = json!({
            "Name": "shop", "DefaultAction": {"Allow": {}}, "VisibilityConfig": visibility,
            "ARN": "arn:aws:wafv2:ap-northeast-1:000000000000:regional/webacl/shop/00000000-0000-4000-8000-0000000000f1",
            "Rules": [
                {"Name": "word", "Priority": 0, "VisibilityConfig": visibility,
                 "Action": {"Block": {"CustomResponse": {"ResponseCode": 418}}},
                 "Statement": {"ByteMatchStatement": {"SearchString": word, "FieldToMatch": {"QueryString": {}},
                    "PositionalConstraint": "CONTAINS", "TextTransformations": [{"Priority": 0, "Type": "NONE"}]}}},
                {"Name": "crs", "Priority": 1, "OverrideAction": {"None": {}}, "VisibilityConfig": visibility,
                 "Statement": {"ManagedRuleGroupStatement": {"VendorName": "OWASP", "Name": "CoreRuleSet"}}},
            ],
        });
        let (written, path) = (self.folder.join("acl.new"), self.folder.join(ACL_FILE));
        std::fs::write(&written, acl.to_string()).with_context(|| format!("write {}", written.display()))?;
        std::fs::rename(&written, &path).with_context(|| format!("replace {}", path.display()))
    }
}

/// Reloads again and again, and looks at the memory it takes.
fn reload_all(rules: &Rules<'_>, server: &Server, log: &Path, count: u32) -> Result<Memory> {
    let mut connection = Connection::open(&server.address)?;
    let resident_mb = || Ok::<_, anyhow::Error>(Usage::of(server.pid())?.rss_bytes as f64 / 1e6);
    let before_mb = resident_mb()?;
    let mut warm_mb = before_mb;
    for round in 1..=count {
        let (now, before) = (WORDS[round as usize % 2], WORDS[(round as usize + 1) % 2]);
        rules.write(now)?;
        reload(server, log)?;
        for (word, status) in [(now, 418), (before, 200)] {
            let request = format!("GET /?word={word} HTTP/1.1\r\nHost: shop.example\r\n{BROWSER}\r\n");
            connection = connection.answered(&server.address, request.as_bytes(), status)?;
        }
        if round == WARM_UP.min(count) {
            warm_mb = resident_mb()?;
        }
        if round % 100 == 0 {
            say(format!("{round} reloads, {:.1} MB", resident_mb()?))?;
        }
    }
    let after_mb = resident_mb()?;
    Ok(Memory { before_mb, after_mb, growth_mb: after_mb - warm_mb, peak_mb: peak_mb(server.pid())? })
}

/// The most memory a process ever had resident, in MB.
fn peak_mb(pid: u32) -> Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).context("read the status of a process")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("find its peak")?;
    let kib: f64 = peak.trim().trim_end_matches(" kB").parse().context("read its peak")?;
    Ok(kib * 1024.0 / 1e6)
}

/// Asks for a reload and waits until the log tells of it.
fn reload(server: &Server, log: &Path) -> Result<()> {
    let told = || Ok::<_, anyhow::Error>(std::fs::read_to_string(log).context("read the log")?.matches(LOADED).count());
    let before = told()?;
    let begin = Instant::now();
    let status = Command::new("kill").args(["-HUP", &server.pid().to_string()]).status().context("run kill")?;
    ensure!(status.success(), "the checkpoint is gone");
    while told()? == before {
        if begin.elapsed() > RELOAD_TIME_MAX {
            bail!("no reload within {RELOAD_TIME_MAX:?}:\n{}", std::fs::read_to_string(log).unwrap_or_default());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

/// Header fields of a browser, so that nothing but the target is judged.
const BROWSER: &str =
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\nAccept: */*\r\n";

/// Sends what passes and what is refused, in turns, until told to stop.
fn send_steadily(address: &str, stop: &AtomicBool, sent: &AtomicU64) -> Result<()> {
    let mut connection = Connection::open(address)?;
    let requests = [("/shop?q=lamp", 200), ("/shop?id=1%27%20UNION%20SELECT%20a,b%20FROM%20c--%20", 403)]
        .map(|(target, status)| (format!("GET {target} HTTP/1.1\r\nHost: shop.example\r\n{BROWSER}\r\n"), status));
    while !stop.load(Ordering::SeqCst) {
        for (request, status) in &requests {
            connection = connection.answered(address, request.as_bytes(), *status)?;
            sent.fetch_add(1, Ordering::SeqCst);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    Ok(())
}
