//! Origins: which one, over which connection, and what to do when it fails.
//!
//! A [`Cluster`] is shared by all workers and knows the health of its endpoints; connections belong to one worker's
//! [`Pools`] and never change threads.

mod connect;
mod exchange;
mod fault;
mod health;
mod http1;
mod http2;
mod pool;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::HeaderValue;
use sekisho_model::{Clock, Timestamp};

use crate::settings::{Limits, Origin, Protocol, Upstream};
pub use connect::AuthoritiesError;
pub(crate) use connect::client_config;
pub(crate) use exchange::{Means, Message, Outcome, Switched, send};
pub(crate) use fault::Fault;
pub(crate) use health::{Health, check};
pub(crate) use http1::ResponseBody as Http1Body;
pub(crate) use http2::ResponseBody as Http2Body;
pub(crate) use pool::Pools;

/// A service's origins, as workers use them.
#[derive(Debug)]
pub(crate) struct Cluster {
    pub(crate) settings: Arc<Upstream>,
    endpoints: Vec<Arc<Endpoint>>,
    next: AtomicUsize,
}

/// One origin.
pub(crate) struct Endpoint {
    /// Tells endpoints apart in pools, over reloads.
    id: usize,
    pub(crate) origin: Origin,
    host_value: HeaderValue,
    protocol: Protocol,
    tls: Option<connect::Connectors>,
    pub(crate) health: Health,
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Endpoint").field("origin", &self.origin).finish_non_exhaustive()
    }
}

/// Why a cluster cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// It has no origin.
    #[error("upstream `{name}` has no origin")]
    Empty {
        /// Its name.
        name: String,
    },
    /// Its file of certificate authorities cannot be used.
    #[error("upstream `{name}`: certificate authorities in {path}")]
    Authorities {
        /// Its name.
        name: String,
        /// The file.
        path: PathBuf,
        /// Why.
        source: AuthoritiesError,
    },
}

impl Cluster {
    /// Sets up a cluster.
    ///
    /// # Errors
    ///
    /// If there is no origin, or its certificate authorities cannot be read.
    pub(crate) fn new(settings: Arc<Upstream>) -> Result<Self, ClusterError> {
        static IDS: AtomicUsize = AtomicUsize::new(0);
        let tls = connect::connector(&settings)?;
        let endpoint = |origin: &Origin| {
            Arc::new(Endpoint {
                id: IDS.fetch_add(1, Ordering::Relaxed),
                host_value: origin.host_value(),
                protocol: settings.protocol,
                tls: origin.tls().then(|| tls.clone()).flatten(),
                origin: origin.clone(),
                health: Health::default(),
            })
        };
        let endpoints: Vec<_> = settings.origins.iter().map(endpoint).collect();
        if endpoints.is_empty() {
            return Err(ClusterError::Empty { name: settings.name.clone() });
        }
        Ok(Self { settings, endpoints, next: AtomicUsize::new(0) })
    }

    /// The endpoints, for active checks.
    pub(crate) fn endpoints(&self) -> &[Arc<Endpoint>] {
        &self.endpoints
    }

    /// The next endpoint in turn that is well. If none is, the next in turn: an answer late beats none.
    fn pick(&self, clock: &dyn Clock) -> &Arc<Endpoint> {
        let count = self.endpoints.len();
        if count == 1 {
            return &self.endpoints[0];
        }
        let now = clock.now();
        let first = self.next.fetch_add(1, Ordering::Relaxed);
        let turn = |step: usize| &self.endpoints[first.wrapping_add(step) % count];
        (0..count).map(turn).find(|endpoint| endpoint.health.is_well(now)).unwrap_or_else(|| turn(0))
    }

    /// Notes a failure of an endpoint.
    fn failed(&self, endpoint: &Endpoint, fault: &Fault, now: Timestamp, limits: &Limits) {
        if fault.is_origins() && endpoint.health.failed(now, limits) {
            tracing::warn!(upstream = self.settings.name, origin = %endpoint.origin, %fault, "origin is left alone");
        }
    }
}
