//! Visitors of a site.

use tenure::{SessionError, Sessions};

pub(crate) const KEY: &str = "0123456789abcdefghijklmnopqrstuv";

/// So many new visitors at a time.
pub(crate) async fn visits(sessions: &Sessions, count: usize) {
    let visits = (0..count).map(|_| {
        let session = sessions.new_session();
        tokio::spawn(async move {
            let session = session.load().await.unwrap();
            session.insert("cart", 1).unwrap();
            session.save().await.unwrap();
        })
    });
    for visit in visits.collect::<Vec<_>>() {
        visit.await.unwrap();
    }
}

/// One visitor's requests, many at a time, each of which counts.
pub(crate) async fn increments(sessions: &Sessions) {
    let session = sessions.new_session().load().await.unwrap();
    session.insert("count", 0).unwrap();
    session.save().await.unwrap();
    let key = session.key().unwrap();
    let requests = (0..20).map(|_| {
        let session = sessions.session(key.as_str());
        tokio::spawn(async move {
            let session = session.load().await.unwrap();
            session
                .update("count", |count: Option<u32>| count.unwrap_or_default() + 1)
                .unwrap();
            session.save().await.unwrap();
        })
    });
    for request in requests.collect::<Vec<_>>() {
        request.await.unwrap();
    }
    let session = sessions.session(key.as_str()).load().await.unwrap();
    assert_eq!(session.get::<u32>("count").unwrap(), Some(20));
}

/// The message of an outage.
pub(crate) fn told(error: SessionError) -> String {
    assert_eq!(error.status(), 503);
    error.to_string()
}
