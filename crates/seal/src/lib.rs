//! Proof that nothing was altered.
//!
//! Every record is a leaf of a Merkle tree (RFC 6962). A [`Checkpoint`] says how many leaves there are and what their root is;
//! it is signed, so that whoever has one can tell whether the records are still those of that moment. The formats are
//! those of the community cryptography specifications (C2SP): signed notes, checkpoints, tiles, cosignatures of witnesses and proofs.
//!
//! Absent on purpose: what a record means, tables, the network, clocks.

mod checkpoint;
mod cosignature;
mod hash;
mod key;
mod log;
mod note;
mod proof;
mod record;
mod record_proof;
mod tiles;
mod tree;

pub use checkpoint::{Checkpoint, CheckpointError};
pub use cosignature::{Cosignature, Cosigner, WitnessKey};
pub use hash::Hash;
pub use key::{KeyError, SigningKey, VerifyingKey};
pub use log::{SealLog, SealLogError};
pub use note::{Note, NoteError, NoteSignature};
pub use proof::{ProofError, verify_consistency, verify_inclusion};
pub use record::record_hash;
pub use record_proof::{RecordProof, RecordProofError};
pub use tiles::{TILE_HASHES, TileFiles};
pub use tree::{Hashes, consistency_proof, fold, inclusion_proof, root};
