//! The real server on a free port, spoken to over HTTP; a module a promise.

mod areas;
mod clusters;
mod crashes;
mod description;
mod documents;
mod durability;
mod edge;
mod export;
mod feature_feeds;
mod features;
mod feeds;
mod flood;
mod harness;
mod hostile;
mod import_features;
mod import_reports;
mod items;
mod layers;
mod limits;
mod listen;
mod locate;
mod many;
mod moving;
mod moving_backup;
mod nearest;
mod open311;
mod pictures;
mod process;
mod query;
mod start;
mod styles;
mod submit;
#[path = "../../src/store/test_database.rs"]
mod test_database;
mod tiles;
mod withdraw;
