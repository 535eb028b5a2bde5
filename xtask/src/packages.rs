//! Debian packages that tasks need: looked for by the program they bring, installed by name, only if missing.

use std::process::Command;

use anyhow::{Result, bail};

use crate::process::{capture, find_program, run, say};

/// A program or a module of another project, and the Debian (and Ubuntu) package it comes in.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Package {
    /// The name of the program, or the whole path of the module or header.
    pub(crate) program: &'static str,
    pub(crate) name: &'static str,
    /// What for, as said when it is installed.
    pub(crate) purpose: &'static str,
}

pub(crate) const CXX: Package = Package { program: "c++", name: "g++", purpose: "to build libFuzzer" };
pub(crate) const NGINX: Package = Package { program: "nginx", name: "nginx", purpose: "the proxy to measure beside" };
pub(crate) const WRK: Package = Package { program: "wrk", name: "wrk", purpose: "to load proxies" };
pub(crate) const SQLMAP: Package = Package { program: "sqlmap", name: "sqlmap", purpose: "an attacker in the tests" };
pub(crate) const WAPITI: Package = Package { program: "wapiti", name: "wapiti", purpose: "an attacker in the tests" };
pub(crate) const CHROMIUM: Package =
    Package { program: "chromium", name: "chromium", purpose: "a browser in the tests" };
pub(crate) const NGHTTP: Package =
    Package { program: "nghttp", name: "nghttp2-client", purpose: "an HTTP/2 client in the tests" };
pub(crate) const MODSECURITY: Package = Package {
    program: crate::modsecurity::MODULE,
    name: "libnginx-mod-http-modsecurity",
    purpose: "the firewall to compare with",
};
pub(crate) const LIBMODSECURITY: Package = Package {
    program: "/usr/include/modsecurity/modsecurity.h",
    name: "libmodsecurity-dev",
    purpose: "to ask what it makes of a value",
};
pub(crate) const PCRE2: Package =
    Package { program: "/usr/include/pcre2.h", name: "libpcre2-dev", purpose: "the expressions to compare with" };
// The server only: tests start their own, the packaged service is not needed.
pub(crate) const REDIS: Package =
    Package { program: "redis-server", name: "redis-server", purpose: "a fleet's rate store in the tests" };

/// What this machine offers to install packages with.
#[derive(Debug, Clone, Copy)]
struct Means {
    apt: bool,
    root: bool,
    sudo: bool,
}

/// Installs those of `packages` whose program is missing.
///
/// # Errors
///
/// If one is missing and cannot be installed here; the message names what to install by hand.
pub(crate) fn ensure(packages: &[&Package]) -> Result<()> {
    let missing = missing(packages, is_here);
    if missing.is_empty() {
        let programs: Vec<_> = packages.iter().map(|package| package.program).collect();
        say(format!("nothing to install: {} are here", programs.join(", ")))?;
        return Ok(());
    }
    for package in &missing {
        say(format!("missing: {} (package {}), {}", package.program, package.name, package.purpose))?;
    }
    let root = capture(Command::new("id").arg("-u"))?.trim() == "0";
    let means = Means { apt: find_program("apt-get").is_some(), root, sudo: find_program("sudo").is_some() };
    for words in plan(&missing, means)? {
        run(Command::new(&words[0]).args(&words[1..]))?;
    }
    for package in missing {
        if !is_here(package.program) {
            bail!("package {} is installed but brought no `{}`", package.name, package.program);
        }
    }
    Ok(())
}

fn is_here(program: &str) -> bool {
    match program.starts_with('/') {
        true => std::path::Path::new(program).is_file(),
        false => find_program(program).is_some(),
    }
}

fn missing<'a>(packages: &[&'a Package], is_here: impl Fn(&str) -> bool) -> Vec<&'a Package> {
    packages.iter().copied().filter(|package| !is_here(package.program)).collect()
}

/// The commands that install `missing`, which is not empty.
fn plan(missing: &[&Package], means: Means) -> Result<Vec<Vec<String>>> {
    let names: Vec<_> = missing.iter().map(|package| package.name).collect();
    if !means.apt {
        bail!("there is no apt-get here: install what Debian calls {} by other means", names.join(", "));
    }
    if !means.root && !means.sudo {
        bail!("neither root nor sudo: as root, run `apt-get install {}`", names.join(" "));
    }
    let mut prefix = if means.root { vec![] } else { vec!["sudo"] };
    prefix.extend(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q"]);
    prefix.extend(["-o", "Acquire::Retries=3", "-o", "DPkg::Lock::Timeout=120"]);
    let update = [prefix.as_slice(), &["update"]].concat();
    let install = [prefix.as_slice(), &["install", "--yes", "--no-install-recommends"], &names].concat();
    Ok([update, install].map(|words| words.into_iter().map(str::to_owned).collect()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: Means = Means { apt: true, root: true, sudo: false };

    #[test]
    fn only_what_is_missing_is_installed() {
        let found = missing(&[&NGINX, &WRK, &NGHTTP], |program| program == "wrk");
        assert_eq!(found, [&NGINX, &NGHTTP]);
        assert_eq!(missing(&[&WRK], |_| true), [&WRK; 0]);
    }

    #[test]
    fn packages_are_installed_by_name_after_an_update() -> Result<()> {
        let commands = plan(&[&NGINX, &NGHTTP], ROOT)?;
        let lines: Vec<_> = commands.iter().map(|words| words.join(" ")).collect();
        assert!(lines[0].starts_with("env DEBIAN_FRONTEND=noninteractive apt-get") && lines[0].ends_with(" update"));
        assert!(lines[1].ends_with(" install --yes --no-install-recommends nginx nghttp2-client"), "{}", lines[1]);
        Ok(())
    }

    #[test]
    fn without_root_sudo_is_used() -> Result<()> {
        let commands = plan(&[&WRK], Means { root: false, sudo: true, ..ROOT })?;
        assert!(commands.iter().all(|words| words[0] == "sudo"), "{commands:?}");
        Ok(())
    }

    #[test]
    fn without_means_the_error_says_what_to_install() {
        for means in [Means { apt: false, ..ROOT }, Means { root: false, sudo: false, ..ROOT }] {
            let error = plan(&[&WRK, &SQLMAP], means).expect_err("nothing can install packages");
            let message = error.to_string();
            assert!(message.contains("wrk") && message.contains("sqlmap"), "{message}");
        }
    }
}
