//! Text with values in it: quoted templates and heredocs.

use hcl_edit::template::Element;

use super::evaluate::{Evaluator, Place};
use crate::document::{Kind, TEXT_BYTES_MAX, Value};
use crate::forms::translate::{invalid, value};
use crate::report::Report;

impl Evaluator<'_> {
    /// The value of a template. One value alone, `"${x}"`, stays what it is.
    ///
    /// Source: HCL Native Syntax Specification, "Templates".
    pub(super) fn template<'t>(
        &mut self,
        elements: impl Iterator<Item = &'t Element>,
        place: &Place<'_>,
        report: &mut Report,
    ) -> Value {
        let elements: Vec<&Element> = elements.collect();
        if let [Element::Interpolation(only)] = elements.as_slice() {
            return self.expression(&only.expr, place, report);
        }
        let mut text = String::new();
        for element in elements {
            match element {
                Element::Literal(literal) => text.push_str(literal),
                Element::Interpolation(part) => match self.expression(&part.expr, place, report).kind {
                    Kind::String(part) | Kind::Number(part) => text.push_str(&part),
                    Kind::Bool(flag) => text.push_str(if flag { "true" } else { "false" }),
                    Kind::Invalid => return invalid(place.range.clone()),
                    _ => return place.refuse("this value within text", report),
                },
                Element::Directive(_) => return place.refuse("a template directive", report),
            }
            if text.len() > TEXT_BYTES_MAX {
                report.push(place.error("file-too-large", format!("the text has more than {TEXT_BYTES_MAX} bytes")));
                return invalid(place.range.clone());
            }
        }
        value(place.range.clone(), Kind::String(text))
    }
}
