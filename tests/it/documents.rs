//! Documents as text: a change of what others read shows in review.

use insta::assert_json_snapshot;

use crate::harness::{CENTRE, Server};

#[test]
fn the_landing_page_and_what_it_links_to() {
    let server = Server::start_counting();
    assert_json_snapshot!("landing", server.get("/").json());
    assert_json_snapshot!("conformance", server.get("/conformance").json());
    assert_json_snapshot!("collections", server.get("/collections").json());
    for path in ["/", "/conformance", "/collections", "/collections/reports", "/collections/wards"] {
        assert_eq!(server.get(path).status, 200, "{path}");
    }
    server.get("/collections/nothing").problem(404);
}

#[test]
fn a_report_as_everybody_sees_it() {
    let server = Server::start_counting();
    assert_json_snapshot!("report", server.report("road_sign", Some(CENTRE)));
    server.until("it is counted", || server.matched("") == 1);
    assert_json_snapshot!("reports", server.get("/collections/reports/items?status=open&limit=5").json());
}

#[test]
fn the_categories() {
    let server = Server::start();
    assert_json_snapshot!("categories", server.get("/categories").json());
}

#[test]
fn a_problem() {
    let server = Server::start();
    let answer = server.get("/collections/reports/items?limit=abc&statsu=open");
    assert_json_snapshot!("problem", answer.json());
}
