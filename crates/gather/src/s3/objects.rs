//! Objects in their turn: read, cut, stored.

use std::io::{self, Read};
use std::sync::{Arc, Mutex};

use bytes::{Buf as _, Bytes};
use sekisho_collect::Source;
use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::{mpsc, oneshot};

use super::pass::{Known, Object, ObjectMark};
use crate::counters::add;
use crate::cut::{Cut, Gathered, Place};
use crate::error::GatherError;
use crate::inflate::{INFLATED_BYTES_MAX, Inflate};
use crate::seen::Stored;
use crate::sink::Sink;
use crate::stop::Stop;

/// Bytes cut at once.
const CHUNK_BYTES: usize = 256 << 10;
/// Objects that become durable together.
const OBJECTS_TOGETHER: usize = 256;
/// Seconds between two times that old objects are forgotten.
const FORGET_EVERY_S: u32 = 60;

/// What is to be done, in order.
pub(super) enum Item {
    /// An object to be stored.
    Object {
        object: Object,
        body: Body,
        /// Whether a pass found it.
        is_listed: bool,
        /// Told when it is durable; dropped if it cannot be read.
        durable: oneshot::Sender<()>,
    },
    /// A pass has listed all keys. Told whether all objects were read.
    EndOfPass(oneshot::Sender<bool>),
}

/// An object's bytes, as they come.
pub(crate) struct Body {
    chunks: mpsc::Receiver<Result<Bytes, String>>,
    chunk: Bytes,
}

impl Body {
    pub(super) fn new(chunks: mpsc::Receiver<Result<Bytes, String>>) -> Self {
        Self { chunks, chunk: Bytes::new() }
    }
}

impl Read for Body {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.chunk.is_empty() {
            match self.chunks.blocking_recv() {
                None => return Ok(0),
                Some(Ok(chunk)) => self.chunk = chunk,
                // Told apart from damage of what is read.
                Some(Err(error)) => return Err(io::Error::new(io::ErrorKind::ConnectionReset, error)),
            }
        }
        let read = buffer.len().min(self.chunk.len());
        self.chunk.copy_to_slice(&mut buffer[..read]);
        Ok(read)
    }
}

/// Stores objects.
pub(super) struct Objects {
    source: &'static Source,
    sink: Arc<Sink>,
    known: Arc<Mutex<Known>>,
    to: Gathered,
    /// Who waits for what is gathered.
    waiting: Vec<oneshot::Sender<()>>,
    forgot_at_s: u32,
    stop: Stop,
}

impl Objects {
    pub(super) fn new(source: &'static Source, sink: &Arc<Sink>, known: Arc<Mutex<Known>>, stop: &Stop) -> Self {
        let to = Gathered::new(sink, source, stop);
        let (sink, stop) = (Arc::clone(sink), stop.clone());
        Self { source, sink, known, to, waiting: Vec::new(), forgot_at_s: 0, stop }
    }

    /// Stores until nobody brings any more. Blocks.
    pub(super) fn store(mut self, mut items: mpsc::Receiver<Item>) -> Result<(), GatherError> {
        loop {
            let item = match items.try_recv() {
                Ok(item) => item,
                Err(TryRecvError::Disconnected) => return self.flush(),
                Err(TryRecvError::Empty) => {
                    self.flush()?;
                    let Some(item) = items.blocking_recv() else { return Ok(()) };
                    item
                }
            };
            match item {
                Item::Object { object, body, is_listed, durable } => {
                    if self.take(&object, body, is_listed)? {
                        self.waiting.push(durable);
                    }
                }
                Item::EndOfPass(told) => {
                    let (is_through, positions) = self.known().end();
                    self.to.reach(positions);
                    self.flush()?;
                    // Who asked may have been stopped.
                    _ = told.send(is_through);
                }
            }
            if self.waiting.len() >= OBJECTS_TOGETHER {
                self.flush()?;
            }
        }
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().expect("nothing panics with what is known in hand")
    }

    fn flush(&mut self) -> Result<(), GatherError> {
        let now_s = u32::try_from(self.sink.now_ms() / 1000).unwrap_or_default();
        if now_s.saturating_sub(self.forgot_at_s) >= FORGET_EVERY_S {
            self.forgot_at_s = now_s;
            let positions = self.known().forget(now_s);
            self.to.reach(positions);
        }
        self.to.flush()?;
        for durable in self.waiting.drain(..) {
            // Who asked may have been stopped.
            _ = durable.send(());
        }
        Ok(())
    }

    /// Cuts an object into batches; false if it cannot be had, and is to be asked for again.
    fn take(&mut self, object: &Object, body: Body, is_listed: bool) -> Result<bool, GatherError> {
        let from = match self.known().get(object) {
            Some(Stored::Whole) => {
                add(&self.to.counters.repeated, 1);
                return Ok(true);
            }
            Some(Stored::Part(place)) => place,
            None => Place::default(),
        };
        let known = Arc::clone(&self.known);
        let mut mark = ObjectMark { known: &known, object, is_listed, is_whole: false };
        let mut cut = Cut::again(self.source, from);
        match self.push_all(&mut cut, body, &mut mark) {
            Err(Unread::Append(error)) => return Err(error),
            Err(Unread::Gone(error)) => {
                add(&self.to.counters.failures, 1);
                tracing::warn!(key = object.key, error, "an object could not be read; it is asked for again");
                self.known().fail();
                return Ok(false);
            }
            Err(Unread::Damaged(error)) => {
                add(&self.to.counters.failures, 1);
                tracing::error!(key = object.key, error, "an object is damaged; what comes before the damage is kept");
            }
            Ok(()) if self.stop.is_stopped() => return Ok(false),
            Ok(()) => {}
        }
        mark.is_whole = true;
        cut.end(&mut self.to, &mut mark)?;
        Ok(true)
    }

    fn push_all(&mut self, cut: &mut Cut, body: Body, mark: &mut ObjectMark<'_>) -> Result<(), Unread> {
        let mut bytes = Inflate::new(body, INFLATED_BYTES_MAX)?;
        let mut buffer = vec![0; CHUNK_BYTES];
        while !self.stop.is_stopped() {
            let read = bytes.read(&mut buffer)?;
            if read == 0 {
                break;
            }
            cut.push(&buffer[..read], &mut self.to, mark).map_err(Unread::Append)?;
        }
        Ok(())
    }
}

/// Why an object is not read to its end.
enum Unread {
    /// The log does not take it.
    Append(GatherError),
    /// Its bytes do not come.
    Gone(String),
    /// Its bytes are not what they say.
    Damaged(String),
}

impl From<io::Error> for Unread {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::ConnectionReset => Self::Gone(error.to_string()),
            _ => Self::Damaged(error.to_string()),
        }
    }
}
