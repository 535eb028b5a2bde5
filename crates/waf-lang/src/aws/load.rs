//! Loading a web ACL with everything it refers to.

use sekisho_model::{Diagnostics, SourceFile};
use sekisho_waf::ir::{Logging, Policy};

use super::association::ResourceType;
use super::capacity::Capacity;
use super::catalogue::ManagedCatalogue;
use super::logging;
use super::resource::Resources;
use super::web_acl;
use crate::document::{Document, Node};
use crate::forms::{Content, is_logging, is_web_acl, read_all};
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
    /// The logging configuration of the web ACL, if one of the files holds it.
    pub logging: Option<Logging>,
    /// All problems found but those of capacity: see [`Capacity::beyond`] and [`Capacity::differences`].
    pub diagnostics: Diagnostics,
}

/// Loads a web ACL in any of its [forms](crate::forms): the output of `aws wafv2 get-web-acl`, the web ACL within it, a
/// Terraform file, a CloudFormation template and so on.
///
/// `resources` hold the sets and rule groups it refers to, in any form too; what stands in the web ACL's own file need
/// not be given again. More than the web ACL refers to may be given.
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
    // A folder of resources may hold the web ACL's own file.
    let mut files: Vec<&SourceFile> = resources.iter().filter(|file| file.text() != acl.text()).collect();
    files.push(acl);
    let mut contents = read_all(&files, None, &mut report);
    let own = contents.pop().map_or_else(Vec::new, Content::into_documents);
    let (mut acls, others): (Vec<_>, Vec<_>) = own.into_iter().partition(|document| is_web_acl(document.root()));
    // A module or a template may hold several web ACLs; those beside the one that was asked for are not used.
    let beside = contents.into_iter().flat_map(|content| {
        let is_api = matches!(content, Content::Api(_));
        content.into_documents().into_iter().filter(move |document| is_api || !is_web_acl(document.root()))
    });
    let (logging, documents): (Vec<_>, Vec<_>) = beside.chain(others).partition(|document| is_logging(document.root()));
    let read = match (acls.pop(), acls.len()) {
        (Some(document), 0) => {
            let resources = Resources::index(&documents, &mut report);
            web_acl::read(document.root(), &resources, catalogue, options.resource_type, &mut report)
        }
        (Some(last), _) => {
            let message = format!("the file holds {} web ACLs, and one can be used", acls.len() + 1);
            let help = "put each into a file of its own, and the rest beside it with `--resources`";
            report.push(last.root().error("more-than-one", message).help(help));
            None
        }
        (None, _) => {
            if !report.has_errors() {
                report.error(acl, 0..0, "no-web-acl", "the file holds no web ACL");
            }
            None
        }
    };
    let logging = read.as_ref().and_then(|read| own_logging(&logging, read.policy.as_ref()?, &mut report));
    let diagnostics = report.into_diagnostics();
    let (policy, capacity) = read.map_or((None, None), |read| (read.policy, read.capacity));
    Loaded { policy: policy.filter(|_| !diagnostics.has_errors()), capacity, logging, diagnostics }
}

/// The logging configuration among several that is the policy's own. Those of other web ACLs are warned of.
fn own_logging(documents: &[Document], policy: &Policy, report: &mut Report) -> Option<Logging> {
    let mut found = None;
    for document in documents {
        let root = document.root();
        let inner = root.get("LoggingConfiguration").unwrap_or(root);
        let resource = inner.get("ResourceArn");
        if resource.and_then(Node::as_str).is_some_and(|arn| arn != policy.id) {
            let message = "this is the logging configuration of another web ACL, and is not used";
            report.push(resource.unwrap_or(inner).warning("other-web-acl", message));
            continue;
        }
        let read = logging::read(root, &policy.id, report);
        if found.is_some() {
            report.push(inner.error("duplicate-resource", "another logging configuration is of this web ACL too"));
        }
        found = found.or(read);
    }
    found
}
