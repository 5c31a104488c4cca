//! The markup of the pages of accounts.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use maud::{Markup, html};

use super::words::{self, Pair};
use super::{Asked, FORM};
use crate::http::doors::life::caller;
use crate::http::wire::document::CachePolicy;
use crate::http::wire::html::Page;
use diaban_core::domain::caller::{Caller, Office};
use diaban_core::domain::key::Key;
use diaban_core::domain::{BodyId, Instant, time_words};

/// What is said first, with which status, and when to come again, in seconds.
pub(super) struct Alert(pub(super) StatusCode, pub(super) Pair, pub(super) Option<u32>);

/// What writes the pages.
pub(super) struct View<'a> {
    asked: &'a Asked,
}

impl<'a> View<'a> {
    pub(super) fn of(asked: &'a Asked) -> Self {
        Self { asked }
    }

    fn say(&self, pair: Pair) -> &'static str {
        self.asked.lang.pick(pair)
    }

    /// Asks for login and password.
    pub(super) fn login(&self, alert: Option<Alert>) -> Response {
        let main = html! {
            h1 { (self.say(words::LOGIN_TITLE)) }
            (self.alert(alert.as_ref()))
            p { (self.say(words::FOR_WHOM)) }
            (self.form("/account/login", words::LOG_IN, html! {
                label for="login" { (self.say(words::LOGIN)) }
                input #login name="login" required autocomplete="username" autocapitalize="none" spellcheck="false"
                    maxlength="40";
                (self.password("password", words::PASSWORD, "current-password"))
            }))
            p { small { (self.say(words::FORGOTTEN)) } }
        };
        self.answer("/account", words::LOGIN_TITLE, html! {}, main, alert)
    }

    /// Asks for the password that is to be.
    pub(super) fn welcome(&self, token: &str, alert: Option<Alert>) -> Response {
        let main = html! {
            h1 { (self.say(words::WELCOME)) }
            (self.alert(alert.as_ref()))
            p { (self.say(words::WELCOME_HOW)) }
            (self.form("/account/welcome", words::CHOOSE, html! {
                label for="token" { (self.say(words::CODE)) }
                input #token name="token" value=(token) required autocomplete="off" autocapitalize="none"
                    spellcheck="false";
                (self.new_password())
            }))
        };
        let head = html! { script src="/assets/welcome.js" type="module" {} };
        self.answer("/account/welcome", words::WELCOME, head, main, alert)
    }

    /// Who somebody is, and what can be done about it.
    pub(super) fn holder(&self, session: &Key, alert: Option<Alert>) -> Response {
        let main = html! {
            h1 { (session.name) }
            (self.alert(alert.as_ref()))
            dl {
                dt { (self.say(words::LOGIN)) }
                dd { (session.id.login().unwrap_or_default()) }
                dt { (self.say(words::OPENS)) }
                dd { (self.opens(session)) }
                @if let Some(end) = session.expires {
                    dt { (self.say(words::UNTIL)) }
                    dd { (self.moment(end)) }
                }
            }
            (self.form("/account/logout", words::LOG_OUT, html! {}))
            details {
                summary { (self.say(words::CHANGE)) }
                (self.form("/account/password", words::CHANGE_NOW, html! {
                    (self.password("former", words::FORMER, "current-password"))
                    (self.new_password())
                }))
            }
            details {
                summary { (self.say(words::END_ALL)) }
                p { (self.say(words::END_ALL_WHAT)) }
                (self.form("/account/logout-all", words::END_ALL_NOW, html! {}))
            }
        };
        self.answer("/account", words::ACCOUNT, html! {}, main, alert)
    }

    /// Whose reports are theirs, by the wards in force now.
    fn opens(&self, session: &Key) -> Markup {
        let city = &self.asked.service.city;
        let areas = city.areas();
        let Caller::Officer(Office { wards, bodies }) = caller(&areas, Some(session)) else {
            return html! { (self.say(words::ALL_REPORTS)) };
        };
        let wards =
            wards.iter().map(|w| areas.book.unit(w).map_or_else(|| w.to_string(), |u| u.name.clone()));
        let names: Vec<String> = wards
            .chain(
                bodies
                    .iter()
                    .map(|id| city.body_name(&areas, &BodyId::new(id)).get(self.asked.lang).to_owned()),
            )
            .collect();
        html! { (names.join("; ")) }
    }

    fn moment(&self, at: Instant) -> Markup {
        let zone = self.asked.service.city.pack.time_zone();
        html! { time datetime=(at) { (time_words::moment(at, false, zone, self.asked.lang)) } }
    }

    fn alert(&self, alert: Option<&Alert>) -> Markup {
        html! {
            @if let Some(Alert(status, words, _)) = alert {
                @if *status == StatusCode::OK {
                    p.notice role="status" { (self.say(*words)) }
                } @else {
                    p.alert role="alert" { (self.say(*words)) }
                }
            }
        }
    }

    fn form(&self, path: &str, button: Pair, fields: Markup) -> Markup {
        html! {
            form method="post" action={ (path) (self.asked.suffix) } enctype=(FORM) {
                (fields)
                button { (self.say(button)) }
            }
        }
    }

    fn password(&self, name: &str, label: Pair, autocomplete: &str) -> Markup {
        html! {
            label for=(name) { (self.say(label)) }
            input id=(name) name=(name) type="password" required autocomplete=(autocomplete);
        }
    }

    fn new_password(&self) -> Markup {
        html! {
            (self.password("password", words::NEW, "new-password"))
            (self.password("again", words::AGAIN, "new-password"))
            p { small { (self.say(words::RULE)) } }
        }
    }

    /// Nobody keeps these pages.
    fn answer(&self, path: &str, title: Pair, head: Markup, main: Markup, alert: Option<Alert>) -> Response {
        let foot = html! { p { a href={ "/?lang=" (self.asked.lang.tag()) } { (self.say(words::HOME)) } } };
        let service = &self.asked.service.city.pack.city.page.name;
        let page = Page { lang: self.asked.lang, service, title: self.say(title), path, head, main, foot };
        let Some(Alert(status, _, wait)) = alert.filter(|alert| alert.0 != StatusCode::OK) else {
            return page.answer(CachePolicy::Never, &HeaderMap::new());
        };
        let mut response = page.refuse(status);
        if let Some(s) = wait {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(s));
        }
        response
    }
}
