//! The command on a site whose sessions are in cookies.

#[cfg(test)]
mod support;

use support::{Place, Run};

#[cfg(test)]
fn run(place: &Place, engine: &str, revocation: &str, arguments: &[&str]) -> Run {
    let mut command = place.command(arguments);
    command.env("SESSION_ENGINE", engine);
    command.env("TENURE_COOKIE_REVOCATION", revocation);
    command.output().unwrap().into()
}

#[test]
fn a_session_in_a_cookie_is_made_shown_and_ended_where_that_is_remembered() {
    for engine in ["signed_cookies", "encrypted_cookies"] {
        for revocation in ["none", "db"] {
            let place = Place::empty();
            let run = |arguments: &[&str]| run(&place, engine, revocation, arguments);
            let made = run(&["init"]);
            assert_eq!(made.code, Some(0), "{made:?}");
            assert_eq!(place.database().exists(), revocation == "db");

            run(&["list"]).fails(1, &[engine, "in the visitors' cookies"]);

            let created = run(&["create", "--data", r#"{"user": 7}"#]);
            assert_eq!(created.code, Some(0), "{created:?}");
            let cookie = created.out.trim_end();
            let shown = run(&["show", "--json", cookie]);
            assert!(shown.out.contains(r#""data": {"user":7}"#), "{shown:?}");
            let decoded = run(&["decode", cookie]);
            assert_eq!(decoded.code == Some(0), engine == "signed_cookies");

            let deleted = run(&["delete", cookie]);
            let shown = run(&["show", cookie]);
            if revocation == "db" {
                assert_eq!(deleted.code, Some(0), "{deleted:?}");
                shown.fails(1, &["there is no session"]);
            } else {
                deleted.fails(1, &["lives on: TENURE_COOKIE_REVOCATION is \"none\""]);
                assert_eq!(shown.code, Some(0), "{shown:?}");
            }
            assert_eq!(run(&["clearsessions"]).code, Some(0));
        }
    }
}
