//! Weighted random choice.

use rand::RngExt;
use rand_pcg::Pcg64;

/// Cumulative weights of positions.
#[derive(Clone, Debug)]
pub(super) struct Table(Vec<f64>);

impl Table {
    /// Weights are at least 0. If all are 0, the first position is drawn.
    pub(super) fn new(weights: impl IntoIterator<Item = f64>) -> Self {
        let mut sum = 0.0;
        Self(
            weights
                .into_iter()
                .map(|w| {
                    sum += w;
                    sum
                })
                .collect(),
        )
    }

    /// A table with weights 1, 1/2^s, 1/3^s …, so that few positions have most of the weight.
    pub(super) fn zipf(n: usize, s: f64) -> Self {
        Self::new((0..n).map(|i| zipf(i, s)))
    }

    /// Draws a position.
    pub(super) fn pick(&self, rng: &mut Pcg64) -> usize {
        let at = rng.random::<f64>() * self.0.last().copied().unwrap_or_default();
        self.0.partition_point(|sum| *sum <= at).min(self.0.len().saturating_sub(1))
    }
}

/// The Zipf weight of position `i`.
pub(super) fn zipf(i: usize, s: f64) -> f64 {
    (i as f64 + 1.0).powf(-s)
}

/// One of several with equal probability.
pub(super) fn one<'a, T: ?Sized>(of: &[&'a T], rng: &mut Pcg64) -> &'a T {
    of[rng.random_range(0..of.len())]
}
