//! Requests as people send them, and one of an attacker.

use std::net::{IpAddr, Ipv4Addr};

use sekisho_waf::{Body, Client, Header, Request};

#[path = "../../../xtask/src/bench/crs/sent.rs"]
mod sent;

use sent::{BOUNDARY, BROWSER, arguments, form, json, multipart};

/// A request.
pub(crate) struct Load {
    pub(crate) name: String,
    pub(crate) is_stopped: bool,
    method: &'static str,
    path: &'static str,
    query: String,
    fields: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
    headers: Vec<Header<'static>>,
}

impl Load {
    pub(crate) fn new(name: &str, path: &'static str, query: &str) -> Self {
        let load = Self {
            name: name.to_owned(),
            is_stopped: false,
            method: "GET",
            path,
            query: query.to_owned(),
            fields: BROWSER.into_iter().map(|(name, value)| (name, value.to_owned())).collect(),
            body: Vec::new(),
            headers: Vec::new(),
        };
        load.with_headers()
    }

    pub(crate) fn post(name: &str, kind: &str, body: Vec<u8>) -> Self {
        let mut load = Self::new(name, "/account/profile", "");
        load.method = "POST";
        load.fields.push(("Content-Type", kind.to_owned()));
        load.fields.push(("Content-Length", body.len().to_string()));
        load.body = body;
        load.with_headers()
    }

    pub(crate) fn stopped(mut self) -> Self {
        self.is_stopped = true;
        self
    }

    fn with_headers(mut self) -> Self {
        // A benchmark's requests live as long as it does.
        let leak = |value: &str| -> &'static [u8] { Vec::leak(value.as_bytes().to_vec()) };
        self.headers =
            self.fields.iter().map(|(name, value)| Header { name: name.as_bytes(), value: leak(value) }).collect();
        self
    }

    pub(crate) fn request(&self) -> Request<'_> {
        Request {
            method: self.method.as_bytes(),
            path: self.path.as_bytes(),
            query: self.query.as_bytes(),
            fragment: None,
            version: b"HTTP/1.1",
            scheme: "https",
            headers: &self.headers,
            body: Body::EMPTY,
            client: Client {
                ip: IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)),
                ja3: None,
                ja4: None,
                country: None,
                asn: None,
            },
        }
    }
}

/// Requests that are measured at both paranoia levels.
pub(crate) fn all(paranoia: u8) -> Vec<Load> {
    const FORM: &str = "application/x-www-form-urlencoded";
    let mut loads = vec![
        Load::new("GET", "/products/espresso-machines", "sort=price&order=asc&page=2&q=stainless+steel"),
        Load::post("small JSON", "application/json", json()),
        Load::post("10 KB form", FORM, form()),
        Load::post("950 arguments", FORM, arguments()),
        Load::post("64 KB multipart", &format!("multipart/form-data; boundary={BOUNDARY}"), multipart()),
    ];
    if paranoia == 1 {
        let attack = "id=1%27%20UNION%20SELECT%20name,password%20FROM%20users--%20";
        loads.push(Load::new("attack GET", "/products", attack).stopped());
    }
    loads
}
