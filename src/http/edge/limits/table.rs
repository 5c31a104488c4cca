//! The one table of all limits. It never holds more keys than its cap. A new key is not counted
//! while the table is full; for a device or an API key, the address is counted instead.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use governor::nanos::Nanos;
use governor::state::StateStore;
use governor::state::keyed::ShrinkableKeyedStateStore;

use super::Subject;

type Keys = HashMap<(u8, Subject), Nanos>;

/// The keys of all buckets, each with the time at which its quota is fully restored.
#[derive(Clone, Debug)]
pub(super) struct Table {
    keys: Arc<Mutex<Keys>>,
    cap: usize,
}

/// The part of the table for one bucket.
#[derive(Clone, Debug)]
pub(super) struct Part {
    table: Table,
    number: u8,
}

impl Table {
    pub(super) fn new(cap: usize) -> Self {
        Self { keys: Arc::default(), cap }
    }

    pub(super) fn part(&self, number: u8) -> Part {
        Part { table: self.clone(), number }
    }

    pub(super) fn len(&self) -> usize {
        self.lock().len()
    }

    pub(super) fn is_full(&self) -> bool {
        self.len() >= self.cap
    }

    /// Held for one lookup, never across an await.
    fn lock(&self) -> MutexGuard<'_, Keys> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Part {
    /// Whether the subject is in the table, or can be added.
    pub(super) fn admits(&self, subject: &Subject) -> bool {
        let keys = self.table.lock();
        keys.len() < self.table.cap || keys.contains_key(&(self.number, *subject))
    }
}

impl Part {
    /// What is kept of a subject.
    pub(super) fn state(&self, subject: Subject) -> Option<Nanos> {
        self.table.lock().get(&(self.number, subject)).copied()
    }

    /// Takes back what was counted since [`Self::state`]. What another request of the same subject counted
    /// in between is lost, too.
    pub(super) fn restore(&self, subject: Subject, before: Option<Nanos>) {
        let mut keys = self.table.lock();
        let key = (self.number, subject);
        match before {
            Some(state) => drop(keys.insert(key, state)),
            None => drop(keys.remove(&key)),
        }
    }
}

impl StateStore for Part {
    type Key = Subject;

    fn measure_and_replace<T, F, E>(&self, subject: &Subject, f: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut keys = self.table.lock();
        let key = (self.number, *subject);
        let before = keys.get(&key).copied();
        let (answer, after) = f(before)?;
        if before.is_some() || keys.len() < self.table.cap {
            keys.insert(key, after);
        }
        Ok(answer)
    }
}

impl ShrinkableKeyedStateStore<Subject> for Part {
    fn retain_recent(&self, drop_below: Nanos) {
        self.table.lock().retain(|(number, _), whole| *number != self.number || *whole > drop_below);
    }

    fn len(&self) -> usize {
        self.table.lock().keys().filter(|(number, _)| *number == self.number).count()
    }

    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
