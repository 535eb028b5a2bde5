//! Copies of signed states in a bucket that lets nobody delete them (Object Lock): whoever holds this machine cannot make them unsaid.

use anyhow::Context as _;
use object_store::path::Path;
use object_store::{ObjectStoreExt as _, PutPayload};
use sekisho_seal::Note;
use sekisho_tables::{Location, Patience};

use crate::config::Copies as Config;

/// Where copies go.
pub(super) struct Copies(Location);

impl Copies {
    pub(super) fn new(config: &Config) -> anyhow::Result<Self> {
        let Config { url, endpoint_url, region } = config;
        // A bucket with Object Lock takes nothing without a checksum.
        let fixed = [("aws_checksum_algorithm", Some("sha256"))];
        let given = [("aws_endpoint", endpoint_url.as_deref()), ("aws_region", region.as_deref())];
        let options = fixed.into_iter().chain(given);
        let options: Vec<_> = options.filter_map(|(key, value)| Some((key.to_owned(), value?.to_owned()))).collect();
        Ok(Self(Location::s3(url, &options, Patience::default())?))
    }

    /// Keeps a state of so many records as `<prefix>/<log>/<size in twenty digits>`.
    pub(super) async fn put(&self, log: &str, size: u64, note: &Note) -> anyhow::Result<()> {
        let path = format!("{}{log}/{size:020}", self.0.url().path());
        let path = Path::from_url_path(&path).context("the name of the copy")?;
        let put = self.0.store().put(&path, PutPayload::from(note.to_text())).await;
        put.map(drop).with_context(|| format!("failed to copy a state of the seal to {}", self.0.url()))
    }
}
