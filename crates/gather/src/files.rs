//! Files of a folder: read once, or watched.
//!
//! A file is known by its device and inode together with what it begins with, so that one that is renamed is known still, and one that was
//! truncated or put in another's place is not. A file with another inode whose beginning, and whose bytes before where a known file was
//! left, are those of that file is taken for it: rotation by copying or compressing reads nothing twice. Positions count decompressed
//! bytes. What is kept of each file stands in a [`Ledger`]; a file that is gone is forgotten, so that there are no more
//! entries than files.

mod identity;
pub(crate) mod walk;

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{Read, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sekisho_append::{Feed as FeedName, Position};
use sekisho_collect::Source;

use crate::counters::add;
use crate::cut::{Cut, Gathered, Mark, Place};
use crate::error::{GatherError, chain};
use crate::inflate::{INFLATED_BYTES_MAX, Inflate};
use crate::ledger::{Id, Ledger};
use crate::sink::Sink;
use crate::stop::Stop;

use identity::{Known, Tail, head_hash};
use walk::{Found, walk};

/// Bytes read at once.
const CHUNK_BYTES: usize = 256 << 10;
/// How long a last line without a line feed waits for the rest, in milliseconds.
const UNFINISHED_MS: i64 = 30_000;
/// Files that begin alike of which one is looked for.
const ALIKE_MAX: usize = 8;
/// Files that are held ready to go on with, besides those that are open for a moment.
const TAILED_FILES_MAX: usize = 256;

/// Which files, and how long.
#[derive(Debug, Clone)]
pub(crate) struct Files {
    pub(crate) path: PathBuf,
    pub(crate) source: &'static Source,
    /// How long to wait until files are looked for again; once if there is none.
    pub(crate) watch: Option<Duration>,
}

/// Reads files. Blocks until all are read, or until it is stopped.
pub(crate) fn run(files: &Files, sink: &Arc<Sink>, stop: &Stop) -> Result<(), GatherError> {
    let path = std::path::absolute(&files.path).map_err(|source| GatherError::file("find", &files.path, source))?;
    let prefix = [b"files/", files.source.name.as_bytes(), b"/", path.as_os_str().as_encoded_bytes(), b"\0"].concat();
    let mut reader = Reader {
        path,
        source: files.source,
        is_watch: files.watch.is_some(),
        ledger: Ledger::read(&prefix, &sink.positions(&prefix)),
        seen: HashMap::new(),
        suspects: HashMap::new(),
        heads: HashMap::new(),
        tailed: HashMap::new(),
        to: Gathered::new(sink, files.source, stop),
        sink: Arc::clone(sink),
        stop: stop.clone(),
    };
    loop {
        let unread = reader.round()?;
        if stop.is_stopped() {
            return if reader.is_watch { Ok(()) } else { Err(GatherError::Stopped) };
        }
        let Some(pause) = files.watch else {
            return if unread.is_empty() { Ok(()) } else { Err(GatherError::Unread(unread)) };
        };
        if stop.block(pause) {
            return Ok(());
        }
    }
}

/// What a file was like when it was last looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Look {
    bytes: u64,
    changed_ns: i128,
}

/// A file that is gone on with where it was left.
struct Tailed {
    file: File,
    cut: Cut,
    tail: Tail,
    /// When a part of a line came last, in milliseconds of the clock.
    part_since_ms: i64,
}

struct Reader {
    path: PathBuf,
    source: &'static Source,
    is_watch: bool,
    ledger: Ledger,
    seen: HashMap<Id, Look>,
    /// Files that may be copies being made: they are let be until they have not changed from one look to the next.
    suspects: HashMap<Id, Look>,
    /// What was known at the beginning of the round of files with whole heads, by these.
    heads: HashMap<u64, Vec<Known>>,
    tailed: HashMap<Id, Tailed>,
    to: Gathered,
    sink: Arc<Sink>,
    stop: Stop,
}

/// Writes where a file stands into the ledger.
struct FileMark<'l> {
    ledger: &'l mut Ledger,
    id: Id,
    tail: &'l Tail,
}

impl Mark for FileMark<'_> {
    fn mark(&mut self, place: Place) -> (FeedName, Position) {
        self.ledger.mark(self.id, &self.tail.known_at(place).to_bytes())
    }
}

impl Reader {
    /// Looks at all files once; gives those that could not be read.
    fn round(&mut self) -> Result<Vec<String>, GatherError> {
        let found = walk(&self.path)?;
        self.index_heads();
        let ids: HashSet<Id> = found.iter().map(|file| file.id).collect();
        let mut unread = Vec::new();
        for file in &found {
            if self.stop.is_stopped() {
                break;
            }
            match self.look(file) {
                Ok(()) => {}
                // The rest of a file that is still being compressed comes later.
                Err(GatherError::File { source, .. })
                    if self.is_watch && source.kind() == std::io::ErrorKind::UnexpectedEof => {}
                Err(error @ (GatherError::Append(_) | GatherError::Stopped)) => return Err(error),
                Err(error) => {
                    let error = chain(&error);
                    tracing::warn!(path = %file.path.display(), error, "a file cannot be read to its end");
                    add(&self.to.counters.failures, 1);
                    unread.push(error);
                }
            }
        }
        self.to.flush()?;
        if !self.stop.is_stopped() {
            self.forget(&ids)?;
        }
        Ok(unread)
    }

    /// Forgets files that are gone.
    fn forget(&mut self, found: &HashSet<Id>) -> Result<(), GatherError> {
        self.seen.retain(|id, _| found.contains(id));
        self.suspects.retain(|id, _| found.contains(id));
        self.tailed.retain(|id, _| found.contains(id));
        if found.is_empty() {
            // A folder that is empty all at once is one that is not mounted, rather.
            return Ok(());
        }
        let changed = self.ledger.forget(|id, _| !found.contains(&id));
        self.to.reach(changed);
        self.to.flush()
    }

    fn look(&mut self, found: &Found) -> Result<(), GatherError> {
        let look = Look { bytes: found.bytes, changed_ns: found.changed_ns };
        let is_unchanged = self.seen.get(&found.id) == Some(&look);
        if is_unchanged && !self.tailed.get(&found.id).is_some_and(|tailed| tailed.cut.holds_part()) {
            return Ok(());
        }
        let is_settled = !self.is_watch || self.suspects.get(&found.id) == Some(&look);
        let read = self.read(found, is_settled);
        if read.is_err() {
            self.tailed.remove(&found.id);
        }
        if matches!(read, Ok(false)) {
            self.suspects.insert(found.id, look);
        } else {
            // A file that failed is tried again when it has changed.
            self.suspects.remove(&found.id);
            self.seen.insert(found.id, look);
        }
        read.map(drop)
    }

    /// Reads a file from where it was left; false if it is to be looked at again first.
    fn read(&mut self, found: &Found, is_settled: bool) -> Result<bool, GatherError> {
        let failed = |source| GatherError::file("read", &found.path, source);
        if let Some(tailed) = self.tailed.remove(&found.id)
            && tailed.tail.is_still(&tailed.file).map_err(failed)?
            && found.bytes >= tailed.cut.wants()
        {
            return self.go_on(found, tailed).map(|()| true);
        }
        let file = File::open(&found.path).map_err(failed)?;
        let place = match self.known(found).map_err(failed)? {
            Knowledge::Known(known) => known.place,
            Knowledge::Shorter if !is_settled => return Ok(false),
            Knowledge::New | Knowledge::Shorter => Place::default(),
        };
        self.read_from(found, file, place).map(|()| true)
    }

    fn read_from(&mut self, found: &Found, file: File, mut place: Place) -> Result<(), GatherError> {
        let failed = |source| GatherError::file("read", &found.path, source);
        let mut bytes = Inflate::new(&file, INFLATED_BYTES_MAX).map_err(failed)?;
        let is_gzip = bytes.is_gzip();
        if !is_gzip && found.bytes < place.offset {
            // It was cut shorter: what is left of it was read.
            place = Place { offset: found.bytes, records: 0 };
        }
        let mut cut = Cut::new(self.source, place);
        let mut tail = Tail::default();
        let passed = if is_gzip {
            tail.pass(&mut bytes, cut.wants()).map_err(failed)?
        } else {
            (&file).seek(SeekFrom::Start(0)).map_err(failed)?;
            let passed = tail.leap(&file, cut.wants()).map_err(failed)?;
            bytes = Inflate::plain(&file);
            passed
        };
        if passed < cut.wants() {
            return Ok(());
        }
        let ended = self.push_all(&found.path, &mut bytes, &mut cut, &mut tail, found.id);
        drop(bytes);
        let is_as_known = cut.wants() == place.offset && self.ledger.get(found.id).is_some();
        if self.stop.is_stopped() || (ended.is_ok() && is_as_known) {
            return ended;
        }
        if ended.is_err() {
            // What came before the damage is kept.
            let mut mark = FileMark { ledger: &mut self.ledger, id: found.id, tail: &tail };
            cut.pause(&mut self.to, &mut mark)?;
            return ended;
        }
        let mut mark = FileMark { ledger: &mut self.ledger, id: found.id, tail: &tail };
        if is_gzip || !self.is_watch {
            return cut.end(&mut self.to, &mut mark);
        }
        cut.pause(&mut self.to, &mut mark)?;
        if self.tailed.len() < TAILED_FILES_MAX || cut.holds_part() {
            let part_since_ms = self.sink.now_ms();
            self.tailed.insert(found.id, Tailed { file, cut, tail, part_since_ms });
        }
        Ok(())
    }

    /// Goes on with a file that grew, or whose last line is waited for.
    fn go_on(&mut self, found: &Found, mut tailed: Tailed) -> Result<(), GatherError> {
        let before = tailed.cut.wants();
        let Tailed { file, cut, tail, part_since_ms } = &mut tailed;
        self.push_all(&found.path, file, cut, tail, found.id)?;
        let mut mark = FileMark { ledger: &mut self.ledger, id: found.id, tail };
        let now_ms = self.sink.now_ms();
        if cut.wants() > before {
            *part_since_ms = now_ms;
            cut.pause(&mut self.to, &mut mark)?;
        } else if now_ms - *part_since_ms >= UNFINISHED_MS {
            cut.end(&mut self.to, &mut mark)?;
        }
        self.tailed.insert(found.id, tailed);
        Ok(())
    }

    fn push_all(
        &mut self,
        path: &Path,
        bytes: &mut impl Read,
        cut: &mut Cut,
        tail: &mut Tail,
        id: Id,
    ) -> Result<(), GatherError> {
        let mut buffer = vec![0; CHUNK_BYTES];
        while !self.stop.is_stopped() {
            let read = bytes.read(&mut buffer).map_err(|source| GatherError::file("read", path, source))?;
            if read == 0 {
                return Ok(());
            }
            tail.add(&buffer[..read]);
            let mut mark = FileMark { ledger: &mut self.ledger, id, tail };
            cut.push(&buffer[..read], &mut self.to, &mut mark)?;
        }
        Ok(())
    }

    /// What is known of a file: by its number, or as one that was copied or compressed.
    fn known(&self, found: &Found) -> std::io::Result<Knowledge> {
        let open = || File::open(&found.path).and_then(|file| Inflate::new(file, INFLATED_BYTES_MAX));
        if let Some(known) = self.ledger.get(found.id).and_then(Known::from_bytes)
            && head_hash(open()?, known.head_bytes)? == Some(known.head)
        {
            return Ok(Knowledge::Known(known));
        }
        let Some(head) = head_hash(open()?, identity::HEAD_BYTES)? else { return Ok(Knowledge::New) };
        for other in self.heads.get(&head).into_iter().flatten() {
            let mut tail = Tail::default();
            if tail.pass(&mut open()?, other.place.offset)? < other.place.offset {
                return Ok(Knowledge::Shorter);
            }
            if tail.known_at(other.place).tail == other.tail {
                return Ok(Knowledge::Known(*other));
            }
        }
        Ok(Knowledge::New)
    }

    /// What is known of files, by what they begin with.
    fn index_heads(&mut self) {
        self.heads.clear();
        let known = self.ledger.entries().filter_map(|(_, value)| Known::from_bytes(value));
        for known in known.filter(|known| known.head_bytes == identity::HEAD_BYTES && known.tail != 0) {
            let alike = self.heads.entry(known.head).or_default();
            if alike.len() < ALIKE_MAX {
                alike.push(known);
            }
        }
    }
}

/// What is known of a file that is not one that was open.
enum Knowledge {
    New,
    Known(Known),
    /// It begins like another and ends before where that one was left: a copy that is being made, or another file.
    Shorter,
}
