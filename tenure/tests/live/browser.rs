//! The same login in a real browser: Chromium, Django's admin, and a Rust service on another port.

use serde_json::json;
use tenure::Settings;
use testkit::{Chromium, Django};
use thirtyfour::prelude::WebDriverResult;

use crate::{engines, rotation::Secrets, service::Service, site::Site};

const PASSWORD: &str = "correct-horse";

struct Window<'a> {
    browser: &'a Chromium,
    driver: &'a mut Django,
    django: &'a str,
    rust: String,
}

/// The pages.
impl Window<'_> {
    async fn log_in_at_django(&self, username: &str) -> WebDriverResult<()> {
        self.browser
            .open(self.django, "/admin/login/?next=/admin/")
            .await?;
        self.type_login(username).await?;
        self.browser.shows("Site administration").await
    }

    async fn log_in_at_rust(&self, username: &str) -> WebDriverResult<()> {
        self.browser.open(&self.rust, "/login").await?;
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
        self.browser.open(&self.rust, "/").await?;
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
        self.browser.open(&self.rust, "/").await?;
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
    let django = site.serve();
    let Site {
        django: driver,
        runtime,
        settings,
        ..
    } = &mut site;
    let visit = async {
        let rust = Service::with_users(settings.clone()).await;
        let browser = Chromium::start().await?;
        let mut window = Window {
            browser: &browser,
            driver,
            django: &django,
            rust: rust.address.clone(),
        };
        window.logs_in_and_out().await?;
        window.switches_users().await?;
        window.is_deactivated().await?;
        window.changes_the_password().await?;
        window.outlives_a_rotation(settings).await?;
        browser.quit().await
    };
    let done: WebDriverResult<()> = runtime.block_on(visit);
    done.unwrap();
}

/// What a visitor does and sees.
impl Window<'_> {
    async fn logs_in_and_out(&self) -> WebDriverResult<()> {
        self.log_in_at_django("ada").await?;
        self.greets("ada").await?;
        self.log_out_at_rust().await?;
        self.greets("stranger").await?;
        self.admin_wants_a_login().await?;

        self.log_in_at_rust("ada").await?;
        self.admin_is_open().await?;
        self.log_out_at_django().await?;
        self.greets("stranger").await
    }

    async fn switches_users(&self) -> WebDriverResult<()> {
        self.log_in_at_django("ada").await?;
        self.log_in_at_rust("bob").await?;
        self.greets("bob").await
    }

    async fn is_deactivated(&mut self) -> WebDriverResult<()> {
        let question = json!({"op": "set_active", "username": "bob", "active": false});
        self.driver.ask(&question);
        self.greets("stranger").await?;
        self.admin_wants_a_login().await
    }

    async fn changes_the_password(&mut self) -> WebDriverResult<()> {
        self.log_in_at_rust("ada").await?;
        self.change_password_at_django("new-password").await?;
        self.greets("ada").await?;
        // As another session of this user's would.
        let question = json!({"op": "set_password", "username": "ada", "password": PASSWORD});
        self.driver.ask(&question);
        self.greets("stranger").await
    }

    async fn outlives_a_rotation(&mut self, settings: &Settings) -> WebDriverResult<()> {
        self.log_in_at_rust("ada").await?;
        for (django, tenure) in [
            (Secrets::NewThenOld, Secrets::OldThenNew),
            (Secrets::NewThenOld, Secrets::NewThenOld),
            (Secrets::New, Secrets::New),
        ] {
            self.driver.ask(&django.of_django());
            let rust = Service::with_users(tenure.of_tenure(settings)).await;
            self.rust.clone_from(&rust.address);
            self.greets("ada").await?;
        }
        Ok(())
    }
}
