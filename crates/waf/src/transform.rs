//! Text transformations: one a file, one vector file each (`tests/vectors/transform/<file>.json`).
//!
//! A condition's chain of transformations runs over a value before its operator looks at it. A transformation reads
//! bytes and appends its output to a buffer; it never fails, never panics, takes time linear in its input, and its
//! output is bounded ([`Transform::output_bytes_max`]). Adding one touches its file and the table below.
//!
//! Each file offers three items: `GROWTH`, its bound; `touches`, a cheap scan that says `false` only where `write` would
//! reproduce its input; and `write`, the transformation itself. Where the AWS and the ModSecurity form of a
//! transformation differ in detail, the latter is a transformation of its own (`sec_…`) and the algorithm takes that detail
//! as an argument.

mod alphabet64;
mod command_line;
mod digits;
mod full_width;
mod parity;
mod path;
mod percent;
mod scan;
mod script_escape;
mod span;
mod trigger;
mod unicode_map;
mod white_space;

mod base64_decode;
mod base64_decode_ext;
mod base64_encode;
mod cmd_line;
mod cmd_line_unix;
mod cmd_line_win;
mod compress_white_space;
mod css_decode;
mod escape_seq_decode;
mod hex_decode;
mod hex_encode;
mod html_entity_decode;
mod js_decode;
mod js_decode_ext;
mod length;
mod lowercase;
mod md5;
mod normalize_path;
mod normalize_path_win;
mod parity_even_7bit;
mod parity_odd_7bit;
mod parity_zero_7bit;
mod remove_comments;
mod remove_comments_char;
mod remove_nulls;
mod remove_whitespace;
mod replace_comments;
mod replace_nulls;
mod sec_cmd_line;
mod sec_compress_whitespace;
mod sec_css_decode;
mod sec_escape_seq_decode;
mod sec_hex_decode;
mod sec_html_entity_decode;
mod sec_remove_comments_char;
mod sec_url_decode_uni;
mod sec_utf8_to_unicode;
mod sha1;
mod sha256;
mod sql_hex_decode;
mod trim;
mod trim_left;
mod trim_right;
mod uppercase;
mod url_decode;
mod url_decode_uni;
mod url_encode;
mod utf8_to_unicode;

pub use unicode_map::UnicodeMap;

/// What a transformation did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The output is the input; nothing was appended.
    Unchanged,
    /// The output was appended to the buffer.
    Changed,
}

/// How long an output can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Growth {
    /// Never longer than its input.
    None,
    /// At most this many times its input.
    Times(usize),
    /// Exactly this many bytes, whatever the input.
    Fixed(usize),
}

/// Builds [`Transform`] and the look-ups on it from one table: variant, module, its name in the AWS language if it has one,
/// its names in SecLang.
macro_rules! table {
    ($($(#[$doc:meta])* $variant:ident, $module:ident, [$($aws:literal)?], [$($sec:literal),*];)+) => {
        /// One transformation of the table.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Transform {
            $($(#[$doc])* $variant,)+
        }

        impl Transform {
            /// Every transformation, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The name the AWS language knows it by, such as `LOWERCASE`.
            #[must_use]
            pub fn aws_name(self) -> Option<&'static str> {
                match self {
                    $(Self::$variant => [$($aws)?].first().copied(),)+
                }
            }

            /// The name of its file and of the file of its vectors, such as `url_decode`.
            #[must_use]
            pub fn file_stem(self) -> &'static str {
                match self {
                    $(Self::$variant => stringify!($module),)+
                }
            }

            /// The names SecLang knows it by, such as `normalisePath` and `normalizePath`.
            #[must_use]
            pub fn seclang_names(self) -> &'static [&'static str] {
                match self {
                    $(Self::$variant => &[$($sec),*],)+
                }
            }

            fn growth(self) -> Growth {
                match self {
                    $(Self::$variant => $module::GROWTH,)+
                }
            }

            fn touches(self, input: &[u8]) -> bool {
                match self {
                    $(Self::$variant => $module::touches(input),)+
                }
            }

            fn write(self, input: &[u8], out: &mut Vec<u8>) {
                match self {
                    $(Self::$variant => $module::write(input, out),)+
                }
            }
        }
    };
}

table! {
    /// Base64 to bytes, up to the first byte that is not Base64.
    Base64Decode, base64_decode, ["BASE64_DECODE"], ["base64Decode"];
    /// Base64 to bytes, skipping what is not Base64.
    Base64DecodeExt, base64_decode_ext, ["BASE64_DECODE_EXT"], ["base64DecodeExt"];
    /// Bytes to Base64.
    Base64Encode, base64_encode, [], ["base64Encode"];
    /// A command line without quoting, in lower case, spaces compressed.
    CmdLine, cmd_line, ["CMD_LINE"], [];
    /// A command line as a Unix shell reads it.
    CmdLineUnix, cmd_line_unix, ["CMD_LINE_UNIX"], [];
    /// A command line as a Windows shell reads it.
    CmdLineWin, cmd_line_win, ["CMD_LINE_WIN"], [];
    /// Runs of white space to one space.
    CompressWhiteSpace, compress_white_space, ["COMPRESS_WHITE_SPACE"], [];
    /// CSS 2 escapes to characters.
    CssDecode, css_decode, ["CSS_DECODE"], [];
    /// ANSI C escapes to characters.
    EscapeSeqDecode, escape_seq_decode, ["ESCAPE_SEQ_DECODE"], [];
    /// Hexadecimal digits to bytes.
    HexDecode, hex_decode, ["HEX_DECODE"], [];
    /// Bytes to hexadecimal digits.
    HexEncode, hex_encode, [], ["hexEncode"];
    /// HTML character references to characters.
    HtmlEntityDecode, html_entity_decode, ["HTML_ENTITY_DECODE"], [];
    /// JavaScript escapes to characters.
    JsDecode, js_decode, ["JS_DECODE"], ["jsDecode"];
    /// JavaScript escapes to characters, sparing Windows paths.
    JsDecodeExt, js_decode_ext, ["JS_DECODE_EXT"], [];
    /// The number of bytes, as digits.
    Length, length, [], ["length"];
    /// ASCII upper case to lower case.
    Lowercase, lowercase, ["LOWERCASE"], ["lowercase"];
    /// The MD5 digest, 16 raw bytes.
    Md5, md5, ["MD5"], ["md5"];
    /// A path without empty, `.` and `..` segments.
    NormalizePath, normalize_path, ["NORMALIZE_PATH"], ["normalizePath", "normalisePath"];
    /// The same with backslashes as separators too.
    NormalizePathWin, normalize_path_win, ["NORMALIZE_PATH_WIN"], ["normalizePathWin", "normalisePathWin"];
    /// The eighth bit as even parity.
    ParityEven7bit, parity_even_7bit, [], ["parityEven7bit"];
    /// The eighth bit as odd parity.
    ParityOdd7bit, parity_odd_7bit, [], ["parityOdd7bit"];
    /// The eighth bit cleared.
    ParityZero7bit, parity_zero_7bit, [], ["parityZero7bit"];
    /// Comments removed.
    RemoveComments, remove_comments, [], ["removeComments"];
    /// Comment marks removed, the text between them kept.
    RemoveCommentsChar, remove_comments_char, ["REMOVE_COMMENTS_CHAR"], [];
    /// NUL bytes removed.
    RemoveNulls, remove_nulls, ["REMOVE_NULLS"], ["removeNulls"];
    /// White space removed.
    RemoveWhitespace, remove_whitespace, ["REMOVE_WHITESPACE"], ["removeWhitespace"];
    /// C comments to one space each.
    ReplaceComments, replace_comments, ["REPLACE_COMMENTS"], ["replaceComments"];
    /// NUL bytes to spaces.
    ReplaceNulls, replace_nulls, ["REPLACE_NULLS"], ["replaceNulls"];
    /// `CmdLine` as ModSecurity has it.
    SecCmdLine, sec_cmd_line, [], ["cmdLine"];
    /// `CompressWhiteSpace` as ModSecurity has it.
    SecCompressWhitespace, sec_compress_whitespace, [], ["compressWhitespace"];
    /// `CssDecode` as SecLang has it.
    SecCssDecode, sec_css_decode, [], ["cssDecode"];
    /// `EscapeSeqDecode` as ModSecurity has it.
    SecEscapeSeqDecode, sec_escape_seq_decode, [], ["escapeSeqDecode"];
    /// `HexDecode` as SecLang has it.
    SecHexDecode, sec_hex_decode, [], ["hexDecode"];
    /// `HtmlEntityDecode` as ModSecurity has it.
    SecHtmlEntityDecode, sec_html_entity_decode, [], ["htmlEntityDecode"];
    /// `RemoveCommentsChar` as ModSecurity has it.
    SecRemoveCommentsChar, sec_remove_comments_char, [], ["removeCommentsChar"];
    /// `UrlDecodeUni` with best fits from a map.
    SecUrlDecodeUni, sec_url_decode_uni, [], ["urlDecodeUni"];
    /// `Utf8ToUnicode` as ModSecurity has it.
    SecUtf8ToUnicode, sec_utf8_to_unicode, [], ["utf8toUnicode"];
    /// The SHA-1 digest, 20 raw bytes.
    Sha1, sha1, [], ["sha1"];
    /// The SHA-256 digest, 32 raw bytes.
    Sha256, sha256, ["SHA256"], [];
    /// SQL hexadecimal literals to the bytes they stand for.
    SqlHexDecode, sql_hex_decode, ["SQL_HEX_DECODE"], ["sqlHexDecode"];
    /// White space at both ends removed.
    Trim, trim, ["TRIM"], ["trim"];
    /// White space at the start removed.
    TrimLeft, trim_left, ["TRIM_LEFT"], ["trimLeft"];
    /// White space at the end removed.
    TrimRight, trim_right, ["TRIM_RIGHT"], ["trimRight"];
    /// ASCII lower case to upper case.
    Uppercase, uppercase, ["UPPERCASE"], ["uppercase"];
    /// Percent-encoding to bytes, `+` to a space.
    UrlDecode, url_decode, ["URL_DECODE"], ["urlDecode"];
    /// The same with Microsoft's `%uHHHH`.
    UrlDecodeUni, url_decode_uni, ["URL_DECODE_UNI"], [];
    /// Bytes to percent-encoding, a space to `+`.
    UrlEncode, url_encode, [], ["urlEncode"];
    /// UTF-8 sequences to `%uHHHH`.
    Utf8ToUnicode, utf8_to_unicode, ["UTF8_TO_UNICODE"], [];
}

impl Transform {
    /// Appends the transformed `input` to `out`, or says that it is unchanged and appends nothing.
    ///
    /// `Unchanged` is returned exactly when the output would equal the input. What `out` held before stays.
    pub fn apply(self, input: &[u8], out: &mut Vec<u8>) -> Outcome {
        self.apply_as(input, out, |out| self.write(input, out))
    }

    /// The same, where `urlDecodeUni` of SecLang brings characters down to the bytes that `map` knows for them.
    pub fn apply_with(self, input: &[u8], out: &mut Vec<u8>, map: &UnicodeMap) -> Outcome {
        if self == Self::SecUrlDecodeUni && !map.is_empty() {
            return self.apply_as(input, out, |out| sec_url_decode_uni::write_mapped(input, out, map));
        }
        self.apply(input, out)
    }

    fn apply_as(self, input: &[u8], out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) -> Outcome {
        if !self.touches(input) {
            return Outcome::Unchanged;
        }
        let start = out.len();
        write(out);
        debug_assert!(out.len() - start <= self.output_bytes_max(input.len()), "{} outgrew its limit", self.name());
        if out[start..] == *input {
            out.truncate(start);
            return Outcome::Unchanged;
        }
        Outcome::Changed
    }

    /// The transformation an AWS rule calls `name`.
    ///
    /// `None`: AWS knows no such transformation. `Some(None)`: the name is `NONE`, which leaves a value as it is and so
    /// has no place in a chain.
    ///
    /// Source: AWS WAFV2 API Reference, `TextTransformation`, `Type`.
    #[must_use]
    pub fn from_aws_name(name: &str) -> Option<Option<Self>> {
        if name == "NONE" {
            return Some(None);
        }
        Self::ALL.iter().copied().find(|transform| transform.aws_name() == Some(name)).map(Some)
    }

    /// The transformation a SecLang rule calls `name`, in any ASCII case.
    ///
    /// `None`: SecLang knows no such transformation. `Some(None)`: the name is `none`, which forgets those before it.
    ///
    /// Source: ModSecurity Reference Manual, Transformation functions.
    #[must_use]
    pub fn from_seclang_name(name: &str) -> Option<Option<Self>> {
        if name.eq_ignore_ascii_case("none") {
            return Some(None);
        }
        let known = |transform: &Self| transform.seclang_names().iter().any(|known| known.eq_ignore_ascii_case(name));
        Self::ALL.iter().copied().find(known).map(Some)
    }

    /// The name people know it by: the one of the AWS language or, where it has none, SecLang's.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.aws_name().or_else(|| self.seclang_names().first().copied()).unwrap_or_default()
    }

    /// The longest output, in bytes, that an input of `input_bytes` can have.
    #[must_use]
    pub fn output_bytes_max(self, input_bytes: usize) -> usize {
        match self.growth() {
            Growth::None => input_bytes,
            Growth::Times(factor) => input_bytes.saturating_mul(factor),
            Growth::Fixed(bytes) => bytes,
        }
    }
}

#[cfg(test)]
mod tests;
