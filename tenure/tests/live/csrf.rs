//! A CSRF token of one side is one of the other: `CSRF_USE_SESSIONS`.

use serde_json::Value;
use tenure::{Session, csrf};

use crate::{
    engines,
    site::Site,
    visitor::{Reply, Visitor},
};

impl Site {
    fn session(&self, key: &str) -> Session {
        self.runtime
            .block_on(self.sessions.session(key).load())
            .unwrap()
    }
}

fn is_sent(reply: &Reply) -> bool {
    reply.status == 200 && reply.body == "The form was sent."
}

#[test]
fn a_csrf_token_of_one_side_is_accepted_by_the_other() {
    let mut site = Site::open(engines::db_on_sqlite());
    let django = site.serve();

    // A form that Django made.
    let mut visitor = Visitor::default();
    let page = visitor.get(&django, "/form/");
    let token = page.csrf_token().unwrap().to_owned();
    let key = visitor.jar["sessionid"].clone();
    let session = site.session(&key);
    csrf::check_token(&session, &token).unwrap();
    let altered = format!("{}{}", &token[1..], &token[..1]);
    assert!(csrf::check_token(&session, &altered).is_err());

    // One that tenure makes in the same session, and Django's own once more.
    let secret: String = session.get("_csrftoken").unwrap().unwrap();
    for token in [csrf::token(&session).unwrap(), token, secret] {
        let reply = visitor.post(&django, "/form/", &[("csrfmiddlewaretoken", &token)]);
        assert!(is_sent(&reply), "{}: {}", reply.status, reply.body);
    }
    let reply = visitor.post(&django, "/form/", &[("csrfmiddlewaretoken", &altered)]);
    assert_eq!(reply.status, 403, "{}", reply.body);

    // One in a session that tenure has made.
    let session = site
        .runtime
        .block_on(site.sessions.new_session().load())
        .unwrap();
    let token = csrf::token(&session).unwrap();
    site.runtime.block_on(session.save()).unwrap();
    let key = session.key().unwrap();
    let mut visitor = Visitor::with(&Value::from(key.as_str()));
    let reply = visitor.post(&django, "/form/", &[("csrfmiddlewaretoken", &token)]);
    assert!(is_sent(&reply), "{}: {}", reply.status, reply.body);
    // Django goes on with that secret, and tenure with what Django then makes of it.
    let page = visitor.get(&django, "/form/");
    let token = page.csrf_token().unwrap();
    csrf::check_token(&site.session(key.as_str()), token).unwrap();

    // Django before 4.0 kept the secret masked.
    let session = site.session(key.as_str());
    session
        .insert("_csrftoken", csrf::token(&session).unwrap())
        .unwrap();
    csrf::check_token(&session, token).unwrap();
    csrf::check_token(&session, &csrf::token(&session).unwrap()).unwrap();
}
