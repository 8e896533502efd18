//! The same login in a real browser: Chromium, Django's admin, and a Rust service on another port.

use serde_json::json;
use testkit::Chromium;
use thirtyfour::prelude::WebDriverResult;

use crate::{engines, service::Service, site::Site};

const PASSWORD: &str = "correct-horse";

struct Window<'a> {
    browser: &'a Chromium,
    django: &'a str,
    rust: &'a str,
}

impl Window<'_> {
    async fn log_in_at_django(&self, username: &str) -> WebDriverResult<()> {
        self.browser
            .open(self.django, "/admin/login/?next=/admin/")
            .await?;
        self.type_login(username).await?;
        self.browser.shows("Site administration").await
    }

    async fn log_in_at_rust(&self, username: &str) -> WebDriverResult<()> {
        self.browser.open(self.rust, "/login").await?;
        self.type_login(username).await?;
        self.browser.shows(&format!("Hello, {username}!")).await
    }

    async fn type_login(&self, username: &str) -> WebDriverResult<()> {
        self.browser.type_into("[name=username]", username).await?;
        self.browser.type_into("[name=password]", PASSWORD).await?;
        self.browser.click("form [type=submit], form button").await
    }

    /// Both sides greet by this name.
    async fn greets(&self, who: &str) -> WebDriverResult<()> {
        let hello = format!("Hello, {who}!");
        self.browser.open(self.rust, "/").await?;
        self.browser.shows(&hello).await?;
        self.browser.open(self.django, "/account/").await?;
        self.browser.shows(&hello).await
    }

    async fn admin_is_open(&self) -> WebDriverResult<()> {
        self.browser.open(self.django, "/admin/").await?;
        self.browser.shows("Site administration").await
    }

    async fn admin_wants_a_login(&self) -> WebDriverResult<()> {
        self.browser.open(self.django, "/admin/").await?;
        self.browser.shows("Username:").await?;
        self.browser.hides("Site administration").await
    }

    async fn log_out_at_rust(&self) -> WebDriverResult<()> {
        self.browser.open(self.rust, "/").await?;
        self.browser.click("form[action='/logout'] button").await?;
        self.browser.shows("Hello, stranger!").await
    }

    async fn log_out_at_django(&self) -> WebDriverResult<()> {
        self.browser.open(self.django, "/admin/").await?;
        self.browser.click("#logout-form button").await?;
        self.browser.shows("Logged out").await
    }

    async fn change_password_at_django(&self, new: &str) -> WebDriverResult<()> {
        self.browser
            .open(self.django, "/admin/password_change/")
            .await?;
        for (field, text) in [
            ("old_password", PASSWORD),
            ("new_password1", new),
            ("new_password2", new),
        ] {
            self.browser
                .type_into(&format!("[name={field}]"), text)
                .await?;
        }
        self.browser.click("#content form [type=submit]").await?;
        self.browser.shows("Your password was changed.").await
    }
}

#[test]
fn one_login_in_the_admin_and_in_a_rust_service() {
    let mut site = Site::open(engines::db_on_sqlite());
    for username in ["ada", "bob"] {
        let user = json!({"op": "create_user", "username": username, "password": PASSWORD, "superuser": true});
        site.django.ask(&user);
    }
    let django = site.django.ask(&json!({"op": "serve"}))["address"]
        .as_str()
        .unwrap()
        .to_owned();
    let rust = Service::start(&site.runtime, site.settings.clone());
    let Site {
        django: driver,
        runtime,
        ..
    } = &mut site;
    let done: WebDriverResult<()> = runtime.block_on(async {
        let browser = Chromium::start().await?;
        let window = Window {
            browser: &browser,
            django: &django,
            rust: &rust.address,
        };
        window.log_in_at_django("ada").await?;
        window.greets("ada").await?;
        window.log_out_at_rust().await?;
        window.greets("stranger").await?;
        window.admin_wants_a_login().await?;

        window.log_in_at_rust("ada").await?;
        window.admin_is_open().await?;
        window.log_out_at_django().await?;
        window.greets("stranger").await?;

        window.log_in_at_django("ada").await?;
        window.log_in_at_rust("bob").await?;
        window.greets("bob").await?;
        driver.ask(&json!({"op": "set_active", "username": "bob", "active": false}));
        window.greets("stranger").await?;
        window.admin_wants_a_login().await?;

        window.log_in_at_rust("ada").await?;
        window.change_password_at_django("new-password").await?;
        window.greets("ada").await?;
        driver.ask(
            &json!({"op": "set_password", "username": "ada", "password": "changed elsewhere"}),
        );
        window.greets("stranger").await?;
        browser.quit().await
    });
    done.unwrap();
}
