//! Numbers as people write them: with a decimal comma, with marks between groups of three digits. What could
//! be two numbers is neither.

/// A number as its digits with a decimal point. `is_whole`: it must be a whole number.
///
/// # Errors
/// When it could be two numbers; a text that is none comes back as it is.
pub(super) fn numeral(text: &str, is_whole: bool) -> Result<String, String> {
    let text = text.trim();
    let joined = text.replace([' ', '_'], "").replace('−', "-");
    let digits = joined.trim_start_matches(['-', '+']);
    let odd = |c: char| !c.is_ascii_digit() && c != '.' && c != ',';
    if digits.is_empty() || digits.contains(odd) || !digits.contains(['.', ',']) {
        let grouped =
            digits != text && !digits.contains(odd) && groups(text.trim_start_matches(['-', '+']), ' ');
        return Ok(if grouped || text.starts_with('−') { joined } else { text.to_owned() });
    }
    let (points, commas) = (digits.matches('.').count(), digits.matches(',').count());
    Ok(match (points, commas) {
        // 1.234,5 and 1,234.5: what comes last is the decimal mark.
        (1.., 1) if digits.rfind(',') > digits.rfind('.') && groups(before(digits, ','), '.') => {
            joined.replace('.', "").replace(',', ".")
        }
        (1, 1..) if digits.rfind('.') > digits.rfind(',') && groups(before(digits, '.'), ',') => {
            joined.replace(',', "")
        }
        (2.., 0) if groups(digits, '.') => joined.replace('.', ""),
        (0, 2..) if groups(digits, ',') => joined.replace(',', ""),
        // A decimal point is the usual one, but no whole number has decimals that are not zero or short.
        (1, 0) if is_whole && groups(digits, '.') => return Err(either(&joined, '.')),
        (0, 1) if groups(digits, ',') => return Err(either(&joined, ',')),
        (0, 1) => joined.replace(',', "."),
        _ => text.to_owned(),
    })
}

fn before(text: &str, mark: char) -> &str {
    text.rsplit_once(mark).map_or(text, |(left, _)| left)
}

/// Whether a mark stands between groups of three digits.
fn groups(text: &str, mark: char) -> bool {
    let mut parts = text.split(mark);
    let first = parts.next().is_some_and(|p| (1..=3).contains(&p.len()) && p != "0" && all_digits(p));
    first && parts.all(|p| p.len() == 3 && all_digits(p))
}

fn all_digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

fn either(joined: &str, mark: char) -> String {
    let (whole, part) = (joined.replace(mark, ""), joined.replace(mark, "."));
    format!("could be {whole} or {part}; write it without marks between digits")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_as_it_was_meant_or_not_at_all() {
        for (text, whole, number) in [
            ("3,5", false, "3.5"),
            ("3.5", false, "3.5"),
            ("1.234", false, "1.234"),
            ("1.234,5", false, "1234.5"),
            ("1,234.5", false, "1234.5"),
            ("1.234.567", true, "1234567"),
            ("1,234,567", true, "1234567"),
            ("1 234", true, "1234"),
            ("-3,25", false, "-3.25"),
            ("−3", true, "-3"),
            ("3.0", true, "3.0"),
            ("0,125", false, "0.125"),
            ("30", true, "30"),
            ("12 Lê Lợi", false, "12 Lê Lợi"),
            ("1e3", false, "1e3"),
            ("1,2,3", false, "1,2,3"),
            ("12 34", true, "12 34"),
        ] {
            assert_eq!(numeral(text, whole).as_deref(), Ok(number), "{text}");
        }
        for (text, whole) in [("1,234", false), ("1.234", true), ("12,500", true)] {
            assert!(numeral(text, whole).unwrap_err().contains("could be"), "{text}");
        }
    }
}
