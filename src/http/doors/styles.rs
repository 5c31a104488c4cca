//! Map styles at `/styles/{name}.json`, with the sprites and glyphs they use: `/sprites/{name}` and
//! `/fonts/{stack}/{range}.pbf`. `make web` builds all of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;

use crate::http::Service;
use crate::http::doors::page;
use crate::http::wire::document::{CachePolicy, Document};
use crate::http::wire::extract::{lang, pairs};
use crate::http::wire::parts::Link;
use crate::http::wire::problem::Problem;
use diaban_core::map::{Layer, Mistakes, Reader, Style};
use diaban_core::query::params::check_names;

/// Media type of glyphs.
pub(in crate::http) const GLYPHS: &str = "application/x-protobuf";
/// Code points of a range.
const RANGE: u32 = 256;

/// The styles of the service by name.
#[derive(Clone, Debug)]
pub struct Styles(BTreeMap<String, Style>);

impl Styles {
    /// The built-in styles and those of the city's pack; `own` are path and text of the latter. A
    /// style of the pack replaces a built-in one with the same name.
    ///
    /// # Errors
    /// The mistakes of all files, each with file and line, when a style shows something that does
    /// not exist.
    pub fn new(own: &[(String, String)], layers: &[Layer]) -> Result<Self, Mistakes> {
        let (mut styles, mut mistakes) = (BTreeMap::new(), Vec::new());
        let mut add = |name: String, style: Result<Style, Mistakes>| match style {
            Ok(style) => drop(styles.insert(name, style)),
            Err(Mistakes(more)) => mistakes.extend(more),
        };
        for name in names("styles/", ".json") {
            let text = page::file(&format!("styles/{name}.json")).unwrap_or_default();
            let text = String::from_utf8_lossy(&text);
            let style = Style::fitted(&format!("the style {name} inside the executable"), &text, layers);
            add(name, style);
        }
        for (path, text) in own {
            let name = std::path::Path::new(path).file_stem().unwrap_or_default().to_string_lossy();
            add(name.into_owned(), Style::parse(path, text, layers));
        }
        if mistakes.is_empty() { Ok(Self(styles)) } else { Err(Mistakes(mistakes)) }
    }

    /// The layers of vector basemaps that at least one style uses.
    pub(in crate::http) fn basemap_layers(&self) -> BTreeSet<&str> {
        self.0.values().flat_map(Style::basemap_layers).collect()
    }

    /// Their names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

/// The map styles.
#[derive(Serialize, JsonSchema)]
pub(in crate::http) struct StyleList {
    styles: Vec<StyleInfo>,
}

#[derive(Serialize, JsonSchema)]
struct StyleInfo {
    id: String,
    title: String,
    links: Vec<Link>,
}

/// `/styles`: which there are.
pub(in crate::http) async fn list(
    State(service): State<Arc<Service>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    crate::http::doors::features::json_only(query.as_deref(), &headers)?;
    let styles = service
        .styles
        .0
        .iter()
        .map(|(name, style)| {
            let href = format!("{}/styles/{name}.json", service.public_url);
            let link = Link { title: None, ..Link::new(href, "stylesheet", "application/json", "") };
            let title = style.title().unwrap_or(name).to_owned();
            StyleInfo { id: name.clone(), title, links: vec![link] }
        })
        .collect();
    Ok(Document::typed("application/json", &StyleList { styles }, CachePolicy::Revalidate).answer(&headers))
}

/// `/styles/{name}.json?lang=`
pub(in crate::http) async fn style(
    State(service): State<Arc<Service>>,
    Path(file): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let pairs = pairs(query.as_deref());
    let mut faults = check_names(&pairs, &["lang"]);
    let lang = lang(&pairs, service.city.pack.city.lang, &mut faults);
    if !faults.is_empty() {
        return Err(Problem::parameters(faults));
    }
    let found = file.strip_suffix(".json").and_then(|name| service.styles.0.get(name));
    let style = found.ok_or_else(|| {
        let known = service.styles.names().collect::<Vec<_>>().join(", ");
        Problem::not_found(format!("styles are at /styles/{{name}}.json; there are {known}"))
    })?;
    let city = &service.city.pack.city;
    let reader = Reader {
        base: &service.public_url,
        lang,
        background: service.basemap.background(),
        center: city.map.center,
        zoom: city.map.overview_zoom,
        units: &city.units,
    };
    Ok(Document::json("application/json", &style.document(&reader), CachePolicy::Revalidate).answer(&headers))
}

/// `/sprites/{name}.json` and `.png`. One sheet is used for all screens. It is also served as
/// `@2x`, the name that clients with high-density screens request.
pub(in crate::http) async fn sprite(
    Path(file): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let file = file.replacen("@2x.", ".", 1);
    let sheet = page::file(&format!("sprites/{file}")).ok_or_else(|| {
        let names = names("sprites/", ".json").join(", ");
        Problem::not_found(format!(
            "sprites are at /sprites/{{name}} with .json, .png, @2x.json or @2x.png; there are {names}"
        ))
    })?;
    Ok(Document::new(page::media(&file), sheet, CachePolicy::Hour).answer(&headers))
}

/// `/fonts/{stack}/{range}.pbf`. `stack` may be a comma list: the first known font is used. Any other
/// stack, which styles of others name, is drawn with the house font: after an error clients drop whole
/// tiles, with all that is in them.
pub(in crate::http) async fn font(
    Path((stack, file)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let known: BTreeSet<String> =
        page::files("glyphs/").filter_map(|f| Some(f.split_once('/')?.0.to_owned())).collect();
    let asked = stack.split(',').map(str::trim);
    let house = || known.iter().find(|name| is_bold(name) == is_bold(&stack)).or_else(|| known.first());
    let font = asked.clone().find_map(|name| known.get(name)).or_else(house);
    let (Some(font), Some(first)) = (font, file.strip_suffix(".pbf").and_then(first_of)) else {
        return Err(Problem::not_found(
            "glyphs are in ranges: 0-255.pbf, 256-511.pbf and so on in steps of 256",
        ));
    };
    let range = format!("{first}-{}", first + RANGE - 1);
    // A range without glyphs is answered with an empty one, because after a 404 clients drop all
    // labels of a tile.
    let glyphs =
        page::file(&format!("glyphs/{font}/{range}.pbf")).unwrap_or_else(|| no_glyphs(font, &range).into());
    Ok(Document::new(GLYPHS, glyphs, CachePolicy::Week).answer(&headers))
}

/// Whether the name of a font, or of one in a stack, is that of a heavy one.
fn is_bold(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["bold", "black", "heavy", "medium"].iter().any(|weight| name.contains(weight))
}

/// The first code point of a range, if it is one.
fn first_of(range: &str) -> Option<u32> {
    let first: u32 = range.split_once('-')?.0.parse().ok()?;
    let right = first.is_multiple_of(RANGE) && first <= u32::from(char::MAX);
    (right && range == format!("{first}-{}", first + RANGE - 1)).then_some(first)
}

/// An empty glyph PBF for a font and a range; both names are short.
fn no_glyphs(font: &str, range: &str) -> Vec<u8> {
    let field = |number: u8, content: &[u8]| {
        let length = u8::try_from(content.len()).ok().filter(|n| *n < 128).expect("our names are short");
        [&[(number << 3) | 2, length], content].concat()
    };
    field(1, &[field(1, font.as_bytes()), field(2, range.as_bytes())].concat())
}

/// The names of the files with an extension in a folder of `web/dist`.
fn names(folder: &'static str, extension: &str) -> Vec<String> {
    page::files(folder).filter_map(|file| file.strip_suffix(extension).map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_steps_of_256() {
        assert_eq!(first_of("0-255"), Some(0));
        assert_eq!(first_of("7680-7935"), Some(7680));
        assert_eq!(first_of("65280-65535"), Some(65280));
        assert_eq!(first_of("127744-127999"), Some(127_744), "emoji");
        for wrong in [
            "",
            "0",
            "0-256",
            "1-256",
            "-255",
            "+0-255",
            "00-255",
            "1114112-1114367",
            "4294967040-4294967295",
            "a-b",
        ] {
            assert_eq!(first_of(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn our_fonts_have_the_letters_of_the_language() {
        let fonts: Vec<String> = page::files("glyphs/").collect();
        for font in ["Be Vietnam Pro Regular", "Be Vietnam Pro SemiBold"] {
            for letter in "aĂđƠưạỹ–₫".chars() {
                let first = u32::from(letter) / RANGE * RANGE;
                assert!(fonts.contains(&format!("{font}/{first}-{}.pbf", first + 255)), "{font} {letter}");
            }
        }
    }
}
