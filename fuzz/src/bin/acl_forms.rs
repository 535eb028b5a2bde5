//! The readers of every form of web ACL, on any text: no panic; and what one form takes is written in the others or
//! refused, without an error left unsaid.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sekisho_model::SourceFile;
use sekisho_waf_lang::forms::{Form, convert};

const FORMS: [Form; 5] = [Form::Json, Form::Terraform, Form::TerraformShow, Form::CloudFormation, Form::Readable];

fuzz_target!(|bytes: &[u8]| {
    let Some((&choice, text)) = bytes.split_first() else { return };
    let file = SourceFile::new("fuzzed", String::from_utf8_lossy(text).into_owned());
    let from = FORMS.get(usize::from(choice) % (FORMS.len() + 1)).copied();
    for to in [Form::Json, Form::Terraform, Form::CloudFormation, Form::Readable] {
        let converted = convert(std::slice::from_ref(&file), from, to);
        assert_eq!(converted.text.is_none(), converted.diagnostics.has_errors());
        let _shown = converted.diagnostics.render(false);
    }
});
