//! `sekisho witness`.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use anyhow::Context as _;
use clap::Args;
use sekisho_disk::FileSystem;
use sekisho_edge::clock::SystemClock;
use sekisho_seal::{Cosigner, SigningKey, VerifyingKey};
use sekisho_witness::Witness;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::Outcome;
use crate::service::{self, signals};
use crate::{secret_file, terminal};

/// The witness's own key, in its folder.
const KEY_FILE: &str = "witness.key";
/// What it has signed, in its folder.
const SIGNED: &str = "signed";

/// Sign the states of lakes, each only if it follows from the one before.
#[derive(Debug, Args)]
pub(super) struct WitnessArgs {
    /// Name of this witness, such as witness.example/1; its key is made under it at the first start
    #[arg(long, value_name = "NAME")]
    name: String,
    /// Public key of a lake, as `sekisho lake status` prints it; may be given more than once
    #[arg(long, value_name = "KEY", required = true)]
    log: Vec<String>,
    /// Address to listen on, in plain HTTP: all that passes is public and signed
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9181")]
    listen: SocketAddr,
    /// Folder of the key and of what was signed. Losing it makes the witness forget: keep it
    #[arg(long, value_name = "DIR", default_value = "sekisho-witness")]
    data: PathBuf,
}

pub(super) fn witness(args: &WitnessArgs) -> Outcome {
    let logs = args
        .log
        .iter()
        .map(|key| VerifyingKey::from_text(key).with_context(|| format!("`{key}` is not the public key of a lake")));
    let logs = logs.collect::<anyhow::Result<Vec<_>>>()?;
    let cosigner = cosigner(&args.data, &args.name)?;
    let witness = Witness::open(Arc::new(FileSystem), &args.data.join(SIGNED), cosigner, logs)?;
    let signals = signals().context("failed to listen for signals")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("failed to start the runtime")?;
    runtime.block_on(serve(args.listen, witness, signals))?;
    Ok(ExitCode::SUCCESS)
}

async fn serve(address: SocketAddr, witness: Witness, signals: Receiver<i32>) -> anyhow::Result<()> {
    let listener = TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))?;
    terminal::note(&format!("listening on http://{}", listener.local_addr()?));
    terminal::note("give lakes this address and this key:");
    terminal::print(&format!("{}\n", witness.key()))?;
    let (stop, stopped) = oneshot::channel();
    std::thread::Builder::new().name("stop".to_owned()).spawn(move || {
        _ = signals.iter().find(|signal| service::ends(*signal));
        // If nobody listens any more, it has stopped already.
        _ = stop.send(());
    })?;
    let stopped = async { _ = stopped.await };
    sekisho_witness::serve(listener, Arc::new(witness), Arc::new(SystemClock), stopped).await;
    Ok(())
}

/// The witness's key: made at the first start.
fn cosigner(folder: &Path, name: &str) -> anyhow::Result<Cosigner> {
    let path = folder.join(KEY_FILE);
    if !path.exists() {
        let key = SigningKey::generate_witness(name)?;
        secret_file::make(&path, &key.to_secret_text()).with_context(|| format!("cannot make {}", path.display()))?;
    }
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let unusable = || format!("{} is not the key of a witness", path.display());
    let key = SigningKey::from_text(text.trim_end()).with_context(unusable)?;
    anyhow::ensure!(
        key.verifying().name() == name,
        "{} is the key of `{}`, not of `{name}`: give that name, or another folder",
        path.display(),
        key.verifying().name()
    );
    Cosigner::new(key).with_context(unusable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_made_once_under_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let first = cosigner(folder.path(), "w.example").unwrap().verifying();
        assert_eq!(cosigner(folder.path(), "w.example").unwrap().verifying(), first);
        let told = cosigner(folder.path(), "other").unwrap_err().to_string();
        assert!(told.contains("the key of `w.example`, not of `other`"), "{told}");
        fs::write(folder.path().join(KEY_FILE), "PRIVATE+KEY+x").unwrap();
        let told = cosigner(folder.path(), "w.example").unwrap_err().to_string();
        assert!(told.contains("is not the key of a witness") && !told.contains("PRIVATE"), "{told}");
    }
}
