//! Over plain HTTP no session travels, where its cookie is for HTTPS alone.

use tenure::{
    Sessions, Settings,
    testing::{self, MemoryStore},
};

use crate::site::{ABROAD, Browser, FIREFOX, PROXY, Site};

const HTTP: &[(&str, &str)] = &[("x-forwarded-proto", "http")];
const HTTPS: &[(&str, &str)] = &[("x-forwarded-proto", "https")];

async fn site(secure: bool) -> Site {
    let mut settings: Settings = testing::settings();
    settings.cookie_secure = secure;
    settings.trusted_proxies = vec![PROXY.into()];
    Site::on(Sessions::new(MemoryStore::default(), &settings).unwrap()).await
}

async fn rows(site: &Site) -> usize {
    site.sessions.store().scan(None, 10).await.unwrap().len()
}

#[tokio::test]
async fn r16_plain_http_brings_no_session_and_gets_no_cookie() {
    let site = site(true).await;
    let ada = site.ada().await;
    let mut plain = ada.behind(PROXY, HTTP);
    for path in ["/show", "/plain"] {
        let seen = plain.get(&site, path).await;
        assert!(
            seen.set_cookie.is_empty() && !seen.body.contains("ada"),
            "{seen:?}"
        );
        // It went over the wire, whether or not anybody looks at it here.
        assert_eq!(site.heard.take(), ["Plaintext"]);
    }
    // What is written is not kept, and nobody can log in.
    assert_eq!(plain.post(&site, "/add").await.status, 200);
    let seen = plain.post(&site, "/log-in").await;
    assert_eq!(seen.status, 400);
    assert!(
        seen.set_cookie.is_empty() && seen.body.contains("https://"),
        "{seen:?}"
    );
    assert_eq!(plain.post(&site, "/log-out").await.set_cookie.len(), 0);
    assert_eq!(rows(&site).await, 1);
    // The session itself goes on.
    assert_eq!(ada.clone().get(&site, "/show").await.body, "ada 1");
    assert_eq!(
        ada.behind(PROXY, HTTPS).get(&site, "/show").await.body,
        "ada 1"
    );
}

#[tokio::test]
async fn r16_a_stranger_over_plain_http_tells_nothing_and_leaves_nothing() {
    let site = site(true).await;
    let mut stranger = Browser::new(FIREFOX, None).behind(PROXY, HTTP);
    for _ in 0..3 {
        assert!(stranger.post(&site, "/add").await.set_cookie.is_empty());
    }
    assert_eq!(rows(&site).await, 0);
    assert!(site.heard.take().is_empty());
}

#[tokio::test]
async fn r16_a_spoofed_header_changes_nothing() {
    let site = site(true).await;
    let mut ada = site.ada().await.behind(ABROAD, HTTP);
    assert_eq!(ada.get(&site, "/show").await.body, "ada 1");
    assert!(site.heard.take().is_empty());
    // Nor does what a visitor has put before the proxy's own word.
    let spoofed = &[("x-forwarded-proto", "https, http")];
    assert_eq!(
        ada.behind(PROXY, spoofed).get(&site, "/show").await.body,
        "nobody 0"
    );
}

#[tokio::test]
async fn a_cookie_that_is_not_for_https_alone_may_come_without() {
    let site = site(false).await;
    let mut plain = site.ada().await.behind(PROXY, HTTP);
    assert_eq!(plain.get(&site, "/show").await.body, "ada 1");
}
