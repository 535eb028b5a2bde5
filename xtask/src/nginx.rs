//! nginx, the peer and the backend: configurations for one run, under the run's own folder.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::process::find_program;
use crate::server::{Server, free_address};

/// Length of the backend's response body, in bytes.
pub(crate) const RESPONSE_BYTES: usize = 1024;

/// Starts the service behind every contender: one worker, a small static response.
pub(crate) fn backend(folder: &Path) -> Result<Server> {
    let address = free_address()?;
    let body = "a small page. ".repeat(RESPONSE_BYTES / 14 + 1);
    let body = &body[..RESPONSE_BYTES];
    let server = format!(
        "server {{ listen {address}; access_log off; location / {{ default_type text/html; return 200 '{body}'; }} }}"
    );
    start(folder, "backend", &address, 1, &server)
}

/// Starts a plain proxy before `backend`: two workers, pooled upstream connections, the usual forwarding headers.
pub(crate) fn proxy(folder: &Path, backend: &Server, logging: bool) -> Result<Server> {
    let address = free_address()?;
    let name = if logging { "proxy-logging" } else { "proxy" };
    let log = match logging {
        true => format!("access_log {}/access.log combined buffer=64k flush=1s;", folder.display()),
        false => "access_log off;".to_owned(),
    };
    let mut server = String::new();
    writeln!(
        server,
        "upstream backend {{ server {}; keepalive 64; keepalive_requests 1000000000; }}",
        backend.address
    )?;
    writeln!(server, "server {{ listen {address}; {log}")?;
    writeln!(server, "location / {{ proxy_pass http://backend; proxy_http_version 1.1;")?;
    for header in
        [r#"Connection """#, "Host $host", "X-Forwarded-For $proxy_add_x_forwarded_for", "X-Forwarded-Proto $scheme"]
    {
        writeln!(server, "proxy_set_header {header};")?;
    }
    server.push_str("} }");
    start(folder, name, &address, 2, &server)
}

/// Starts nginx with a `server` block, in the foreground, with every file it writes under `folder`.
pub(crate) fn start(folder: &Path, name: &str, address: &str, workers: u32, server: &str) -> Result<Server> {
    start_with(folder, name, address, workers, &[], server)
}

/// The same with modules loaded.
pub(crate) fn start_with(
    folder: &Path,
    name: &str,
    address: &str,
    workers: u32,
    modules: &[&str],
    server: &str,
) -> Result<Server> {
    let config = folder.join(format!("{name}.conf"));
    std::fs::write(&config, configuration(folder, name, workers, modules, server))
        .with_context(|| format!("write {}", config.display()))?;
    let mut command = Command::new(find_program("nginx").context("find nginx")?);
    command.arg("-p").arg(folder).arg("-c").arg(&config);
    Server::start(command, address, &folder.join(format!("{name}.log")))
}

/// A whole configuration: in the foreground, with every file it writes under `folder`.
fn configuration(folder: &Path, name: &str, workers: u32, modules: &[&str], server: &str) -> String {
    let folder = folder.display();
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("{kind}_temp_path {folder}/{name}-{kind};\n"))
        .concat();
    let modules: String = modules.iter().map(|module| format!("load_module {module};\n")).collect();
    format!(
        "{modules}daemon off;\nworker_processes {workers};\npid {folder}/{name}.pid;\nerror_log stderr warn;\n\
         events {{ worker_connections 2048; }}\n\
         http {{\nkeepalive_requests 1000000000;\n{temporary}{server}\n}}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_writes_only_under_its_folder() {
        let text = configuration(Path::new("/f"), "n", 2, &[], "server {}");
        let paths: Vec<_> = text.split_whitespace().filter(|word| word.starts_with('/')).collect();
        assert_eq!(paths.len(), 6, "{text}");
        assert!(paths.iter().all(|path| path.starts_with("/f/n")), "{paths:?}");
    }
}
