//! The parts of requests and responses: reading parameters and bodies, writing documents and
//! errors. Not here: access and rate limits (edge), the handlers (doors).

pub(in crate::http) mod coding;
pub(in crate::http) mod document;
pub(in crate::http) mod extract;
pub(in crate::http) mod html;
pub(in crate::http) mod members;
pub(in crate::http) mod negotiate;
pub(in crate::http) mod parts;
pub(in crate::http) mod problem;
pub(in crate::http) mod sse;
pub(in crate::http) mod strict_json;
