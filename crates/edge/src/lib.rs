//! Listeners, TLS, routing, the phases of a proxied request, the record of each decision.

pub mod settings;

pub mod http1;

mod client;
mod forward;
mod proxy_protocol;
mod route;

pub mod body;
pub mod fingerprint;
mod pages;
mod patience;
mod spawn;
mod stream;
mod tls;
mod tunnel;
mod upstream;

mod enforce;
mod inspect;
mod phased;
mod phases;
mod visit;

pub mod audit;
pub mod clock;
pub mod metrics;
pub mod rate;
pub mod record;
mod sample;
pub mod token;

mod admission;
mod connection;
mod listen;
mod server;

pub use server::{Edge, Neighbour, Running, Services, SetupError, Witness};
pub use tls::{CertificateProblem, TlsError, check_certificates};
pub use upstream::{AuthoritiesError, ClusterError};
