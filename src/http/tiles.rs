//! Tiles.
pub(super) fn tilejson_path(id: &str) -> String {
    format!("/tiles/{id}.json")
}
