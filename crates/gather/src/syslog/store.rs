//! Messages of all connections into batches: what came while the disk was busy becomes durable together.

use std::sync::Arc;

use sekisho_collect::Source;
use tokio::sync::mpsc::Receiver;

use super::Messages;
use crate::counters::add;
use crate::cut::{Gathered, Whole};
use crate::error::GatherError;
use crate::sink::Sink;
use crate::stop::Stop;

/// Stores until nobody sends any more. Blocks.
pub(super) fn store(
    mut stored: Receiver<Messages>,
    source: &'static Source,
    sink: &Arc<Sink>,
    stop: &Stop,
) -> Result<(), GatherError> {
    let mut to = Gathered::new(sink, source, stop);
    while let Some(mut messages) = stored.blocking_recv() {
        let mut batch = Whole::default();
        loop {
            for message in &messages {
                add(&to.counters.received_bytes, message.len() as u64);
                batch.push(message, &mut to);
            }
            if batch.is_full() {
                break;
            }
            match stored.try_recv() {
                Ok(more) => messages = more,
                Err(_) => break,
            }
        }
        batch.close(&mut to);
        to.flush()?;
    }
    Ok(())
}
