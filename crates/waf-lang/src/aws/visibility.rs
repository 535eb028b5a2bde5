//! `VisibilityConfig`: under which name something is measured, and whether it is.
//!
//! Source: API reference, `VisibilityConfig`.

use sekisho_waf::ir::Visibility;

use super::shape::{Charset, Shape, optional, required, text};
use crate::document::Node;
use crate::report::Report;

pub(crate) static VISIBILITY_CONFIG: Shape = Shape {
    name: "VisibilityConfig",
    members: &[optional("SampledRequestsEnabled"), optional("CloudWatchMetricsEnabled"), required("MetricName")],
};

/// Reads a `VisibilityConfig`. AWS always prints both switches; one that is left out of a file written by hand is on.
pub(crate) fn read(node: Node<'_>, report: &mut Report) -> Option<Visibility> {
    let members = VISIBILITY_CONFIG.open(node, report)?;
    let name = members.get("MetricName").and_then(|node| text(node, 1..=255, Charset::Metric, report));
    let mut switch = |name| members.get(name).map_or(Some(true), |node| node.boolean(report));
    let (metrics, samples) = (switch("CloudWatchMetricsEnabled"), switch("SampledRequestsEnabled"));
    Some(Visibility { metric_name: name?.to_owned(), metrics: metrics?, samples: samples? })
}
