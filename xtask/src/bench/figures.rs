//! What is measured in one round, and figures across rounds.

use std::fmt;

/// One contender in one round.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Sample {
    pub(super) requests_per_second: f64,
    /// CPU time of the proxy's processes alone, in microseconds.
    pub(super) cpu_us_per_request: f64,
    /// Resident memory after the load, in MB (10⁶ bytes).
    pub(super) rss_mb: f64,
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { requests_per_second, cpu_us_per_request, rss_mb } = self;
        write!(f, "{requests_per_second:>8.0} requests/s {cpu_us_per_request:>7.1} µs CPU {rss_mb:>6.1} MB")
    }
}

/// A figure across rounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Figure {
    pub(super) median: f64,
    pub(super) min: f64,
    pub(super) max: f64,
}

impl Figure {
    /// Sums up at least one value.
    pub(super) fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let (first, last) = (values.first(), values.last());
        let (min, max) = first.zip(last).expect("every contender is measured in at least one round");
        let middle = values.len() / 2;
        let median =
            if values.len() % 2 == 1 { values[middle] } else { f64::midpoint(values[middle - 1], values[middle]) };
        Self { median, min: *min, max: *max }
    }

    /// The median and the spread, with `digits` after the point.
    pub(super) fn shown(&self, digits: usize) -> String {
        let Self { median, min, max } = self;
        format!("{median:.digits$} ({min:.digits$}–{max:.digits$})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_of_the_sorted_values() {
        assert_eq!(Figure::of([3.0, 1.0, 2.0]), Figure { median: 2.0, min: 1.0, max: 3.0 });
        assert_eq!(Figure::of([4.0, 1.0, 2.0, 3.0]).median, 2.5);
        assert_eq!(Figure::of([1.25, 1.0, 3.5]).shown(1), "1.2 (1.0–3.5)");
    }
}
