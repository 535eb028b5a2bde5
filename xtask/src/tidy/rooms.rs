//! The rooms of the house and the doors between them: which crate may depend on which, and which crates of others are
//! kept to one room. The tables are the ones of `docs/ARCHITECTURE.md`.

use toml::{Table, Value};

use super::finding::Finding;
use super::tree::Tree;

/// A crate of ours and the crates of ours it may use, in its code and in its tests.
struct Room {
    name: &'static str,
    uses: &'static [&'static str],
}

const ROOMS: &[Room] = &[
    Room { name: "sekisho-model", uses: &[] },
    Room { name: "sekisho-waf", uses: &["sekisho-model"] },
    Room { name: "sekisho-waf-lang", uses: &["sekisho-model", "sekisho-waf"] },
    Room { name: "sekisho-content", uses: &["sekisho-model", "sekisho-waf", "sekisho-waf-lang"] },
    Room { name: "sekisho-mask", uses: &[] },
    Room { name: "sekisho-edge", uses: &["sekisho-mask", "sekisho-model", "sekisho-waf"] },
    Room { name: "sekisho-acl-test", uses: &["sekisho-edge", "sekisho-model", "sekisho-waf", "sekisho-waf-lang"] },
    Room { name: "sekisho-crs-test", uses: &["sekisho-edge", "sekisho-model", "sekisho-waf", "sekisho-waf-lang"] },
    Room { name: "sekisho-disk", uses: &[] },
    Room { name: "sekisho-append", uses: &["sekisho-disk"] },
    Room { name: "sekisho-seal", uses: &["sekisho-disk"] },
    Room { name: "sekisho-witness", uses: &["sekisho-disk", "sekisho-model", "sekisho-seal"] },
    Room { name: "sekisho-verify", uses: &["sekisho-disk", "sekisho-seal"] },
    Room { name: "sekisho-event", uses: &[] },
    Room { name: "sekisho-collect", uses: &["sekisho-event"] },
    Room { name: "sekisho-words", uses: &[] },
    Room {
        name: "sekisho-gather",
        uses: &["sekisho-append", "sekisho-collect", "sekisho-disk", "sekisho-event", "sekisho-mask", "sekisho-model"],
    },
    Room { name: "sekisho-tables", uses: &["sekisho-event", "sekisho-words"] },
    Room {
        name: "sekisho-lake",
        uses: &[
            "sekisho-append",
            "sekisho-collect",
            "sekisho-disk",
            "sekisho-event",
            "sekisho-mask",
            "sekisho-model",
            "sekisho-seal",
            "sekisho-tables",
            "sekisho-witness",
            "sekisho-words",
        ],
    },
    Room {
        name: "sekisho-query",
        uses: &["sekisho-collect", "sekisho-event", "sekisho-lake", "sekisho-mask", "sekisho-tables", "sekisho-words"],
    },
    Room { name: "sekisho-cluster", uses: &["sekisho-event", "sekisho-query", "sekisho-tables"] },
    Room { name: "sekisho-shop", uses: &[] },
    // The binary wires everything; the shop is what `sekisho demo` puts behind the checkpoint.
    Room {
        name: "sekisho",
        uses: &[
            "sekisho-acl-test",
            "sekisho-append",
            "sekisho-cluster",
            "sekisho-collect",
            "sekisho-content",
            "sekisho-crs-test",
            "sekisho-disk",
            "sekisho-edge",
            "sekisho-gather",
            "sekisho-lake",
            "sekisho-mask",
            "sekisho-model",
            "sekisho-query",
            "sekisho-seal",
            "sekisho-shop",
            "sekisho-tables",
            "sekisho-waf",
            "sekisho-waf-lang",
            "sekisho-witness",
        ],
    },
    Room {
        name: "sekisho-e2e",
        uses: &["sekisho-content", "sekisho-edge", "sekisho-model", "sekisho-shop", "sekisho-waf", "sekisho-waf-lang"],
    },
    Room {
        name: "sekisho-fuzz",
        uses: &[
            "sekisho-acl-test",
            "sekisho-append",
            "sekisho-collect",
            "sekisho-content",
            "sekisho-crs-test",
            "sekisho-disk",
            "sekisho-edge",
            "sekisho-gather",
            "sekisho-mask",
            "sekisho-model",
            "sekisho-seal",
            "sekisho-waf",
            "sekisho-waf-lang",
            "sekisho-words",
        ],
    },
    Room { name: "sekisho-peers", uses: &["sekisho-model", "sekisho-waf", "sekisho-waf-lang"] },
    // Depends on nothing of ours: `cargo xtask` must build when nothing else does.
    Room { name: "xtask", uses: &[] },
];

/// Crates of others that are kept to some rooms.
struct Kept {
    /// A crate's name, or the beginning of one if it ends in `*`.
    crates: &'static [&'static str],
    rooms: &'static [&'static str],
    why: &'static str,
    /// Whether any room may use them in its tests.
    in_tests: bool,
}

const KEPT: &[Kept] = &[
    Kept {
        crates: &["hyper", "hyper-util", "http-body", "http-body-util", "h2"],
        rooms: &["sekisho-edge", "sekisho-shop", "sekisho-e2e", "sekisho-gather", "sekisho-witness"],
        why: "HTTP is spoken where requests and records come in",
        in_tests: false,
    },
    Kept {
        crates: &["tokio", "tokio-*", "mio", "socket2"],
        rooms: &[
            "sekisho-edge",
            "sekisho-shop",
            "sekisho",
            "sekisho-e2e",
            "xtask",
            "sekisho-gather",
            "sekisho-witness",
            "sekisho-tables",
            "sekisho-lake",
            "sekisho-query",
            "sekisho-cluster",
        ],
        why: "the other rooms do no I/O and spawn nothing",
        in_tests: false,
    },
    Kept {
        crates: &["rustls", "tokio-rustls", "openssl*", "native-tls"],
        rooms: &["sekisho-edge", "sekisho-e2e", "sekisho-gather", "sekisho-witness"],
        why: "TLS ends where requests and records come in",
        in_tests: false,
    },
    Kept {
        crates: &["ring"],
        rooms: &["sekisho-edge", "sekisho-e2e", "sekisho-seal", "sekisho-gather"],
        why: "keys are used where TLS ends and where records are sealed",
        in_tests: false,
    },
    Kept {
        crates: &["rusqlite", "libsqlite3-sys"],
        rooms: &["sekisho-shop"],
        why: "only the sample shop has a database",
        in_tests: false,
    },
    Kept {
        crates: &["arrow*", "parquet*", "datafusion*", "deltalake*"],
        rooms: &["sekisho-lake", "sekisho-tables", "sekisho-query", "sekisho-cluster"],
        why: "Arrow, Parquet and DataFusion take minutes to build: nothing else waits for them",
        in_tests: false,
    },
    Kept {
        crates: &["ballista*", "tonic*"],
        rooms: &["sekisho-cluster"],
        why: "a cluster is optional, and so is what it brings",
        in_tests: false,
    },
    Kept {
        crates: &["aws-sdk-*", "aws-config", "aws-smithy-*", "aws-types"],
        rooms: &["sekisho-collect", "sekisho-posture"],
        why: "only the rooms that read the cloud account may call it",
        in_tests: false,
    },
    Kept {
        crates: &["hcl-*", "saphyr-parser"],
        rooms: &["sekisho-waf-lang", "xtask"],
        why: "files of rules are read in one place, the house's own by its keeper",
        in_tests: false,
    },
    Kept {
        crates: &["clap", "clap_*"],
        rooms: &["sekisho", "xtask"],
        why: "only programs have a command line",
        in_tests: false,
    },
    Kept {
        crates: &["anyhow"],
        rooms: &["sekisho", "sekisho-shop", "sekisho-e2e", "sekisho-peers", "xtask"],
        why: "libraries have typed errors (thiserror)",
        in_tests: true,
    },
    Kept {
        crates: &["libfuzzer-sys", "arbitrary"],
        rooms: &["sekisho-fuzz"],
        why: "fuzzing stays out of what ships",
        in_tests: false,
    },
    Kept {
        crates: &["zentinel-*", "pcre2", "pcre2-sys"],
        rooms: &["sekisho-peers"],
        why: "another's engine is there to be held beside ours",
        in_tests: false,
    },
];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let root = tree.text("Cargo.toml").and_then(|text| text.parse::<Table>().ok()).unwrap_or_default();
    let shared = root.get("workspace").and_then(|workspace| workspace.get("dependencies")).and_then(Value::as_table);
    for (path, text) in tree.under("", "Cargo.toml") {
        match text.parse::<Table>() {
            Ok(manifest) if manifest.contains_key("package") => {
                findings.extend(check_manifest(path, text, &manifest, shared));
            }
            Ok(_) => {}
            Err(error) => findings.push(Finding::new(path, 1, error.message(), "a manifest must be TOML")),
        }
    }
    findings
}

fn check_manifest(path: &str, text: &str, manifest: &Table, shared: Option<&Table>) -> Vec<Finding> {
    let name = manifest["package"].get("name").and_then(Value::as_str).unwrap_or_default();
    let Some(room) = ROOMS.iter().find(|room| room.name == name) else {
        return vec![Finding::new(
            path,
            line_of(text, "name"),
            format!("the crate `{name}` has no room"),
            "add it to ROOMS in xtask/src/tidy/rooms.rs and to docs/ARCHITECTURE.md",
        )];
    };
    let mut findings = Vec::new();
    for (kind, key, value) in dependencies(manifest) {
        let package = package_name(key, value, shared);
        if let Some((message, help)) = refusal(room, package, kind) {
            findings.push(Finding::new(path, line_of(text, key), message, help));
        }
    }
    findings
}

/// Why `room` may not use `package`, and what to do instead.
fn refusal(room: &Room, package: &str, kind: &str) -> Option<(String, String)> {
    if ROOMS.iter().any(|other| other.name == package) {
        let message = format!("`{}` may not use `{package}`: arrows point down only", room.name);
        let help = "move what both need to a lower room, or change ROOMS in xtask/src/tidy/rooms.rs with an ADR";
        return (!room.uses.contains(&package)).then(|| (message, help.to_owned()));
    }
    let kept = KEPT.iter().find(|kept| kept.crates.iter().any(|pattern| fits(pattern, package)))?;
    let message = format!("`{}` may not use `{package}`: {}", room.name, kept.why);
    let fits_kind = kept.in_tests && kind == "dev-dependencies";
    (!fits_kind && !kept.rooms.contains(&room.name))
        .then(|| (message, format!("`{package}` is kept to {}", kept.rooms.join(", "))))
}

fn fits(pattern: &str, name: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == name, |start| name.starts_with(start))
}

/// Every dependency of a manifest, by kind, key and value: normal, dev and build, and those under `[target.…]`.
fn dependencies(manifest: &Table) -> Vec<(&'static str, &str, &Value)> {
    const KINDS: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];
    let targets = manifest.get("target").and_then(Value::as_table).into_iter().flat_map(Table::values);
    let mut dependencies = Vec::new();
    for table in std::iter::once(manifest).chain(targets.filter_map(Value::as_table)) {
        for kind in KINDS {
            let entries = table.get(kind).and_then(Value::as_table).into_iter().flatten();
            dependencies.extend(entries.map(|(key, value)| (kind, key.as_str(), value)));
        }
    }
    dependencies
}

/// The package behind a dependency's key, through `package = "…"` here or in `[workspace.dependencies]`.
fn package_name<'a>(key: &'a str, value: &'a Value, shared: Option<&'a Table>) -> &'a str {
    let renamed = |value: &'a Value| value.get("package").and_then(Value::as_str);
    renamed(value).or_else(|| renamed(shared?.get(key)?)).unwrap_or(key)
}

/// The line, from 1, of the first key called `key`.
fn line_of(text: &str, key: &str) -> usize {
    let is_key = |line: &str| {
        let rest = line.trim_start().strip_prefix(key);
        rest.is_some_and(|rest| rest.starts_with([' ', '=', '.']))
    };
    text.lines().position(is_key).map_or(1, |index| index + 1)
}

pub(super) fn broken() -> Tree {
    let upward = "[package]\nname = \"sekisho-model\"\n[dev-dependencies]\nsekisho-waf.workspace = true\n";
    let network = "[package]\nname = \"sekisho-waf\"\n[target.'cfg(unix)'.dependencies]\nhyper = \"1\"\n";
    Tree::sample(&[("crates/model/Cargo.toml", upward), ("crates/waf/Cargo.toml", network)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn messages(files: &[(&str, &str)], expect: &[(usize, &str)]) {
        let found = check(&Tree::sample(files));
        let shown: Vec<_> = found.iter().map(|finding| (finding.line, finding.message.as_str())).collect();
        assert_eq!(shown.len(), expect.len(), "{shown:?}");
        for ((line, message), (expected_line, part)) in shown.into_iter().zip(expect) {
            assert!(line == *expected_line && message.contains(part), "{line}: {message}");
        }
    }

    #[test]
    fn upward_edges_and_kept_crates_are_found_in_every_kind_of_dependency() {
        let found = check(&broken());
        assert_eq!(found.iter().map(|finding| finding.line).collect::<Vec<_>>(), [4, 4]);
    }

    #[test]
    fn a_renamed_dependency_is_seen_through() {
        let here =
            "[package]\nname = \"sekisho-waf\"\n[dependencies]\nweb = { version = \"1\", package = \"hyper\" }\n";
        messages(&[("crates/waf/Cargo.toml", here)], &[(4, "`hyper`")]);
        let root = "[workspace.dependencies]\nweb = { version = \"1\", package = \"hyper-util\" }\n";
        let there = "[package]\nname = \"sekisho-waf\"\n[dependencies]\nweb.workspace = true\n";
        messages(&[("Cargo.toml", root), ("crates/waf/Cargo.toml", there)], &[(4, "`hyper-util`")]);
    }

    #[test]
    fn some_crates_may_be_used_in_tests_anywhere() {
        let manifest = |kind: &str| format!("[package]\nname = \"sekisho-waf\"\n[{kind}]\nanyhow = \"1\"\n");
        messages(&[("crates/waf/Cargo.toml", &manifest("dev-dependencies"))], &[]);
        messages(&[("crates/waf/Cargo.toml", &manifest("dependencies"))], &[(4, "`anyhow`")]);
    }

    #[test]
    fn a_crate_without_a_room_is_found() {
        messages(&[("crates/x/Cargo.toml", "[package]\nname = \"sekisho-x\"\n")], &[(2, "no room")]);
    }

    #[test]
    fn allowed_edges_pass() {
        let edge = "[package]\nname = \"sekisho-edge\"\n[dependencies]\nsekisho-waf.workspace = true\nhyper = \"1\"\n";
        messages(&[("crates/edge/Cargo.toml", edge)], &[]);
    }

    #[test]
    fn the_table_has_no_cycle() {
        // Each room is listed after every room it uses, except the shop, which uses none.
        for (index, room) in ROOMS.iter().enumerate() {
            for used in room.uses {
                let below = ROOMS[..index].iter().any(|lower| lower.name == *used);
                assert!(below, "{} uses {used}, which stands below it in the table", room.name);
            }
        }
    }
}
