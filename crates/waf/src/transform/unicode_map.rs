//! Characters that have a best fit among bytes, for servers that bring them down so.
//!
//! Source: ModSecurity Reference Manual, `SecUnicodeMapFile`.

/// Best fits by code unit. The default knows none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnicodeMap {
    /// In ascending order of units.
    fits: Box<[(u16, u8)]>,
}

impl UnicodeMap {
    /// From pairs of code point and byte; of two for one code point the last counts. Those beyond 16 bits, which `%uHHHH`
    /// cannot name, are dropped.
    #[must_use]
    pub fn new(pairs: &[(u32, u8)]) -> Self {
        let units = pairs.iter().filter_map(|&(code_point, byte)| Some((u16::try_from(code_point).ok()?, byte)));
        let mut fits: Vec<(u16, u8)> = units.collect();
        fits.reverse();
        // Stable, so that what came last is first of its unit.
        fits.sort_by_key(|&(unit, _)| unit);
        fits.dedup_by_key(|&mut (unit, _)| unit);
        Self { fits: fits.into() }
    }

    /// Whether it knows no unit at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fits.is_empty()
    }

    /// The byte that fits a code unit best.
    #[must_use]
    pub fn best_fit(&self, unit: u16) -> Option<u8> {
        let at = self.fits.binary_search_by_key(&unit, |&(known, _)| known).ok()?;
        Some(self.fits[at].1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_last_fit_of_a_unit() {
        let map = UnicodeMap::new(&[(0x2019, b'`'), (0xe9, b'e'), (0x2019, b'\''), (0x1_0041, b'A')]);
        assert_eq!(map.best_fit(0x2019), Some(b'\''));
        assert_eq!(map.best_fit(0xe9), Some(b'e'));
        assert_eq!(map.best_fit(0x41), None);
        assert!(!map.is_empty() && UnicodeMap::default().is_empty());
    }
}
