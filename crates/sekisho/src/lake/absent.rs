//! Stands in place of the lake in a program that was built without it.

use std::path::Path;
use std::sync::Arc;

use sekisho_edge::Neighbour;
use sekisho_edge::metrics::Metrics;

use crate::config::LakeConfig;

/// Nothing is ever in it.
#[derive(Debug, Default)]
pub(crate) struct Slot;

/// The metrics of a program of this version.
pub(crate) fn metrics(version: &str, _: &Slot) -> Metrics {
    Metrics::new(version)
}

/// There is none.
#[derive(Debug)]
pub(crate) enum RunningLake {}

impl RunningLake {
    pub(crate) fn start(config: LakeConfig, _: Option<&Path>, _: &Slot) -> anyhow::Result<Self> {
        match config {}
    }

    pub(crate) fn announce(&self) {
        match *self {}
    }

    pub(crate) fn neighbour(&self) -> Arc<dyn Neighbour> {
        match *self {}
    }

    pub(crate) fn change_sources(&mut self, _: LakeConfig) {
        match *self {}
    }

    pub(crate) fn stop(self) {
        match self {}
    }
}
