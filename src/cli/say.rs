//! What commands say on standard output and standard error. A reader that went away, as `| head -1` does, ends
//! the words and not the work.

use std::fmt;
use std::io::{self, Write};

/// Says a line on standard output.
macro_rules! say {
    ($($words:tt)*) => { $crate::cli::say::line(format_args!($($words)*)) };
}
pub(super) use say;

/// Writes a line on standard output.
pub(super) fn line(words: fmt::Arguments<'_>) {
    // Nobody reads it any more, or the disk is full: what was done is done, and the exit status tells it.
    let _ = writeln!(io::stdout().lock(), "{words}");
}

/// Writes a line on standard error.
pub(super) fn complain(words: fmt::Arguments<'_>) {
    let _ = writeln!(io::stderr().lock(), "{words}");
}
