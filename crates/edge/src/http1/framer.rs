//! Follows a client's bytes from head to body to the next head, and lets only well-formed ones pass.
//!
//! Sans I/O: the caller shows the bytes it holds, the framer says what the first of them are. Nothing is copied, and one
//! framer serves a connection for all its life.

use super::chunked::{Chunked, PieceKind};
use super::head::{BodyFraming, HeadIndex};
use super::head_scan::{HeadScan, Scanned};
use super::limits::Limits;
use super::malformed::Malformed;

/// The state of one connection's incoming side.
#[derive(Debug)]
pub struct Framer {
    limits: Limits,
    phase: Phase,
    head: HeadScan,
    chunked: Chunked,
    closes: bool,
    upgrades: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Head,
    Length { left: u64 },
    Chunked,
    AwaitUpgrade,
    Tunnel,
    Closed,
    Failed(Malformed),
}

/// What the first of the bytes shown are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Not enough to tell: show the same bytes again, with more after them.
    More,
    /// Bytes that belong to no request and are to be dropped: an empty line before a request line.
    Drop {
        /// How many.
        bytes: usize,
    },
    /// A complete, well-formed head; [`Framer::index`] tells its parts.
    Head {
        /// How many.
        bytes: usize,
    },
    /// Bytes of the body, chunk framing included.
    Body {
        /// How many; at least one.
        bytes: usize,
        /// Whether the request ends with them.
        ends: bool,
    },
    /// The request asks for another protocol: what follows cannot be read before [`Framer::resolve_upgrade`].
    AwaitUpgrade,
    /// All bytes, after an upgrade: they are no longer HTTP/1.
    Tunnel {
        /// How many.
        bytes: usize,
    },
    /// The client asked to close after its last request: whatever follows is to be dropped.
    Closed,
}

impl Framer {
    /// A framer at the start of a connection.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits: limits.within_ceilings(),
            phase: Phase::Head,
            head: HeadScan::default(),
            chunked: Chunked::default(),
            closes: false,
            upgrades: false,
        }
    }

    /// A framer that lets everything pass.
    #[must_use]
    pub fn tunnel() -> Self {
        Self { phase: Phase::Tunnel, ..Self::new(Limits::default()) }
    }

    /// Looks at `held`: all bytes received that no earlier step disposed of.
    ///
    /// # Errors
    ///
    /// The reason why the next byte cannot belong to a well-formed request. Bytes of the body before it were told by an
    /// earlier step; nothing of a malformed head is ever told. From then on every call fails with the same reason.
    pub fn step(&mut self, held: &[u8]) -> Result<Step, Malformed> {
        let step = self.try_step(held);
        if let Err(reason) = step {
            self.phase = Phase::Failed(reason);
        }
        step
    }

    /// The index of the head last told by [`Step::Head`], until [`Framer::take_index`] or the next head.
    #[must_use]
    pub fn index(&self) -> &HeadIndex {
        self.head.index()
    }

    /// The same, taken out; `spare` is an old index, to reuse its memory.
    pub fn take_index(&mut self, spare: HeadIndex) -> HeadIndex {
        self.head.take_index(spare)
    }

    /// Whether the next byte begins a request.
    #[must_use]
    pub fn is_between_requests(&self) -> bool {
        self.phase == Phase::Head && !self.head.has_begun()
    }

    /// Whether the next byte belongs to a head, or begins one.
    #[must_use]
    pub fn is_in_head(&self) -> bool {
        self.phase == Phase::Head
    }

    /// Whether the next byte belongs to a body.
    #[must_use]
    pub fn is_in_body(&self) -> bool {
        matches!(self.phase, Phase::Length { .. } | Phase::Chunked)
    }

    /// Ends [`Step::AwaitUpgrade`]: what follows is a tunnel if the upgrade was accepted, otherwise the next request. Has no
    /// effect at any other time.
    pub fn resolve_upgrade(&mut self, accepted: bool) {
        if self.phase == Phase::AwaitUpgrade {
            self.upgrades = false;
            match accepted {
                true => self.phase = Phase::Tunnel,
                false => self.end_request(),
            }
        }
    }

    fn try_step(&mut self, held: &[u8]) -> Result<Step, Malformed> {
        match self.phase {
            Phase::Failed(reason) => return Err(reason),
            Phase::AwaitUpgrade => return Ok(Step::AwaitUpgrade),
            Phase::Closed => return Ok(Step::Closed),
            _ if held.is_empty() => return Ok(Step::More),
            Phase::Tunnel => return Ok(Step::Tunnel { bytes: held.len() }),
            Phase::Head => {}
            Phase::Length { left } => return Ok(self.length(held.len(), left)),
            Phase::Chunked => return self.chunks(held),
        }
        Ok(match self.head.advance(held, &self.limits)? {
            Scanned::More => Step::More,
            Scanned::EmptyLine => Step::Drop { bytes: 2 },
            Scanned::Head(bytes) => {
                self.begin_body();
                Step::Head { bytes }
            }
        })
    }

    fn begin_body(&mut self) {
        let index = self.head.index();
        self.closes = index.closes;
        self.upgrades = index.upgrades;
        match index.framing {
            BodyFraming::None | BodyFraming::Length(0) => self.end_request(),
            BodyFraming::Length(left) => self.phase = Phase::Length { left },
            BodyFraming::Chunked => {
                self.chunked = Chunked::default();
                self.phase = Phase::Chunked;
            }
        }
    }

    fn end_request(&mut self) {
        self.phase = match (self.upgrades, self.closes) {
            (true, _) => Phase::AwaitUpgrade,
            (false, true) => Phase::Closed,
            (false, false) => Phase::Head,
        };
    }

    fn length(&mut self, held: usize, left: u64) -> Step {
        let bytes = held.min(usize::try_from(left).unwrap_or(usize::MAX));
        let left = left - bytes as u64;
        self.phase = Phase::Length { left };
        if left == 0 {
            self.end_request();
        }
        Step::Body { bytes, ends: left == 0 }
    }

    fn chunks(&mut self, held: &[u8]) -> Result<Step, Malformed> {
        let mut bytes = 0;
        while bytes < held.len() {
            match self.chunked.advance(&held[bytes..], &self.limits) {
                Ok(piece) => {
                    bytes += piece.bytes;
                    if piece.kind == PieceKind::End {
                        self.end_request();
                        return Ok(Step::Body { bytes, ends: true });
                    }
                }
                Err(reason) if bytes == 0 => return Err(reason),
                Err(reason) => {
                    self.phase = Phase::Failed(reason);
                    break;
                }
            }
        }
        Ok(Step::Body { bytes, ends: false })
    }
}
