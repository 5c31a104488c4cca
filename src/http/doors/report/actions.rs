//! What whoever sent a report can do on its page: answer its office, rate how it was closed, erase it.

use maud::{Markup, html};

use super::view::View;
use super::words::{self, Pair};
use crate::store::{Awaited, Wait};
use diaban_core::domain::Instant;
use diaban_core::domain::time_words::day;

/// The most characters of an answer or of a word beside a rating.
const MOST: u32 = 2_000;

impl View<'_> {
    /// One list, which grows.
    pub(super) fn own(&self, until: Instant) -> Markup {
        let asked = self.seen.awaited.as_ref().map(|awaited| match awaited.wait {
            Wait::Answer => self.asked(awaited),
            Wait::Decision => self.wished(awaited),
        });
        let rate = self.seen.rate_until.map(|until| self.rate(until));
        let actions = asked.into_iter().chain(rate).chain([self.erase()]);
        let zone = self.to.service.city.pack.time_zone();
        let until = zone.to_datetime(until.timestamp()).strftime("%H:%M").to_string();
        html! {
            section.own {
                h2 { (self.say(words::OWN)) }
                p { (self.say(words::OWN_UNTIL).replace("{time}", &until)) }
                ul { @for action in actions { li { (action) } } }
            }
        }
    }

    /// The same with a day in it.
    fn say_day(&self, pair: Pair, at: Instant) -> String {
        let zone = self.to.service.city.pack.time_zone();
        self.say(pair).replace("{day}", &day(at, zone, self.lang()))
    }

    /// The question of the office, and a form for the answer.
    fn asked(&self, question: &Awaited) -> Markup {
        let over = question.silent || question.until < self.seen.now;
        let until = if over { words::ASKED_OVER } else { words::ASKED_UNTIL };
        html! {
            h3 { (self.say(words::ASKED)) }
            p.said lang=[self.to.theirs()] { (question.said) }
            p { (self.say_day(until, question.until)) " " (self.say(words::ASKED_ALONE)) }
            form method="post" action={ (self.path()) "/answer" (self.to.asked.suffix) } {
                label for="answer" { (self.say(words::ANSWER)) }
                textarea #answer name="answer" required maxlength=(MOST) rows="4" {}
                button { (self.say(words::ANSWER_NOW)) }
            }
        }
    }

    /// The office decides about a wish.
    fn wished(&self, wish: &Awaited) -> Markup {
        html! { p { (self.say_day(words::WISHED, wish.until)) } }
    }

    /// A form to say how it was closed.
    fn rate(&self, until: Instant) -> Markup {
        let pack = &self.to.service.city.pack;
        let choice = |value: &str, pair: Pair| {
            html! {
                label { input type="radio" name="satisfied" value=(value) required; " " (self.say(pair)) }
            }
        };
        html! {
            h3 { (self.say(words::RATE)) }
            p { (self.say_day(words::RATE_UNTIL, until)) }
            form method="post" action={ (self.path()) "/rate" (self.to.asked.suffix) } {
                fieldset {
                    legend { (self.say(words::RATE_HOW)) }
                    (choice("yes", words::SATISFIED))
                    (choice("no", words::UNSATISFIED))
                }
                details {
                    summary { (self.say(words::RATE_MORE)) }
                    @for reason in &pack.ratings.reasons {
                        label { input type="checkbox" name="reason" value=(reason.code); " " (reason.name.get(self.lang())) }
                    }
                    label for="words" { (self.say(words::RATE_WORDS)) }
                    textarea #words name="words" maxlength=(MOST) rows="3" {}
                    label { input type="checkbox" name="reopen" value="yes"; " " (self.say(words::REOPEN)) }
                }
                button { (self.say(words::RATE_NOW)) }
            }
        }
    }

    fn erase(&self) -> Markup {
        html! {
            details {
                summary { (self.say(words::ERASE)) }
                p { (self.say(words::ERASE_WHAT)) }
                form method="post" action={ (self.path()) "/erase" (self.to.asked.suffix) } {
                    label { input type="checkbox" name="sure" value="yes" required; " " (self.say(words::SURE)) }
                    button.danger { (self.say(words::ERASE_NOW)) }
                }
            }
        }
    }
}
