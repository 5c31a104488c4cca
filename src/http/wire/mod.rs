//! What requests and answers are made of: parameters and bodies read, documents and errors written.
//! Not here: who may ask and how often (edge), what is asked (doors).

pub(in crate::http) mod coding;
pub(in crate::http) mod document;
pub(in crate::http) mod extract;
pub(in crate::http) mod negotiate;
pub(in crate::http) mod parts;
pub(in crate::http) mod problem;
pub(in crate::http) mod sse;
pub(in crate::http) mod strict_json;
