//! The shop as a client on the wire sees it.

#[cfg(test)]
#[path = "common/client.rs"]
mod client;
#[cfg(test)]
#[path = "common/server.rs"]
mod server;

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{client::Client, server::Server};

    fn rows(folder: &Path) -> u32 {
        let database = rusqlite::Connection::open(folder.join("shop.sqlite3")).unwrap();
        database
            .query_row("SELECT count(*) FROM django_session", [], |row| row.get(0))
            .unwrap()
    }

    #[test]
    fn a_stranger_who_looks_around_gets_no_session() {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(folder.path());
        for path in [
            "/",
            "/cart",
            "/login",
            "/preferences",
            "/session",
            "/devices",
            "/password",
            "/nowhere",
        ] {
            let reply = Client::new(&server).get(path);
            assert_eq!(reply.header("set-cookie"), None, "{path}");
        }
        let mut stranger = Client::new(&server);
        stranger.post("/cart/remove", "product=oolong");
        stranger.post("/preferences", "theme=auto&expiry=default");
        stranger.post("/login", "username=demo&password=wrong");
        assert_eq!(stranger.cookie, None);
        assert_eq!(rows(folder.path()), 0);
    }

    #[test]
    fn the_cookie_has_djangos_attributes() {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(folder.path());
        let reply = Client::new(&server).post("/cart/add", "product=oolong");
        assert_eq!(reply.status, 303);
        let cookie = reply.header("set-cookie").unwrap();
        for part in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=1209600"] {
            assert!(cookie.contains(part), "{cookie}");
        }
        assert_eq!(rows(folder.path()), 1);
    }

    #[test]
    fn cart_and_login_survive_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(folder.path());
        let mut visitor = Client::new(&server);
        visitor.post("/cart/add", "product=oolong&quantity=2");
        visitor.log_in();
        assert!(server.stop("-TERM").success());

        let server = Server::start(folder.path());
        visitor.address.clone_from(&server.address);
        let cart = visitor.get("/cart");
        cart.shows("Mountain oolong");
        cart.shows("€29.00");
        cart.shows(">demo</a>");
    }

    #[test]
    fn a_login_keeps_the_cart_and_takes_a_new_key() {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(folder.path());
        let mut visitor = Client::new(&server);
        visitor.post("/cart/add", "product=teapot");
        let mut with_old_key = visitor.clone();
        visitor.log_in();
        assert_ne!(visitor.cookie, with_old_key.cookie);
        visitor.get("/cart").shows("Stoneware teapot");
        with_old_key.get("/cart").hides("Stoneware teapot");
    }

    #[test]
    fn a_logout_kills_the_cookie() {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(folder.path());
        let mut visitor = Client::new(&server);
        visitor.log_in();
        visitor.post("/cart/add", "product=oolong");
        let mut old_cookie = visitor.clone();
        assert_eq!(visitor.post("/logout", "").status, 403, "without its token");
        let reply = visitor.log_out();
        assert_eq!((reply.status, reply.header("location")), (303, Some("/")));
        assert_eq!(visitor.cookie, None);
        let page = old_cookie.get("/cart");
        page.hides("demo</a>");
        page.hides("Mountain oolong");
        assert_eq!(rows(folder.path()), 0);
    }

    #[test]
    fn fifty_adds_at_once_sum_up() {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(folder.path());
        let mut visitor = Client::new(&server);
        visitor.post("/preferences", "theme=dark&expiry=default");
        let adds: Vec<_> = (0..50)
            .map(|_| {
                let mut visitor = visitor.clone();
                std::thread::spawn(move || visitor.post("/cart/add", "product=sencha").status)
            })
            .collect();
        for add in adds {
            assert_eq!(add.join().unwrap(), 303);
        }
        visitor.get("/session").shows("{&quot;sencha&quot;:50}");
    }

    #[test]
    fn the_cart_counts_up_and_down() {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(folder.path());
        let mut visitor = Client::new(&server);
        visitor.post("/cart/add", "product=cups&quantity=4000000000");
        visitor.get("/cart").shows("€2574.00");
        visitor.post("/cart/remove", "product=cups&quantity=98");
        visitor.get("/cart").shows("€26.00");
        let added = visitor.post("/cart/add", "product=oolong&next=/%23oolong");
        assert_eq!(added.header("location"), Some("/#oolong"));
        visitor
            .get("/")
            .shows("Added to your cart: Mountain oolong.");
        visitor.get("/").hides("Added to your cart");
        visitor.post("/cart/remove", "product=cups");
        visitor.get("/cart").hides("Remove Pair of cups");
    }

    #[test]
    fn a_wrong_password_shows_the_form_again() {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(folder.path());
        let page = Client::new(&server).post(
            "/login",
            "username=%22%3E%3Cb%3Edemo&password=wrong&next=/session",
        );
        assert_eq!(page.status, 200);
        page.shows("do not belong together");
        page.shows("value=\"&quot;&gt;&lt;b&gt;demo\"");
        page.shows("name=\"next\" value=\"&#x2f;session\"");
        page.hides("wrong\"");
    }

    #[test]
    fn a_login_leads_to_no_other_site() {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(folder.path());
        for next in [
            "//evil.example",
            "/%5Cevil.example",
            "https://evil.example/",
            "/%09/evil.example",
        ] {
            let form = format!("username=demo&password=demo-password&next={next}");
            let mut visitor = Client::new(&server);
            assert_eq!(visitor.post("/login", &form).header("location"), Some("/"));
            // Somebody who is logged in is sent on at once.
            let page = visitor.get(&format!("/login?next={next}"));
            assert_eq!(page.header("location"), Some("/"), "{next}");
        }
    }

    #[test]
    fn what_a_session_shows_is_in_no_cache() {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(folder.path());
        for path in ["/cart", "/login", "/preferences", "/session"] {
            let reply = Client::new(&server).get(path);
            assert_eq!(reply.header("cache-control"), Some("no-store"), "{path}");
        }
        let mut visitor = Client::new(&server);
        assert_eq!(visitor.get("/").header("cache-control"), None);
        visitor.log_in();
        for path in ["/", "/nowhere"] {
            let reply = visitor.get(path);
            assert_eq!(reply.header("cache-control"), Some("no-store"), "{path}");
            assert_eq!(reply.header("vary"), Some("Cookie"), "{path}");
        }
    }

    #[test]
    fn what_there_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(folder.path());
        let mut visitor = Client::new(&server);
        assert_eq!(visitor.get("/nowhere").status, 404);
        assert_eq!(visitor.post("/cart/add", "product=coffee").status, 404);
        assert_eq!(visitor.post("/cart/add", "").status, 404);
        assert_eq!(visitor.post("/cart/remove", "product=coffee").status, 404);
        assert_eq!(visitor.get("/logout").status, 405);
        assert_eq!(visitor.cookie, None);
    }

    #[test]
    fn forms_of_other_sites_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(folder.path());
        let mut visitor = Client::new(&server);
        visitor.log_in();
        for header in [
            "Sec-Fetch-Site: cross-site\r\n",
            "Origin: http://evil.example\r\n",
        ] {
            assert_eq!(visitor.send("POST", "/logout", header, "").status, 403);
        }
        visitor.get("/").shows(">demo</a>");
    }

    #[test]
    fn r05_devices_end_each_other_and_show_no_key() {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(folder.path());
        let stranger = Client::new(&server).get("/devices");
        assert_eq!(stranger.header("location"), Some("/login?next=/devices"));
        let mut here = Client::new(&server);
        let mut there = Client::new(&server);
        here.log_in();
        there.log_in();
        let page = here.get("/devices");
        assert_eq!(page.header("cache-control"), Some("no-store"));
        page.shows("This device");
        for client in [&here, &there] {
            page.hides(client.cookie.as_deref().unwrap());
        }
        let handle = page.body.split("name=\"handle\" value=\"").nth(1).unwrap();
        let handle = handle.split('"').next().unwrap().to_owned();
        let end = format!("handle={handle}");
        assert_eq!(Client::new(&server).post("/devices/end", &end).status, 403);
        assert_eq!(
            here.post("/devices/end", &end).status,
            403,
            "without its token"
        );
        there.get("/").shows(">demo</a>");
        assert_eq!(here.post_with_token("/devices/end", &end).status, 303);
        here.get("/devices").shows("The device is logged out.");
        there.get("/").hides(">demo</a>");
        here.post_with_token("/devices/end", &end);
        here.get("/devices").shows("logged out already");
        for header in [
            "Sec-Fetch-Site: cross-site\r\n",
            "Origin: http://evil.example\r\n",
        ] {
            for path in ["/devices/end", "/devices/end-others", "/password"] {
                assert_eq!(here.send("POST", path, header, "").status, 403, "{path}");
            }
        }
        here.get("/").shows(">demo</a>");
    }

    #[test]
    fn an_outage_is_said_and_costs_no_cookie() {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(folder.path());
        let mut visitor = Client::new(&server);
        visitor.post("/cart/add", "product=oolong");
        let database = rusqlite::Connection::open(folder.path().join("shop.sqlite3")).unwrap();
        let rename = |from: &str, to: &str| {
            let statement = format!("ALTER TABLE {from} RENAME TO {to}");
            database.execute_batch(&statement).unwrap();
        };
        rename("django_session", "away");
        for path in ["/", "/cart", "/nowhere"] {
            let reply = visitor.get(path);
            assert_eq!(reply.status, 503, "{path}");
            assert!(reply.header("retry-after").is_some());
            assert_eq!(reply.header("set-cookie"), None);
        }
        rename("away", "django_session");
        visitor.get("/cart").shows("Mountain oolong");
    }

    #[test]
    fn the_session_page_shows_no_credentials() {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(folder.path());
        let mut visitor = Client::new(&server);
        visitor.post("/cart/add", "product=oolong");
        visitor.log_in();
        let page = visitor.get("/session");
        page.hides(visitor.cookie.as_deref().unwrap());
        page.shows("_auth_user_hash");
        let hex = |c: char| c.is_ascii_hexdigit();
        assert!(page.body.split(|c| !hex(c)).all(|word| word.len() < 32));
    }

    #[test]
    fn the_chosen_expiry_is_the_cookies() {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(folder.path());
        let mut visitor = Client::new(&server);
        for (kind, age, text) in [
            (
                "idle",
                Some("Max-Age=1800;"),
                "30 minutes after your last request",
            ),
            ("browser", None, "when the browser closes"),
            ("date", Some("Max-Age=86"), "however often you come back"),
            ("default", Some("Max-Age=1209600;"), "This is the default."),
        ] {
            let reply = visitor.post("/preferences", &format!("theme=light&expiry={kind}"));
            let cookie = reply.header("set-cookie").unwrap();
            match age {
                Some(age) => assert!(cookie.contains(age), "{kind}: {cookie}"),
                None => assert!(!cookie.contains("Max-Age"), "{kind}: {cookie}"),
            }
            visitor.get("/session").shows(text);
        }
    }
}
