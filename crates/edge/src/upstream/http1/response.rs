//! The body of a response, read off its connection as the client takes it.

use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::chunks::{Chunks, Piece};
use super::{Connection, Exchange, Fault, Received};
use crate::upstream::pool::Slot;

/// The rest of an exchange. Gives its connection back once all of it was read and sent.
#[derive(Debug)]
pub(crate) struct ResponseBody {
    exchange: Option<Exchange>,
    framing: Framing,
    persists: bool,
    slot: Rc<Slot>,
}

#[derive(Debug)]
enum Framing {
    Length(u64),
    Chunked(Chunks),
    UntilClose,
}

impl ResponseBody {
    pub(crate) fn new(exchange: Exchange, received: Received, persists: bool, slot: Rc<Slot>) -> Self {
        let framing = match received {
            Received::Length(length) => Framing::Length(length),
            Received::Chunked => Framing::Chunked(Chunks::Size),
            Received::UntilClose => Framing::UntilClose,
        };
        let mut body = Self { exchange: Some(exchange), framing, persists, slot };
        body.end_if_read();
        body
    }

    /// Gives the connection back if nothing is left to read on it.
    fn end_if_read(&mut self) {
        if !matches!(self.framing, Framing::Length(0) | Framing::Chunked(Chunks::End)) {
            return;
        }
        let Some(exchange) = self.exchange.take() else { return };
        // A request that is not all sent, or bytes nobody asked for, make the connection useless.
        if self.persists && exchange.sending.is_done(&exchange.connection) && exchange.connection.incoming.is_empty() {
            self.slot.put_back(exchange.connection);
        }
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Fault>>> {
        let Some(exchange) = &mut self.exchange else { return Poll::Ready(None) };
        if !exchange.sending.is_done(&exchange.connection)
            && let Poll::Ready(Err(fault @ Fault::Upload(_))) = exchange.sending.poll(cx, &mut exchange.connection)
        {
            return Poll::Ready(Some(Err(fault)));
        }
        let connection = &mut *exchange.connection;
        loop {
            match self.framing.next(connection)? {
                Piece::Body(bytes) => return Poll::Ready(Some(Ok(Frame::data(bytes)))),
                Piece::Trailers(trailers) => return Poll::Ready(Some(Ok(Frame::trailers(trailers)))),
                Piece::End => return Poll::Ready(None),
                Piece::More => {}
            }
            match connection.poll_fill(cx) {
                Poll::Ready(Ok(1..)) => connection.patience.renew(),
                Poll::Ready(Ok(0)) if matches!(self.framing, Framing::UntilClose) => return Poll::Ready(None),
                Poll::Ready(Ok(0)) => return Poll::Ready(Some(Err(Fault::Malformed("response body cut short")))),
                Poll::Ready(Err(error)) => return Poll::Ready(Some(Err(Fault::Broken(error)))),
                Poll::Pending => {
                    ready!(connection.patience.poll_exhausted(cx));
                    return Poll::Ready(Some(Err(Fault::Timeout)));
                }
            }
        }
    }
}

impl Framing {
    fn next(&mut self, connection: &mut Connection) -> Result<Piece, Fault> {
        let incoming = &mut connection.incoming;
        match self {
            Self::Length(0) => Ok(Piece::End),
            Self::Chunked(chunks) => chunks.next(incoming),
            _ if incoming.is_empty() => Ok(Piece::More),
            Self::Length(left) => {
                let take = usize::try_from(*left).map_or(incoming.len(), |left| left.min(incoming.len()));
                *left -= take as u64;
                Ok(Piece::Body(incoming.split_to(take).freeze()))
            }
            Self::UntilClose => Ok(Piece::Body(incoming.split().freeze())),
        }
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = Fault;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Fault>>> {
        let next = ready!(self.poll_next(cx));
        match &next {
            // At once, not at the next poll: whoever writes a counted body does not ask for its end.
            Some(Ok(_)) => self.end_if_read(),
            None => {
                self.end_if_read();
                self.exchange = None;
            }
            Some(Err(_)) => self.exchange = None,
        }
        Poll::Ready(next)
    }

    fn is_end_stream(&self) -> bool {
        self.exchange.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        match self.framing {
            Framing::Length(left) => SizeHint::with_exact(left),
            _ => SizeHint::default(),
        }
    }
}
