//! What is masked in every form that people write, and what is left; laws for any text.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

const PHONE: &str = Kind::Phone.token();
const PAPER: &str = Kind::Paper.token();
const EMAIL: &str = Kind::Email.token();
const PLATE: &str = Kind::Plate.token();

fn all_become(token: &str, forms: &[&str]) {
    let wrong: Vec<String> =
        forms.iter().filter(|f| mask(f) != token).map(|f| format!("{f} → {}", mask(f))).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn phone_numbers_as_people_write_them() {
    all_become(
        PHONE,
        &[
            "0903123456",
            "0903 123 456",
            "0903.123.456",
            "0903-123-456",
            "090 312 3456",
            "090-3123456",
            "090.3123456",
            "0903 12 34 56",
            "09 03 12 34 56",
            "09.03.12.34.56",
            "0 903 123 456",
            "0903/123/456",
            "0903,123,456",
            "0 9 0 3 1 2 3 4 5 6",
            "0903_123_456",
            "0903*123*456",
            "0903·123·456",
            "0903 - 123 - 456",
            "+84903123456",
            "+84 903 123 456",
            "+84-903-123-456",
            "(+84) 903 123 456",
            "+84 (0) 903 123 456",
            "+84 0903123456",
            "84903123456",
            "84 903 123 456",
            "84-903.123.456",
            "0084903123456",
            "00 84 903 123 456",
            "02838221234",
            "028 3822 1234",
            "(028) 3822 1234",
            "(028) 38 221 234",
            "028.38.22.12.34",
            "0254 382 2123",
            "+84 28 3822 1234",
            "01683123456",
            "0123 456 7890",
            "08 3822 1234",
            "0123456789",
            "+1 650 555 0123",
            "+6591234567",
            "+44 20 7946 0958",
        ]
        // The bracket that opens before a number stays.
        .iter()
        .filter(|f| !f.starts_with('('))
        .copied()
        .collect::<Vec<_>>(),
    );
    assert_eq!(mask("(028) 3822 1234"), format!("({PHONE}"));
    assert_eq!(mask("(+84) 903 123 456"), format!("({PHONE}"));
    assert_eq!(mask("gọi 0903123456-0912345678/0987.654.321"), format!("gọi {PHONE}-{PHONE}/{PHONE}"));
    assert_eq!(mask("sđt0903123456nhé, zalo.me/0903123456"), format!("sđt{PHONE}nhé, zalo.me/{PHONE}"));
    assert_eq!(mask("nhà 12/34/5 0903 123 456 30/11/2026"), format!("nhà 12/34/5 {PHONE} 30/11/2026"));
    assert_eq!(mask("lúc 8h30, 0903123456."), format!("lúc 8h30, {PHONE}."));
}

#[test]
fn digits_of_any_script_and_with_invisible_signs_between() {
    all_become(
        PHONE,
        &[
            "０９０３１２３４５６",
            "٠٩٠٣١٢٣٤٥٦",
            "०९०३१२३४५६",
            "𝟎𝟗𝟎𝟑𝟏𝟐𝟑𝟒𝟓𝟔",
            "⓪⑨⓪③①②③④⑤⑥",
            "⁰⁹⁰³¹²³⁴⁵⁶",
            "⓿❾⓿❸❶❷❸❹❺❻",
            "0903\u{a0}123\u{a0}456",
            "0903\u{200b}123\u{200d}456",
            "0\u{feff}9\u{ad}0\u{2060}3123456",
            "0903\u{2009}123\u{3000}456",
            "0903‑123–456",
            "0\u{fe0f}\u{20e3}903123456",
            "0\u{332}9\u{332}03123456",
            "＋84 903 123 456",
            "0903－123－456",
        ],
    );
    all_become(EMAIL, &["lan＠gmail．com", "ｌａｎ@gmail.com", "lan\u{200b}@\u{200b}gmail.com"]);
    all_become(PLATE, &["５９Ａ-123.45", "59\u{200b}A-12345"]);
}

#[test]
fn numbers_of_papers() {
    all_become(
        PAPER,
        &[
            "079123456789",
            "079 123 456 789",
            "0791 2345 6789",
            "079.123.456.789",
            "079-123-456789",
            "079123 456789",
            "123456789012",
            "023456789",
            "272345678",
            "023 456 789",
            "023.456.789",
            "023-456-789",
            "272 345 678",
            "C1234567",
            "b7654321",
            "P01234567",
        ],
    );
    for (text, left) in [
        ("CMND 272.345.678 cấp 2010", "CMND  cấp 2010"),
        ("số CCCD: 079-123-456-789", "số CCCD: "),
        ("cccd079123456789", "cccd"),
        ("hộ chiếu số X1234567", "hộ chiếu số "),
        ("Căn cước 12345678", "Căn cước "),
        ("mã BHXH 7912345678.", "mã BHXH ."),
    ] {
        assert_eq!(mask(text).replace(PAPER, ""), left);
        assert!(mask(text).contains(PAPER), "{text}");
    }
}

#[test]
fn addresses_of_mail() {
    all_become(
        EMAIL,
        &[
            "lan@gmail.com",
            "lan.nguyen+x@mail.hcmus.edu.vn",
            "LAN@GMAIL.COM",
            "lan @ gmail . com",
            "lan@gmail .com",
            "lan @gmail.com",
            "lan (at) gmail.com",
            "lan[at]gmail[dot]com",
            "lan (a còng) gmail (chấm) com",
            "lan(@)gmail.com",
            "lan@163.com",
            "lan@gmail",
            "0903123456@gmail.com",
            "nguyễn@gmail.com",
        ],
    );
    assert_eq!(mask("thư lan@gmail.com, hoa@yahoo.com.vn. Cảm ơn"), format!("thư {EMAIL}, {EMAIL}. Cảm ơn"));
}

#[test]
fn vehicle_plates() {
    all_become(
        PLATE,
        &[
            "59A-123.45",
            "59A-12345",
            "59A 12345",
            "59A12345",
            "59A 123.45",
            "59A.123.45",
            "51F-1234",
            "51F 1234",
            "51f-123.45",
            "51f12345",
            "59-X1 123.45",
            "59-X1-123.45",
            "59X1-12345",
            "59X1 12345",
            "59X112345",
            "59X1123.45",
            "59x1-12345",
            "59x1-123.45",
            "59-P1 1234",
            "59-P1-1234",
            "59AA-123.45",
            "51LD-123.45",
            "29MĐ1-234.56",
            "29-MĐ1 234.56",
            "30K-987.65",
            "43 A 123.45",
            "59 X1 12345",
            "59-X1/123.45",
        ],
    );
    for text in ["xe 59x1 1234", "biển số 51m 1234", "taxi 51 A 1234", "BKS 59k11234", "xe59A12345"] {
        assert!(mask(text).ends_with(PLATE), "{text}: {}", mask(text));
    }
}

/// Sentences as reports have them, in which nothing is personal.
const INNOCENT: &[&str] = &[
    "Ổ gà trước nhà 12/34/5 Nguyễn Huệ, hẻm 51D, KP3, phường 12, quận 1, 700000",
    "Từ 30/11/2026 đến 05-12-2026, lúc 06:30-07:30, 16.30-17.30 và 22h15",
    "Ngày 05.11.2026 10 giờ, 01-05.11.2026, 2026-11-30 08:15, 01/05-05/12/2026, tháng 11/2026",
    "Tọa độ 10.7725, 106.69833; (10.7725123,106.6983301); 10°46'38\"N 106.0712345678",
    "X=1193456.123 Y=603123.456, X1193456, N 1193456",
    "Phạt 1.500.000 đồng, kinh phí 150.000.000.000 đ, 150000000đ, 2.000.000.000 VND, 1,500,000 người, $903123456",
    "Gọi 113, 114 hoặc 115; 113 114 115; tổng đài 1022, 1900 1234, 1900 636 467, 1800-1091, 19001009",
    "Phản ánh 1234567890123456 trùng với phản ánh 4503599627370495",
    "Tuyến 14, 61-8, 03-07-08-14-36, QL1A, QL51B, TL10, ĐT 743, cột số 05 06 07 08 09",
    "Nhà 123-125-127 Lê Lợi, số 123 125 127, lô 012-014-016, năm 2024-2025-2026",
    "Đường 25m 2000 người, 30x1200 mm, 20m2 1500 đồng, 22KV 1234, 15h 2026, lớp 12A 2026, block 12 B 1201",
    "Vé 20K 50000đ, phường 26740, cao 8.848, 3.5 m, 100%, 5@10k, ăn trưa @ quán, @UBND, :@@ (at) nhà",
    "pothole, drainage, ward:26743, 2025-07-01.26740, v0.2.0, 192.168.1.1",
    "Mã PE 01 23, đèn 4-7-12, tầng 10A, căn B12-1208, 50 triệu, 90%, m², CO₂, ½, ①, Điều 12",
];

#[test]
fn what_is_not_personal_stays() {
    let changed: Vec<String> = INNOCENT
        .iter()
        .filter(|text| !matches!(mask(text), Cow::Borrowed(_)))
        .map(|text| format!("{text}\n{}", mask(text)))
        .collect();
    assert!(changed.is_empty(), "{}", changed.join("\n"));
}

#[test]
fn what_people_wrote_is_kept_apart_only_where_it_differs() {
    let plain = Written::of("Ổ gà".to_owned());
    assert_eq!((&*plain.shown, plain.original), ("Ổ gà", None));
    let secret = Written::of("gọi 0903123456".to_owned());
    assert_eq!((&*secret.shown, secret.original.as_deref()), ("gọi [SĐT/phone]", Some("gọi 0903123456")));
    let id = Written::by_us("272345678".to_owned());
    assert_eq!((&*id.shown, id.original), ("272345678", None));
}

fn digits(n: usize) -> impl Strategy<Value = String> {
    vec(0..10_u8, n).prop_map(|all| all.iter().map(|d| char::from(b'0' + d)).collect())
}

/// Digits in groups of these lengths with signs between.
fn grouped(text: &str, lengths: &[usize], between: &str) -> String {
    let mut rest = text;
    let mut parts = Vec::new();
    for n in lengths {
        let (part, more) = rest.split_at(*n);
        parts.push(part);
        rest = more;
    }
    parts.push(rest);
    parts.retain(|p| !p.is_empty());
    parts.join(between)
}

/// A secret in one of the forms that are promised, and its digits or letters alone.
fn secret() -> impl Strategy<Value = (String, String)> {
    let sign = prop::sample::select(vec![" ", ".", "-", "\u{a0}"]);
    let mobile = (prop::sample::select(vec!["03", "05", "07", "08", "09"]), digits(8));
    let phone = (mobile, sign.clone(), 0..8_u8).prop_map(|((code, rest), sign, form)| {
        let home = format!("{code}{rest}");
        let abroad = &home[1..];
        let text = match form {
            0 => home.clone(),
            1 => grouped(&home, &[4, 3], sign),
            2 => grouped(&home, &[3, 3], sign),
            3 => grouped(&home, &[3], sign),
            4 => format!("+84{abroad}"),
            5 => format!("+84 {}", grouped(abroad, &[3, 3], sign)),
            6 => format!("84-{}", grouped(abroad, &[3, 3], sign)),
            _ => home.chars().map(|d| char::from_u32(0xFF10 + d as u32 - 0x30).unwrap()).collect(),
        };
        (text, abroad.to_owned())
    });
    let landline = (digits(8), 0..3_u8).prop_map(|(rest, form)| {
        let text = match form {
            0 => format!("028{rest}"),
            1 => format!("(028) {}", grouped(&rest, &[4], " ")),
            _ => format!("+84 28 {}", grouped(&rest, &[4], " ")),
        };
        (text, rest)
    });
    let card = (digits(11), sign.clone(), 0..4_u8).prop_map(|(rest, sign, form)| {
        let number = format!("0{rest}");
        let text = match form {
            0 => number.clone(),
            1 => grouped(&number, &[3, 3, 3], sign),
            2 => grouped(&number, &[4, 4], sign),
            _ => format!("CCCD {}", grouped(&number, &[3, 3], sign)),
        };
        (text, number)
    });
    let old = (1..4_u8, digits(8), 0..3_u8).prop_map(|(first, rest, form)| {
        let number = format!("{first}{rest}");
        let text = match form {
            0 => number.clone(),
            1 => format!("0{}", grouped(&rest, &[2, 3], ".")),
            _ => format!("CMND {}", grouped(&number, &[3, 3], ".")),
        };
        (text, rest)
    });
    let passport = ("[BCKP]", digits(7)).prop_map(|(letter, n)| (format!("{letter}{n}"), n));
    let email = ("[a-z]{6,9}", "[a-z]{6,9}", prop::sample::select(vec!["@", " @ ", " (at) ", "[at]"]))
        .prop_map(|(name, host, at)| (format!("{name}{at}{host}.com"), name));
    let plate =
        (11..100_u8, "[ABCDEFGHKLMNPSTUVXYZ]", digits(5), 0..5_u8).prop_map(|(province, series, n, form)| {
            let (a, b) = n.split_at(3);
            let text = match form {
                0 => format!("{province}{series}-{a}.{b}"),
                1 => format!("{province}{series} {n}"),
                2 => format!("{province}-{series}1 {a}.{b}"),
                3 => format!("{province}{series}1-{n}"),
                _ => format!("{province}{series}-{a}{b}"),
            };
            (text, format!("{province}{n}"))
        });
    prop_oneof![4 => phone, 1 => landline, 2 => card, 2 => old, 1 => passport, 2 => email, 2 => plate]
}

/// A sentence of Vietnamese words.
fn sentence() -> impl Strategy<Value = Vec<&'static str>> {
    let words = "Ổ gà trước nhà số 12 rất sâu, gọi giúp tôi. Xe máy ngã lúc đêm ngày 30/11 ở hẻm 51D phường Bến Thành \
                 đường Nguyễn Huệ liên hệ chị Hoa (trực) - cảm ơn! bà con ngập nước 3 ngày\nnay";
    vec(prop::sample::select(words.split(' ').collect::<Vec<_>>()), 0..12)
}

/// All runs of six digits or letters of a secret.
fn sixes(secret: &str) -> impl Iterator<Item = &str> {
    (0..secret.len().saturating_sub(5)).map(|i| &secret[i..i + 6])
}

fn bare(text: &str) -> String {
    signs::signs(text).iter().filter(|s| s.c.is_ascii_alphanumeric()).map(|s| s.c).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_secret_anywhere_in_a_sentence_is_gone(
        mut words in sentence(), (secret, core) in secret(), at in 0..13_usize,
    ) {
        let at = at.min(words.len());
        words.insert(at, &secret);
        let text = words.join(" ");
        let masked = mask(&text);
        prop_assert!(masked.contains('['), "{text:?} → {masked:?}");
        let left = bare(&masked);
        for six in sixes(&core) {
            prop_assert!(!left.contains(six), "{six} of {text:?} is in {masked:?}");
        }
    }

    #[test]
    fn two_secrets_beside_each_other_are_gone((a, one) in secret(), (b, other) in secret(), between in "[,;:/\n]| và | - ") {
        let text = format!("{a}{between}{b}");
        let masked = mask(&text);
        let left = bare(&masked);
        for six in sixes(&one).chain(sixes(&other)) {
            prop_assert!(!left.contains(six), "{six} of {text:?} is in {masked:?}");
        }
    }

    #[test]
    fn masking_twice_is_masking_once(text in "([0-9]{1,5}|[ .,/()@+-]|[A-Za-zđ]{1,3}|\\[at\\]|gmail|com|cmnd |xe |\u{200b}|６|\n){0,40}") {
        let once = mask(&text).into_owned();
        prop_assert!(matches!(mask(&once), Cow::Borrowed(_)), "{text:?} → {once:?} → {:?}", mask(&once));
    }

    #[test]
    fn any_text_is_masked_without_an_error_and_once(text in any::<String>()) {
        let once = mask(&text).into_owned();
        prop_assert_eq!(mask(&once), once.as_str());
    }

    #[test]
    fn a_text_without_digits_ats_and_brackets_is_the_same(text in "[a-zA-ZđĐàáảãạăâêôơưỳÀ-ỹ .,;:!?/\n-]{0,200}") {
        prop_assert!(matches!(mask(&text), Cow::Borrowed(same) if std::ptr::eq(same, &raw const *text)));
    }
}
