//! Two browsers of one user, on the profile `strict`.
//!
//! Its cookies are for HTTPS alone. Chromium takes `http://localhost` for as safe, `__Host-` names included; `http://127.0.0.1` it does too,
//! but other browsers do not.

use testkit::Chromium;
use thirtyfour::{Cookie, prelude::WebDriverResult};

use super::server::Server;

const SESSION: &str = "__Host-id";
const REMEMBER: &str = "__Host-remember";

struct Shop {
    /// Killed when dropped.
    _server: Server,
    _folder: tempfile::TempDir,
    address: String,
}

impl Shop {
    fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (server, _) = Server::run(folder.path(), &["--port", "0", "--strict"]);
        let port = server.address.rsplit(':').next().unwrap();
        Self {
            address: format!("localhost:{port}"),
            _server: server,
            _folder: folder,
        }
    }
}

async fn cookie(browser: &Chromium, name: &str) -> WebDriverResult<Option<Cookie>> {
    let cookies = browser.driver.get_all_cookies().await?;
    Ok(cookies.into_iter().find(|cookie| cookie.name == name))
}

async fn log_in(
    browser: &Chromium,
    shop: &Shop,
    password: &str,
    remember: bool,
) -> WebDriverResult<()> {
    browser.open(&shop.address, "/login").await?;
    browser.type_into("#username", "demo").await?;
    browser.type_into("#password", password).await?;
    if remember {
        browser.click("[name=remember]").await?;
    }
    browser.click("main button").await?;
    browser.shows("Welcome, demo.").await
}

/// The browser's next click finds nobody logged in.
async fn is_logged_out(browser: &Chromium, shop: &Shop) -> WebDriverResult<()> {
    browser.click("nav a[href='/session']").await?;
    browser.shows("Log in").await?;
    browser.hides(">demo<").await?;
    browser.open(&shop.address, "/devices").await?;
    browser.shows("Remember me in this browser").await
}

#[tokio::test]
async fn r05_one_browser_ends_the_other_and_a_new_password_ends_it_too() -> WebDriverResult<()> {
    let shop = Shop::open();
    let here = Chromium::start().await?;
    let there = here.start_beside().await?;
    log_in(&here, &shop, "demo-password", false).await?;
    log_in(&there, &shop, "demo-password", true).await?;
    let session = cookie(&here, SESSION).await?.unwrap();
    assert_eq!(
        (session.http_only, session.secure),
        (Some(true), Some(true))
    );
    assert_eq!(session.expiry, None, "it goes with the browser");
    assert!(cookie(&here, REMEMBER).await?.is_none());
    let remember = cookie(&there, REMEMBER).await?.unwrap();
    assert!(remember.expiry.is_some());
    assert_eq!(there.script_sees_cookies().await?, "");

    here.click("a.who").await?;
    here.shows("Your devices").await?;
    here.shows("This device").await?;
    here.shows("on Linux").await?;
    here.shows("127.0.0.1 · last seen just now").await?;
    let keys = [
        session.value,
        cookie(&there, SESSION).await?.unwrap().value,
        remember.value,
    ];
    for key in &keys {
        here.hides(key).await?;
    }
    here.screenshot("devices").await?;
    there.click("nav a[href='/session']").await?;
    there.shows("Your session").await?;
    here.click("form[action='/devices/end'] button").await?;
    here.shows("The device is logged out.").await?;
    is_logged_out(&there, &shop).await?;
    assert!(cookie(&there, REMEMBER).await?.is_none());

    log_in(&there, &shop, "demo-password", true).await?;
    here.open(&shop.address, "/devices").await?;
    here.click("#end-others").await?;
    here.shows("One other device is logged out.").await?;
    is_logged_out(&there, &shop).await?;

    log_in(&there, &shop, "demo-password", true).await?;
    here.open(&shop.address, "/password").await?;
    here.type_into("#current", "a guess").await?;
    here.type_into("#new", "another-password").await?;
    here.type_into("#again", "another-password").await?;
    here.click("main button").await?;
    here.shows("This is not your password until now.").await?;
    here.type_into("#current", "demo-password").await?;
    here.type_into("#new", "another-password").await?;
    here.type_into("#again", "another-password").await?;
    here.click("main button").await?;
    here.shows("Your password is changed.").await?;
    is_logged_out(&there, &shop).await?;
    here.open(&shop.address, "/devices").await?;
    here.shows("This device").await?;
    log_in(&there, &shop, "another-password", false).await?;
    there.quit().await?;
    here.quit().await
}

#[tokio::test]
async fn r21_a_browser_that_remembers_logs_in_again_when_the_session_is_over() -> WebDriverResult<()>
{
    let shop = Shop::open();
    let browser = Chromium::start().await?;
    log_in(&browser, &shop, "demo-password", true).await?;
    let before = cookie(&browser, REMEMBER).await?.unwrap().value;
    // As closing it does with cookies that have no age.
    browser.driver.delete_cookie(SESSION).await?;
    browser.click("nav a[href='/session']").await?;
    browser.shows("demo").await?;
    browser.shows("_tenure_family").await?;
    let after = cookie(&browser, REMEMBER).await?.unwrap().value;
    assert_ne!(before, after, "a token is good for one use");
    browser.hides(&after).await?;
    browser.click(".account form button").await?;
    browser.shows("Log in").await?;
    assert!(cookie(&browser, REMEMBER).await?.is_none());
    assert!(cookie(&browser, SESSION).await?.is_none());
    browser.quit().await
}
