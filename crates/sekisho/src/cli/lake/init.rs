//! `sekisho lake init`.

use std::sync::Arc;

use clap::Args;
use sekisho_disk::FileSystem;
use sekisho_edge::clock::SystemClock;
use sekisho_lake::{Lake, Place, Settings, Storage};

use super::super::Outcome;
use super::LakeArgs;
use crate::lake::name_of_this_host;
use crate::terminal;

/// Begin a lake, and say where its tables are. Credentials are those of the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN), the
/// container or the machine; they are not kept.
#[derive(Debug, Args)]
pub(in super::super) struct InitArgs {
    /// Where all tables are: s3://bucket/prefix. Default: in the lake's folder
    #[arg(long, value_name = "URL")]
    storage: Option<String>,
    /// Where days older than the hot ones are: s3://bucket/prefix
    #[arg(long, value_name = "URL")]
    cold: Option<String>,
    /// Where the buckets are, if not in S3 itself: http://127.0.0.1:9000
    #[arg(long, value_name = "URL")]
    endpoint_url: Option<String>,
    /// Region of the buckets. Default: AWS_REGION
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
    /// Another log that writes to the same tables, by its name; may be given more than once
    #[arg(long, value_name = "LOG")]
    writer: Vec<String>,
    /// Name of this lake's log, which all proofs carry: a host name and a path. Default: this machine's name, /lake
    #[arg(long, value_name = "LOG")]
    name: Option<String>,
    #[command(flatten)]
    lake: LakeArgs,
}

pub(super) fn init(args: &InitArgs) -> Outcome {
    let storage = Storage {
        tables: args.storage.clone(),
        cold: args.cold.clone(),
        endpoint_url: args.endpoint_url.clone(),
        region: args.region.clone(),
        writers: args.writer.clone(),
    };
    let folder = args.lake.folder();
    storage.write(&FileSystem, folder)?;
    let place = Place::folder(folder)?;
    let name = args.name.clone().unwrap_or_else(name_of_this_host);
    let lake = Lake::open(&place, Arc::new(SystemClock), &Settings { name, ..Settings::default() })?;
    for location in &place.tables {
        terminal::note(&format!("tables: {}", location.url()));
    }
    super::close(&lake)
}
