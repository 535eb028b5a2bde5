//! The expressions of XPath that choose parts of an XML body: names in a row.
//!
//! Source: XPath 1.0, sections 2 and 2.5 (abbreviated syntax); Namespaces in XML 1.0.

/// Steps of an expression, at the most: one bit each says whether an element is reached.
pub const XML_PATH_STEPS_MAX: usize = 32;

/// An expression, with the names of its namespaces resolved.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct XmlPath {
    /// As it was written: what logs call it.
    pub written: String,
    /// From the document on; one at least, [`XML_PATH_STEPS_MAX`] at most.
    pub steps: Vec<XmlStep>,
}

/// A step of an expression.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct XmlStep {
    /// `//`: at any depth below what the step before it chose, not only right in it.
    pub is_anywhere: bool,
    /// What it chooses.
    pub node: XmlNode,
}

/// What a step chooses.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum XmlNode {
    /// Elements: all the text within.
    Element(XmlName),
    /// `@…`: attributes. Only as the last step.
    Attribute(XmlName),
    /// `text()`: each text on its own. Only as the last step.
    Text,
}

/// Which names.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum XmlName {
    /// `*`
    Any,
    /// `prefix:*`: those of this namespace.
    In(String),
    /// `name` or `prefix:name`.
    Of {
        /// The namespace; none for names that are in none.
        namespace: Option<String>,
        /// The name within it.
        local: String,
    },
    /// `*[local-name()='name']`: this name in any namespace, or in none.
    Local(String),
}

impl XmlName {
    /// Whether a name is one of these.
    #[must_use]
    pub fn is(&self, namespace: Option<&[u8]>, local: &[u8]) -> bool {
        match self {
            Self::Any => true,
            Self::In(wanted) => namespace == Some(wanted.as_bytes()),
            Self::Of { namespace: wanted, local: name } => {
                namespace == wanted.as_deref().map(str::as_bytes) && local == name.as_bytes()
            }
            Self::Local(name) => local == name.as_bytes(),
        }
    }
}
