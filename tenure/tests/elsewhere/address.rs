//! Where a visitor comes from, in front of proxies and behind them.

use std::net::IpAddr;

use tenure::{
    Sessions, Settings,
    testing::{self, MemoryStore},
};

use crate::site::{Browser, FIREFOX, HOME, PROXY, Site};

async fn site(proxies: &[&str]) -> Site {
    let mut settings: Settings = testing::settings();
    settings.trusted_proxies = proxies.iter().map(|&text| text.to_owned()).collect();
    Site::on(Sessions::new(MemoryStore::default(), &settings).unwrap()).await
}

fn said(address: &str, agent: &str) -> String {
    let address: Option<IpAddr> = address.parse().ok();
    format!("{address:?} {:?}", Some(agent))
}

#[tokio::test]
async fn handlers_see_address_and_user_agent() {
    let site = site(&[]).await;
    let mut browser = Browser::new(FIREFOX, Some(HOME));
    assert_eq!(
        browser.get(&site, "/client").await.body,
        said(HOME, FIREFOX)
    );
    browser.address = Some("::ffff:203.0.113.9".parse().unwrap());
    assert_eq!(
        browser.get(&site, "/client").await.body,
        said(HOME, FIREFOX)
    );
    browser.address = None;
    browser.agent = None;
    assert_eq!(browser.get(&site, "/client").await.body, "None None");
}

#[tokio::test]
async fn the_list_of_a_users_sessions_shows_where_they_are() {
    let mut settings: Settings = testing::settings();
    settings.user_sessions = true;
    let site = Site::on(Sessions::new(MemoryStore::default(), &settings).unwrap()).await;
    site.ada().await;
    let listed = site.sessions.sessions_of("1").await.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].address, HOME.parse().ok());
    assert_eq!(listed[0].user_agent.as_deref(), Some(FIREFOX));
}

#[tokio::test]
async fn a_forwarded_address_counts_from_listed_proxies_alone() {
    let browser = Browser::new(FIREFOX, None);
    let mut forged = browser.behind(PROXY, &[("x-forwarded-for", "192.0.2.1, 203.0.113.9")]);
    assert_eq!(
        forged.get(&site(&[]).await, "/client").await.body,
        said(PROXY, FIREFOX)
    );
    let site = site(&["10.0.0.0/8"]).await;
    assert_eq!(forged.get(&site, "/client").await.body, said(HOME, FIREFOX));
    let mut forged = browser.behind("192.0.2.77", &[("x-forwarded-for", HOME)]);
    assert_eq!(
        forged.get(&site, "/client").await.body,
        said("192.0.2.77", FIREFOX)
    );
    // What no listed proxy may write is not looked at, since nobody can tell who has written it.
    let mut forged = browser.behind(PROXY, &[("forwarded", "for=203.0.113.9")]);
    assert_eq!(
        forged.get(&site, "/client").await.body,
        said(PROXY, FIREFOX)
    );
}
