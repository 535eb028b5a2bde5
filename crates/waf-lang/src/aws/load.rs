//! Loading a web ACL with everything it refers to.

use sekisho_model::{Diagnostics, SourceFile};
use sekisho_waf::ir::Policy;

use super::association::ResourceType;
use super::capacity::Capacity;
use super::catalogue::ManagedCatalogue;
use super::resource::Resources;
use super::web_acl;
use crate::document::Document;
use crate::report::Report;

/// What a web ACL leaves to the place it stands in.
#[derive(Debug, Clone, Copy, Default)]
pub struct LoadOptions {
    /// The kind of AWS resource to behave like, which decides the body limit. If none is given, the largest limit of
    /// `AssociationConfig` holds.
    pub resource_type: Option<ResourceType>,
}

/// What came of loading.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The policy, unless there are errors.
    pub policy: Option<Policy>,
    /// What the web ACL takes of AWS's capacity, if the price of each rule is known. It may be where there is no
    /// policy: AWS's own groups have a price, whether or not they ship.
    pub capacity: Option<Capacity>,
    /// All problems found but those of capacity: see [`Capacity::beyond`] and [`Capacity::differences`].
    pub diagnostics: Diagnostics,
}

/// Loads the output of `aws wafv2 get-web-acl`, or the web ACL within it.
///
/// `resources` are the outputs of `get-ip-set`, `get-regex-pattern-set` and `get-rule-group`, or the objects within
/// them, for every ARN the web ACL refers to. More than those may be given.
///
/// # Errors
///
/// All problems are in [`Loaded::diagnostics`]; with an error among them there is no policy.
///
/// # Limits
///
/// [`crate::document::TEXT_BYTES_MAX`] and [`crate::document::DEPTH_MAX`] for each text; 64 levels of statements; 20,000
/// statements a web ACL or group.
#[must_use]
pub fn load(acl: &SourceFile, resources: &[SourceFile], catalogue: &ManagedCatalogue, options: &LoadOptions) -> Loaded {
    let mut report = Report::new();
    let documents: Vec<Document> = resources.iter().filter_map(|file| Document::read_json(file, &mut report)).collect();
    let read = Document::read_json(acl, &mut report).and_then(|document| {
        let resources = Resources::index(&documents, &mut report);
        web_acl::read(document.root(), &resources, catalogue, options.resource_type, &mut report)
    });
    let diagnostics = report.into_diagnostics();
    let (policy, capacity) = read.map_or((None, None), |read| (read.policy, read.capacity));
    Loaded { policy: policy.filter(|_| !diagnostics.has_errors()), capacity, diagnostics }
}
