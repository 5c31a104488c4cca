//! The lines of a text, ended as any system ends them: by a line feed, a carriage return, or both.

use std::collections::VecDeque;
use std::io::{self, BufRead};

/// Gives lines with their ends, and takes lines back.
pub(super) struct Lines<R> {
    source: R,
    /// Lines that were taken back, the next one first.
    back: VecDeque<Vec<u8>>,
    /// The number of the line that comes next, from 1.
    pub(super) number: u64,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(source: R) -> Self {
        Self { source, back: VecDeque::new(), number: 1 }
    }

    /// The next line with its end; none at the end of the text.
    pub(super) fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        let line = match self.back.pop_front() {
            Some(line) => line,
            None => self.read()?,
        };
        self.number += u64::from(!line.is_empty());
        Ok(Some(line).filter(|l| !l.is_empty()))
    }

    /// Passes over blank lines.
    pub(super) fn pass_blank(&mut self) -> io::Result<()> {
        while let Some(line) = self.next()? {
            if content(&line).iter().any(|b| *b != b' ') {
                self.give_back(vec![line]);
                break;
            }
        }
        Ok(())
    }

    /// Takes lines back, which then come again.
    pub(super) fn give_back(&mut self, lines: Vec<Vec<u8>>) {
        self.number -= lines.len() as u64;
        lines.into_iter().rev().for_each(|line| self.back.push_front(line));
    }

    fn read(&mut self) -> io::Result<Vec<u8>> {
        let mut line = Vec::new();
        loop {
            let ahead = self.source.fill_buf()?;
            if ahead.is_empty() {
                return Ok(line);
            }
            let end = ahead.iter().position(|b| matches!(b, b'\n' | b'\r'));
            let took = end.map_or(ahead.len(), |i| i + 1);
            line.extend_from_slice(&ahead[..took]);
            self.source.consume(took);
            match line.last() {
                _ if end.is_none() => {}
                // Its line feed may come with the next bytes.
                Some(b'\r') => {
                    if self.source.fill_buf()?.first() == Some(&b'\n') {
                        line.push(b'\n');
                        self.source.consume(1);
                    }
                    return Ok(line);
                }
                _ => return Ok(line),
            }
        }
    }
}

/// A line without its end.
pub(super) fn content(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}
