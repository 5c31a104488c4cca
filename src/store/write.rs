//! What a command to the writer is: what it does inside a transaction, and what it answers. Each stands
//! beside its SQL; what runs them is `writer`.

use crate::store::database::Db;

/// A command to the writer. It can be run again: when its group fails, each command gets a transaction of
/// its own.
pub(in crate::store) trait Command: Send + Sync + Sized + 'static {
    /// What the caller learns once the command is durable.
    type Answer: Send + 'static;

    /// Carries out one command.
    fn run(&self, db: &mut Db<'_>) -> impl Future<Output = Result<Self::Answer, sqlx::Error>> + Send;

    /// Carries out neighbours of one kind in their order and gives an answer for each. A command that can
    /// do many in few statements has its own.
    fn run_all(
        group: &[&Self],
        db: &mut Db<'_>,
    ) -> impl Future<Output = Result<Vec<Self::Answer>, sqlx::Error>> + Send {
        async move {
            let mut answers = Vec::with_capacity(group.len());
            for command in group {
                answers.push(command.run(db).await?);
            }
            Ok(answers)
        }
    }
}

/// What came of a change that builds on something read before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Applied {
    /// Done, durably.
    Done,
    /// What it builds on has changed since it was read; nothing was done.
    Stale,
}

/// The hashes of an `Idempotency-Key` and of the body that came with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// SHA-256 of the key.
    pub key: [u8; 32],
    /// SHA-256 of the body in canonical form.
    pub body: [u8; 32],
}

/// What stands for the hash of a body once its report is erased: a hash of what was sent would still tell it to whoever
/// guesses it.
pub(in crate::store) const NO_BODY: [u8; 32] = [0; 32];

impl IdempotencyKey {
    /// Whether this body came with the key before. Any body did if the report is erased.
    pub fn repeats(&self, body: &[u8]) -> bool {
        body == self.body || body == NO_BODY
    }
}
