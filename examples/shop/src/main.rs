//! The sample shop on its own: `shop [ADDRESS]` listens on a loopback address and prints where.

use std::io::Write;
use std::net::SocketAddr;

use anyhow::Context;
use sekisho_shop::Shop;

const ADDRESS: &str = "127.0.0.1:3000";

fn main() -> anyhow::Result<()> {
    let text = std::env::args().nth(1).unwrap_or_else(|| ADDRESS.to_owned());
    let address: SocketAddr = text.parse().with_context(|| format!("{text:?} is not an address such as {ADDRESS}"))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (bound, shop) = Shop::bind(address)?;
    writeln!(std::io::stdout(), "shop listening on http://{bound}")?;
    runtime.block_on(shop)?;
    Ok(())
}
