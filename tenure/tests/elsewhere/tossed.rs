//! Cookies that a neighbour domain has set beside ours.

use tenure::{
    Sessions,
    testing::{self, MemoryStore},
};

use crate::site::{Browser, FIREFOX, HOME, Site};

async fn site() -> Site {
    let mut settings = testing::settings();
    settings.cookie_name = "__Host-id".into();
    settings.cookie_secure = true;
    Site::on(Sessions::new(MemoryStore::default(), &settings).unwrap()).await
}

async fn shows(site: &Site, cookies: &str) -> (String, Vec<String>) {
    let mut browser = Browser::new(FIREFOX, Some(HOME));
    browser.cookie = Some(cookies.to_owned());
    let seen = browser.get(site, "/show").await;
    assert!(seen.set_cookie.is_empty(), "{cookies}: {seen:?}");
    (seen.body, site.heard.take())
}

#[tokio::test]
async fn r13_two_live_sessions_count_as_none_and_are_reported() {
    let site = site().await;
    let (ada, mut other) = (site.ada().await.cookie.unwrap(), site.ada().await);
    other.post(&site, "/add").await;
    let other = other.cookie.unwrap();
    for cookies in [format!("{ada}; {other}"), format!("{other}; {ada}")] {
        let expected = ("nobody 0".to_owned(), vec!["SeveralSessions".to_owned()]);
        assert_eq!(shows(&site, &cookies).await, expected);
    }
    // One of them twice is one.
    assert_eq!(shows(&site, &format!("{ada}; {ada}")).await.0, "ada 1");
    let dead = "__Host-id=0123456789abcdefghijklmnopqrstuv";
    for cookies in [format!("{ada}; {dead}"), format!("{dead}; {ada}")] {
        let expected = ("ada 1".to_owned(), vec!["UnknownKey".to_owned()]);
        assert_eq!(shows(&site, &cookies).await, expected);
    }
}

#[tokio::test]
async fn r13_names_that_only_look_like_ours_are_not_ours() {
    let site = site().await;
    let (ada, evil) = (
        site.ada().await.cookie.unwrap(),
        site.ada().await.cookie.unwrap(),
    );
    for name in [
        "%5F_Host-id",
        "\u{2000}__Host-id",
        "__host-id",
        "__Host-id\u{a0}",
        "\"__Host-id\"",
    ] {
        let evil = evil.replace("__Host-id", name);
        for cookies in [format!("{ada}; {evil}"), format!("{evil}; {ada}")] {
            assert_eq!(
                shows(&site, &cookies).await,
                ("ada 1".to_owned(), vec![]),
                "{cookies}"
            );
        }
        assert_eq!(
            shows(&site, &evil).await,
            ("nobody 0".to_owned(), vec![]),
            "{evil}"
        );
    }
}
