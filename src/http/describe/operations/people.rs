//! Pages for people, and what their forms send.

use serde_json::json;

use super::news::forms;
use crate::http::describe::feeds::News;
use crate::http::describe::schema::{object, text};
use crate::http::describe::{Describe, Operation};
use crate::http::doors::report::{FORM, PARAMS};
use crate::http::wire::html;

/// The media type of a page, without its parameter.
const HTML: &str = "text/html";

pub(in crate::http) fn report(d: &mut Describe<'_>) -> Vec<Operation> {
    debug_assert!(html::MEDIA.starts_with(HTML));
    let about = "The page of a report: where it stands, when an answer is due, what happened";
    let page = Operation::new("/r/{id}", "reportPage", about).query(PARAMS).answers(HTML, text());
    let feed = forms(d, "/r/{id}", ("reportFeed", "What happened to a report"), News::Changes, &[]);
    std::iter::once(page).chain(feed).collect()
}

pub(in crate::http) fn session(_: &mut Describe<'_>) -> Vec<Operation> {
    let about = "The page of a report knows whoever sent it, for half an hour; only the page may send this";
    let operation = Operation::new("/r/{id}/session", "openReportSession", about).query(PARAMS);
    let token = json!({ "type": "string", "description": "The token of the report" });
    vec![operation.body(FORM, object([("token", token)], [])).see_other("Back to the page, with a cookie")]
}

pub(in crate::http) fn answer(_: &mut Describe<'_>) -> Vec<Operation> {
    let about =
        "Whoever sent a report answers the question of its office on the page; only the page may send this";
    let operation = Operation::new("/r/{id}/answer", "answerOfficeOnPage", about).query(PARAMS);
    let form = operation.body(FORM, object([("answer", text())], []));
    vec![form.see_other("Back to the page, which tells the answer")]
}

pub(in crate::http) fn rate(_: &mut Describe<'_>) -> Vec<Operation> {
    let about = "Whoever sent a report says on the page how it was closed; only the page may send this";
    let operation = Operation::new("/r/{id}/rate", "rateReportOnPage", about).query(PARAMS);
    let yes = || json!({ "type": "string", "enum": ["yes"] });
    let satisfied = json!({ "type": "string", "enum": ["yes", "no"] });
    let form = object([("satisfied", satisfied)], [("reason", text()), ("words", text()), ("reopen", yes())]);
    vec![operation.body(FORM, form).see_other("Back to the page, which tells the rating")]
}

pub(in crate::http) fn erase(_: &mut Describe<'_>) -> Vec<Operation> {
    let about = "Whoever sent a report erases it, with the cookie of its page; only the page may send this";
    let operation = Operation::new("/r/{id}/erase", "eraseReportOnPage", about).query(PARAMS);
    let sure = json!({ "type": "string", "enum": ["yes"] });
    vec![operation.body(FORM, object([("sure", sure)], [])).answers(HTML, text())]
}
