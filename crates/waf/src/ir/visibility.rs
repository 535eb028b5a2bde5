//! What is shown of the requests a rule, group or policy decides about.

/// Under which name something is measured, and whether it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visibility {
    /// The name its metrics and samples go by.
    pub metric_name: String,
    /// Whether its requests are counted.
    pub metrics: bool,
    /// Whether samples of its requests are kept.
    pub samples: bool,
}

impl From<String> for Visibility {
    /// Everything is shown, under this name.
    fn from(metric_name: String) -> Self {
        Self { metric_name, metrics: true, samples: true }
    }
}

impl From<&str> for Visibility {
    fn from(metric_name: &str) -> Self {
        metric_name.to_owned().into()
    }
}
