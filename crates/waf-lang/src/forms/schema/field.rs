//! Parts of a request, and transformations of text, as [`super`] describes them.

use super::Kind::{One, Text, Texts, Whole};
use super::{Structure, member, not_in_cloudformation};

pub(in crate::forms) static FIELD_TO_MATCH: Structure = Structure {
    name: "FieldToMatch",
    members: &[
        member("SingleHeader", "single_header", One(&SINGLE_HEADER)),
        member("SingleQueryArgument", "single_query_argument", One(&SINGLE_QUERY_ARGUMENT)),
        member("AllQueryArguments", "all_query_arguments", One(&ALL_QUERY_ARGUMENTS)),
        member("UriPath", "uri_path", One(&URI_PATH)),
        member("QueryString", "query_string", One(&QUERY_STRING)),
        member("Body", "body", One(&BODY)),
        member("Method", "method", One(&METHOD)),
        member("JsonBody", "json_body", One(&JSON_BODY)),
        member("Headers", "headers", One(&HEADERS)),
        member("Cookies", "cookies", One(&COOKIES)),
        not_in_cloudformation("HeaderOrder", "header_order", One(&HEADER_ORDER)),
        member("JA3Fingerprint", "ja3_fingerprint", One(&JA3_FINGERPRINT)),
        member("JA4Fingerprint", "ja4_fingerprint", One(&JA4_FINGERPRINT)),
        member("UriFragment", "uri_fragment", One(&URI_FRAGMENT)),
    ],
};

pub(in crate::forms) static SINGLE_HEADER: Structure =
    Structure { name: "SingleHeader", members: &[member("Name", "name", Text)] };

pub(in crate::forms) static SINGLE_QUERY_ARGUMENT: Structure =
    Structure { name: "SingleQueryArgument", members: &[member("Name", "name", Text)] };

pub(in crate::forms) static ALL_QUERY_ARGUMENTS: Structure = Structure { name: "AllQueryArguments", members: &[] };

pub(in crate::forms) static URI_PATH: Structure = Structure { name: "UriPath", members: &[] };

pub(in crate::forms) static QUERY_STRING: Structure = Structure { name: "QueryString", members: &[] };

pub(in crate::forms) static BODY: Structure =
    Structure { name: "Body", members: &[member("OversizeHandling", "oversize_handling", Text)] };

pub(in crate::forms) static METHOD: Structure = Structure { name: "Method", members: &[] };

pub(in crate::forms) static JSON_BODY: Structure = Structure {
    name: "JsonBody",
    members: &[
        member("MatchPattern", "match_pattern", One(&JSON_MATCH_PATTERN)),
        member("MatchScope", "match_scope", Text),
        member("InvalidFallbackBehavior", "invalid_fallback_behavior", Text),
        member("OversizeHandling", "oversize_handling", Text),
    ],
};

pub(in crate::forms) static JSON_MATCH_PATTERN: Structure = Structure {
    name: "JsonMatchPattern",
    members: &[member("All", "all", One(&ALL)), member("IncludedPaths", "included_paths", Texts)],
};

pub(in crate::forms) static ALL: Structure = Structure { name: "All", members: &[] };

pub(in crate::forms) static HEADERS: Structure = Structure {
    name: "Headers",
    members: &[
        member("MatchPattern", "match_pattern", One(&HEADER_MATCH_PATTERN)),
        member("MatchScope", "match_scope", Text),
        member("OversizeHandling", "oversize_handling", Text),
    ],
};

pub(in crate::forms) static HEADER_MATCH_PATTERN: Structure = Structure {
    name: "HeaderMatchPattern",
    members: &[
        member("All", "all", One(&ALL)),
        member("IncludedHeaders", "included_headers", Texts),
        member("ExcludedHeaders", "excluded_headers", Texts),
    ],
};

pub(in crate::forms) static COOKIES: Structure = Structure {
    name: "Cookies",
    members: &[
        member("MatchPattern", "match_pattern", One(&COOKIE_MATCH_PATTERN)),
        member("MatchScope", "match_scope", Text),
        member("OversizeHandling", "oversize_handling", Text),
    ],
};

pub(in crate::forms) static COOKIE_MATCH_PATTERN: Structure = Structure {
    name: "CookieMatchPattern",
    members: &[
        member("All", "all", One(&ALL)),
        member("IncludedCookies", "included_cookies", Texts),
        member("ExcludedCookies", "excluded_cookies", Texts),
    ],
};

pub(in crate::forms) static HEADER_ORDER: Structure =
    Structure { name: "HeaderOrder", members: &[member("OversizeHandling", "oversize_handling", Text)] };

pub(in crate::forms) static JA3_FINGERPRINT: Structure =
    Structure { name: "JA3Fingerprint", members: &[member("FallbackBehavior", "fallback_behavior", Text)] };

pub(in crate::forms) static JA4_FINGERPRINT: Structure =
    Structure { name: "JA4Fingerprint", members: &[member("FallbackBehavior", "fallback_behavior", Text)] };

pub(in crate::forms) static URI_FRAGMENT: Structure =
    Structure { name: "UriFragment", members: &[member("FallbackBehavior", "fallback_behavior", Text)] };

pub(in crate::forms) static TEXT_TRANSFORMATION: Structure = Structure {
    name: "TextTransformation",
    members: &[member("Priority", "priority", Whole), member("Type", "type", Text)],
};

pub(in crate::forms) static PRE_PARSE_TEXT_TRANSFORMATION: Structure = Structure {
    name: "PreParseTextTransformation",
    members: &[member("Priority", "priority", Whole), member("Type", "type", Text)],
};
