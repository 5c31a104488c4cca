//! A city's two years of reports, made up from a seed: where they come from, when, what they say
//! and what became of them. The demo, the benches and large tests share it.
//!
//! Reading order: `timeline` (when, with rain), `places` (where), `topics` (about what), `phrases` and
//! `words` (what it says), `life` (what became of it), `generator` (all of it, through the same checks
//! as a real report), `layers` (what the city shows beside). `table` draws by weight.
//! Not here: the clock and the dice (seed and instant are passed in), storing (store), progress (cli).

mod generator;
mod layers;
mod life;
mod phrases;
mod places;
mod table;
#[cfg(test)]
mod tests;
mod timeline;
mod topics;
mod words;

pub use generator::Generator;
pub use layers::features;
