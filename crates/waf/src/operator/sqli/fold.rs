//! Shortens a value's tokens to the few that make its fingerprint: phrases are merged, arithmetic, lists and repeated
//! brackets are reduced to one operand, signs are dropped.
//!
//! It works on a window of at most six tokens; each step reads a token, removes one, changes one's kind for good, or
//! moves on, so it takes time linear in the tokens.

mod pair;
mod triple;

use super::tables::FINGERPRINT_TOKENS_MAX;
use super::token::{Kind, Token};
use super::tokenizer::Tokenizer;

/// What is left of a value.
pub(super) struct Folded {
    tokens: [Token; WINDOW],
    length: usize,
    /// Tokens the value had as far as it was read.
    pub(super) tokens_read: usize,
    /// Whether MySQL reads the value otherwise.
    pub(super) differs_in_mysql: bool,
}

impl Folded {
    /// The tokens left, at most five.
    pub(super) fn tokens(&self) -> &[Token] {
        &self.tokens[..self.length]
    }
}

/// Room for the tokens of a fingerprint, one more to judge the last by, and one being read.
const WINDOW: usize = FINGERPRINT_TOKENS_MAX + 2;

/// Folds what `tokenizer` yields.
pub(super) fn fold(tokenizer: Tokenizer<'_>) -> Folded {
    let mut folder = Folder::new(tokenizer);
    folder.run();
    folder.finish()
}

struct Folder<'v> {
    source: Tokenizer<'v>,
    /// Whether the source may have more.
    more: bool,
    window: [Token; WINDOW],
    /// Tokens in the window.
    filled: usize,
    /// Tokens of the window that are settled.
    left: usize,
    /// The comment read last, if nothing followed it.
    comment: Option<Token>,
}

/// What a rule did.
enum Step {
    /// Nothing: it does not apply.
    Pass,
    /// The window changed: begin again with two tokens.
    Again,
    /// The matter is decided: what is in the window up to `left` is the result.
    Stop,
}

impl<'v> Folder<'v> {
    fn new(source: Tokenizer<'v>) -> Self {
        let empty = Token::new(Kind::Unknown, b"");
        Self { source, more: true, window: [empty; WINDOW], filled: 0, left: 0, comment: None }
    }

    fn run(&mut self) {
        if !self.skip_opening() {
            return;
        }
        loop {
            self.restart_on_five();
            if !self.more || self.left >= FINGERPRINT_TOKENS_MAX {
                self.left = self.filled;
                return;
            }
            if !self.fill(2) {
                self.left = self.filled;
                continue;
            }
            match self.fold_pair() {
                Step::Again => continue,
                Step::Stop => return,
                Step::Pass => {}
            }
            if !self.fill(3) {
                self.left = self.filled;
                continue;
            }
            if matches!(self.fold_triple(), Step::Pass) {
                self.left += 1;
            }
        }
    }

    /// Reads up to the first token that is not a comment, an opening bracket, a type or a sign.
    fn skip_opening(&mut self) -> bool {
        while let Some(token) = self.source.next() {
            if !matches!(token.kind, Kind::Comment | Kind::LeftParen | Kind::SqlType) && !token.is_unary() {
                self.window[0] = token;
                self.filled = 1;
                return true;
            }
        }
        self.more = false;
        false
    }

    /// Reads on until `wanted` tokens are not settled; false if there are none left or no room.
    fn fill(&mut self, wanted: usize) -> bool {
        while self.more && self.filled <= FINGERPRINT_TOKENS_MAX && self.filled - self.left < wanted {
            match self.source.next() {
                None => self.more = false,
                Some(token) if token.kind == Kind::Comment => self.comment = Some(token),
                Some(token) => {
                    self.comment = None;
                    self.window[self.filled] = token;
                    self.filled += 1;
                }
            }
        }
        self.filled - self.left >= wanted
    }

    /// Forgets a complete bracketed operand at the start of a full window.
    fn restart_on_five(&mut self) {
        if self.filled < FINGERPRINT_TOKENS_MAX {
            return;
        }
        let kinds = [0, 1, 2, 3, 4].map(|index| self.window[index].kind);
        let complete = matches!(
            kinds,
            [Kind::Number, Kind::Operator | Kind::Comma, Kind::LeftParen, Kind::Number, Kind::RightParen]
                | [Kind::Bareword, Kind::Operator, Kind::LeftParen, Kind::Bareword | Kind::Number, Kind::RightParen]
                | [Kind::Number, Kind::RightParen, Kind::Comma, Kind::LeftParen, Kind::Number]
                | [Kind::Bareword, Kind::RightParen, Kind::Operator, Kind::LeftParen, Kind::Bareword]
        );
        if !complete {
            return;
        }
        self.left = 0;
        if self.filled > FINGERPRINT_TOKENS_MAX {
            self.window[1] = self.window[FINGERPRINT_TOKENS_MAX];
            self.filled = 2;
        } else {
            self.filled = 1;
        }
    }

    /// The `offset`-th token that is not settled.
    fn token(&self, offset: usize) -> &Token {
        &self.window[self.left + offset]
    }

    fn kind(&self, offset: usize) -> Kind {
        self.token(offset).kind
    }

    fn set_kind(&mut self, offset: usize, kind: Kind) {
        self.window[self.left + offset].kind = kind;
    }

    /// Drops the last `count` tokens and begins again from the first.
    fn drop_last(&mut self, count: usize) -> Step {
        self.filled -= count;
        self.left = 0;
        Step::Again
    }

    /// Moves the token at `from` to `to`, drops the last, and begins again from the first.
    fn replace(&mut self, to: usize, from: usize) -> Step {
        self.window[self.left + to] = *self.token(from);
        self.drop_last(1)
    }

    fn finish(mut self) -> Folded {
        let mut length = self.left;
        if let Some(comment) = self.comment
            && length < FINGERPRINT_TOKENS_MAX
        {
            self.window[length] = comment;
            length += 1;
        }
        length = length.min(FINGERPRINT_TOKENS_MAX);
        // An unclosed, empty backtick at the end comments out the rest.
        if length > 2 {
            let last = &mut self.window[length - 1];
            if last.kind == Kind::Bareword && last.open == b'`' && last.close == 0 && last.text().is_empty() {
                last.kind = Kind::Comment;
            }
        }
        Folded {
            tokens: self.window,
            length,
            tokens_read: self.source.tokens_read,
            differs_in_mysql: self.source.differs_in_mysql,
        }
    }
}
