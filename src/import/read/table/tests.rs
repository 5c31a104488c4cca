//! Tables as five tools write them, and as people break them.

use std::ops::ControlFlow;

use proptest::prelude::*;

use super::super::sink::{Part, Sink};
use super::*;
use crate::import::raw::{Raw, Row};
use diaban_core::domain::field::Value;

#[derive(Default)]
struct Kept {
    header: Vec<String>,
    rows: Vec<Row>,
    notes: Vec<String>,
    twice: Vec<String>,
}

impl Sink for Kept {
    fn part(&mut self, _: Part) {}

    fn header(&mut self, names: &[String]) {
        names.clone_into(&mut self.header);
    }

    fn crs(&mut self, _: String) {}

    fn twice(&mut self, name: &str) {
        self.twice.push(name.to_owned());
    }

    fn note(&mut self, words: String) {
        self.notes.push(words);
    }

    fn row(&mut self, row: Row) -> ControlFlow<()> {
        self.rows.push(row);
        ControlFlow::Continue(())
    }
}

fn read(bytes: &[u8]) -> Kept {
    let columns = ["id", "lon", "lat", "Kinh độ", "Vĩ độ"].map(str::to_owned);
    let options =
        Options { delimiter: None, columns: &columns, collection: "facilities", osm: None, list: None };
    let mut kept = Kept::default();
    let bytes = strip_bom(bytes);
    rows(bytes, bytes, options, &Budget::new(), &mut kept).unwrap();
    kept
}

/// The texts of the rows, empty for nothing.
fn texts(kept: &Kept) -> Vec<Vec<String>> {
    let text = |raw: &Raw, name: &String| match raw.properties.get(name) {
        Some(Value::Text(t)) => t.clone(),
        _ => String::new(),
    };
    let of = |row: &Row| match row {
        Ok(raw) => kept.header.iter().map(|name| text(raw, name)).collect(),
        Err(rejected) => vec![format!("{}: {}", rejected.row, rejected.reason)],
    };
    kept.rows.iter().map(of).collect()
}

/// How a tool writes one cell: none is its mark for nothing.
type Writer = fn(Option<&str>) -> String;

fn doubled(text: &str, needs: impl Fn(char) -> bool) -> String {
    if text.contains(needs) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

/// `csv.writer`, delimiter and quote as they are by default.
fn python(text: Option<&str>) -> String {
    doubled(text.unwrap_or(""), |c| matches!(c, ',' | '"' | '\r' | '\n'))
}

/// Excel where the decimal mark is a comma.
fn excel(text: Option<&str>) -> String {
    doubled(text.unwrap_or(""), |c| matches!(c, ';' | '"' | '\r' | '\n'))
}

/// `LibreOffice` with tabs.
fn libreoffice(text: Option<&str>) -> String {
    doubled(text.unwrap_or(""), |c| matches!(c, '\t' | '"' | '\r' | '\n'))
}

/// `COPY … WITH (FORMAT csv)`: an empty text is in quotes, nothing is nothing.
fn copy_csv(text: Option<&str>) -> String {
    match text {
        None => String::new(),
        Some("" | "\\.") => format!("\"{}\"", text.unwrap_or_default()),
        Some(t) => doubled(t, |c| matches!(c, ',' | '"' | '\r' | '\n')),
    }
}

/// `COPY … WITH (FORMAT text)`.
fn copy_text(text: Option<&str>) -> String {
    let Some(text) = text else { return "\\N".to_owned() };
    text.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r").replace('\t', "\\t")
}

/// `SELECT … INTO OUTFILE … FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '"'`.
fn mysql(text: Option<&str>) -> String {
    let Some(text) = text else { return "\\N".to_owned() };
    if text.parse::<f64>().is_ok() {
        return text.to_owned();
    }
    format!(
        "\"{}\"",
        text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\\n").replace('\r', "\\\r")
    )
}

fn table(rows: &[[Option<String>; 5]], write: Writer, delimiter: &str, end: &str, mark: &str) -> String {
    let line = |cells: Vec<String>| cells.join(delimiter) + end;
    let header = ["id", "lon", "lat", "Tên", "ghi chú"].map(|name| write(Some(name)));
    let body = rows.iter().map(|row| line(row.iter().map(|c| write(c.as_deref())).collect()));
    format!("{mark}{}{}", line(header.into()), body.collect::<String>())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]
    #[test]
    fn five_tools_write_the_same_rows(
        cells in prop::collection::vec(("[aĐộ,;|'\"\\\\\t\n 1.-]{0,9}", "[bắ,;\"\\\\\n ]{1,9}"), 3..12),
    ) {
        let rows: Vec<[Option<String>; 5]> = cells
            .iter()
            .enumerate()
            .map(|(i, (name, note))| {
                // A text that only blanks are in is nothing, and a missing one in each table.
                let name = Some(name.trim().to_owned()).filter(|t| !t.is_empty());
                let note = Some(note.trim().to_owned()).filter(|t| i > 0 && !t.is_empty());
                [Some(format!("r{i}")), Some("106.7".into()), Some("10.78".into()), name, note]
            })
            .collect();
        // What one way of writing cannot tell from another is not asked: a mark for nothing as a text.
        let is_mark = |t: &String| ["\\N", "NULL"].contains(&t.as_str());
        prop_assume!(rows.iter().flatten().flatten().all(|t| !is_mark(t)));
        let wanted: Vec<Vec<String>> =
            rows.iter().map(|row| row.iter().map(|c| c.clone().unwrap_or_default()).collect()).collect();
        let tools: [(&str, Writer, &str, &str, &str); 6] = [
            ("python", python, ",", "\r\n", ""),
            ("excel", excel, ";", "\r\n", "\u{feff}"),
            ("libreoffice", libreoffice, "\t", "\n", ""),
            ("copy csv", copy_csv, ",", "\n", ""),
            ("copy text", copy_text, "\t", "\n", ""),
            ("mysql", mysql, ",", "\n", ""),
        ];
        for (tool, write, delimiter, end, mark) in tools {
            // Between tabs two backslashes are one of a database, or two.
            if tool == "libreoffice" && rows.iter().flatten().flatten().any(|t| t.contains("\\\\")) {
                continue;
            }
            let text = table(&rows, write, delimiter, end, mark);
            let kept = read(text.as_bytes());
            // A cell of several lines may read as rows with a mark of inches each: it is refused with that reason.
            let both = |t: &String| t.contains('\n') && t.contains(delimiter);
            let refused = |row: &Vec<String>| row.len() == 1 && row[0].contains("look like rows");
            if rows.iter().flatten().flatten().any(both) && texts(&kept).iter().any(refused) {
                continue;
            }
            prop_assert_eq!(&kept.header, &["id", "lon", "lat", "Tên", "ghi chú"], "{}: {}", tool, text);
            prop_assert_eq!(texts(&kept), wanted.clone(), "{}: {}", tool, text);
        }
    }

    /// A line is a row, or is refused by its number, or belongs to a row before it.
    #[test]
    fn no_line_is_lost(pieces in prop::collection::vec(prop::sample::select(vec![
        "a", ",", ";", "\"", "\\", "\n", "\r\n", "\r", "id,b,c\n", "1,2,3\n", "\"x\ny\",2,3\n", "\t", " ",
    ]), 0..40)) {
        let text = format!("id,b,c\n{}", pieces.concat());
        let kept = read(text.as_bytes());
        let mut lines = Lines::new(text.as_bytes());
        let mut starts = Vec::new();
        while let Ok(Some(line)) = lines.next() {
            let blank = content(&line).iter().all(|b| *b == b' ');
            starts.push((lines.number - 1, blank, content(&line).contains(&b'"')));
        }
        let rows: Vec<u64> = kept.rows.iter().map(|r| r.as_ref().map_or_else(|e| e.row, |raw| raw.row)).collect();
        prop_assert!(rows.is_sorted_by(|a, b| a < b), "{:?}", rows);
        // Without quotes and backslashes every line that is not blank is a row.
        if !text.contains(['"', '\\']) {
            let skipped = kept.notes.len() as u64;
            let wanted: Vec<u64> = starts.iter().filter(|s| !s.1).map(|s| s.0).skip(1).collect();
            prop_assert!(skipped > 0 || rows == wanted, "{:?} {:?} {:?}", text, rows, wanted);
        }
    }
}

#[test]
fn a_quote_that_is_never_closed_costs_its_own_line() {
    let row = |i: u32| format!("r{i},106.7,10.78,Nhà {i}\n");
    let good: String = (2..6).map(row).collect();
    let later: String = (7..40).map(row).collect();
    let bad = "r6,106.7,10.78,\"Biển 24 inch\n";
    for (tail, name) in [
        ("", "to the end"),
        ("r40,106.7,10.78,\"Nhà, số 40\"\n", "until another opens"),
        ("r40,106.7,10.78,màn hình 24\"\n", "until one that looks as if it closed"),
        ("r40,106.7,10.78,\"\"\n", "until an empty one"),
    ] {
        let text = format!("id,lon,lat,Tên\n{good}{bad}{later}{tail}");
        let kept = read(text.as_bytes());
        let refused: Vec<_> = kept.rows.iter().filter_map(|r| r.as_ref().err()).collect();
        assert_eq!(kept.rows.len(), 38 + usize::from(!tail.is_empty()), "{name}");
        assert!(
            refused.len() == 1 && refused[0].row == 6 && refused[0].reason.contains("quote"),
            "{name}: {refused:?}"
        );
    }
    // A text of several lines is one cell.
    let text = "id,lon,lat,Tên\nr2,106.7,10.78,\"Nhà,\nsố \"\"2\"\"\n\"\nr5,1,2,x\n";
    assert_eq!(texts(&read(text.as_bytes()))[0][3], "Nhà,\nsố \"2\"");
    assert_eq!(read(text.as_bytes()).rows[1].as_ref().unwrap().row, 5);
    for (line, word) in [
        ("r2,106.7,10.78,\"Nhà\" cũ\n", "Tên: text follows"),
        ("r2,106.7\n", "has 2 cells, the header has 4"),
        (",,,\n", "all its cells are empty"),
        ("r2,106.7,10.78,x,y\n", "has 5 cells"),
    ] {
        let kept = read(format!("id,lon,lat,Tên\n{line}r3,1,2,x,,\n").as_bytes());
        assert!(
            texts(&kept)[0][0].starts_with("2: ") && texts(&kept)[0][0].contains(word),
            "{:?}",
            texts(&kept)
        );
        assert!(kept.rows[1].is_ok(), "cells behind the last that are empty are filling");
    }
}

#[test]
fn the_header_is_found_and_told_where_it_is() {
    let body = "Mã;Kinh độ;Vĩ độ;Địa chỉ\n1;106,7;10,78;12 Lê Lợi, P. Bến Thành, Q. 1\n2;106,8;10,79;3 Hàm Nghi, P. A, Q. 1\n";
    for (head, line) in [
        ("", 1),
        ("sep=;\n", 2),
        ("\"sep=;\";;;\n", 2),
        ("BÁO CÁO ĐIỂM NGẬP\nNgày 1/12/2026, tổ 3\n\n", 4),
        ("BÁO CÁO;;;\n;;;\n", 3),
        ("Tổ 3;quý 4\nBáo cáo, quý 4, năm 2026\n", 3),
        ("\n\n", 3),
    ] {
        for end in ["\n", "\r\n", "\r"] {
            let text = format!("{head}{body}").replace('\n', end);
            let kept = read(text.as_bytes());
            assert_eq!(kept.header, ["Mã", "Kinh độ", "Vĩ độ", "Địa chỉ"], "{text:?}");
            assert_eq!(kept.rows[0].as_ref().unwrap().row, line + 1, "{text:?}");
            assert_eq!(texts(&kept)[1], ["2", "106,8", "10,79", "3 Hàm Nghi, P. A, Q. 1"], "{text:?}");
            assert_eq!(
                kept.notes.iter().any(|n| n.contains("passed over")),
                head.to_uppercase().contains("BÁO"),
                "{text:?}"
            );
        }
    }
    let kept = read("id|lon|lat|a|A||Ghi chú\u{301}\n1|2|3|4|5|6|7\n".as_bytes());
    assert_eq!(kept.header, ["id", "lon", "lat", "a", "A (2)", "column 6", "Ghi chú\u{301}"]);
    assert_eq!(kept.twice, ["A"]);
    let kept = read("id;lon;lat;2025;;;;;\n1;106,7;10,78;4;;;;;\n".as_bytes());
    assert_eq!((kept.header[3].as_str(), texts(&kept)[0][1].as_str()), ("2025", "106,7"));
    let kept = read("id,lon,lat,n\u{303}\n1, \"106.7\" ,10.78,\"a, b\" \n".as_bytes());
    assert_eq!(texts(&kept)[0], ["1", "106.7", "10.78", "a, b"]);
    assert_eq!(kept.header[3], "ñ");
}
