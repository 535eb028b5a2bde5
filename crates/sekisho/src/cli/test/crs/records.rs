//! The records an edge writes while tests run, and what they tell of a request.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Read;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;
use sekisho_crs_test::Logged;
use serde_json::Value;

/// Where the records being written are, in a data folder.
const ACTIVE: &str = "decisions/active";
/// How often they are looked at. An edge writes twice a second.
const POLL: Duration = Duration::from_millis(20);
/// How long an edge may write nothing before the records that are missing are given up.
const QUIET_MAX: Duration = Duration::from_secs(5);

/// The records written from now on.
#[derive(Debug)]
pub(super) struct Records {
    folder: PathBuf,
    /// By path; a segment that is archived meanwhile can still be read to its end.
    segments: HashMap<PathBuf, Segment>,
}

#[derive(Debug)]
struct Segment {
    file: File,
    /// Read, but no whole line yet.
    rest: Vec<u8>,
}

impl Records {
    /// Looks where the records of a data folder end now.
    ///
    /// # Errors
    ///
    /// If it is no data folder of an edge.
    pub(super) fn begin(data: &Path) -> anyhow::Result<Self> {
        let folder = data.join(ACTIVE);
        let context = || format!("{} is no data folder of a running edge", data.display());
        fs::read_dir(&folder).with_context(context)?;
        let mut records = Self { folder, segments: HashMap::new() };
        records.read(|_| {})?;
        Ok(records)
    }

    /// The records of requests from these addresses. Those that do not come within five seconds of the last are left out.
    ///
    /// # Errors
    ///
    /// If records cannot be read.
    pub(super) fn wait_for(&mut self, sources: &[Ipv4Addr]) -> anyhow::Result<HashMap<Ipv4Addr, Value>> {
        let mut missing: HashSet<_> = sources.iter().copied().collect();
        let mut found = HashMap::new();
        let mut last = Instant::now();
        while !missing.is_empty() && last.elapsed() < QUIET_MAX {
            let before = missing.len();
            self.read(|record| {
                let source = record["httpRequest"]["clientIp"].as_str().and_then(|source| source.parse().ok());
                // Of several requests in what was sent, the first is the one under test.
                if let Some(source) = source.filter(|source| missing.remove(source)) {
                    found.insert(source, record);
                }
            })?;
            if missing.len() < before {
                last = Instant::now();
            }
            thread::sleep(POLL);
        }
        Ok(found)
    }

    /// Hands over all records written since the last time.
    fn read(&mut self, mut take: impl FnMut(Value)) -> anyhow::Result<()> {
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            if !self.segments.contains_key(&path)
                && let Ok(file) = File::open(&path)
            {
                self.segments.insert(path, Segment { file, rest: Vec::new() });
            }
        }
        for segment in self.segments.values_mut() {
            segment.file.read_to_end(&mut segment.rest)?;
            let end = segment.rest.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
            for line in segment.rest[..end].split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
                take(serde_json::from_slice(line).context("failed to read a record")?);
            }
            segment.rest.drain(..end);
        }
        Ok(())
    }
}

/// The rules that matched, as a record tells of them.
pub(super) fn log(record: &Value) -> Vec<Logged> {
    let matches = record["secLang"]["matchedRules"].as_array().into_iter().flatten();
    let logged = |matched: &Value| {
        let text = |field: &str| on_one_line(matched[field].as_str().unwrap_or_default());
        let rule = matched["ruleId"].as_u64()?;
        let (message, data) = (text("message"), text("data"));
        Some(Logged { rule, line: format!("[id \"{rule}\"] [msg \"{message}\"] [data \"{data}\"]") })
    };
    matches.filter_map(logged).collect()
}

/// Text as ModSecurity's error log has it: controls by their number.
fn on_one_line(text: &str) -> String {
    text.chars().fold(String::new(), |mut line, character| {
        match character {
            '\0'..='\x1f' | '\x7f' => _ = write!(line, "\\x{:02x}", u32::from(character)),
            _ => line.push(character),
        }
        line
    })
}

/// Why HTTP refused the request, if it did.
pub(super) fn refusal(record: &Value) -> Option<String> {
    let failure = &record["failure"];
    (failure["type"] == "MALFORMED_REQUEST").then(|| failure["reason"].as_str().unwrap_or_default().to_owned())
}
