//! Restarts jobs that panic, and counts the restarts.

use std::future::Future;
use std::time::Duration;

/// Pause before a restart, so that a job that fails at once does not use all the CPU.
const PAUSE: Duration = Duration::from_secs(1);

/// Runs the future made by `make` until it ends by itself; after a panic it makes a new one.
/// Dropping the returned future stops the job.
pub async fn supervise<J>(name: &'static str, mut make: impl FnMut() -> J, restarted: impl Fn(&'static str))
where
    J: Future<Output = ()> + Send + 'static,
{
    loop {
        // A set of one: dropping it aborts the job, which dropping a handle would not.
        let mut job = tokio::task::JoinSet::new();
        job.spawn(make());
        match job.join_next().await {
            Some(Err(error)) if error.is_panic() => {
                // The text of a panic may quote a report: the log has its place only.
                tracing::error!(job = name, "a job panicked; restarting it");
                restarted(name);
                tokio::time::sleep(PAUSE).await;
            }
            _ => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_job_that_panics_is_started_again_and_counted() {
        let (starts, restarts) = (AtomicU32::new(0), AtomicU32::new(0));
        let make = || {
            let n = starts.fetch_add(1, Ordering::SeqCst);
            async move { assert!(n >= 2, "the first two fail") }
        };
        let count = |_| {
            restarts.fetch_add(1, Ordering::SeqCst);
        };
        supervise("test", make, count).await;
        assert_eq!((starts.into_inner(), restarts.into_inner()), (3, 2));
    }
}
