//! Reads all layer files of a city together: their declarations, the uniqueness of ids across
//! files, and their examples, which must pass before anything is shown.

use std::sync::Arc;

use crate::domain::Collection;
use crate::map::layer::Layer;
use crate::map::layer::example::run;
use crate::map::layer::mistake::{Mistake, Mistakes, line_of};

/// Parses layer files, given with their paths and texts, and runs their examples.
///
/// # Errors
/// The mistakes of all files, each with file and line.
pub fn read_layers(
    files: &[(String, String)],
    collections: &[Arc<Collection>],
) -> Result<Vec<Layer>, Mistakes> {
    let (mut layers, mut mistakes) = (Vec::<Layer>::new(), Vec::new());
    for (file, text) in files {
        match Layer::parse(file, text, collections) {
            Err(Mistakes(more)) => mistakes.extend(more),
            Ok(layer) => {
                let found = taken(&layer, &layers).into_iter().chain(failing(&layer));
                let found = found.map(|(path, what)| Mistake {
                    file: file.clone(),
                    line: line_of(text, &path),
                    what,
                });
                mistakes.extend(found);
                layers.push(layer);
            }
        }
    }
    if mistakes.is_empty() { Ok(layers) } else { Err(Mistakes(mistakes)) }
}

/// Ids that another layer already uses.
fn taken(layer: &Layer, before: &[Layer]) -> Vec<(String, String)> {
    let mut out = Vec::new();
    if before.iter().any(|l| l.id == layer.id) {
        out.push(("id".to_owned(), format!("there is a layer {:?} already, choose another id", layer.id)));
    }
    for (i, v) in layer.vector_layers.iter().enumerate() {
        if let Some(other) = before.iter().find(|l| l.vector_layers.iter().any(|o| o.id == v.id)) {
            let what =
                format!("the layer {:?} has a vector layer {:?} already, choose another id", other.id, v.id);
            out.push((format!("vector_layers.{i}.id"), what));
        }
    }
    out
}

/// Examples that fail.
fn failing(layer: &Layer) -> Vec<(String, String)> {
    let run = |(i, e)| {
        run(layer, e).err().map(|what| (format!("example.{i}"), format!("the example fails: {what}")))
    };
    layer.example.iter().enumerate().filter_map(run).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files() -> (Vec<(String, String)>, Vec<Arc<Collection>>) {
        let pack = crate::pack::testing::pack();
        (pack.layer_files().to_vec(), pack.collections)
    }

    #[test]
    fn the_layers_of_the_pack_and_their_examples_hold() {
        let (files, collections) = files();
        let layers = read_layers(&files, &collections).unwrap_or_else(|e| panic!("{e}"));
        let counts: Vec<(&str, usize)> = layers.iter().map(|l| (l.id.as_str(), l.example.len())).collect();
        assert_eq!(
            counts,
            [("alerts", 3), ("facilities", 3), ("heat", 2), ("incidents", 2), ("traffic", 3), ("wards", 0)]
        );
    }

    /// The mistakes reported for the pack with one file changed or added.
    fn mistakes(name: &str, change: impl Fn(&str) -> String) -> Vec<String> {
        let (mut files, collections) = files();
        let (_, text) = files.iter_mut().find(|(path, _)| path.ends_with(&format!("/{name}.toml"))).unwrap();
        let changed = change(text);
        assert_ne!(changed, *text, "the change must hit something");
        *text = changed;
        let mistakes = read_layers(&files, &collections).map_or_else(|e| e.0, |_| Vec::new());
        mistakes.iter().map(Mistake::to_string).collect()
    }

    #[test]
    fn a_failing_example_says_what_the_tile_shows_instead() {
        let mistakes = mistakes("facilities", |t| {
            t.replacen("fee = true, source", "fee = false, color = \"red\", source", 1)
                .replace("kind = \"toilet\", source = \"example\", ", "source = \"example\", ")
        });
        let [first, second] = &mistakes[..] else { panic!("{mistakes:?}") };
        assert!(
            first.contains(
                "the tile has no color, the example says \"red\"; fee is true, the example says false"
            ),
            "{first}"
        );
        assert!(second.contains("the tile also has kind = \"toilet\""), "{second}");
        let lines: Vec<&str> = mistakes.iter().map(|t| t.split(':').nth(1).unwrap()).collect();
        let (files, _) = files();
        let text = &files.iter().find(|(path, _)| path.ends_with("/facilities.toml")).unwrap().1;
        let examples: Vec<String> = text
            .lines()
            .enumerate()
            .filter(|(_, l)| *l == "[[example]]")
            .map(|(i, _)| (i + 1).to_string())
            .collect();
        assert_eq!(lines, [&examples[0], &examples[2]]);
    }

    #[test]
    fn an_example_that_cannot_be_put_on_the_map_says_why() {
        for (from, to, part) in [
            (
                "state = \"received\"",
                "state = \"recieved\"",
                "row.state \"recieved\" is not a state; there are received",
            ),
            (
                "point = [106.70, 10.77], created_at = \"2026-03-01T00:00:00Z\", updated_at = \"2026-03-02T00:00:00Z\" }\nzoom = 14",
                "point = [10.77, 106.70], created_at = \"2026-03-01T00:00:00Z\", updated_at = \"2026-03-02T00:00:00Z\" }\nzoom = 14",
                "row.point",
            ),
            (
                "created_at = \"2026-03-01T00:00:00Z\", updated_at",
                "created_at = \"March\", updated_at",
                "row.created_at",
            ),
            ("copies = 1234", "copies = 4000000000", "row.copies"),
            ("top_1_count = 1234", "top_1_count = [1]", "tags.top_1_count must be a text"),
        ] {
            let mistakes = mistakes("incidents", |t| t.replacen(from, to, 1));
            assert!(mistakes.len() == 1 && mistakes[0].contains(part), "{mistakes:?}");
        }
        let mistakes = mistakes("alerts", |t| {
            t.replacen("\"type\":\"Polygon\"", "\"type\":\"Point\"", 1).replacen(
                "severity = \"severe\"",
                "severity = \"sevre\"",
                2,
            )
        });
        assert!(mistakes[0].contains("feature.geometry"), "{mistakes:?}");
    }

    #[test]
    fn ids_are_taken_once_among_all_files() {
        let (mut files, collections) = files();
        let wards = files.iter().find(|(path, _)| path.ends_with("/wards.toml")).unwrap().1.clone();
        files.push(("copy.toml".to_owned(), wards.replace("id = \"ward_labels\"", "id = \"other\"")));
        let mistakes = read_layers(&files, &collections).unwrap_err().to_string();
        let lines: Vec<&str> = mistakes.lines().collect();
        assert_eq!(
            lines,
            [
                "copy.toml:2: there is a layer \"wards\" already, choose another id",
                "copy.toml:11: the layer \"wards\" has a vector layer \"wards\" already, choose another id",
            ]
        );
    }

    #[test]
    fn a_layer_may_show_some_features_only_and_says_which_codes_there_are() {
        let mistakes = mistakes("facilities", |t| {
            t.replacen(
                "[appears]",
                "[only]\nkind = [\"hospitl\", \"park\"]\nfee = [\"true\"]\n\n[appears]",
                1,
            )
        });
        assert_eq!(mistakes.len(), 2, "{mistakes:?}");
        assert!(mistakes[0].contains("only: \"fee\" is not a property with codes"), "{mistakes:?}");
        assert!(
            mistakes[1].contains("only: kind has no code \"hospitl\", did you mean hospital?"),
            "{mistakes:?}"
        );
    }
}
