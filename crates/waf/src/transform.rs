//! Text transformations: one a file, one vector file each (`tests/vectors/transform/<name>.json`).
//!
//! A transformation reads bytes and appends its output to a buffer; it never fails, never panics, and takes time linear
//! in its input. Adding one touches its file and the table below.

mod lowercase;

/// What a transformation did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The output is the input; nothing was appended.
    Unchanged,
    /// The output was appended to the buffer.
    Changed,
}

/// One transformation of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Transform {
    /// ASCII upper case to lower case.
    Lowercase,
}

impl Transform {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Lowercase];

    /// Appends the transformed `input` to `out`, or says that it is unchanged and appends nothing.
    pub fn apply(self, input: &[u8], out: &mut Vec<u8>) -> Outcome {
        match self {
            Self::Lowercase => lowercase::apply(input, out),
        }
    }

    /// The name rule files know it by, such as `LOWERCASE` (AWS).
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Lowercase => "LOWERCASE",
        }
    }
}
