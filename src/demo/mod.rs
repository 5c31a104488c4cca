//! Generates two years of reports for a city from a seed: where and when they are made, their texts
//! and their histories. The demo, the benches and large tests share it.
//!
//! Reading order: `timeline` (when, with rain), `places` (where), `topics` (categories), `phrases`
//! and `texts` (texts), `life` (history), `generator` (combines them and applies the checks of a
//! real report), `layers` (city features). `table` draws by weight. Not here: the clock and
//! randomness (seed and instant are passed in), storing (store), progress (cli).

mod generator;
mod layers;
mod life;
mod phrases;
mod places;
mod table;
#[cfg(test)]
mod tests;
mod texts;
mod timeline;
mod topics;

pub use generator::Generator;
pub use layers::features;
