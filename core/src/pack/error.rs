//! Why a pack can't be used: always the file, and the key or line where there is one.

use crate::domain::{BodyError, CalendarError, CategoryError, RoutingError};

/// Why a pack can't be used.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// A file that must be there is not.
    #[error("{file}: the file is missing")]
    Missing {
        /// Path inside the pack.
        file: String,
    },
    /// A file can't be read.
    #[error("{file}: {source}")]
    Read {
        /// Path inside the pack.
        file: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file is no UTF-8 text.
    #[error("{file}: is not UTF-8")]
    NotText {
        /// Path inside the pack.
        file: String,
    },
    /// A TOML file with a mistake, or an unknown or missing key.
    #[error("{file}: {source}")]
    Toml {
        /// Path inside the pack.
        file: String,
        /// Line, key and what was expected.
        source: Box<toml::de::Error>,
    },
    /// A CSV file with a mistake, or an unknown or missing column.
    #[error("{file}: {source}")]
    Csv {
        /// Path inside the pack.
        file: String,
        /// Line and what was expected.
        source: csv::Error,
    },
    /// A value that can't be.
    #[error("{file}: {key}: {reason}")]
    Value {
        /// Path inside the pack.
        file: String,
        /// The key, or what stands for it.
        key: String,
        /// Why.
        reason: String,
    },
    /// Categories that contradict each other.
    #[error("{file}: {source}")]
    Category {
        /// Path inside the pack.
        file: String,
        /// Which and why.
        source: CategoryError,
    },
    /// Bodies that contradict each other.
    #[error("{file}: {source}")]
    Body {
        /// Path inside the pack.
        file: String,
        /// Which and why.
        source: BodyError,
    },
    /// Rules that contradict each other or name nothing.
    #[error("{file}: {source}")]
    Routing {
        /// Path inside the pack.
        file: String,
        /// Which and why.
        source: RoutingError,
    },
    /// Days off that contradict each other.
    #[error("{file}: {source}")]
    Calendar {
        /// Path inside the pack.
        file: String,
        /// Which and why.
        source: CalendarError,
    },
}

impl PackError {
    pub(super) fn value(file: &str, key: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Value { file: file.into(), key: key.into(), reason: reason.into() }
    }
}
