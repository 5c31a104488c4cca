//! Tests joined by AND and OR. There is no NOT: every test knows its own opposite.

/// An expression over tests of one kind.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr<T> {
    /// All of these hold; without any, it holds always.
    All(Vec<Self>),
    /// At least one of these holds; without any, it never holds.
    Any(Vec<Self>),
    /// This test holds.
    Is(T),
}

impl<T> Expr<T> {
    /// What holds always.
    pub const fn yes() -> Self {
        Self::All(Vec::new())
    }

    /// What never holds.
    pub const fn no() -> Self {
        Self::Any(Vec::new())
    }

    /// Whether it plainly holds always.
    pub fn is_yes(&self) -> bool {
        matches!(self, Self::All(parts) if parts.is_empty())
    }

    /// Whether it plainly never holds.
    pub fn is_no(&self) -> bool {
        matches!(self, Self::Any(parts) if parts.is_empty())
    }

    /// Whether it holds, where `test` decides the tests.
    pub fn holds(&self, test: &impl Fn(&T) -> bool) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|p| p.holds(test)),
            Self::Any(parts) => parts.iter().any(|p| p.holds(test)),
            Self::Is(t) => test(t),
        }
    }

    /// Whether some test is so.
    pub fn any(&self, test: &impl Fn(&T) -> bool) -> bool {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().any(|p| p.any(test)),
            Self::Is(t) => test(t),
        }
    }

    /// The same with each test replaced.
    ///
    /// # Errors
    /// The first that `replace` gives.
    pub fn try_map<U, E>(self, replace: &mut impl FnMut(T) -> Result<Expr<U>, E>) -> Result<Expr<U>, E> {
        Ok(match self {
            Self::All(parts) => {
                Expr::All(parts.into_iter().map(|p| p.try_map(replace)).collect::<Result<_, _>>()?)
            }
            Self::Any(parts) => {
                Expr::Any(parts.into_iter().map(|p| p.try_map(replace)).collect::<Result<_, _>>()?)
            }
            Self::Is(t) => replace(t)?,
        })
    }

    /// The parts that must all hold.
    pub fn into_parts(self) -> Vec<Self> {
        match self {
            Self::All(parts) => parts,
            other => vec![other],
        }
    }

    /// Levels of AND and OR above the deepest test.
    pub(super) fn depth(&self) -> usize {
        match self {
            Self::All(parts) | Self::Any(parts) => 1 + parts.iter().map(Self::depth).max().unwrap_or(0),
            Self::Is(_) => 0,
        }
    }
}
