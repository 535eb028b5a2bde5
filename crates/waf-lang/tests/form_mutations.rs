//! Whatever a file of any form is mangled into: it converts or says why not, it loads or says why not, and nothing panics.

use proptest::prelude::*;
use proptest::sample::Index;
use sekisho_model::SourceFile;
use sekisho_waf_lang::aws::{LoadOptions, ManagedCatalogue, load};
use sekisho_waf_lang::forms::{Form, convert};

const FORMS: [Form; 4] = [Form::Json, Form::Terraform, Form::CloudFormation, Form::Readable];

/// The company's files in every form.
fn originals() -> Vec<String> {
    let json = SourceFile::new("waf.json", include_str!("fixtures/company/waf.json"));
    let mut texts = vec![include_str!("fixtures/company/waf.tf").to_owned()];
    texts.extend(FORMS.iter().filter_map(|form| convert(std::slice::from_ref(&json), None, *form).text));
    assert_eq!(texts.len(), 5);
    texts
}

fn says_why(text: &str) -> Result<(), TestCaseError> {
    let file = SourceFile::new("mangled", text);
    for to in FORMS {
        let found = convert(std::slice::from_ref(&file), None, to);
        prop_assert_eq!(found.text.is_none(), found.diagnostics.has_errors(), "{}", found.diagnostics.render(false));
        // What was written can be read again.
        if let Some(written) = found.text {
            let again = convert(&[SourceFile::new("written", written.as_str())], None, to);
            prop_assert!(again.text.is_some(), "{}\n{written}", again.diagnostics.render(false));
            match to {
                Form::Json => prop_assert_eq!(again.text, Some(written)),
                // A resource that lost its ARN is given one when it is read; from then on it keeps it.
                Form::Readable => {
                    let settled = again.text.unwrap_or_default();
                    let third = convert(&[SourceFile::new("settled", settled.as_str())], None, to);
                    prop_assert_eq!(third.text, Some(settled));
                }
                // No ARNs to keep, and mangled ones are made anew.
                _ => {}
            }
        }
    }
    let loaded = load(&file, &[], &ManagedCatalogue::new(), &LoadOptions::default());
    prop_assert_eq!(loaded.policy.is_none(), loaded.diagnostics.has_errors());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn a_cut_and_spliced_text(
        which in 0..5_usize,
        from in any::<Index>(),
        length in 0..200_usize,
        with in r#"[{}\[\]"$!&*<>:=,.a-zA-Z0-9\\ \n-]{0,12}"#,
    ) {
        let text = &originals()[which];
        let from = text.floor_char_boundary(from.index(text.len()));
        let to = text.ceil_char_boundary((from + length).min(text.len()));
        says_why(&format!("{}{with}{}", &text[..from], &text[to..]))?;
    }

    #[test]
    fn lines_in_another_order(which in 0..5_usize, from in any::<Index>(), to in any::<Index>()) {
        let text = originals().swap_remove(which);
        let mut lines: Vec<&str> = text.lines().collect();
        let line = lines.remove(from.index(lines.len()));
        lines.insert(to.index(lines.len() + 1), line);
        says_why(&lines.join("\n"))?;
    }

    #[test]
    fn any_text_in_any_form(text in r#"(resource "aws_wafv2_web_acl" "x" \{\n|sekisho: acl/1\n|Resources:\n|\{)?[^\u{0}]{0,200}"#) {
        says_why(&text)?;
    }
}
