//! The tables in copy order: parents before children, each with its key and all its columns.
//! Columns that a database derives from others (boxes, geometries) are not included.

use super::table::Kind::{self, Blob, Integer, Real, Text};
use super::table::Table;
use diaban_core::domain::field::{Access, TABLE};

const PAGE: usize = 5_000;

/// The columns of public reports: those that the table of fields names, and the frame around them.
const REPORT_COLUMNS: &[(&str, Kind)] = &{
    let mut out = [("", Integer); FRAME.len() + STORED];
    let (mut n, mut i) = (0, 0);
    while n < FRAME.len() {
        out[n] = FRAME[n];
        n += 1;
    }
    while i < TABLE.len() {
        if let Some(stored) = TABLE[i].stored {
            let kind = match stored.access {
                Access::Text(..) => Text,
                Access::Code(..) | Access::Integer(..) | Access::Instant(..) => Integer,
                Access::Real(..) => Real,
            };
            out[n] = (stored.column, kind);
            n += 1;
        }
        i += 1;
    }
    out
};

const FRAME: [(&str, Kind); 9] = [
    ("seq", Integer),
    ("id", Integer),
    ("lon", Real),
    ("lat", Real),
    ("withdrawn", Integer),
    ("fed", Integer),
    ("fed_ms", Integer),
    ("precision", Integer),
    ("masked", Integer),
];

const STORED: usize = {
    let (mut n, mut i) = (0, 0);
    while i < TABLE.len() {
        if TABLE[i].stored.is_some() {
            n += 1;
        }
        i += 1;
    }
    n
};

pub(in crate::store) const TABLES: &[Table] = &[
    Table { name: "report_public", key: 1, numbered: true, page: PAGE, columns: REPORT_COLUMNS },
    Table {
        name: "report_private",
        key: 1,
        numbered: false,
        page: PAGE,
        columns: &[
            ("seq", Integer),
            ("lon", Real),
            ("lat", Real),
            ("accuracy_m", Real),
            ("address", Text),
            ("answers", Text),
            ("created_ms", Integer),
            ("title", Text),
            ("description", Text),
        ],
    },
    Table {
        name: "idempotency",
        key: 1,
        numbered: false,
        page: PAGE,
        columns: &[("key_hash", Blob), ("body_hash", Blob), ("report_id", Integer)],
    },
    // Numbered by the writer: one more than the last, and events are never deleted.
    Table {
        name: "event",
        key: 1,
        numbered: false,
        page: PAGE,
        columns: &[
            ("seq", Integer),
            ("report", Integer),
            ("at_ms", Integer),
            ("role", Text),
            ("from_state", Integer),
            ("to_state", Integer),
            ("reason", Text),
            ("note", Text),
            ("n", Integer),
            ("kind", Integer),
            ("ward", Text),
            ("from_ward", Text),
            ("shown_ms", Integer),
            ("internal", Text),
            ("actor", Text),
            ("redirect_to", Text),
            ("body", Text),
            ("from_body", Text),
            ("level", Integer),
            ("from_level", Integer),
            ("masked", Integer),
            ("written_reason", Text),
            ("written_note", Text),
            ("due_ms", Integer),
            ("from_due_ms", Integer),
            ("said", Text),
            ("until_ms", Integer),
            ("rating", Integer),
            ("rating_reasons", Text),
            ("task", Integer),
            ("task_state", Integer),
        ],
    },
    Table {
        name: "waiting",
        key: 1,
        numbered: false,
        page: PAGE,
        columns: &[
            ("event", Integer),
            ("report", Integer),
            ("id", Integer),
            ("hour_ms", Integer),
            ("live", Integer),
            ("body", Text),
            ("rule", Text),
            ("lon", Real),
            ("lat", Real),
        ],
    },
    Table {
        name: "erased",
        key: 1,
        numbered: false,
        page: PAGE,
        columns: &[("id", Integer), ("key_hash", Blob), ("at_ms", Integer)],
    },
    Table {
        name: "area_generation",
        key: 1,
        numbered: false,
        page: 1,
        columns: &[("id", Text), ("source", Text), ("imported_ms", Integer), ("boundaries", Blob)],
    },
    Table {
        name: "area_edition",
        key: 1,
        numbered: true,
        page: 1,
        columns: &[
            ("seq", Integer),
            ("generation", Text),
            ("source", Text),
            ("imported_ms", Integer),
            ("boundaries", Blob),
            ("successors", Text),
            ("state", Integer),
            ("from_ms", Integer),
            ("prepared_to", Integer),
            ("announced_ms", Integer),
        ],
    },
    Table {
        name: "area_turn",
        key: 1,
        numbered: true,
        page: PAGE,
        columns: &[
            ("seq", Integer),
            ("edition", Integer),
            ("former", Integer),
            ("at_ms", Integer),
            ("undo_ms", Integer),
        ],
    },
    Table {
        name: "placed",
        key: 2,
        numbered: false,
        page: PAGE,
        columns: &[
            ("edition", Integer),
            ("report", Integer),
            ("ward", Text),
            ("body", Text),
            ("rule", Text),
            ("lon", Real),
            ("lat", Real),
            ("border_m", Real),
            ("offshore_m", Real),
            ("told", Integer),
            ("from_ward", Text),
            ("note", Text),
            ("events", Integer),
        ],
    },
    Table {
        name: "awaited",
        key: 1,
        numbered: false,
        page: PAGE,
        columns: &[
            ("report", Integer),
            ("wait", Integer),
            ("n", Integer),
            ("asked_ms", Integer),
            ("until_ms", Integer),
            ("from_due_ms", Integer),
            ("due_ms", Integer),
            ("silent", Integer),
        ],
    },
    Table {
        name: "task",
        key: 2,
        numbered: false,
        page: PAGE,
        columns: &[
            ("report", Integer),
            ("n", Integer),
            ("body", Text),
            ("contractor", Text),
            ("what", Text),
            ("given_ms", Integer),
            ("due_ms", Integer),
            ("state", Integer),
            ("ended_ms", Integer),
        ],
    },
    Table {
        name: "access_key",
        key: 1,
        numbered: false,
        page: PAGE,
        columns: &[
            ("id", Text),
            ("hash", Blob),
            ("name", Text),
            ("scopes", Text),
            ("query", Text),
            ("created_ms", Integer),
            ("expires_ms", Integer),
            ("revoked_ms", Integer),
            ("wards", Text),
            ("bodies", Text),
        ],
    },
    Table {
        name: "webhook",
        key: 1,
        numbered: false,
        page: PAGE,
        columns: &[
            ("id", Text),
            ("url", Text),
            ("query", Text),
            ("secret", Text),
            ("former_secret", Text),
            ("former_ms", Integer),
            ("position", Integer),
            ("created_ms", Integer),
            ("attempts", Integer),
            ("first_ms", Integer),
            ("next_ms", Integer),
            ("why", Text),
            ("disabled_ms", Integer),
        ],
    },
    Table {
        name: "webhook_failed",
        key: 3,
        numbered: false,
        page: PAGE,
        columns: &[
            ("webhook", Text),
            ("report", Integer),
            ("n", Integer),
            ("failed_ms", Integer),
            ("attempts", Integer),
            ("why", Text),
        ],
    },
    Table {
        name: "office_read",
        key: 4,
        numbered: false,
        page: PAGE,
        columns: &[
            ("key_id", Text),
            ("report", Integer),
            ("what", Integer),
            ("day", Integer),
            ("first_ms", Integer),
            ("last_ms", Integer),
            ("times", Integer),
        ],
    },
    Table {
        name: "account",
        key: 1,
        numbered: false,
        page: PAGE,
        columns: &[
            ("login", Text),
            ("name", Text),
            ("scopes", Text),
            ("wards", Text),
            ("bodies", Text),
            ("password", Text),
            ("created_ms", Integer),
            ("seen_ms", Integer),
            ("disabled_ms", Integer),
        ],
    },
    Table {
        name: "account_link",
        key: 1,
        numbered: false,
        page: PAGE,
        columns: &[("login", Text), ("hash", Blob), ("until_ms", Integer)],
    },
    Table {
        name: "account_session",
        key: 1,
        numbered: false,
        page: PAGE,
        columns: &[("hash", Blob), ("login", Text), ("begun_ms", Integer), ("seen_ms", Integer)],
    },
    // Numbered by the writer: one more than the last, and never deleted.
    Table {
        name: "account_event",
        key: 1,
        numbered: false,
        page: PAGE,
        columns: &[("seq", Integer), ("login", Text), ("at_ms", Integer), ("kind", Integer)],
    },
    Table {
        name: "login_try",
        key: 1,
        numbered: false,
        page: PAGE,
        columns: &[("hash", Blob), ("failures", Integer), ("since_ms", Integer), ("last_ms", Integer)],
    },
    Table {
        name: "secret",
        key: 1,
        numbered: false,
        page: PAGE,
        columns: &[("name", Text), ("value", Blob)],
    },
    Table {
        name: "feature",
        key: 1,
        numbered: true,
        page: 200,
        columns: &[
            ("seq", Integer),
            ("id", Integer),
            ("collection", Text),
            ("source", Text),
            ("source_id", Text),
            ("revision", Integer),
            ("hash", Blob),
            ("geometry", Text),
            ("properties", Text),
            ("created_ms", Integer),
            ("updated_ms", Integer),
            ("membership", Integer),
            ("edition", Integer),
            ("named", Text),
        ],
    },
    Table {
        name: "feature_ward",
        key: 2,
        numbered: false,
        page: PAGE,
        columns: &[("feature", Integer), ("ward", Text)],
    },
    // The log comes last, so that a position is present only if its changes are.
    Table {
        name: "change",
        key: 1,
        numbered: true,
        page: PAGE,
        columns: &[
            ("seq", Integer),
            ("kind", Integer),
            ("first", Integer),
            ("last", Integer),
            ("at_ms", Integer),
        ],
    },
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    type Columns = BTreeMap<String, Vec<(String, String)>>;

    /// Tables and columns with their types as a folder of migrations creates them, without derived
    /// columns.
    fn declared(folder: &str) -> Columns {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/migrations").join(folder);
        let mut files: Vec<_> = std::fs::read_dir(root).unwrap().map(|f| f.unwrap().path()).collect();
        files.sort();
        assert!(files.len() >= 6, "{files:?}");
        let mut found = Columns::new();
        for file in files {
            let text = std::fs::read_to_string(&file).unwrap();
            let text: String =
                text.lines().map(|l| l.split("--").next().unwrap().to_owned() + "\n").collect();
            let mut table: Option<String> = None;
            for line in text.lines().map(str::trim) {
                let words: Vec<&str> = line.split_whitespace().collect();
                match (&mut table, &words[..]) {
                    (None, ["CREATE", "TABLE", name, ..]) => {
                        found.insert((*name).to_owned(), Vec::new());
                        table = Some((*name).to_owned());
                    }
                    (None, ["ALTER", "TABLE", name, "ADD", "COLUMN", column, kind, ..]) => {
                        let columns = found.get_mut(*name).unwrap();
                        columns.push(((*column).to_owned(), kind.trim_end_matches(';').to_owned()));
                    }
                    (None, ["DROP", "TABLE", name]) => {
                        found.remove(name.trim_end_matches(';'));
                    }
                    (None, ["ALTER", "TABLE", ..]) => panic!("teach this test: {line}"),
                    (Some(_), [end, ..]) if end.starts_with(')') => table = None,
                    (Some(_), ["PRIMARY" | "UNIQUE", ..] | []) => {}
                    (Some(_), _) if line.contains("GENERATED ALWAYS") => {}
                    (Some(name), [column, kind, ..]) => {
                        let kind = kind.trim_end_matches(',').to_owned();
                        found.get_mut(name).unwrap().push(((*column).to_owned(), kind));
                    }
                    _ => {}
                }
            }
        }
        found
    }

    #[test]
    fn every_table_and_column_of_both_schemas_is_copied() {
        for (folder, kinds) in [
            ("sqlite", [("INTEGER", Integer), ("REAL", Real), ("TEXT", Text), ("BLOB", Blob)].as_slice()),
            (
                "postgres",
                &[
                    ("bigint", Integer),
                    ("smallint", Integer),
                    ("double", Real),
                    ("text", Text),
                    ("bytea", Blob),
                ],
            ),
        ] {
            let of = |name: &str| kinds.iter().find(|k| k.0 == name).unwrap_or_else(|| panic!("{name}")).1;
            let there: BTreeMap<String, Vec<(String, Kind)>> = declared(folder)
                .into_iter()
                .map(|(t, c)| (t, c.into_iter().map(|(name, kind)| (name, of(&kind))).collect()))
                .collect();
            let copied: BTreeMap<String, Vec<(String, Kind)>> = TABLES
                .iter()
                .map(|t| (t.name.to_owned(), t.columns.iter().map(|(n, k)| ((*n).to_owned(), *k)).collect()))
                .collect();
            // Followers of one database do not follow another, and a lock has no rows.
            let mut there = there;
            for not_copied in ["follower", "webhook_sender"] {
                assert!(there.remove(not_copied).is_some());
            }
            assert_eq!(copied.keys().collect::<Vec<_>>(), there.keys().collect::<Vec<_>>(), "{folder}");
            for (table, columns) in there {
                let sorted = |mut list: Vec<(String, Kind)>| {
                    list.sort_by(|a, b| a.0.cmp(&b.0));
                    list
                };
                assert_eq!(sorted(copied[&table].clone()), sorted(columns), "{folder}: {table}");
            }
        }
    }
}
