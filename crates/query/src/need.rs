//! What words a condition needs: a file without them has no row that fits it.

use datafusion::common::{Column, ScalarValue};
use datafusion::logical_expr::expr::{InList, ScalarFunction};
use datafusion::logical_expr::{BinaryExpr, Expr, Like, Operator};
use sekisho_words::{Wanted, Word, words_of_pattern, words_of_value};

use crate::function::{cidr_contains, contains_words};

/// Alternatives that are looked up in the filter of a file; a condition with more is not looked up.
const ALTERNATIVES_MAX: usize = 256;
/// A character that stands for itself in no pattern we make.
const ESCAPE: char = '\u{10FFFF}';

/// Words of which a file must have, for one alternative at least, all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Need(Vec<Vec<Word>>);

impl Need {
    /// The need of each condition that has one.
    pub(crate) fn of_all(conditions: &[Expr]) -> Vec<Self> {
        conditions.iter().filter_map(Self::of).collect()
    }

    /// All words, sorted, each once.
    pub(crate) fn words(needs: &[Self]) -> Vec<Word> {
        let mut words: Vec<_> = needs.iter().flat_map(|need| need.0.iter().flatten()).copied().collect();
        words.sort_unstable();
        words.dedup();
        words
    }

    /// Whether a file can meet it.
    pub(crate) fn is_met(&self, has: impl Fn(Word) -> bool) -> bool {
        self.0.iter().any(|words| words.iter().all(|word| has(*word)))
    }

    /// A search.
    pub(crate) fn of_search(wanted: &Wanted) -> Self {
        Self(vec![wanted.words().to_vec()])
    }

    fn all(words: Vec<Word>) -> Option<Self> {
        (!words.is_empty()).then(|| Self(vec![words]))
    }

    fn of(condition: &Expr) -> Option<Self> {
        match condition {
            Expr::BinaryExpr(BinaryExpr { left, op, right }) => match op {
                Operator::And => Self::both(Self::of(left), Self::of(right)),
                Operator::Or => Self::either(Self::of(left)?, Self::of(right)?),
                Operator::Eq => of_equality(left, right).or_else(|| of_equality(right, left)).and_then(Self::all),
                _ => None,
            },
            Expr::InList(InList { expr, list, negated: false }) => {
                let values = list.iter().map(|value| of_equality(expr, value).filter(|words| !words.is_empty()));
                let values: Option<Vec<_>> = values.collect();
                values.filter(|values| values.len() <= ALTERNATIVES_MAX).map(Self)
            }
            Expr::Like(like) => of_like(like).and_then(Self::all),
            Expr::ScalarFunction(call) => of_call(call).and_then(Self::all),
            Expr::Alias(alias) => Self::of(&alias.expr),
            _ => None,
        }
    }

    /// Both are needed; where both have alternatives, one of them is looked up.
    fn both(left: Option<Self>, right: Option<Self>) -> Option<Self> {
        match (left, right) {
            (Some(mut one), Some(mut other)) => {
                if one.0.len() > other.0.len() {
                    std::mem::swap(&mut one, &mut other);
                }
                if let [words] = one.0.as_slice() {
                    other.0.iter_mut().for_each(|alternative| alternative.extend(words));
                    return Some(other);
                }
                Some(one)
            }
            (one, other) => one.or(other),
        }
    }

    fn either(mut one: Self, other: Self) -> Option<Self> {
        one.0.extend(other.0);
        (one.0.len() <= ALTERNATIVES_MAX).then_some(one)
    }
}

/// A text constant.
fn text(value: &Expr) -> Option<&str> {
    match value {
        Expr::Literal(ScalarValue::Utf8(text) | ScalarValue::Utf8View(text) | ScalarValue::LargeUtf8(text), _) => {
            text.as_deref()
        }
        Expr::Cast(cast) if cast.field.data_type().is_string() => text(&cast.expr),
        Expr::Alias(alias) => text(&alias.expr),
        _ => None,
    }
}

/// A column, through changes of how text is kept.
fn column(value: &Expr) -> Option<&Column> {
    match value {
        Expr::Column(column) => Some(column),
        Expr::Cast(cast) if cast.field.data_type().is_string() => column(&cast.expr),
        Expr::Alias(alias) => column(&alias.expr),
        _ => None,
    }
}

fn of_equality(value: &Expr, constant: &Expr) -> Option<Vec<Word>> {
    let constant = text(constant)?;
    if column(value).is_some() {
        return Some(words_of_value(constant));
    }
    match value {
        // Words are in lower case. Escapes may be written in capitals, so that only the text as it stands counts.
        Expr::ScalarFunction(call) if call.name() == "lower" => {
            column(call.args.first()?)?;
            let quoted: String =
                constant.chars().flat_map(|c| [matches!(c, '%' | '_').then_some(ESCAPE), Some(c)]).flatten().collect();
            Some(words_of_pattern(&quoted, Some(ESCAPE)))
        }
        _ => None,
    }
}

fn of_like(like: &Like) -> Option<Vec<Word>> {
    let pattern = text(&like.pattern)?;
    column(&like.expr)?;
    if like.negated || (like.case_insensitive && !pattern.is_ascii()) {
        return None;
    }
    Some(words_of_pattern(pattern, like.escape_char.or(Some('\\'))))
}

fn of_call(call: &ScalarFunction) -> Option<Vec<Word>> {
    let [first, second] = call.args.as_slice() else { return None };
    match call.name() {
        contains_words::NAME => {
            column(first)?;
            Wanted::read(text(second)?).ok().map(|wanted| wanted.words().to_vec())
        }
        cidr_contains::NAME => {
            column(second)?;
            let range = cidr_contains::range(text(first)?)?;
            let written = range.addr().to_canonical().to_string();
            // An address in letters alone is no word in each of its spellings.
            let is_word = written.bytes().any(|byte| (b'1'..=b'9').contains(&byte));
            (range.prefix_len() == range.max_prefix_len() && is_word).then(|| words_of_value(&written))
        }
        "array_has" | "array_contains" | "list_has" | "list_contains" => {
            column(first)?;
            Some(words_of_value(text(second)?))
        }
        _ => None,
    }
}
