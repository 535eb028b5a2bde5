//! Requests as they go over the wire, taken apart once before anything is measured.

use std::path::Path;

use anyhow::{Context, Result, bail};

/// Most header fields of a request.
const FIELDS_MAX: usize = 64;

/// A request in parts.
#[derive(Debug, Clone)]
pub struct Wire {
    pub name: String,
    /// What must become of it.
    pub status: u16,
    pub method: String,
    pub target: String,
    pub fields: Vec<(String, Vec<u8>)>,
    pub body: Vec<u8>,
}

/// The requests in a folder, in the order of their names: `NUMBER-NAME.STATUS`.
pub fn read_folder(folder: &Path) -> Result<Vec<Wire>> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("list {}", folder.display()))?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    paths.sort();
    paths.iter().map(|path| read(path)).collect()
}

fn read(path: &Path) -> Result<Wire> {
    let bytes = std::fs::read(path).with_context(|| format!("read {}", path.display()))?;
    let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let name = name.split_once('-').map_or(name, |(_, name)| name).replace('-', " ");
    let status = path.extension().and_then(|status| status.to_str()?.parse().ok());
    let status = status.with_context(|| format!("read the status in {}", path.display()))?;
    parse(name, status, &bytes).with_context(|| format!("read {}", path.display()))
}

fn parse(name: String, status: u16, bytes: &[u8]) -> Result<Wire> {
    let mut fields = [httparse::EMPTY_HEADER; FIELDS_MAX];
    let mut head = httparse::Request::new(&mut fields);
    let httparse::Status::Complete(length) = head.parse(bytes)? else { bail!("the head has no end") };
    Ok(Wire {
        name,
        status,
        method: head.method.unwrap_or_default().to_owned(),
        target: head.path.unwrap_or_default().to_owned(),
        fields: head.headers.iter().map(|field| (field.name.to_owned(), field.value.to_vec())).collect(),
        body: bytes[length..].to_vec(),
    })
}
