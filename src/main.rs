//! The one executable: parses arguments and calls `cli`.

use std::process::ExitCode;

fn main() -> ExitCode {
    diaban::cli::main()
}
