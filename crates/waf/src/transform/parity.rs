//! The eighth bit as parity: behind `parityEven7bit` and `parityOdd7bit`.

/// A byte whose eighth bit makes the number of ones even, or odd, if it was clear before; if it was set, it stays set where
/// the number had the wrong parity, as in libmodsecurity.
pub(super) fn with_parity(byte: u8, odd: bool) -> u8 {
    let is_odd = byte.count_ones() % 2 == 1;
    if is_odd == odd { byte & 0x7f } else { byte | 0x80 }
}
