//! Code units beyond ASCII brought down to one byte.
//!
//! Source: AWS WAF Developer Guide, "Using text transformations", JS decode and URL decode uni; ModSecurity Reference
//! Manual, `jsDecode`, `urlDecodeUni`.

/// The byte for a code unit: full-width ASCII (U+FF01 to U+FF5E) as its plain form, anything else as its low byte.
pub(super) fn narrow(unit: u16) -> u8 {
    let [high, low] = unit.to_be_bytes();
    if high == 0xff && (0x01..=0x5e).contains(&low) { low + 0x20 } else { low }
}
