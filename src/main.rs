//! The one executable: parses arguments and calls `cli`.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// Gives memory back after a burst; the C library's allocator kept it.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    diaban::cli::main()
}
