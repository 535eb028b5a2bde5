//! Proof of work: a number that makes a hash begin with zeros, dear to find and cheap to check.
//!
//! The hash is SHA-256 over 40 bytes: the SHA-256 of the task's text, then the number, big endian. A page finds it with a
//! SHA-256 of its own, for `crypto.subtle` is missing where there is no TLS.

use ring::digest::{SHA256, digest};

/// Whether `number` proves the work asked for: at least `bits` leading zero bits.
pub(super) fn is_proof(task: &str, number: u32, bits: u8) -> bool {
    let mut message = [0; 40];
    message[..32].copy_from_slice(digest(&SHA256, task.as_bytes()).as_ref());
    message[36..].copy_from_slice(&number.to_be_bytes());
    let hash = digest(&SHA256, &message);
    let first: [u8; 4] = std::array::from_fn(|index| hash.as_ref()[index]);
    u32::from_be_bytes(first).leading_zeros() >= u32::from(bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_is_found_by_trying_and_fits_its_task_alone() {
        let number = (0..).find(|&number| is_proof("task", number, 12)).unwrap();
        assert!(is_proof("task", number, 8) && !is_proof("task", number, 32));
        assert!(!(0..4).all(|other| is_proof(&format!("task{other}"), number, 12)));
    }
}
