//! The whole example in a real browser: what a visitor sees of a route that has moved.

#[cfg(test)]
#[path = "common/site.rs"]
mod site;

#[cfg(test)]
mod tests {
    use std::fs;

    use testkit::Chromium;
    use thirtyfour::prelude::WebDriverResult;

    use super::site::Site;

    struct Visitor {
        browser: Chromium,
        site: Site,
    }

    impl Visitor {
        async fn open(&self, path: &str) -> WebDriverResult<()> {
            self.browser.open(&self.site.address("http://"), path).await
        }

        async fn sees(&self, texts: &[&str]) -> WebDriverResult<()> {
            for text in texts {
                self.browser.shows(text).await?;
            }
            Ok(())
        }

        /// Fills in Django's login page.
        async fn log_in(&self) -> WebDriverResult<()> {
            self.sees(&["Hello, stranger!", "Username", "Served by Django"])
                .await?;
            self.browser.type_into("#id_username", "ada").await?;
            self.browser
                .type_into("#id_password", "difference-engine")
                .await?;
            self.browser.click("#submit").await
        }

        async fn add(&self, product: &str) -> WebDriverResult<()> {
            self.browser
                .click(&format!("[action='/cart/add'] [value={product}]"))
                .await?;
            self.sees(&[&format!("1 × {product}")]).await
        }

        async fn remove_the_last(&self, product: &str) -> WebDriverResult<()> {
            let button = format!("[action='/cart/remove'] [value={product}]");
            self.browser.click(&button).await?;
            self.sees(&["Your cart is empty."]).await
        }
    }

    #[tokio::test]
    async fn one_login_for_both_sides_in_a_browser() -> WebDriverResult<()> {
        let data = tempfile::tempdir().unwrap();
        let visitor = Visitor {
            site: Site::start(data.path(), &[]),
            browser: Chromium::start().await?,
        };
        visitor.open("/").await?;
        visitor
            .sees(&["Hello, stranger!", "Your cart is empty.", "Served by Rust"])
            .await?;
        assert!(
            visitor.browser.cookie().await?.is_none(),
            "a look sets no cookie"
        );
        visitor.add("Sencha").await?;

        visitor.open("/account").await?;
        visitor.log_in().await?;
        visitor
            .sees(&[
                "Hello, ada!",
                "In your cart: 1 × Sencha.",
                "Served by Django",
            ])
            .await?;
        visitor
            .browser
            .type_into("[name=note]", "Ring <twice>")
            .await?;
        visitor.browser.click("#save").await?;
        visitor.sees(&["Your note: Ring <twice>"]).await?;
        visitor.open("/cart").await?;
        visitor
            .sees(&[
                "Hello, ada!",
                "1 × Sencha",
                "Your note: Ring <twice>",
                "Served by Rust",
            ])
            .await?;
        visitor.remove_the_last("Sencha").await?;
        visitor.add("Oolong").await?;
        visitor.open("/account").await?;
        visitor.sees(&["In your cart: 1 × Oolong."]).await?;
        visitor.open("/admin").await?;
        visitor.sees(&["Site administration"]).await?;

        visitor.open("/account").await?;
        visitor.browser.click("#logout").await?;
        visitor
            .sees(&["Hello, stranger!", "Your cart is empty.", "Served by Rust"])
            .await?;
        visitor.browser.hides("twice").await?;
        visitor.browser.click("#checkout").await?;
        visitor.log_in().await?;
        visitor.sees(&["Thank you, ada.", "Served by Rust"]).await?;

        visitor.browser.click("#logout").await?;
        visitor
            .sees(&["Hello, stranger!", "Served by Rust"])
            .await?;
        visitor.open("/admin").await?;
        visitor.sees(&["Password:"]).await?;
        visitor.browser.hides("Site administration").await?;
        visitor.browser.quit().await
    }

    #[tokio::test]
    async fn a_route_goes_back_to_django_and_a_browser_loses_nothing() -> WebDriverResult<()> {
        let data = tempfile::tempdir().unwrap();
        let mut visitor = Visitor {
            site: Site::start(data.path(), &[]),
            browser: Chromium::start().await?,
        };
        visitor.open("/cart").await?;
        visitor.add("Sencha").await?;
        visitor.browser.click("#checkout").await?;
        visitor.log_in().await?;
        visitor.sees(&["Thank you, ada.", "Served by Rust"]).await?;

        let routes = data.path().join("routes.txt");
        fs::write(&routes, "# Nothing is Rust's.\n").unwrap();
        visitor.site.stop("-TERM");
        visitor.site = Site::start(data.path(), &["--routes", routes.to_str().unwrap()]);
        visitor.open("/cart").await?;
        visitor
            .sees(&["Hello, ada!", "1 × Sencha", "Served by Django"])
            .await?;
        visitor.remove_the_last("Sencha").await?;
        visitor.add("Oolong").await?;
        visitor.browser.click("#checkout").await?;
        visitor
            .sees(&["Thank you, ada.", "1 × Oolong", "Served by Django"])
            .await?;

        visitor.site.stop("-TERM");
        visitor.site = Site::start(data.path(), &[]);
        visitor.open("/cart").await?;
        visitor
            .sees(&["Hello, ada!", "1 × Oolong", "Served by Rust"])
            .await?;
        visitor.browser.quit().await
    }
}
