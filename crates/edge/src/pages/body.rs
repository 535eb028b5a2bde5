//! A file as a response body, read a block at a time off the worker's thread.

use std::fs::File;
use std::io::{self, Read};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::task::JoinHandle;

use crate::upstream::Fault;

/// Bytes read in one go.
const BLOCK_BYTES: u64 = 128 * 1024;

/// The rest of a file.
#[derive(Debug)]
pub(crate) struct PageBody {
    left: u64,
    reading: Reading,
}

#[derive(Debug)]
enum Reading {
    Rests(Option<File>),
    Runs(JoinHandle<io::Result<(File, Vec<u8>)>>),
}

impl PageBody {
    /// The first `bytes` of `file`.
    pub(super) fn new(file: File, bytes: u64) -> Self {
        Self { left: bytes, reading: Reading::Rests(Some(file)) }
    }

    fn poll_block(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Bytes>> {
        loop {
            match &mut self.reading {
                Reading::Rests(file) => {
                    let file = file.take().ok_or(io::ErrorKind::UnexpectedEof)?;
                    let bytes = self.left.min(BLOCK_BYTES);
                    self.reading = Reading::Runs(tokio::task::spawn_blocking(move || read(file, bytes)));
                }
                Reading::Runs(task) => {
                    let outcome = ready!(Pin::new(task).poll(cx)).map_err(io::Error::other)?;
                    let (file, block) = outcome?;
                    self.reading = Reading::Rests(Some(file));
                    self.left = self.left.saturating_sub(block.len() as u64);
                    return Poll::Ready(Ok(block.into()));
                }
            }
        }
    }
}

fn read(mut file: File, bytes: u64) -> io::Result<(File, Vec<u8>)> {
    let mut block = Vec::with_capacity(usize::try_from(bytes).unwrap_or_default());
    (&mut file).take(bytes).read_to_end(&mut block)?;
    // A file cut short meanwhile cannot keep the length told.
    if block.is_empty() { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok((file, block)) }
}

impl Body for PageBody {
    type Data = Bytes;
    type Error = Fault;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Fault>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let block = ready!(self.poll_block(cx));
        Poll::Ready(Some(block.map(Frame::data).map_err(Fault::File)))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
