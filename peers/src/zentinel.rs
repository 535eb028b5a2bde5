//! The engine of the crate `zentinel-modsec`.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use zentinel_modsec::ModSecurity;

use crate::Engine;
use crate::ours::RESPONSE_FIELDS;
use crate::wire::Wire;

pub struct Zentinel {
    engine: ModSecurity,
    response: Vec<u8>,
}

impl Zentinel {
    /// Loads rules; how long that took.
    pub fn load(path: &str) -> Result<(Self, Duration)> {
        let begin = Instant::now();
        let engine = ModSecurity::from_file(path).with_context(|| format!("load {path} with zentinel-modsec"))?;
        let took = begin.elapsed();
        let response = b"a small page. ".repeat(1024 / 14 + 1)[..1024].to_vec();
        Ok((Self { engine, response }, took))
    }
}

impl Engine for Zentinel {
    fn decide(&mut self, wire: &Wire) -> Result<Option<u16>> {
        let mut transaction = self.engine.new_transaction();
        transaction.set_client_addr("127.0.0.1", 40_000);
        transaction.process_uri(&wire.target, &wire.method, "HTTP/1.1")?;
        for (name, value) in &wire.fields {
            transaction.add_request_header(name, &String::from_utf8_lossy(value))?;
        }
        transaction.process_request_headers()?;
        if transaction.intervention().is_none() {
            transaction.append_request_body(&wire.body)?;
            transaction.process_request_body()?;
        }
        if transaction.intervention().is_none() {
            for (name, value) in RESPONSE_FIELDS {
                transaction.add_response_header(name, value)?;
            }
            transaction.process_response_headers()?;
        }
        if transaction.intervention().is_none() {
            transaction.append_response_body(&self.response)?;
            transaction.process_response_body()?;
        }
        transaction.process_logging()?;
        Ok(transaction.intervention().map(|stop| stop.status))
    }
}
