//! Draws by weight.

use rand::RngExt;
use rand_pcg::Pcg64;

/// Positions with weights, ready to be drawn from.
#[derive(Clone, Debug)]
pub(super) struct Table(Vec<f64>);

impl Table {
    /// Weights are at least 0. A table without any weight draws its first position.
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

    /// Weights 1, 1/2^s, 1/3^s …: few places have most of it.
    pub(super) fn zipf(n: usize, s: f64) -> Self {
        Self::new((0..n).map(|i| zipf(i, s)))
    }

    /// Draws a position.
    pub(super) fn pick(&self, rng: &mut Pcg64) -> usize {
        let at = rng.random::<f64>() * self.0.last().copied().unwrap_or_default();
        self.0.partition_point(|sum| *sum <= at).min(self.0.len().saturating_sub(1))
    }
}

/// The weight of the `i`-th of many.
pub(super) fn zipf(i: usize, s: f64) -> f64 {
    (i as f64 + 1.0).powf(-s)
}

/// One of several, each as likely.
pub(super) fn one<'a, T: ?Sized>(of: &[&'a T], rng: &mut Pcg64) -> &'a T {
    of[rng.random_range(0..of.len())]
}
