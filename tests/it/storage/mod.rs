//! The file of a store while it is served and at a start: removed, emptied, replaced, damaged, locked, not ours, not
//! writable. What is acknowledged is there afterwards; what cannot be kept is not acknowledged.

mod access;
mod damage;
mod foreign;
mod gone;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use sqlx::{ConnectOptions, Connection};

use crate::harness::{Answer, CENTRE, agent, feature, get, post, until};
use crate::moving::block;

const ITEMS: &str = "/collections/reports/items";
const PAGE: usize = 4_096;
type Act = fn(&Path);
/// Exit codes.
const DAMAGED: i32 = 65;
const GONE: i32 = 66;

/// A serving process whose end is of interest.
struct Running {
    child: Child,
    base: String,
    log: PathBuf,
}

impl Running {
    fn start(store: &Path) -> Self {
        Self::begin(Command::new(env!("CARGO_BIN_EXE_diaban")), store)
    }

    fn begin(mut command: Command, store: &Path) -> Self {
        let (logs, log) = tempfile::NamedTempFile::new().unwrap().keep().unwrap();
        let mut child = command
            .args(["serve", "--listen", "127.0.0.1:0", "--store"])
            .arg(store)
            .stdout(Stdio::piped())
            .stderr(logs)
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let base = line.trim().strip_prefix("listening on ").unwrap().to_owned();
        Self { child, base, log }
    }

    fn ready(mut self) -> Self {
        until("it is ready", || {
            assert!(self.child.try_wait().unwrap().is_none(), "ended before it was ready: {}", self.said());
            agent().get(format!("{}/readyz", self.base)).call().is_ok_and(|a| a.status() == 200)
        });
        self
    }

    fn get(&self, path: &str) -> Answer {
        get(&agent(), &self.base, path, &[])
    }

    fn post(&self) -> Answer {
        let body = serde_json::to_vec(&feature("pothole", Some(CENTRE))).unwrap();
        post(&agent(), &self.base, ITEMS, &body, "application/geo+json", &[])
    }

    /// Whether one more report is acknowledged; `false` also when nobody listens any more.
    fn takes_one(&self) -> bool {
        let body = serde_json::to_vec(&feature("pothole", Some(CENTRE))).unwrap();
        let request =
            agent().post(format!("{}{ITEMS}", self.base)).header("Content-Type", "application/geo+json");
        request.send(&body[..]).is_ok_and(|answer| answer.status() == 201)
    }

    /// Its exit code, once it has ended.
    fn code(&mut self) -> Option<i32> {
        let mut status = None;
        until("the process has ended", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        status.unwrap().code()
    }

    fn stop(mut self) {
        Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert_eq!(self.code(), Some(0), "{}", self.said());
    }

    fn said(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_file(&self.log);
    }
}

/// Changes a database as another program does.
pub(crate) fn execute(path: &Path, statements: &[&'static str]) {
    block(async {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path).create_if_missing(true);
        let mut db = options.connect().await.unwrap();
        for statement in statements {
            sqlx::query(*statement).execute(&mut db).await.unwrap();
        }
        db.close().await.unwrap();
    });
}

/// A start that ends by itself.
fn start(store: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_diaban"));
    command.args(["serve", "--listen", "127.0.0.1:0", "--store"]).arg(store).output().unwrap()
}

fn start_refused(store: &Path) -> String {
    let output = start(store);
    assert!(!output.status.success());
    String::from_utf8(output.stderr).unwrap()
}

fn beside(path: &Path, end: &str) -> PathBuf {
    PathBuf::from(format!("{}{end}", path.display()))
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|f| f.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
