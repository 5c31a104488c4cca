//! Reads `data/categories.toml`.

use serde::Deserialize;

use super::source::Source;
use super::text::TextWire;
use super::{PackError, toml};
use crate::domain::report::{Level, Proof};
use crate::domain::{
    Categories, Category, Choice, Group, PlaceRule, Precision, Question, QuestionKind, Reopening,
};

const FILE: &str = "data/categories.toml";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileWire {
    group: Vec<GroupWire>,
    category: Vec<CategoryWire>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GroupWire {
    code: String,
    name: TextWire,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CategoryWire {
    code: String,
    group: String,
    name: TextWire,
    icon: String,
    place: PlaceWire,
    precision: PrecisionWire,
    target_days: u16,
    #[serde(default)]
    level: LevelWire,
    #[serde(default)]
    question: Vec<QuestionWire>,
    stop: Option<TextWire>,
    redirect: Option<TextWire>,
    #[serde(default)]
    proof: ProofWire,
    #[serde(default)]
    reopening: ReopeningWire,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ReopeningWire {
    #[default]
    Decided,
    Automatic,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ProofWire {
    #[default]
    None,
    Note,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum PlaceWire {
    Required,
    Optional,
    None,
}

#[derive(Deserialize)]
enum PrecisionWire {
    #[serde(rename = "exact")]
    Exact,
    #[serde(rename = "grid_20m")]
    Grid20m,
    #[serde(rename = "grid_150m")]
    Grid150m,
    #[serde(rename = "ward")]
    Ward,
    #[serde(rename = "hidden")]
    Hidden,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum LevelWire {
    Low,
    #[default]
    Normal,
    Urgent,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct QuestionWire {
    code: String,
    text: TextWire,
    required: bool,
    kind: KindWire,
    #[serde(default)]
    choices: Vec<ChoiceWire>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum KindWire {
    Choice,
    Text,
    Number,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChoiceWire {
    code: String,
    name: TextWire,
}

pub(super) fn read(source: Source<'_>) -> Result<Categories, PackError> {
    let wire: FileWire = toml(source, FILE)?;
    let groups = wire.group.into_iter().map(|g| Group { code: g.code.into(), name: g.name.into() }).collect();
    let list = wire.category.into_iter().map(category).collect::<Result<_, _>>()?;
    Categories::new(groups, list).map_err(|source| PackError::Category { file: FILE.into(), source })
}

fn category(wire: CategoryWire) -> Result<Category, PackError> {
    let code = wire.code;
    let questions = wire.question.into_iter().map(|q| question(&code, q)).collect::<Result<_, _>>()?;
    Ok(Category {
        code: code.into(),
        group: wire.group.into(),
        name: wire.name.into(),
        icon: wire.icon,
        place: match wire.place {
            PlaceWire::Required => PlaceRule::Required,
            PlaceWire::Optional => PlaceRule::Optional,
            PlaceWire::None => PlaceRule::None,
        },
        precision: match wire.precision {
            PrecisionWire::Exact => Precision::Exact,
            PrecisionWire::Grid20m => Precision::Grid20m,
            PrecisionWire::Grid150m => Precision::Grid150m,
            PrecisionWire::Ward => Precision::Ward,
            PrecisionWire::Hidden => Precision::Hidden,
        },
        target_days: wire.target_days,
        level: match wire.level {
            LevelWire::Low => Level::Low,
            LevelWire::Normal => Level::Normal,
            LevelWire::Urgent => Level::Urgent,
        },
        questions,
        stop: wire.stop.map(Into::into),
        redirect: wire.redirect.map(Into::into),
        proof: match wire.proof {
            ProofWire::None => Proof::None,
            ProofWire::Note => Proof::Note,
        },
        reopening: match wire.reopening {
            ReopeningWire::Decided => Reopening::Decided,
            ReopeningWire::Automatic => Reopening::Automatic,
        },
    })
}

fn question(category: &str, wire: QuestionWire) -> Result<Question, PackError> {
    if !matches!(wire.kind, KindWire::Choice) && !wire.choices.is_empty() {
        let key = format!("category `{category}`, question `{}`, choices", wire.code);
        return Err(PackError::value(FILE, key, "only a question of kind \"choice\" has choices"));
    }
    let choices = wire.choices.into_iter().map(|c| Choice { code: c.code, name: c.name.into() });
    let kind = match wire.kind {
        KindWire::Choice => QuestionKind::Choice(choices.collect()),
        KindWire::Text => QuestionKind::Text,
        KindWire::Number => QuestionKind::Number,
    };
    Ok(Question { code: wire.code, text: wire.text.into(), required: wire.required, kind })
}
