//! Standard input, or anything else that is read once and cannot be gone back in.

use std::io::Read;
use std::sync::Arc;

use sekisho_collect::Source;

use crate::cut::{Cut, Fleeting, Gathered, Place};
use crate::error::GatherError;
use crate::inflate::{INFLATED_BYTES_MAX, Inflate};
use crate::sink::Sink;
use crate::stop::Stop;

/// Bytes read at once.
const CHUNK_BYTES: usize = 256 << 10;

/// Reads to the end. What was read is durable when this ends; there is no position to go on from. Blocks.
pub(crate) fn run(input: impl Read, source: &'static Source, sink: &Arc<Sink>, stop: &Stop) -> Result<(), GatherError> {
    let failed = |source| GatherError::file("read", "standard input", source);
    let mut bytes = Inflate::new(input, INFLATED_BYTES_MAX).map_err(failed)?;
    let mut to = Gathered::new(sink, source, stop);
    let mut cut = Cut::new(source, Place::default());
    let mut buffer = vec![0; CHUNK_BYTES];
    let mut ended = Ok(());
    while !stop.is_stopped() {
        match bytes.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => cut.push(&buffer[..read], &mut to, &mut Fleeting)?,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => {
                ended = Err(failed(error));
                break;
            }
        }
    }
    cut.end(&mut to, &mut Fleeting)?;
    to.flush()?;
    ended
}
