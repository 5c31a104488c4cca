//! Which passwords are taken. Length is what counts; what everybody tries first is refused.
//! Not here: how they are kept (action).

use unicode_normalization::UnicodeNormalization;

use super::Login;

/// Characters of a password.
const LEAST: usize = 12;
const MOST: usize = 128;
/// Different characters that a password has at least.
const DIFFERENT: usize = 5;

/// What is left of very common passwords without digits and signs at their ends.
const COMMON: [&str; 25] = [
    "password",
    "passw0rd",
    "p@ssw0rd",
    "p@ssword",
    "matkhau",
    "mậtkhẩu",
    "qwerty",
    "qwertyuiop",
    "iloveyou",
    "admin",
    "administrator",
    "welcome",
    "letmein",
    "letmeinplease",
    "changeme",
    "passwordpassword",
    "matkhaumatkhau",
    "vietnam",
    "saigon",
    "hochiminh",
    "hochiminhcity",
    "tphcm",
    "diaban",
    "anhyeuem",
    "emyeuanh",
];
/// Rows of keys and of letters; what runs along one of them is no secret.
const ROWS: [&str; 5] = [
    "01234567890123456789",
    "qwertyuiopasdfghjklzxcvbnm",
    "abcdefghijklmnopqrstuvwxyz",
    "1qaz2wsx3edc4rfv5tgb6yhn",
    "qazwsxedcrfvtgbyhnujm",
];

/// Why a password is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordFault {
    /// Too few characters.
    #[error("must have at least {LEAST} characters")]
    Short,
    /// Too many.
    #[error("must have at most {MOST} characters")]
    Long,
    /// It is the login, or little more.
    #[error("must not be the login")]
    Login,
    /// Everybody tries it first.
    #[error("is one of those that are tried first")]
    Common,
}

/// A password as it is hashed: in one normal form, because keyboards write the same letters in different ways. None where
/// it is longer than any that is taken.
pub fn normal(typed: &str) -> Option<String> {
    (typed.len() <= MOST * 16).then(|| typed.nfc().collect::<String>()).filter(|p| p.chars().count() <= MOST)
}

/// The password in its normal form, if it is taken for an account.
///
/// # Errors
/// Why it is not.
pub fn checked(typed: &str, login: &Login) -> Result<String, PasswordFault> {
    let password = normal(typed).ok_or(PasswordFault::Long)?;
    if password.chars().count() < LEAST {
        return Err(PasswordFault::Short);
    }
    let low: String = password.to_lowercase().chars().filter(|c| !c.is_whitespace()).collect();
    let core = low.trim_matches(|c: char| !c.is_alphabetic());
    if low == login.as_str() || low.replace(login.as_str(), "").chars().count() < LEAST / 2 {
        return Err(PasswordFault::Login);
    }
    let mut different: Vec<char> = low.chars().collect();
    different.sort_unstable();
    different.dedup();
    if different.len() < DIFFERENT || COMMON.contains(&core) || runs(&low) {
        return Err(PasswordFault::Common);
    }
    Ok(password)
}

/// Whether it runs along a row, there or back, perhaps with digits behind.
fn runs(low: &str) -> bool {
    let back: String = low.chars().rev().collect();
    let letters = low.trim_end_matches(|c: char| c.is_ascii_digit());
    let along = |text: &str| text.len() > 3 && ROWS.iter().any(|row| row.contains(text));
    [low, &back].into_iter().any(along) || (!letters.is_empty() && along(letters))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_and_what_is_not() {
        let login = Login::parse("hoa.tran-2025").unwrap();
        let fault = |text: &str| checked(text, &login).err();
        for good in ["ba con mèo trên mái", "Xe-buýt số 19", "tr0ubad0r&3xyz", "hoa.tran-2025 và ba con mèo"]
        {
            assert_eq!(fault(good), None, "{good}");
        }
        for (bad, why) in [
            ("", PasswordFault::Short),
            ("mười một ký", PasswordFault::Short),
            (&"dài".repeat(50), PasswordFault::Long),
            (&"x".repeat(100_000), PasswordFault::Long),
            ("Hoa.Tran-2025", PasswordFault::Login),
            ("hoa.tran-2025!", PasswordFault::Login),
            ("password1234", PasswordFault::Common),
            ("P@ssw0rd!2026", PasswordFault::Common),
            ("MatKhau123456", PasswordFault::Common),
            ("Mật khẩu 123456", PasswordFault::Common),
            ("123456789012", PasswordFault::Common),
            ("210987654321", PasswordFault::Common),
            ("qwertyuiop12", PasswordFault::Common),
            ("qwertyuiopasdf", PasswordFault::Common),
            ("aaaaaaaaaaaaaaa", PasswordFault::Common),
            ("abababababab", PasswordFault::Common),
            ("1qaz2wsx3edc", PasswordFault::Common),
        ] {
            assert_eq!(fault(bad), Some(why), "{bad}");
        }
    }

    #[test]
    fn letters_are_the_same_however_they_are_typed() {
        let decomposed: String = "ba con mèo trên mái".nfd().collect();
        assert_ne!(decomposed, "ba con mèo trên mái");
        assert_eq!(normal(&decomposed).as_deref(), Some("ba con mèo trên mái"));
    }
}
