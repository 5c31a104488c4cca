//! Nothing to build yet; the map page's check moves in with the page.
fn main() {}
