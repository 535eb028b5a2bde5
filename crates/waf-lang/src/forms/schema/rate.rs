//! What requests are counted by, as [`super`] describes them.

use super::Kind::{Many, One, Text};
use super::field::TEXT_TRANSFORMATION;
use super::{Structure, member};

pub(in crate::forms) static RATE_BASED_STATEMENT_CUSTOM_KEY: Structure = Structure {
    name: "RateBasedStatementCustomKey",
    members: &[
        member("Header", "header", One(&RATE_LIMIT_HEADER)),
        member("Cookie", "cookie", One(&RATE_LIMIT_COOKIE)),
        member("QueryArgument", "query_argument", One(&RATE_LIMIT_QUERY_ARGUMENT)),
        member("QueryString", "query_string", One(&RATE_LIMIT_QUERY_STRING)),
        member("HTTPMethod", "http_method", One(&RATE_LIMIT_HTTP_METHOD)),
        member("ForwardedIP", "forwarded_ip", One(&RATE_LIMIT_FORWARDED_IP)),
        member("IP", "ip", One(&RATE_LIMIT_IP)),
        member("LabelNamespace", "label_namespace", One(&RATE_LIMIT_LABEL_NAMESPACE)),
        member("UriPath", "uri_path", One(&RATE_LIMIT_URI_PATH)),
        member("JA3Fingerprint", "ja3_fingerprint", One(&RATE_LIMIT_JA3_FINGERPRINT)),
        member("JA4Fingerprint", "ja4_fingerprint", One(&RATE_LIMIT_JA4_FINGERPRINT)),
        member("ASN", "asn", One(&RATE_LIMIT_ASN)),
    ],
};

pub(in crate::forms) static RATE_LIMIT_HEADER: Structure = Structure {
    name: "RateLimitHeader",
    members: &[
        member("Name", "name", Text),
        member("TextTransformations", "text_transformation", Many(&TEXT_TRANSFORMATION)),
    ],
};

pub(in crate::forms) static RATE_LIMIT_COOKIE: Structure = Structure {
    name: "RateLimitCookie",
    members: &[
        member("Name", "name", Text),
        member("TextTransformations", "text_transformation", Many(&TEXT_TRANSFORMATION)),
    ],
};

pub(in crate::forms) static RATE_LIMIT_QUERY_ARGUMENT: Structure = Structure {
    name: "RateLimitQueryArgument",
    members: &[
        member("Name", "name", Text),
        member("TextTransformations", "text_transformation", Many(&TEXT_TRANSFORMATION)),
    ],
};

pub(in crate::forms) static RATE_LIMIT_QUERY_STRING: Structure = Structure {
    name: "RateLimitQueryString",
    members: &[member("TextTransformations", "text_transformation", Many(&TEXT_TRANSFORMATION))],
};

pub(in crate::forms) static RATE_LIMIT_HTTP_METHOD: Structure = Structure { name: "RateLimitHTTPMethod", members: &[] };

pub(in crate::forms) static RATE_LIMIT_FORWARDED_IP: Structure =
    Structure { name: "RateLimitForwardedIP", members: &[] };

pub(in crate::forms) static RATE_LIMIT_IP: Structure = Structure { name: "RateLimitIP", members: &[] };

pub(in crate::forms) static RATE_LIMIT_LABEL_NAMESPACE: Structure =
    Structure { name: "RateLimitLabelNamespace", members: &[member("Namespace", "namespace", Text)] };

pub(in crate::forms) static RATE_LIMIT_URI_PATH: Structure = Structure {
    name: "RateLimitUriPath",
    members: &[member("TextTransformations", "text_transformation", Many(&TEXT_TRANSFORMATION))],
};

pub(in crate::forms) static RATE_LIMIT_JA3_FINGERPRINT: Structure =
    Structure { name: "RateLimitJA3Fingerprint", members: &[member("FallbackBehavior", "fallback_behavior", Text)] };

pub(in crate::forms) static RATE_LIMIT_JA4_FINGERPRINT: Structure =
    Structure { name: "RateLimitJA4Fingerprint", members: &[member("FallbackBehavior", "fallback_behavior", Text)] };

pub(in crate::forms) static RATE_LIMIT_ASN: Structure = Structure { name: "RateLimitAsn", members: &[] };
