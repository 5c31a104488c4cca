//! placeholder
use super::generation::Generation;
/// s
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// a
    Error,
}
/// f
#[derive(Clone, Debug)]
pub struct Finding {
    /// s
    pub severity: Severity,
}
/// c
pub fn check(_: &Generation) -> Vec<Finding> {
    vec![]
}
