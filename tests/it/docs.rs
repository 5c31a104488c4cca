//! The documentation is true: its shell blocks run against a demo, its links lead somewhere, and what is meant
//! to be short is short.
//!
//! A fenced block with the info string `sh` is run by `sh -eu`, in the order of its document. All blocks of a
//! document share one folder; `$B` is the address of the demo, `$DIABAN_STORE` its database, and `diaban` is on
//! the path. A line `# → text` says that a line of the output holds this text, after the line of the expectation
//! before it; `…` stands for anything. A block with `sh norun: REASON` is not run.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use crate::harness::{agent, until};
use crate::test_database::is_postgres;

/// The address that the documentation names.
const DOCUMENTED: &str = "http://127.0.0.1:8080";
/// Languages of blocks that are shown and not run.
const SHOWN: [&str; 8] = ["toml", "js", "json", "sql", "text", "rust", "html", "diff"];

/// A fenced block of a document.
#[derive(Debug, PartialEq)]
struct Block {
    /// The line of its first fence, from 1.
    line: usize,
    /// What follows the first fence.
    info: String,
    /// What stands between the fences, without the indentation of the first one.
    text: String,
}

fn blocks(document: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut open: Option<(usize, Block)> = None;
    for (i, line) in document.lines().enumerate() {
        let body = line.trim_start();
        let indent = line.len() - body.len();
        match (&mut open, body.strip_prefix("```")) {
            (None, Some(info)) => {
                open = Some((indent, Block { line: i + 1, info: info.trim().into(), text: String::new() }));
            }
            (Some(_), Some("")) => found.extend(open.take().map(|(_, block)| block)),
            (Some((outer, block)), _) => {
                block.text.push_str(&line[(*outer).min(indent)..]);
                block.text.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a fence is not closed: {open:?}");
    found
}

/// What a block is for.
#[derive(Debug, PartialEq)]
enum Use {
    Run,
    Show,
}

fn use_of(info: &str) -> Result<Use, String> {
    match info.split_once(' ').unwrap_or((info, "")) {
        ("sh", "") => Ok(Use::Run),
        ("sh", rest) => match rest.strip_prefix("norun:") {
            Some(reason) if !reason.trim().is_empty() => Ok(Use::Show),
            _ => Err(format!("`{info}`: a shell block is `sh` or `sh norun: REASON`")),
        },
        (language, _) if SHOWN.contains(&language) => Ok(Use::Show),
        _ => Err(format!("`{info}`: a block is `sh` or one of {SHOWN:?}")),
    }
}

/// The first expectation of a script that its output does not meet.
fn unmet<'a>(script: &'a str, output: &str) -> Option<&'a str> {
    let mut lines = output.lines().peekable();
    script.lines().filter_map(|l| l.trim_start().strip_prefix("# → ")).find(|want| {
        while lines.peek().is_some_and(|line| !holds(line, want)) {
            lines.next();
        }
        lines.peek().is_none()
    })
}

/// Whether a line holds the parts of a pattern in their order.
fn holds(line: &str, pattern: &str) -> bool {
    let mut rest = line;
    pattern.split('…').map(str::trim).all(|part| {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
        true
    })
}

/// All documents, by their path from the root.
fn documents() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths: Vec<PathBuf> = [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "core/README.md",
        "src/store/migrations/README.md",
    ]
    .iter()
    .map(|p| root.join(p))
    .collect();
    let mut folders = vec![root.join("docs")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "md") {
                paths.push(path);
            }
        }
    }
    paths.sort();
    paths
        .into_iter()
        .map(|p| (p.strip_prefix(root).unwrap().display().to_string(), fs::read_to_string(&p).unwrap()))
        .collect()
}

/// `diaban demo` with a few reports.
struct Demo {
    child: Child,
    /// Kept open: the demo says what to try after it says where it listens.
    _output: BufReader<ChildStdout>,
    base: String,
    store: String,
}

impl Demo {
    fn start(folder: &Path) -> Self {
        let store = format!("sqlite:{}", folder.join("demo.db").display());
        let mut child = Command::new(env!("CARGO_BIN_EXE_diaban"))
            .args(["demo", "--reports", "1000", "--listen", "127.0.0.1:0", "--store", &store])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let base = loop {
            let mut line = String::new();
            assert!(output.read_line(&mut line).unwrap() > 0, "the demo ended before it listened");
            if let Some(base) = line.trim().strip_prefix("listening on ") {
                break base.to_owned();
            }
        };
        let agent = agent();
        until("the demo is ready", || {
            agent.get(format!("{base}/readyz")).call().is_ok_and(|a| a.status() == 200)
        });
        Self { child, _output: output, base, store }
    }

    /// Runs a block; what went wrong, if anything.
    fn run(&self, block: &Block, folder: &Path, bin: &Path) -> Result<(), String> {
        let text = block.text.replace(DOCUMENTED, &self.base);
        let script = folder.join(format!("line-{}.sh", block.line));
        fs::write(&script, format!("PATH='{}':$PATH\n{text}", bin.display())).unwrap();
        let output = Command::new("sh")
            .arg("-eu")
            .arg(&script)
            .current_dir(folder)
            .env("B", &self.base)
            .env("DIABAN_STORE", &self.store)
            .env("LC_ALL", "C.UTF-8")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let said = || {
            let short: String = out.chars().take(4000).collect();
            format!("\n{text}--- output\n{short}\n--- errors\n{err}")
        };
        if !output.status.success() {
            return Err(format!("{}{}", output.status, said()));
        }
        unmet(&text, &out).map_or(Ok(()), |want| Err(format!("the output lacks `{want}`{}", said())))
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn shell_blocks_do_what_they_say() {
    // The demo keeps a file of its own, whatever the other tests run on.
    if is_postgres() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let bin = folder.path().join("bin");
    fs::create_dir(&bin).unwrap();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_diaban"), bin.join("diaban")).unwrap();
    let demo = Demo::start(folder.path());
    let (mut run, mut faults) = (0, String::new());
    for (path, text) in documents() {
        let own = folder.path().join(path.replace(['/', '.'], "-"));
        fs::create_dir(&own).unwrap();
        for block in blocks(&text).iter().filter(|b| use_of(&b.info) == Ok(Use::Run)) {
            run += 1;
            if let Err(fault) = demo.run(block, &own, &bin) {
                writeln!(faults, "{path}:{}: {fault}\n", block.line).unwrap();
            }
        }
    }
    assert!(faults.is_empty(), "{faults}");
    assert!(run > 20, "only {run} blocks were found");
}

#[test]
fn every_block_says_what_it_is() {
    let faults: Vec<String> = documents()
        .iter()
        .flat_map(|(path, text)| blocks(text).into_iter().map(move |b| (path, b)))
        .filter_map(|(path, b)| use_of(&b.info).err().map(|why| format!("{path}:{}: {why}", b.line)))
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn links_between_documents_lead_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut faults = Vec::new();
    for (path, text) in documents() {
        let here = root.join(&path);
        for (at, _) in text.match_indices("](") {
            let target = text[at + 2..].split(')').next().unwrap_or_default();
            let file = target.split('#').next().unwrap_or_default();
            let elsewhere = target.contains("://") || target.starts_with("mailto:");
            if !elsewhere && !file.is_empty() && !here.parent().unwrap().join(file).exists() {
                faults.push(format!("{path}: {target}"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn what_is_read_first_is_short() {
    let all = documents();
    let text = |name: &str| &all.iter().find(|(path, _)| path == name).unwrap().1;
    let lines = text("README.md").lines().count();
    assert!(lines <= 120, "README.md has {lines} lines, 120 are allowed");
    let words = text("ARCHITECTURE.md").split_whitespace().count();
    assert!(words <= 1500, "ARCHITECTURE.md has {words} words, 1,500 are allowed");
}

#[test]
fn a_block_ends_where_its_fence_does() {
    let found = blocks("a\n- b\n  ```sh\n  echo 1\n    # → 1\n  ```\n```toml\nx = 1\n```\n");
    let block = |line, info: &str, text: &str| Block { line, info: info.into(), text: text.into() };
    assert_eq!(found, [block(3, "sh", "echo 1\n  # → 1\n"), block(7, "toml", "x = 1\n")]);
    assert_eq!(use_of("sh"), Ok(Use::Run));
    assert_eq!(use_of("sh norun: it never ends"), Ok(Use::Show));
    for info in ["", "bash", "sh norun:", "sh skip"] {
        assert!(use_of(info).is_err(), "{info}");
    }
}

#[test]
fn an_expectation_can_fail() {
    let script = "echo\n# → one … three\n# → four\n";
    assert_eq!(unmet(script, "zero\none two three\nfour\n"), None);
    assert_eq!(unmet(script, "one two\nfour\n"), Some("one … three"));
    assert_eq!(unmet(script, "four\none three\n"), Some("four"));
    assert_eq!(unmet("echo\n", ""), None);
}
