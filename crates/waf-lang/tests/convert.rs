//! One form into another: the company's files in every form, by eye (snapshots) and by meaning.

use sekisho_model::SourceFile;
use sekisho_waf_lang::forms::{Form, convert};

const COMPANY_TF: &str = include_str!("fixtures/company/waf.tf");
const COMPANY_JSON: &str = include_str!("fixtures/company/waf.json");

#[track_caller]
fn converted(name: &str, text: &str, to: Form) -> String {
    let found = convert(&[SourceFile::new(name, text)], None, to);
    found.text.unwrap_or_else(|| panic!("{}", found.diagnostics.render(false)))
}

#[test]
fn the_company_s_files_in_every_form() {
    insta::assert_snapshot!("company_terraform", converted("waf.json", COMPANY_JSON, Form::Terraform));
    insta::assert_snapshot!("company_cloudformation", converted("waf.json", COMPANY_JSON, Form::CloudFormation));
    insta::assert_snapshot!("company_readable", converted("waf.json", COMPANY_JSON, Form::Readable));
    assert_eq!(converted("waf.tf", COMPANY_TF, Form::Json), converted("waf.json", COMPANY_JSON, Form::Json));
}
