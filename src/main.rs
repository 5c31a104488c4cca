//! The one executable: parses arguments and calls `cli`.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// Under many clients the C library's allocator held on to twice what was in use.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    diaban::cli::main()
}
