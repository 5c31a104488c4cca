//! What every tile keeps. Not here: the examples of the declared layers (layers).

use super::*;

#[test]
fn counts_are_abbreviated_as_supercluster_does() {
    for (n, text) in
        [(2, "2"), (999, "999"), (1000, "1k"), (1249, "1.2k"), (9960, "10k"), (9940, "9.9k"), (12_500, "13k")]
    {
        assert_eq!(abbreviated(n), text);
    }
}

#[test]
fn a_tile_without_rows_has_no_bytes() {
    let layer =
        Layer::parse("incidents.toml", include_str!("../../../../tiles/layers/incidents.toml"), &[]).unwrap();
    let snapshot = Snapshot::from_rows(Vec::new(), 0);
    let sources = Sources {
        snapshot: &snapshot,
        codebook: &CodeBook::default(),
        wards: None,
        features: &FeatureSets::default(),
        now: Instant::MIN,
    };
    assert!(tile(&sources, &layer, &Joint::default(), TileId::new(3, 1, 1).unwrap()).is_empty());
}
