//! The request body on its way to an origin.

use std::io::Write;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BufMut, Bytes, BytesMut};
use http_body::Body;
use tokio::io::AsyncWrite;

use super::head::Sent;
use super::{Connection, Fault};
use crate::body::Upload;

/// Data up to this size is copied behind what is already to be written: one system call instead of two.
const COPIED_BYTES_MAX: usize = 4 * 1024;

/// What is left to send of a request.
#[derive(Debug)]
pub(super) struct Sending {
    upload: Upload,
    coding: Sent,
    /// Data written from where it lies, after `outgoing`.
    data: Bytes,
    /// Whether the chunk before still lacks its line end.
    line_end_due: bool,
    ended: bool,
    waits_for_client: bool,
}

impl Sending {
    pub(super) fn new(upload: Upload, upgrade: bool) -> Self {
        let coding = match upload.length() {
            Some(0) => Sent::Nothing,
            Some(length) => Sent::Length(length),
            None if upgrade => Sent::Nothing,
            None => Sent::Chunked,
        };
        let ended = coding == Sent::Nothing;
        Self { upload, coding, data: Bytes::new(), line_end_due: false, ended, waits_for_client: false }
    }

    pub(super) fn coding(&self) -> Sent {
        self.coding
    }

    /// Whether it is the client that everything waits for.
    pub(super) fn waits_for_client(&self) -> bool {
        self.waits_for_client
    }

    /// Whether all was sent.
    pub(super) fn is_done(&self, connection: &Connection) -> bool {
        self.ended && self.data.is_empty() && connection.outgoing.is_empty()
    }

    /// Sends until all is sent or either side has to be waited for.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, connection: &mut Connection) -> Poll<Result<(), Fault>> {
        loop {
            self.waits_for_client = false;
            let filled = self.fill(cx, &mut connection.outgoing)?;
            ready!(self.poll_write(cx, connection)).map_err(|error| Fault::Closed(Some(error)))?;
            if self.ended {
                return Poll::Ready(Ok(()));
            }
            if filled.is_pending() {
                self.waits_for_client = true;
                return Poll::Pending;
            }
        }
    }

    /// Takes from the body while it fits behind what is to be written. Pending when the client has to be waited for.
    fn fill(&mut self, cx: &mut Context<'_>, outgoing: &mut BytesMut) -> Result<Poll<()>, Fault> {
        while !self.ended && self.data.is_empty() && outgoing.len() < COPIED_BYTES_MAX {
            match Pin::new(&mut self.upload).poll_frame(cx) {
                Poll::Pending => return Ok(Poll::Pending),
                Poll::Ready(Some(frame)) => {
                    if let Ok(data) = frame.map_err(Fault::Upload)?.into_data() {
                        self.put_data(data, outgoing);
                    }
                }
                Poll::Ready(None) => self.put_end(outgoing),
            }
        }
        Ok(Poll::Ready(()))
    }

    fn put_data(&mut self, data: Bytes, outgoing: &mut BytesMut) {
        if data.is_empty() {
            return;
        }
        if self.coding == Sent::Chunked {
            self.put_line_end(outgoing);
            write!(outgoing.writer(), "{:x}\r\n", data.len()).expect("writing to memory");
            self.line_end_due = true;
        }
        if data.len() <= COPIED_BYTES_MAX {
            outgoing.put_slice(&data);
        } else {
            self.data = data;
        }
    }

    fn put_end(&mut self, outgoing: &mut BytesMut) {
        self.ended = true;
        if self.coding == Sent::Chunked {
            self.put_line_end(outgoing);
            outgoing.put_slice(b"0\r\n\r\n");
        }
    }

    fn put_line_end(&mut self, outgoing: &mut BytesMut) {
        if std::mem::take(&mut self.line_end_due) {
            outgoing.put_slice(b"\r\n");
        }
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, connection: &mut Connection) -> Poll<std::io::Result<()>> {
        ready!(connection.poll_flush(cx))?;
        while !self.data.is_empty() {
            let written = ready!(Pin::new(&mut connection.stream).poll_write(cx, &self.data))?;
            if written == 0 {
                return Poll::Ready(Err(std::io::ErrorKind::WriteZero.into()));
            }
            self.data.advance(written);
            connection.patience.renew();
        }
        connection.poll_flush(cx)
    }
}
