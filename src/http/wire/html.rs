//! Pages for people, made here: the frame around all of them, and the answer. Text is escaped by `maud`, wherever it
//! comes from; nothing in `http` writes markup in another way.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use maud::{DOCTYPE, Markup, html};

use crate::http::wire::document::{CachePolicy, Document};
use diaban_core::domain::Lang;

/// Media type.
pub(in crate::http) const MEDIA: &str = "text/html; charset=utf-8";
/// A page shows and runs files of this service only, and nobody may frame it.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; \
     frame-ancestors 'none'",
);
/// What a page depends on besides its address.
const VARY: HeaderValue = HeaderValue::from_static("Accept, Accept-Language, Cookie");

/// What stands in the frame.
pub(in crate::http) struct Page<'a> {
    pub(in crate::http) lang: Lang,
    /// What the service is called.
    pub(in crate::http) service: &'a str,
    pub(in crate::http) title: &'a str,
    /// Its path; the same with `?lang=` is it in a language.
    pub(in crate::http) path: &'a str,
    /// Further elements of the head.
    pub(in crate::http) head: Markup,
    pub(in crate::http) main: Markup,
    /// The last line.
    pub(in crate::http) foot: Markup,
}

impl Page<'_> {
    /// The whole page.
    fn markup(&self) -> Markup {
        let other = self.lang.other();
        html! {
            (DOCTYPE)
            html lang=(self.lang.tag()) {
                head {
                    meta charset="utf-8";
                    title { (self.title) " · " (self.service) }
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    // Without it browsers do not say where a form was sent from.
                    meta name="referrer" content="same-origin";
                    meta name="theme-color" content="#0b4a54";
                    link rel="icon" href="/assets/icon.svg" type="image/svg+xml";
                    script src="/assets/early.js" {}
                    link rel="stylesheet" href="/assets/page.css";
                    @for lang in [Lang::Vi, Lang::En] {
                        link rel="alternate" hreflang=(lang.tag()) href={ (self.path) "?lang=" (lang.tag()) };
                    }
                    (self.head)
                }
                body {
                    header {
                        a href={ "/?lang=" (self.lang.tag()) } { (self.service) }
                        a href={ (self.path) "?lang=" (other.tag()) } lang=(other.tag()) hreflang=(other.tag()) {
                            (match other { Lang::Vi => "Tiếng Việt", Lang::En => "English" })
                        }
                    }
                    main { (self.main) }
                    footer { (self.foot) }
                }
            }
        }
    }

    /// The answer to a request with these headers.
    pub(in crate::http) fn answer(&self, cache: CachePolicy, request: &HeaderMap) -> Response {
        Document::new(MEDIA, self.markup().into_string(), cache)
            .header(header::CONTENT_SECURITY_POLICY, POLICY)
            .header(header::VARY, VARY)
            .answer(request)
    }

    /// The same with another status than 200; nobody keeps it.
    pub(in crate::http) fn refuse(&self, status: StatusCode) -> Response {
        let headers = [
            (header::CONTENT_TYPE, HeaderValue::from_static(MEDIA)),
            (header::CACHE_CONTROL, HeaderValue::from_static(CachePolicy::Never.header())),
            (header::CONTENT_SECURITY_POLICY, POLICY),
            (header::VARY, VARY),
        ];
        (status, headers, self.markup().into_string()).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_never_markup() {
        let evil = "\"><script>alert('x')</script>&";
        let page = Page {
            lang: Lang::En,
            service: evil,
            title: evil,
            path: evil,
            head: html! { meta property="og:title" content=(evil); },
            main: html! { p title=(evil) { (evil) } },
            foot: html! { (evil) },
        };
        let text = page.markup().into_string();
        let escaped = text.matches("&quot;&gt;&lt;script&gt;alert('x')&lt;/script&gt;&amp;").count();
        assert!(escaped > 8 && text.matches("alert").count() == escaped, "{text}");
    }
}
