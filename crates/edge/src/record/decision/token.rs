//! What a record says of tokens: `captchaResponse` and `challengeResponse`, of the request and of single rules.
//!
//! Source: AWS WAF Developer Guide, "CAPTCHA and Challenge actions in the logs and metrics", "Log fields for protection pack
//! (web ACL) traffic": populated from the last time the action was applied; times are in seconds.

use sekisho_waf::ir::{Rule, TokenKind};
use sekisho_waf::{TokenResult, Verdict};

use super::Line;
use super::push_number;

impl Line<'_> {
    /// What came of the last rule of each kind that asked for a token.
    pub(super) fn tokens(&mut self, verdict: &Verdict) {
        for kind in [TokenKind::Captcha, TokenKind::Challenge] {
            if let Some(result) = verdict.token(kind) {
                self.token(kind, result);
            }
        }
    }

    /// For a rule that asked for a token and let evaluation go on: that it was good.
    pub(super) fn good_token(&mut self, verdict: &Verdict, rule: &Rule) {
        let asked = rule.action().and_then(|in_force| in_force.action.asks());
        if let Some((kind, _)) = asked
            && let Some(result) = verdict.token(kind)
        {
            self.token(kind, TokenResult { failure: None, ..result });
        }
    }

    fn token(&mut self, kind: TokenKind, result: TokenResult) {
        let (name, asking) = match kind {
            TokenKind::Captcha => (",\"captchaResponse\":{\"responseCode\":", 405),
            TokenKind::Challenge => (",\"challengeResponse\":{\"responseCode\":", 202),
        };
        self.raw(name);
        push_number(self.out, if result.is_good() { 0 } else { asking });
        self.raw(",\"solveTimestamp\":");
        push_number(self.out, result.solved_at.map_or(0, |at| at.unix_ms() / 1000));
        if let Some(failure) = result.failure {
            self.raw(",\"failureReason\":\"");
            self.raw(failure.name());
            self.raw("\"");
        }
        self.raw("}");
    }
}
