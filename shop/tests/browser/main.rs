//! The shop in a real browser, Chromium, without JavaScript on any page.
//!
//! Leaves screenshots in `<target directory>/screenshots`.

#[cfg(test)]
#[path = "../common/server.rs"]
mod server;

#[cfg(test)]
mod devices;

#[cfg(test)]
mod browser {
    use testkit::Chromium;
    use thirtyfour::{By, SameSite, prelude::WebDriverResult};

    use super::server::Server;

    const DESKTOP: (u32, u32) = (1280, 900);
    const PHONE: (u32, u32) = (360, 740);

    #[tokio::test]
    async fn a_visit_from_the_first_look_to_the_logout() -> WebDriverResult<()> {
        let folder = tempfile::tempdir().unwrap();
        let mut server = Server::start(folder.path());
        let browser = Chromium::start().await?;
        browser.size(DESKTOP).await?;

        browser.open(&server.address, "/").await?;
        assert!(browser.cookie().await?.is_none(), "a look sets no cookie");
        browser.screenshot("catalogue").await?;
        browser.click("#oolong button").await?;
        browser
            .shows("Added to your cart: Mountain oolong.")
            .await?;
        browser.click("#cups button").await?;
        browser.screenshot("catalogue-added").await?;

        browser.click("a.login").await?;
        browser.type_into("#username", "demo").await?;
        browser.type_into("#password", "wrong").await?;
        browser.click("main button").await?;
        browser.shows("do not belong together").await?;
        browser.screenshot("login-wrong").await?;
        browser.type_into("#password", "demo-password").await?;
        browser.click("main button").await?;
        browser.shows("Welcome, demo.").await?;

        let cookie = browser.cookie().await?.unwrap();
        assert_eq!(cookie.http_only, Some(true));
        assert_eq!(cookie.same_site, Some(SameSite::Lax));
        assert_eq!(cookie.path.as_deref(), Some("/"));
        assert!(cookie.expiry.is_some());
        assert_eq!(browser.script_sees_cookies().await?, "");

        let port = server.address.rsplit(':').next().unwrap().to_owned();
        assert!(server.stop("-INT").success());
        server = Server::open(folder.path(), &port).0;
        browser.open(&server.address, "/cart").await?;
        for part in ["Mountain oolong", "Pair of cups", "€40.50", "demo"] {
            browser.shows(part).await?;
        }
        browser
            .click("[aria-label='One more of Mountain oolong']")
            .await?;
        browser.shows("€55.00").await?;
        browser.screenshot("cart").await?;
        browser.open(&server.address, "/session").await?;
        browser.shows("_auth_user_hash").await?;
        browser.hides(&cookie.value).await?;
        browser.screenshot("session").await?;

        browser.click(".account form button").await?;
        browser.shows("Log in").await?;
        assert!(
            browser.cookie().await?.is_none(),
            "a logout takes the cookie"
        );
        for _ in 0..3 {
            browser.driver.back().await?;
            browser.shows("Steep").await?;
            for private in ["_auth_user_hash", "€55.00", "€40.50", "Log out"] {
                browser.hides(private).await?;
            }
        }
        browser.quit().await
    }

    #[tokio::test]
    async fn preferences_change_the_theme_and_the_cookie() -> WebDriverResult<()> {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(folder.path());
        let browser = Chromium::start().await?;
        browser.size(DESKTOP).await?;
        browser.open(&server.address, "/preferences").await?;
        let light = browser.background().await?;
        browser.click("[name=theme][value=dark]").await?;
        browser.click("[name=expiry][value=browser]").await?;
        browser.click("main button").await?;
        browser.shows("Your preferences are saved.").await?;
        assert_ne!(browser.background().await?, light);
        let cookie = browser.cookie().await?.unwrap();
        assert_eq!(cookie.expiry, None, "it goes with the browser");
        browser.screenshot("preferences-dark").await?;

        browser.open(&server.address, "/").await?;
        browser.click("#jasmine button").await?;
        browser.screenshot("catalogue-dark").await?;
        browser.open(&server.address, "/cart").await?;
        browser.screenshot("cart-dark").await?;
        browser.open(&server.address, "/session").await?;
        browser.shows("when the browser closes").await?;
        browser.screenshot("session-dark").await?;

        browser.open(&server.address, "/preferences").await?;
        browser.click("[name=theme][value=auto]").await?;
        browser.click("main button").await?;
        browser.shows("Your preferences are saved.").await?;
        assert_eq!(browser.background().await?, light);
        browser.screenshot("preferences").await?;
        browser.quit().await
    }

    #[tokio::test]
    async fn every_page_fits_on_a_phone() -> WebDriverResult<()> {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(folder.path());
        let browser = Chromium::start().await?;
        browser.phone(PHONE).await?;
        browser.open(&server.address, "/").await?;
        browser.screenshot("phone-catalogue").await?;
        for (slug, name) in [
            ("oolong", "Mountain oolong"),
            ("assam", "Assam"),
            ("teapot", "Stoneware teapot"),
        ] {
            browser.open(&server.address, "/").await?;
            browser.click(&format!("#{slug} button")).await?;
            browser
                .shows(&format!("Added to your cart: {name}"))
                .await?;
        }
        browser.screenshot("phone-added").await?;
        browser.open(&server.address, "/login?next=/cart").await?;
        browser.fits("/login").await?;
        browser.screenshot("phone-login").await?;
        browser.type_into("#username", "demo").await?;
        browser.type_into("#password", "demo-password").await?;
        browser.click("main button").await?;
        browser.shows("Welcome, demo.").await?;
        for path in [
            "/",
            "/cart",
            "/preferences",
            "/session",
            "/devices",
            "/password",
            "/nowhere",
        ] {
            browser.open(&server.address, path).await?;
            browser.fits(path).await?;
            let name = path.trim_start_matches('/');
            if !name.is_empty() {
                browser.screenshot(&format!("phone-{name}")).await?;
            }
        }
        let label = browser.driver.find(By::Css(".who")).await?;
        assert_eq!(label.text().await?, "demo");
        browser.quit().await
    }
}
