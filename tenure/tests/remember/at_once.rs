//! A page's parallel requests, and what comes in between: one request is stopped at a named step, and another one runs to its end.

use std::sync::Arc;

use crate::site::{Browser, LATER, Site};

#[tokio::test]
async fn parallel_requests_with_one_token_are_all_logged_in_and_one_gives_the_next() {
    let (site, stage) = Site::staged().await;
    let site = Arc::new(site);
    let mut first = Browser::remembered(&site).await;
    first.restart();
    let given = first.token().unwrap().to_owned();
    let second = first.clone();

    // The second comes after the first has found its token right, and before it has replaced it.
    let (sent, answered) = tokio::sync::oneshot::channel();
    let other = {
        let (site, mut second) = (Arc::clone(&site), second.clone());
        async move {
            assert!(second.is_ada(&site).await);
            sent.send(second).unwrap();
        }
    };
    stage.before("save", other);
    assert!(first.is_ada(&site).await);
    let mut second = answered.await.unwrap();
    assert_ne!(
        second.token(),
        Some(&*given),
        "the quicker one has the next"
    );
    assert_eq!(
        first.token(),
        Some(&*given),
        "the slower one was given none"
    );
    assert!(site.heard.suspicions().is_empty());
    assert_eq!(site.browsers().await, 1);

    // In the browser, cookies of both have come in.
    first.cookies.extend(second.cookies.clone());
    site.system.advance(LATER);
    assert!(first.is_ada(&site).await);
    first.restart();
    assert!(first.is_ada(&site).await);
    assert!(site.heard.suspicions().is_empty());
    second.restart();
    site.system.advance(LATER);
    assert_eq!(second.visitor(&site).await, None);
}

#[tokio::test]
async fn a_logout_while_a_token_is_used_stands() {
    let (site, stage) = Site::staged().await;
    let site = Arc::new(site);
    let open = Browser::remembered(&site).await;
    let mut closed = open.clone();
    closed.restart();
    let other = {
        let (site, mut open) = (Arc::clone(&site), open.clone());
        async move { open.log_out(&site).await }
    };
    stage.before("save", other);
    assert_eq!(closed.visitor(&site).await, None);
    assert_eq!(closed.token(), None);
    assert_eq!(site.browsers().await, 0);
}

#[tokio::test]
async fn a_theft_that_is_noticed_while_the_token_is_used_ends_it() {
    let (site, stage) = Site::staged().await;
    let site = Arc::new(site);
    let mut browser = Browser::remembered(&site).await;
    browser.restart();
    let old = browser.clone();
    assert!(browser.is_ada(&site).await);
    site.system.advance(LATER);
    browser.restart();
    let other = {
        let (site, mut old) = (Arc::clone(&site), old.clone());
        async move { assert_eq!(old.visitor(&site).await, None) }
    };
    stage.before("save", other);
    assert_eq!(browser.visitor(&site).await, None);
    assert_eq!(site.browsers().await, 0);
}

#[tokio::test]
async fn all_sessions_ended_while_a_remembered_login_is_made() {
    let (site, stage) = Site::staged().await;
    let site = Arc::new(site);
    let mut browser = Browser::remembered(&site).await;
    browser.restart();
    let other = {
        let site = Arc::clone(&site);
        async move {
            let ada = site.ada().await;
            site.sessions.end_all(ada.id()).await.unwrap();
        }
    };
    // The token is replaced, and the session not there yet.
    stage.before("create", other);
    assert_eq!(browser.visitor(&site).await, None);
    assert_eq!(browser.cookies.len(), 0);
    assert_eq!(site.browsers().await, 0);
}
