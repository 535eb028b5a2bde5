//! Starting an edge, changing what it works with, stopping it.

use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{Builder, JoinHandle, available_parallelism};

use arc_swap::ArcSwap;
use sekisho_waf::ir::Logging;
use sekisho_waf::transaction::PhasedRules;
use sekisho_waf::{PlaceSource, RuleSet};
use tokio::sync::{oneshot, watch};

use super::setup::{self, Bound, SetupError};
use super::shared::{Listening, Services, Shared};
use super::{control, worker};
use crate::admission::Admission;
use crate::audit::AuditLog;
use crate::body::Room;
use crate::listen;
use crate::metrics::ReloadKind;
use crate::phased::{CollectionLimits, Collections};
use crate::sample::Samples;
use crate::settings::{Route, Settings};

/// The edge, before it runs.
#[derive(Debug)]
pub struct Edge;

/// A running edge. Dropping it stops it as [`Running::shutdown`] does.
pub struct Running {
    shared: Arc<Shared>,
    addresses: Vec<SocketAddr>,
    admin: Option<SocketAddr>,
    listening: Vec<Arc<Listening>>,
    workers: Vec<JoinHandle<()>>,
    control: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

impl Edge {
    /// Binds all addresses and starts serving. When it returns, connections are accepted.
    ///
    /// # Errors
    ///
    /// If an address, certificate, route or thread cannot be set up; nothing runs then.
    pub fn start(settings: Settings, services: Services) -> Result<Running, SetupError> {
        let count = settings.workers.or_else(|| available_parallelism().ok()).map_or(1, NonZeroUsize::get);
        let routes = setup::routes(&settings.routes, &settings.limits)?;
        let bound: Vec<Bound> =
            settings.listeners.iter().map(|listener| setup::bind(listener, count)).collect::<Result<_, _>>()?;
        if bound.is_empty() {
            return Err(SetupError::NoListener);
        }
        let admin = settings.admin.map(bind_admin).transpose()?;
        let (stop, _) = watch::channel(false);
        let samples = Samples::new();
        let (metrics, rates) = (&services.metrics, &services.rates);
        let rules = Shared::rules_of(metrics, &samples, rates, services.rules, services.phased, services.logging);
        let collections = CollectionLimits {
            collections_max: settings.limits.collections_max,
            bytes_max: settings.limits.collections_bytes_max,
        };
        let shared = Arc::new(Shared {
            gate_limits: setup::gate_limits(&settings.limits),
            gate_timeouts: setup::gate_timeouts(&settings.limits),
            admission: Admission::new(&settings.limits),
            trust: settings.trust,
            on_fault: settings.on_fault,
            rules: ArcSwap::new(rules),
            retired: Mutex::default(),
            room: Room::new(settings.limits.bodies_held_bytes_max),
            collections: Collections::new(collections),
            audit: AuditLog::new(services.metrics.audit.clone()),
            samples,
            routes: ArcSwap::from_pointee(routes),
            journal: services.journal,
            source: services.source,
            mask: services.mask,
            witness: services.witness,
            neighbour: services.neighbour,
            metrics: services.metrics,
            rates: services.rates,
            places: ArcSwap::from_pointee(services.places),
            tokens: services.tokens,
            clock: services.clock,
            limits: settings.limits,
            ready: AtomicBool::new(false),
            stop,
        });
        let mut running = Running {
            addresses: bound.iter().map(|bound| bound.address).collect(),
            admin: admin.as_ref().and_then(|socket| socket.local_addr().ok()),
            listening: bound.iter().map(|bound| Arc::clone(&bound.listening)).collect(),
            workers: Vec::new(),
            control: None,
            shared,
        };
        running.shared.expect_audit();
        running.start_threads(bound, count, admin)?;
        running.shared.ready.store(true, Ordering::Release);
        Ok(running)
    }
}

fn bind_admin(address: SocketAddr) -> Result<TcpListener, SetupError> {
    let sockets = listen::bind(address, 1).map_err(|source| SetupError::Listen { address, source })?;
    Ok(sockets.into_iter().next().expect("one socket was asked for"))
}

impl Running {
    fn start_threads(&mut self, bound: Vec<Bound>, count: usize, admin: Option<TcpListener>) -> Result<(), SetupError> {
        let mut shares: Vec<Vec<_>> = (0..count).map(|_| Vec::new()).collect();
        for bound in bound {
            for (share, socket) in shares.iter_mut().zip(bound.sockets) {
                share.push((socket, Arc::clone(&bound.listening)));
            }
        }
        for (number, share) in shares.into_iter().enumerate() {
            let shared = Arc::clone(&self.shared);
            let run = move || report(worker::run(shared, share));
            let thread = Builder::new().name(format!("edge-{number}")).spawn(run).map_err(SetupError::Thread)?;
            self.workers.push(thread);
        }
        let (end, ended) = oneshot::channel();
        let (shared, listening) = (Arc::clone(&self.shared), self.listening.clone());
        let run = move || report(control::run(shared, listening, admin, ended));
        let thread = Builder::new().name("edge-control".to_owned()).spawn(run).map_err(SetupError::Thread)?;
        self.control = Some((end, thread));
        Ok(())
    }

    /// The addresses listened on, in the order of the settings, with the ports that were taken.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// The admin address.
    #[must_use]
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.admin
    }

    /// The rules in force.
    #[must_use]
    pub fn rules(&self) -> Arc<RuleSet> {
        Arc::clone(&self.shared.rules.load().set)
    }

    /// The rules in phases in force.
    #[must_use]
    pub fn phased_rules(&self) -> Option<Arc<PhasedRules>> {
        self.shared.rules.load().phased.as_ref().map(|phased| Arc::clone(&phased.rules))
    }

    /// Puts other rules into force, those in phases beside them, and what is recorded of them, whole: a request meets either
    /// the old or the new ones.
    pub fn reload_rules(&self, rules: Arc<RuleSet>, phased: Option<Arc<PhasedRules>>, logging: Logging) {
        let Shared { metrics, samples, rates, .. } = &*self.shared;
        self.shared.replace_rules(Shared::rules_of(metrics, samples, rates, rules, phased, logging));
        self.shared.expect_audit();
        self.shared.metrics.edge.reload_succeeded(ReloadKind::Acl, self.shared.clock.now());
    }

    /// Lets go of the files of the audit log: they may have been renamed, and are made anew.
    pub fn reopen_audit_log(&self) {
        self.shared.audit.reopen();
    }

    /// Asks others where addresses are from now on.
    pub fn reload_places(&self, places: Arc<dyn PlaceSource + Send + Sync>) {
        self.shared.places.store(Arc::new(places));
    }

    /// Changes where requests go. Requests under way end where they began.
    ///
    /// # Errors
    ///
    /// If a target cannot be set up; then the old routes stay.
    pub fn reload_routes(&self, routes: &[Route]) -> Result<(), SetupError> {
        let routes = setup::routes(routes, &self.shared.limits)?;
        self.shared.routes.store(Arc::new(routes));
        Ok(())
    }

    /// Looks at the certificate files now, instead of at the next interval.
    pub fn reload_certificates(&self) {
        for listening in &self.listening {
            control::refresh(&self.shared, listening, &mut String::new());
        }
    }

    /// Stops accepting, lets requests under way finish within [`crate::settings::Limits::drain_timeout_ms`], and returns
    /// when all threads have ended.
    pub fn shutdown(mut self) {
        self.stop();
    }

    fn stop(&mut self) {
        self.shared.ready.store(false, Ordering::Release);
        self.shared.stop.send_replace(true);
        for worker in self.workers.drain(..) {
            if worker.join().is_err() {
                tracing::error!("a worker had panicked");
            }
        }
        self.shared.audit.close();
        // Last: until then, the admin address tells that the edge is not ready.
        if let Some((end, thread)) = self.control.take() {
            let _ended_already = end.send(());
            if thread.join().is_err() {
                tracing::error!("the control thread had panicked");
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
    }
}

fn report(outcome: std::io::Result<()>) {
    if let Err(error) = outcome {
        tracing::error!(%error, "a thread of the edge could not run");
    }
}
