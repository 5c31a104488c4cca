//! Pages of accounts, and what their forms send.

use serde_json::{Value, json};

use crate::http::describe::schema::{object, text};
use crate::http::describe::{Describe, Operation};
use crate::http::doors::account::{FORM, PARAMS};

/// The media type of a page.
const HTML: &str = "text/html";

fn page(path: &str, id: &str, about: &str) -> Vec<Operation> {
    vec![Operation::new(path, id, about).query(PARAMS).answers(HTML, text())]
}

fn password(about: &str) -> Value {
    json!({ "type": "string", "format": "password", "description": about })
}

pub(in crate::http) fn account(_: &mut Describe<'_>) -> Vec<Operation> {
    page("/account", "accountPage", "Who is logged in, or the form to log in")
}

pub(in crate::http) fn invited(_: &mut Describe<'_>) -> Vec<Operation> {
    page("/account/welcome", "welcomePage", "The form to choose a password with a one-time link")
}

pub(in crate::http) fn welcome(_: &mut Describe<'_>) -> Vec<Operation> {
    let about = "The holder of a one-time link chooses a password; only the page may send this";
    let operation = Operation::new("/account/welcome", "choosePassword", about).query(PARAMS);
    let token = json!({ "type": "string", "description": "What stands behind the # of the link" });
    let form = [("token", token), ("password", password("The password")), ("again", password("The same"))];
    vec![operation.body(FORM, object(form, [])).answers(HTML, text())]
}

pub(in crate::http) fn log_in(_: &mut Describe<'_>) -> Vec<Operation> {
    let about =
        "Begins a session: for 7 days, or until nothing comes for 8 hours; only the page may send this";
    let operation = Operation::new("/account/login", "logIn", about).query(PARAMS);
    let form = [("login", text()), ("password", password("The password"))];
    vec![operation.body(FORM, object(form, [])).see_other("To the page of the account, with a cookie")]
}

pub(in crate::http) fn log_out(_: &mut Describe<'_>) -> Vec<Operation> {
    let about = "Ends the session; only the page may send this";
    let operation = Operation::new("/account/logout", "logOut", about).query(PARAMS);
    vec![operation.see_other("To the form to log in")]
}

pub(in crate::http) fn end_all(_: &mut Describe<'_>) -> Vec<Operation> {
    let about = "Ends all sessions of the account; only the page may send this";
    let operation = Operation::new("/account/logout-all", "endAllSessions", about).query(PARAMS);
    vec![operation.see_other("To the form to log in")]
}

pub(in crate::http) fn change_password(_: &mut Describe<'_>) -> Vec<Operation> {
    let about =
        "Another password in place of the one that there is; other sessions end; only the page may send this";
    let operation = Operation::new("/account/password", "changePassword", about).query(PARAMS);
    let form = [
        ("former", password("The password that there is")),
        ("password", password("The one that is to be")),
        ("again", password("The same")),
    ];
    vec![operation.body(FORM, object(form, [])).answers(HTML, text())]
}
