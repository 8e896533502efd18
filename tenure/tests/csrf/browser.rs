//! Forms of other sites, in Chromium.

use axum::{Router, response::Html, routing::get};
use testkit::Chromium;
use thirtyfour::prelude::WebDriverResult;
use tokio::net::TcpListener;

use crate::site::{PASSWORD, Site};

/// Serves until the test ends; gives the port.
async fn serve(app: Router) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    port
}

/// A page whose forms are all for `victim`.
fn attacks(victim: &str) -> Router {
    let order = |path: &str| {
        format!(
            "<form method=post action='http://{victim}{path}' id='{}'><input name=product value=poison><button>Win!</button></form>",
            path.trim_start_matches('/')
        )
    };
    let login = format!(
        "<form method=post action='http://{victim}/log-in' id=log-in><input name=username value=mallory>\
         <input name=password value={PASSWORD}><button>Win!</button></form>"
    );
    let orders = ["/unguarded", "/by-source", "/checked"].map(order).concat();
    let page = format!("{orders}{login}");
    Router::new().route("/", get(async move || Html(page)))
}

#[tokio::test]
async fn a_form_of_another_site_changes_nothing() -> WebDriverResult<()> {
    let site = Site::open().await;
    let port = serve(site.app.clone()).await;
    let own = format!("127.0.0.1:{port}");
    let attacks = serve(attacks(&own)).await;
    let browser = Chromium::start().await?;
    browser.open(&own, "/").await?;
    browser.click("#own button").await?;
    browser.shows("ordered tea").await?;

    // Another port is the same site, so that the cookie comes along; another name is another site.
    let neighbour = format!("127.0.0.1:{attacks}");
    let stranger = format!("localhost:{attacks}");
    for evil in [&neighbour, &stranger] {
        for (form, refusal) in [
            ("by-source", "HTTP ERROR 403"),
            ("checked", "reload the page"),
            ("log-in", "HTTP ERROR 403"),
        ] {
            browser.open(evil, "/").await?;
            browser.click(&format!("#{form} button")).await?;
            browser.shows(refusal).await?;
            browser.open(&own, "/").await?;
            browser.shows("ordered tea").await?;
        }
        browser.open(&own, "/who").await?;
        browser.shows("user None").await?;
    }

    // The attack itself is sound: without a guard it works.
    browser.open(&neighbour, "/").await?;
    browser.click("#unguarded button").await?;
    browser.shows("ordered poison").await?;
    browser.open(&own, "/").await?;
    browser.shows("ordered poison").await?;
    browser.quit().await
}
