//! Writes the texts of a report: title, description, address and answers to the category's
//! questions. Not here: the phrases (phrases), validation (action).

use rand::RngExt;
use rand_pcg::Pcg64;

use super::phrases::{self, Phrases};
use super::table::one;
use crate::action::Submission;
use diaban_core::domain::{Category, Precision, Question, QuestionKind};
use diaban_core::pack::Pack;

/// Street names; two words in a row make a name that is on no map.
const FIRST: &[&str] = &[
    "Rạch", "Bến", "Gò", "Cầu", "Xóm", "Vườn", "Giồng", "Bàu", "Lò", "Ụ", "Kênh", "Đình", "Bưng", "Hòa",
    "Thạnh", "Tân", "Phước", "Ngã",
];
const SECOND: &[&str] = &[
    "Mơ",
    "Sậy",
    "Đước",
    "Muối",
    "Thủ Hạnh",
    "Ông Lượm",
    "Bà Xuyến",
    "Trâm Bầu",
    "Cây Vừng",
    "Lá Buông",
    "Gạch Đỏ",
    "Điệp Vàng",
    "Ô Môi",
    "Cá Ngát",
    "Nước Lợ",
    "K'Đinh",
    "Sở Bưởi",
    "Thầy Kiệm",
    "Ổi",
    "Bằng Lăng",
    "Chuồn Chuồn",
    "Năm Ghe",
    "Trái Khế",
    "Đá Ong",
];
/// Landmarks for "near …".
const NEAR: &[&str] = &[
    "chợ",
    "trường tiểu học",
    "trường mầm non",
    "chung cư",
    "quán cà phê L'Ami",
    "tiệm bánh D'Or",
    "trạm y tế",
    "công viên",
    "cầu",
    "đình",
    "chùa",
    "bãi giữ xe",
    "trạm xăng",
    "vòng xoay",
];
const WHEN: &[&str] = &[
    "từ sáng nay",
    "từ tối qua",
    "khoảng 3 ngày nay",
    "hơn một tuần rồi",
    "cả tháng nay",
    "từ sau cơn mưa chiều qua",
    "mỗi tối",
    "vào giờ cao điểm",
    "mấy hôm nay",
];

/// Writes the texts of a city's reports.
#[derive(Debug)]
pub(super) struct Texts {
    /// By category.
    phrases: Vec<Phrases>,
}

impl Texts {
    pub(super) fn new(pack: &Pack) -> Self {
        Self { phrases: pack.categories.iter().map(|c| phrases::of(&c.code, &c.group)).collect() }
    }

    /// Title, description and answers.
    pub(super) fn write(&self, s: &mut Submission, category: &Category, position: usize, rng: &mut Pcg64) {
        let phrases = self.phrases[position];
        let title = match phrases.titles {
            [] => category.name.vi.clone(),
            titles => one(titles, rng).to_owned(),
        };
        // The text must not reveal a location that the category's precision blurs.
        let place = match (category.precision, rng.random_range(0..4)) {
            (Precision::Exact, 0) => format!(" trước số {} {}", rng.random_range(1..600), street(rng)),
            (Precision::Exact, 1) => format!(" gần {} {}", one(NEAR, rng), street(rng)),
            (Precision::Exact, 2) => format!(" trên đường {}", street(rng)),
            _ => String::new(),
        };
        let mut text = format!("{}{place}", one(phrases.texts, rng));
        if rng.random_bool(0.5) {
            text.push_str(", ");
            text.push_str(one(WHEN, rng));
        }
        text.push('.');
        if rng.random_bool(0.6) {
            text.push(' ');
            text.push_str(one(phrases.wishes, rng));
        }
        // Callers on the phone give no title.
        let titled = if s.source == "hotline_1022" { 0.5 } else { 0.97 };
        s.title = rng.random_bool(titled).then_some(title);
        s.description = Some(text);
        s.category = Some(category.code.to_string());
        for q in &category.questions {
            if q.required || rng.random_bool(0.5) {
                s.answers.insert(q.code.clone(), answer(q, rng));
            }
        }
    }
}

/// An individual address; half of them include the ward.
pub(super) fn address(ward: Option<&str>, rng: &mut Pcg64) -> String {
    let number = rng.random_range(1..800);
    let address = match rng.random_range(0..5) {
        0 => format!("{number}/{} {}", rng.random_range(1..60), street(rng)),
        1 => format!("Hẻm {number} {}", street(rng)),
        2 => format!("{number}{} {}", one(&["A", "B", "Bis", "C"], rng), street(rng)),
        _ => format!("{number} {}", street(rng)),
    };
    match ward {
        Some(ward) if rng.random_bool(0.45) => format!("{address}, {ward}"),
        _ => address,
    }
}

/// The address that all reports of one shared place have.
pub(super) fn shared_address(number: usize) -> String {
    let (a, b) = (FIRST[number % FIRST.len()], SECOND[number % SECOND.len()]);
    format!("Chung cư {a} {b}, lô {}", number / FIRST.len() + 1)
}

/// A street name that is on no map.
pub(super) fn street(rng: &mut Pcg64) -> String {
    match rng.random_range(0..6) {
        0 => format!("đường số {}", rng.random_range(1..90)),
        _ => format!("{} {}", one(FIRST, rng), one(SECOND, rng)),
    }
}

fn answer(q: &Question, rng: &mut Pcg64) -> String {
    match &q.kind {
        QuestionKind::Choice(choices) => choices[rng.random_range(0..choices.len())].code.clone(),
        QuestionKind::Number => rng.random_range(1..13_u32).saturating_mul(5).to_string(),
        QuestionKind::Text => {
            let letter = char::from(b'A' + rng.random_range(0..26));
            format!("{letter}{}", rng.random_range(10..9_000))
        }
    }
}
