//! The executable as a process of its own, which can be killed.
#![allow(unreachable_pub, reason = "a module of a test, not of a library")]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::harness::{agent, until};
use crate::test_database::store_url;

/// A process that serves the store of a folder.
pub struct Process {
    pub child: Child,
    /// Where it is found; the same after a restart.
    pub base: String,
    folder: PathBuf,
    filter: &'static str,
}

impl Process {
    pub fn start(folder: &Path) -> Self {
        Self::start_logging(folder, "")
    }

    /// With a filter of the log, as `DIABAN_LOG` sets it; empty for the usual one.
    pub fn start_logging(folder: &Path, filter: &'static str) -> Self {
        let (child, base) = serve(folder, "127.0.0.1:0", filter);
        let process = Self { child, base, folder: folder.to_owned(), filter };
        process.until_ready();
        process
    }

    /// What `kill -9` does.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Begins again at the same address.
    pub fn restart(&mut self) {
        (self.child, self.base) = serve(&self.folder, self.base.trim_start_matches("http://"), self.filter);
        self.until_ready();
    }

    fn until_ready(&self) {
        let agent = agent();
        until("the process is ready", || {
            agent.get(format!("{}/readyz", self.base)).call().is_ok_and(|a| a.status() == 200)
        });
    }
}

fn serve(folder: &Path, listen: &str, filter: &str) -> (Child, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_diaban"));
    if !filter.is_empty() {
        command.env("DIABAN_LOG", filter);
    }
    let mut child = command
        .args(["serve", "--listen", listen, "--store"])
        .arg(store_url(folder))
        .arg("--cache")
        .arg(folder)
        // The settings of the folder, where it has some.
        .args(
            [folder.join("diaban.toml")]
                .iter()
                .filter(|f| f.exists())
                .flat_map(|f| ["--config".as_ref(), f.as_os_str()]),
        )
        .stdout(Stdio::piped())
        // What it logs, for the test that reads it.
        .stderr(std::fs::File::options().create(true).append(true).open(folder.join("log")).unwrap())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let base = line.trim().strip_prefix("listening on ").unwrap().to_owned();
    (child, base)
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
