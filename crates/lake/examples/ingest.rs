//! `ingest SOURCE FILE LAKE`: how fast a file's records become durable, sealed and part of tables; what they take then.

#![expect(clippy::disallowed_methods, reason = "a program of its own, which reads the clock itself")]

use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use sekisho_append::{Batch, Origin, Record};
use sekisho_collect::{Source, Splitter};
use sekisho_lake::{Lake, Place, Settings};
use sekisho_model::{Clock, Timestamp};

struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_unix_ms(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }
}

fn bytes(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| if entry.path().is_dir() { bytes(&entry.path()) } else { entry.metadata().map_or(0, |m| m.len()) })
        .sum()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [source, file, folder] = arguments.as_slice() else { return Err("SOURCE FILE LAKE".into()) };
    let kind = Source::named(source).ok_or("no such source")?;
    let clock = Arc::new(SystemClock);
    let lake = Lake::open(&Place::folder(Path::new(folder))?, clock.clone(), &Settings::default())?;
    let begun = Instant::now();
    let mut file = std::fs::File::open(file)?;
    let mut splitter = Splitter::new(kind);
    let (mut chunk, mut raw_bytes, mut waiting) = (vec![0; 1 << 20], 0_u64, Vec::new());
    loop {
        let read = file.read(&mut chunk)?;
        let mut batch = Batch::new(Origin { source, ..Origin::default() });
        let received_ms = i64::try_from(clock.now().unix_ms())?;
        let give = |piece: sekisho_collect::Piece<'_>| {
            raw_bytes += piece.raw.len() as u64;
            batch.push(Record { received_ms, raw: piece.raw });
        };
        if read == 0 {
            splitter.end(give)
        } else {
            splitter.push(&chunk[..read], give)
        }
        waiting.push(lake.append(batch)?);
        if read == 0 {
            break;
        }
    }
    for pending in waiting {
        pending.wait()?;
    }
    let durable = begun.elapsed();
    let status = lake.status()?;
    if let Some(trouble) = lake.close() {
        return Err(trouble.into());
    }
    let all = begun.elapsed();
    #[expect(clippy::cast_precision_loss, reason = "for people")]
    let rate = |time: std::time::Duration| raw_bytes as f64 / time.as_secs_f64() / 1e6;
    let peak = std::fs::read_to_string("/proc/self/status")?;
    let peak = peak.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default().to_owned();
    let (tables, seal) = (bytes(&Path::new(folder).join("tables")), bytes(&Path::new(folder).join("seal")));
    let report = format!(
        "{} records, {raw_bytes} bytes; durable in {durable:?} ({:.1} MB/s), all in {all:?} ({:.1} MB/s); {peak}; tables {tables}, seal {seal}: 1/{:.2}\n",
        status.durable,
        rate(durable),
        rate(all),
        raw_bytes as f64 / (tables + seal) as f64,
    );
    std::io::Write::write_all(&mut std::io::stdout(), report.as_bytes())?;
    Ok(())
}
