//! Notes, checkpoints, keys, cosignatures and proofs of records: any text is one or is refused, what was read is written and read
//! again the same, and a proof with changes in it verifies only if it still says the same.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use sekisho_seal::{
    Checkpoint, Cosigner, Hash, Note, NoteSignature, RecordProof, SigningKey, VerifyingKey, WitnessKey, record_hash,
    verify_consistency, verify_inclusion,
};

/// Keys of nobody, so that the same input does the same in every process.
const LOG: &str = "PRIVATE+KEY+log.example+2366962d+AXKdNb3Oyhesbam8mTvTfZPmlubZtgH6U7VEiQi2E7rE";
const WITNESS: &str = "PRIVATE+KEY+witness.example+cde0ba06+BND9vIABengmAcaHwdghC/HElObqDm8a+9m4IyvHUxYo";
const RAW: &[u8] = b"2 111122223333 eni-1 192.0.2.1 198.51.100.7 443 49152 6 10 840 1 2 ACCEPT OK";
const TIME_S: u64 = 1_795_348_800;

struct Signed {
    log: VerifyingKey,
    witness: WitnessKey,
    proof: RecordProof,
    text: String,
}

static SIGNED: LazyLock<Signed> = LazyLock::new(|| {
    let log = SigningKey::from_text(LOG).expect("a key");
    let witness = Cosigner::new(SigningKey::from_text(WITNESS).expect("a key")).expect("a witness's key");
    let (source, header, received_ms) = ("vpc-flow", "version account-id", 1_795_348_800_123);
    // The third of three leaves: its only neighbour is the node over the other two.
    let leaf = record_hash(source, header, received_ms, RAW);
    let first_two = Hash::of_node(Hash::of_leaf(b"a"), Hash::of_leaf(b"b"));
    let checkpoint = Checkpoint { origin: "log.example".to_owned(), size: 3, root: Hash::of_node(first_two, leaf) };
    let mut note = checkpoint.sign(&log);
    note.add(witness.cosign(&note, TIME_S));
    let (source, header) = (source.to_owned(), header.to_owned());
    let proof = RecordProof { source, header, received_ms, index: 2, hashes: vec![first_two], checkpoint: note };
    let text = proof.to_text();
    let signed = Signed { log: log.verifying(), witness: witness.verifying(), proof, text };
    assert_eq!(signed.proof.verify(RAW, &signed.log).expect("it holds"), checkpoint);
    signed
});

/// Whatever the text is, it reads the same again once it is written.
fn any(text: &str) {
    if let Ok(note) = Note::from_text(text) {
        assert_eq!(note.to_text(), text);
        _ = note.verified(&SIGNED.log);
        _ = SIGNED.witness.find(&note);
        if let Ok(checkpoint) = Checkpoint::from_body(note.text()) {
            assert_eq!(Checkpoint::from_body(&checkpoint.to_body()), Ok(checkpoint));
        }
    }
    if let Ok(signature) = NoteSignature::from_line(text) {
        assert_eq!(signature.to_line().trim_end_matches('\n'), text);
    }
    if let Ok(proof) = RecordProof::from_text(text) {
        assert_eq!(RecordProof::from_text(&proof.to_text()).as_ref(), Ok(&proof));
        _ = proof.verify(RAW, &SIGNED.log);
    }
    if let Ok(key) = VerifyingKey::from_text(text) {
        assert_eq!(VerifyingKey::from_text(&key.to_text()).map(|again| again.to_text()), Ok(key.to_text()));
    }
    _ = SigningKey::from_text(text);
    _ = WitnessKey::from_text(text);
}

/// A proof that was changed here and there.
fn changed(edits: &[u8]) {
    let mut text = SIGNED.text.clone().into_bytes();
    for [at, further, what, byte] in edits.as_chunks().0 {
        // Nothing is left of it once as many bytes are taken out.
        let Some(at) = (usize::from(*at) + usize::from(*further)).checked_rem(text.len()) else { return };
        match what % 3 {
            0 => text[at] = *byte,
            1 => text.insert(at, *byte),
            _ => drop(text.remove(at)),
        }
    }
    let Some(proof) = std::str::from_utf8(&text).ok().and_then(|text| RecordProof::from_text(text).ok()) else {
        return;
    };
    let same = &SIGNED.proof;
    if let Ok(checkpoint) = proof.verify(RAW, &SIGNED.log) {
        let said = |proof: &RecordProof| (proof.source.clone(), proof.header.clone(), proof.received_ms, proof.index);
        assert_eq!(said(&proof), said(same));
        assert_eq!((&proof.hashes, checkpoint.to_body().as_str()), (&same.hashes, same.checkpoint.text()));
    }
    if let Ok(Some(vouched)) = SIGNED.witness.find(&proof.checkpoint) {
        assert_eq!((proof.checkpoint.text(), vouched.time_s), (same.checkpoint.text(), TIME_S));
    }
}

/// Proofs of any length, of places and sizes of any kind.
fn proofs(bytes: &[u8]) {
    let Some((numbers, hashes)) = bytes.split_first_chunk::<16>() else { return };
    let (one, other) = numbers.split_at(8);
    let number = |bytes: &[u8]| u64::from_le_bytes(bytes.try_into().expect("eight bytes"));
    let (one, other) = (number(one), number(other));
    let hashes: Vec<_> = hashes.iter().map(|byte| Hash([*byte; 32])).collect();
    let (first, last) = (Hash([1; 32]), Hash([2; 32]));
    _ = verify_inclusion(first, one, other, &hashes, last);
    _ = verify_consistency((one, first), (other, last), &hashes);
}

fuzz_target!(|bytes: &[u8]| {
    let Some((&choice, bytes)) = bytes.split_first() else { return };
    match choice % 4 {
        0 => changed(bytes),
        1 => proofs(bytes),
        // The beginning of what a text may be, which an input need not find.
        2 => any(&format!("{}{}", SIGNED.text, String::from_utf8_lossy(bytes))),
        _ => any(&String::from_utf8_lossy(bytes)),
    }
});
