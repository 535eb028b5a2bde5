//! The reader of logging configurations, on any text: no panic, and none that loads with an error left unsaid.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sekisho_model::SourceFile;
use sekisho_waf_lang::aws::load_logging;

const ARN: &str = "arn:aws:wafv2:eu-west-1:111122223333:regional/webacl/shop/3f1e2d3c";

fuzz_target!(|bytes: &[u8]| {
    let file = SourceFile::new("fuzzed", String::from_utf8_lossy(bytes).into_owned());
    let (logging, diagnostics) = load_logging(&file, ARN);
    assert_eq!(logging.is_none(), diagnostics.has_errors());
    let _shown = diagnostics.render(false);
});
