//! The lake's numbers among the metrics, read when they are asked for.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::MetricType;
use sekisho_gather::SourceCounts;

use super::{Inside, Slot};

/// What is read when metrics are asked for; nothing before the lake is opened.
#[derive(Debug, Clone, Default)]
pub(crate) struct Numbers(pub(crate) Slot);

/// Of an exemplar that is never given.
type NoLabels = [(&'static str, &'static str); 0];
/// A counter of a source: its name, what it says, and where it is.
type SourceCounter = (&'static str, &'static str, fn(&SourceCounts) -> u64);

const OF_SOURCES: [SourceCounter; 13] = [
    ("received_records", "Records cut from what a source gave", |counts| counts.received_records),
    ("received_bytes", "Bytes that a source gave, decompressed", |counts| counts.received_bytes),
    ("stored_records", "Records of a source that are durable", |counts| counts.stored_records),
    ("stored_bytes", "Bytes of these, masked", |counts| counts.stored_bytes),
    ("refused_sets", "Times the disk refused records of a source; they are kept and brought again", |counts| {
        counts.refused_sets
    }),
    ("rejected", "Requests, messages and connections of a source that were turned away", |counts| counts.rejected),
    ("dropped_datagrams", "Datagrams that the system dropped before they were read", |counts| counts.dropped_datagrams),
    ("repeated", "What a source brought again and was known", |counts| counts.repeated),
    ("failures", "How often something of a source failed and was tried again", |counts| counts.failures),
    ("verified_digests", "Digests of CloudTrail that hold, with all they name", |counts| counts.verified_digests),
    ("failed_digests", "Digests of CloudTrail that do not hold, or name what does not", |counts| counts.failed_digests),
    ("verified_log_files", "Log files that are what a digest says", |counts| counts.verified_log_files),
    ("failed_log_files", "Log files that are missing, or not what a digest says", |counts| counts.failed_log_files),
];

impl Collector for Numbers {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let Some(inside) = self.0.get() else { return Ok(()) };
        encode_sources(inside, &mut encoder)?;
        encode_lake(inside, &mut encoder)?;
        encode_witnesses(inside, &mut encoder)
    }
}

fn encode_sources(inside: &Inside, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
    let counts = inside.gather.counts();
    for (name, help, count) in OF_SOURCES {
        let name = format!("sekisho_lake_{name}");
        let mut metric = encoder.encode_descriptor(&name, help, None, MetricType::Counter)?;
        for (source, counts) in &counts {
            metric.encode_family(&[("source", *source)])?.encode_counter::<NoLabels, _, u64>(&count(counts), None)?;
        }
    }
    let help = "Values that were masked before they were written, by kind";
    let mut metric = encoder.encode_descriptor("sekisho_lake_masked", help, None, MetricType::Counter)?;
    for (source, counts) in &counts {
        for (kind, count) in &counts.masked {
            let labels = [("source", *source), ("kind", kind.as_str())];
            metric.encode_family(&labels)?.encode_counter::<NoLabels, _, u64>(count, None)?;
        }
    }
    Ok(())
}

fn encode_lake(inside: &Inside, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
    // What cannot be told now is told as trouble.
    let status = inside.lake.status().ok();
    if let Some(status) = &status {
        let help = "Records that tell no event and are in quarantine";
        let mut metric =
            encoder.encode_descriptor("sekisho_lake_quarantined_records", help, None, MetricType::Counter)?;
        for (source, count) in &status.totals {
            let labels = [("source", source.as_str())];
            metric.encode_family(&labels)?.encode_counter::<NoLabels, _, u64>(&count.quarantined, None)?;
        }
    }
    let mut gauge = |name: &str, help: &str, value: Option<u64>| -> fmt::Result {
        let Some(value) = value else { return Ok(()) };
        let value = i64::try_from(value).unwrap_or(i64::MAX);
        encoder.encode_descriptor(name, help, None, MetricType::Gauge)?.encode_gauge(&value)
    };
    let status = status.as_ref();
    gauge("sekisho_lake_durable_records", "Records in the write-ahead log and in tables", status.map(|s| s.durable))?;
    gauge("sekisho_lake_sealed_records", "Records that the newest signed state covers", status.map(|s| s.sealed))?;
    gauge("sekisho_lake_committed_records", "Records that are in tables", status.map(|s| s.committed))?;
    let lag = status.map(|status| status.durable.saturating_sub(status.committed));
    gauge("sekisho_lake_uncommitted_records", "Durable records that are in no table yet", lag)?;
    gauge("sekisho_lake_append_bytes", "Bytes of the write-ahead log", status.map(|s| s.append_bytes))?;
    let sealed_s = status.and_then(|status| u64::try_from(status.sealed_at_ms / 1_000).ok());
    gauge("sekisho_lake_sealed_time_seconds", "When the newest state was signed, in seconds since 1970", sealed_s)?;
    let waiting = inside.decisions.as_ref().and_then(|decisions| inside.gather.waiting_bytes(decisions).ok());
    let help = "Bytes of recorded decisions that are not in the lake yet";
    gauge("sekisho_lake_decisions_waiting_bytes", help, waiting)?;
    let troubles = inside.troubles().len() as u64;
    gauge("sekisho_lake_troubles", "Things of the lake that fail just now and are tried again", Some(troubles))
}

fn encode_witnesses(inside: &Inside, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
    let help = "Records that a witness has signed for";
    let mut metric = encoder.encode_descriptor("sekisho_lake_witnessed_records", help, None, MetricType::Gauge)?;
    for (witness, records) in &*inside.all_witnessed() {
        let records = i64::try_from(*records).unwrap_or(i64::MAX);
        metric.encode_family(&[("witness", witness.as_str())])?.encode_gauge(&records)?;
    }
    Ok(())
}
