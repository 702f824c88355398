//! Links between the nodes of a cluster: TCP, or TLS where it is configured, with the cluster's secret proven in both
//! directions before anything else is said.

mod charter;
mod frame;
mod hello;
mod link;
mod tcp;
mod tls;

pub use charter::{CharterError, agree};
pub use tcp::{LinkOptions, TcpLinks};
pub use tls::{Tls, TlsFiles};
