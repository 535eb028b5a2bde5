//! A headless Chromium, driven over the DevTools protocol: a person's browser with a keyboard.
//!
//! Waits for events of the page, never for time; what does not come within the limit fails the test.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use serde_json::{Value, json};
use tempfile::TempDir;
use tungstenite::{Message, WebSocket};

use crate::environment::find_program;

const ANSWER_S_MAX: u64 = 30;

/// A browser with one page; ends when dropped.
#[derive(Debug)]
pub struct Browser {
    child: Child,
    socket: WebSocket<TcpStream>,
    session: Option<String>,
    sent: u64,
    /// What the browser told meanwhile.
    events: VecDeque<Value>,
    /// Where it keeps its profile.
    _profile: TempDir,
}

impl Browser {
    /// Starts Chromium; none where it is not installed.
    ///
    /// # Errors
    ///
    /// When it does not start or cannot be talked to.
    pub fn start() -> anyhow::Result<Option<Self>> {
        let Some(program) = find_program("chromium") else { return Ok(None) };
        let profile = tempfile::Builder::new().prefix("sekisho-browser-").tempdir()?;
        let mut child = Command::new(program)
            .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"])
            // Certificates of tests are signed by nobody.
            .arg("--ignore-certificate-errors")
            .args(["--remote-debugging-port=0", "--lang=en", "--accept-lang=en", "about:blank"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .context("failed to start chromium")?;
        let address = announced(&mut child).inspect_err(|_| drop(child.kill()))?;
        let host = address.strip_prefix("ws://").and_then(|rest| rest.split('/').next()).context("no host is told")?;
        let stream = TcpStream::connect(host).context("failed to reach chromium")?;
        stream.set_read_timeout(Some(Duration::from_secs(ANSWER_S_MAX)))?;
        let (socket, _) = tungstenite::client(address.as_str(), stream).map_err(|error| anyhow!("{error}"))?;
        let mut browser = Self { child, socket, session: None, sent: 0, events: VecDeque::new(), _profile: profile };
        let target = browser.command("Target.createTarget", &json!({"url": "about:blank"}))?;
        let attached =
            browser.command("Target.attachToTarget", &json!({"targetId": target["targetId"], "flatten": true}))?;
        browser.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page.enable", "Runtime.enable", "Network.enable"] {
            browser.command(domain, &json!({}))?;
        }
        Ok(Some(browser))
    }

    /// Tells the browser something and returns what it answers.
    ///
    /// # Errors
    ///
    /// When it answers with an error, or not in time.
    pub fn command(&mut self, method: &str, parameters: &Value) -> anyhow::Result<Value> {
        self.sent += 1;
        let mut message = json!({"id": self.sent, "method": method, "params": parameters});
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        self.socket.send(Message::text(message.to_string())).context("failed to tell chromium")?;
        loop {
            let mut told = self.read()?;
            if told["id"] != self.sent {
                self.events.push_back(told);
                continue;
            }
            if told["error"].is_object() {
                bail!("{method}: {}", told["error"]["message"]);
            }
            return Ok(told["result"].take());
        }
    }

    /// The next event of this name. Others stay to be asked for.
    ///
    /// # Errors
    ///
    /// When none comes in time.
    pub fn event(&mut self, method: &str) -> anyhow::Result<Value> {
        loop {
            if let Some(at) = self.events.iter().position(|told| told["method"] == method) {
                return Ok(self.events.remove(at).map(|mut told| told["params"].take()).unwrap_or_default());
            }
            let told = self.read().with_context(|| format!("no {method} came"))?;
            self.events.push_back(told);
        }
    }

    /// Goes to a page and waits until it is there.
    ///
    /// # Errors
    ///
    /// When it does not come.
    pub fn open(&mut self, url: &str) -> anyhow::Result<()> {
        self.events.clear();
        self.command("Page.navigate", &json!({"url": url}))?;
        self.event("Page.loadEventFired").map(|_| ())
    }

    /// What an expression is in the page; promises are waited for.
    ///
    /// # Errors
    ///
    /// When it throws, or the page goes away meanwhile.
    pub fn evaluate(&mut self, expression: &str) -> anyhow::Result<Value> {
        let asked = json!({"expression": expression, "awaitPromise": true, "returnByValue": true});
        let mut answer = self.command("Runtime.evaluate", &asked)?;
        if answer["exceptionDetails"].is_object() {
            bail!("{expression}: {}", answer["exceptionDetails"]);
        }
        Ok(answer["result"]["value"].take())
    }

    /// Waits until a condition holds in the page, or in the one that follows it.
    ///
    /// # Errors
    ///
    /// When it does not come to hold in time.
    pub fn until(&mut self, condition: &str) -> anyhow::Result<()> {
        let expression = format!(
            "new Promise(resolve => {{ const look = () => ({condition}) && resolve(true); \
             new MutationObserver(look).observe(document, {{subtree: true, childList: true, attributes: true, characterData: true}}); \
             addEventListener('load', look); look(); }})"
        );
        loop {
            match self.evaluate(&expression) {
                Ok(_) => return Ok(()),
                Err(error) if is_left(&error) => {}
                Err(error) => return Err(error.context(format!("`{condition}` does not come to hold"))),
            }
        }
    }

    /// Presses keys by name (`Tab`, `Enter`), one after the other.
    ///
    /// # Errors
    ///
    /// When the browser takes none.
    pub fn press(&mut self, keys: &[&str]) -> anyhow::Result<()> {
        for key in keys {
            let (code, text) = match *key {
                "Tab" => (9, ""),
                "Enter" => (13, "\r"),
                other => bail!("no key is called {other}"),
            };
            let mut event =
                json!({"type": "keyDown", "key": key, "code": key, "windowsVirtualKeyCode": code, "text": text});
            self.command("Input.dispatchKeyEvent", &event)?;
            event["type"] = json!("keyUp");
            self.command("Input.dispatchKeyEvent", &event)?;
        }
        Ok(())
    }

    /// Types text where the cursor is.
    ///
    /// # Errors
    ///
    /// When the browser takes none.
    pub fn write(&mut self, text: &str) -> anyhow::Result<()> {
        self.command("Input.insertText", &json!({"text": text})).map(|_| ())
    }

    /// A cookie of the page.
    ///
    /// # Errors
    ///
    /// When there is none of this name.
    pub fn cookie(&mut self, name: &str) -> anyhow::Result<Value> {
        let cookies = self.command("Network.getCookies", &json!({}))?;
        let found = cookies["cookies"].as_array().and_then(|all| all.iter().find(|cookie| cookie["name"] == name));
        found.cloned().with_context(|| format!("no cookie {name} among {cookies}"))
    }

    fn read(&mut self) -> anyhow::Result<Value> {
        loop {
            if let Message::Text(text) = self.socket.read().context("chromium tells nothing")? {
                return Ok(serde_json::from_str(&text)?);
            }
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Either fails only when the process has ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Whether an expression ended because its page was left.
fn is_left(error: &anyhow::Error) -> bool {
    let text = error.to_string();
    ["context was destroyed", "navigated or closed", "Cannot find context", "Cannot find default execution context"]
        .iter()
        .any(|reason| text.contains(reason))
}

/// The address of the DevTools, which Chromium says on standard error; what it says later is read and left.
fn announced(child: &mut Child) -> anyhow::Result<String> {
    let mut said = BufReader::new(child.stderr.take().context("chromium has no standard error")?);
    let mut all = String::new();
    loop {
        let mut line = String::new();
        anyhow::ensure!(said.read_line(&mut line)? > 0, "chromium ended:\n{all}");
        if let Some(address) = line.trim().strip_prefix("DevTools listening on ") {
            let address = address.to_owned();
            std::thread::spawn(move || said.lines().for_each(drop));
            return Ok(address);
        }
        all.push_str(&line);
    }
}
