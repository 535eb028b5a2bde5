//! What is measured about the counters of rate-based rules.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::rate::Sharing;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StateLabel {
    state: &'static str,
}

/// Whom counters are shared with. Clones measure together; the default belongs to no registry.
#[derive(Debug, Clone, Default)]
pub struct RateMetrics {
    own: Gauge,
    fleet: Gauge,
    lost: Gauge,
    losses: Counter,
}

impl RateMetrics {
    /// The metrics, registered under `sekisho_rate_…`.
    #[must_use]
    pub(super) fn new(registry: &mut Registry) -> Self {
        let states = Family::<StateLabel, Gauge>::default();
        let state = |state| states.get_or_create_owned(&StateLabel { state });
        let metrics =
            Self { own: state("own"), fleet: state("fleet"), lost: state("lost"), losses: Counter::default() };
        metrics.own.set(1);
        registry.register(
            "sekisho_rate_sharing",
            "1 for the state of the counters of rate-based rules: this edge's own, shared by the fleet, store lost",
            states,
        );
        registry.register(
            "sekisho_rate_store_losses",
            "Times the fleet's store of rates could not be used any more",
            metrics.losses.clone(),
        );
        metrics
    }

    /// Notes whom counters are shared with now.
    pub(crate) fn shared(&self, sharing: Sharing) {
        self.own.set((sharing == Sharing::Own).into());
        self.fleet.set((sharing == Sharing::Fleet).into());
        self.lost.set(matches!(sharing, Sharing::Lost { .. }).into());
    }

    /// Counts a loss of the store.
    pub(crate) fn store_lost(&self) {
        self.losses.inc();
    }
}
