//! The download folder and the hole in it.
//!
//! The shop treats a temporary folder of its own as the root of a file system: `/srv/shop/public` holds what customers
//! may download, and beside and above it lie files they may not. [`Sandbox::read`] joins the asked name onto the public
//! folder and follows `..` and absolute paths like a careless program; the walk is on text alone and stops at the
//! sandbox's root, so the machine's own files stay out of reach.

use std::fs;
use std::io;
use std::path::PathBuf;

use tempfile::TempDir;

/// What customers may download.
pub const PUBLIC_FILES: &[&str] = &["catalogue.txt", "terms-ja.txt", "gift-wrapping.txt"];

/// The first line of the secret that lies one folder above the public ones.
pub const SECRET: &str = "supplier-key: matsu-take-ume-0451";

const PUBLIC_FOLDER: &str = "srv/shop/public";

const TREE: &[(&str, &str)] = &[
    ("srv/shop/public/catalogue.txt", "Sekisho shop catalogue, autumn / 関所商店 秋のカタログ\n"),
    ("srv/shop/public/terms-ja.txt", "特定商取引法に基づく表記（見本）\n返品は八日以内にご連絡ください。\n"),
    ("srv/shop/public/gift-wrapping.txt", "Gift wrapping: furoshiki, washi, or a plain box.\n"),
    ("srv/shop/secret", "supplier-key: matsu-take-ume-0451\nnot for customers\n"),
    ("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nshop:x:1000:1000:Sekisho sample shop:/srv/shop:/usr/sbin/nologin\n"),
    ("etc/services", "# Network services, Internet style (sample)\nhttp 80/tcp\nhttps 443/tcp\n"),
];

/// The folder the shop takes for a whole file system; removed when dropped.
#[derive(Debug)]
pub(crate) struct Sandbox(TempDir);

impl Sandbox {
    /// Lays the tree out in a new temporary folder.
    pub(crate) fn new() -> io::Result<Self> {
        let root = tempfile::Builder::new().prefix("sekisho-shop-").tempdir()?;
        for (path, text) in TREE {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().expect("every path of the tree has a folder"))?;
            fs::write(path, text)?;
        }
        Ok(Self(root))
    }

    /// The file a customer, or an attacker, asked for by `name`; `None` when there is none.
    pub(crate) fn read(&self, name: &str) -> Option<Vec<u8>> {
        let path = self.0.path().join(resolve(name)?);
        fs::read(path).ok()
    }
}

/// The path under the sandbox's root that `name` leads to from the public folder; `None` for a name with a NUL.
fn resolve(name: &str) -> Option<PathBuf> {
    if name.contains('\0') {
        return None;
    }
    let start = if name.starts_with('/') { "" } else { PUBLIC_FOLDER };
    let mut parts = Vec::new();
    for part in start.split('/').chain(name.split('/')) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    Some(parts.iter().collect())
}

#[cfg(test)]
mod tests {
    use super::{PUBLIC_FILES, SECRET, Sandbox, resolve};

    #[test]
    fn public_files_are_served() {
        let sandbox = Sandbox::new().unwrap();
        for name in PUBLIC_FILES {
            assert!(sandbox.read(name).is_some_and(|bytes| !bytes.is_empty()), "{name}");
        }
    }

    #[test]
    fn the_hole_leads_to_the_secret_and_to_passwd() {
        let sandbox = Sandbox::new().unwrap();
        let text = |name: &str| String::from_utf8(sandbox.read(name).unwrap()).unwrap();
        assert!(text("../secret").starts_with(SECRET));
        assert!(text("../../../../../../etc/passwd").contains("root:x:0:0"));
        assert!(text("/etc/passwd").contains("root:x:0:0"));
    }

    #[test]
    fn the_hole_ends_at_the_root_of_the_sandbox() {
        for name in ["../../../../../../../..", "/../../..", "/", "//..//.", "x/../../../../.."] {
            assert_eq!(resolve(name).unwrap().as_os_str(), "", "{name}");
        }
        assert!(Sandbox::new().unwrap().read("../../../../proc/self/environ").is_none());
        assert!(Sandbox::new().unwrap().read("/etc/hostname").is_none());
        assert!(resolve("catalogue.txt\0.png").is_none());
    }
}
