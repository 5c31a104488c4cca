//! Who had a report, one office after the other, and when sending it on has become a loop.
//!
//! The row of holders begins when the report is received or reopened, and anew when the operator's body sends it on:
//! that is a decision, not a hop. From the third transfer of a row on, one that goes back to an office which is in the
//! row already is a loop. So an error can be taken back once, a report may be sent on as long as it comes to new
//! offices, and none gets it a third time.

use crate::domain::BodyId;

/// The transfer of a row from which on nobody may get it back.
const HOP: usize = 3;

/// What happened to a report, as far as it matters to who has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It was closed, and is open again.
    Reopened,
    /// It went to another office.
    Transfer {
        /// The office that gave it away; none where nobody noted it.
        from: Option<BodyId>,
        /// The one that got it.
        to: BodyId,
    },
}

/// The offices of the present row, in the order in which they got the report; the last one has it.
pub fn holders(life: impl IntoIterator<Item = Turn>, now: &BodyId, operator: &BodyId) -> Vec<BodyId> {
    let mut row: Vec<BodyId> = Vec::new();
    let goes = |row: &mut Vec<BodyId>, to: &BodyId| {
        if row.last() != Some(to) {
            row.push(to.clone());
        }
    };
    for turn in life {
        match turn {
            Turn::Reopened => row.clear(),
            Turn::Transfer { from, to } => {
                if from.as_ref().or(row.last()) == Some(operator) {
                    row.clear();
                }
                from.iter().chain([&to]).for_each(|office| goes(&mut row, office));
            }
        }
    }
    if now == operator {
        row.clear();
    }
    goes(&mut row, now);
    row
}

/// Whether giving the report to another office now is a loop.
pub fn is_loop(holders: &[BodyId], to: &BodyId) -> bool {
    holders.len() >= HOP && holders.contains(to)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const OPERATOR: &str = "centre";

    fn body(id: &str) -> BodyId {
        BodyId::new(id)
    }

    /// Sends a report along these offices as long as that is no loop; gives the hop that is one.
    fn sent(path: &[&str]) -> Option<usize> {
        let mut life = Vec::new();
        let mut now = body(path[0]);
        for (hop, to) in path[1..].iter().enumerate() {
            let to = body(to);
            if is_loop(&holders(life.clone(), &now, &body(OPERATOR)), &to) {
                return Some(hop + 1);
            }
            life.push(Turn::Transfer { from: Some(now), to: to.clone() });
            now = to;
        }
        None
    }

    #[test]
    fn a_loop_is_noticed_at_the_third_hop_and_a_search_is_none() {
        assert_eq!(sent(&["a", "b", "a", "b"]), Some(3));
        assert_eq!(sent(&["a", "b", "c", "a"]), Some(3));
        assert_eq!(sent(&["a", "b", "c", "b"]), Some(3));
        assert_eq!(sent(&["a", "b", "a"]), None, "an error can be taken back");
        assert_eq!(sent(&["a", "b", "c", "d", "e"]), None, "it comes to new offices");
        assert_eq!(sent(&["a", "b", "a", "c", "d", "c"]), Some(5));
        // The operator's decision begins a row: its own transfer is the first of it.
        assert_eq!(sent(&["a", "b", OPERATOR, "b", "a", "b"]), Some(5));
        assert_eq!(sent(&["a", OPERATOR, "a", OPERATOR, "a", OPERATOR]), None);
    }

    #[test]
    fn a_reopening_begins_anew_and_what_nobody_noted_is_passed_over() {
        let to = |from: Option<&str>, to: &str| Turn::Transfer { from: from.map(body), to: body(to) };
        let row = |life: Vec<Turn>, now: &str| {
            let row = holders(life, &body(now), &body(OPERATOR));
            row.iter().map(|b| b.as_str().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(row(Vec::new(), "a"), ["a"]);
        assert_eq!(row(vec![to(Some("a"), "b")], "b"), ["a", "b"]);
        assert_eq!(row(vec![to(Some("a"), "b"), Turn::Reopened], "b"), ["b"]);
        assert_eq!(row(vec![to(None, "b"), to(None, "c")], "c"), ["b", "c"]);
        assert_eq!(row(vec![to(Some("a"), "b"), to(Some(OPERATOR), "c")], "c"), [OPERATOR, "c"]);
        assert_eq!(row(vec![to(Some("a"), OPERATOR)], OPERATOR), [OPERATOR]);
        // Boundaries turned in between: it is another's now.
        assert_eq!(row(vec![to(Some("a"), "b")], "d"), ["a", "b", "d"]);
    }

    /// Offices that each send it to any other, at random; what is a loop lands with the operator, who decides.
    fn lived(first: u8, moves: &[(u8, bool)], offices: u8) -> (Vec<Turn>, Vec<(BodyId, bool)>) {
        let office = |n: u8| {
            if n.is_multiple_of(offices) { body(OPERATOR) } else { body(&format!("o{}", n % offices)) }
        };
        let mut now = office(first);
        let (mut life, mut path) = (Vec::new(), vec![(now.clone(), false)]);
        for (to, reopened) in moves {
            if *reopened {
                life.push(Turn::Reopened);
                path.push((now.clone(), true));
            }
            let to = office(*to);
            if to == now {
                continue;
            }
            let looped = is_loop(&holders(life.clone(), &now, &body(OPERATOR)), &to);
            let to = if looped { body(OPERATOR) } else { to };
            life.push(Turn::Transfer { from: Some(now), to: to.clone() });
            path.push((to.clone(), false));
            now = to;
        }
        (life, path)
    }

    proptest! {
        /// Whatever offices do, between two rests with the operator or reopenings no office has a report more than
        /// twice, only the first one can have it twice, and the operator has it again after as many hops as there are
        /// offices, itself among them.
        #[test]
        fn no_report_goes_round(
            first in 0_u8..6, offices in 2_u8..6,
            moves in prop::collection::vec((0_u8..6, prop::bool::weighted(0.1)), 0..40),
        ) {
            let (_, path) = lived(first, &moves, offices);
            let begins = |at: &(BodyId, bool)| at.1 || at.0 == body(OPERATOR);
            let mut rows: Vec<Vec<BodyId>> = Vec::new();
            for at in &path {
                if begins(at) || rows.is_empty() {
                    rows.push(Vec::new());
                }
                rows.last_mut().unwrap().push(at.0.clone());
            }
            for row in rows {
                let count = |office: &BodyId| row.iter().filter(|o| *o == office).count();
                let twice: Vec<_> = row.iter().filter(|o| count(o) > 1).collect();
                prop_assert!(row.iter().all(|o| count(o) <= 2), "{row:?}");
                prop_assert!(twice.iter().all(|o| **o == row[0]), "{row:?}");
                prop_assert!(row.len() <= usize::from(offices), "{row:?}");
            }
        }

        /// The rule said once more, slowly: the hops of a row are counted, and each is looked up.
        #[test]
        fn a_loop_is_the_third_hop_or_a_later_one_back_to_the_row(
            path in prop::collection::vec(0_u8..5, 1..9), to in 0_u8..5,
        ) {
            let mut offices: Vec<BodyId> = path.iter().map(|n| body(&format!("o{n}"))).collect();
            offices.dedup();
            let life = offices.windows(2).map(|w| Turn::Transfer { from: Some(w[0].clone()), to: w[1].clone() });
            let row = holders(life, offices.last().unwrap(), &body(OPERATOR));
            prop_assert_eq!(&row, &offices);
            let to = body(&format!("o{to}"));
            let hop = offices.len();
            let mut back = false;
            for had in &offices {
                back |= *had == to;
            }
            prop_assert_eq!(is_loop(&row, &to), hop >= 3 && back);
        }
    }
}
