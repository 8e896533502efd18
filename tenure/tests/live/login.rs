//! One login on both sides.
//!
//! The browser's test goes the same ways in Chromium, on one engine.

use serde_json::json;

use crate::{service::Service, site::Site, visitor::Visitor};

const PASSWORD: &str = "correct-horse";

/// Both sides, and visitors.
struct Sides<'a> {
    site: &'a mut Site,
    django: String,
    rust: Service,
}

impl Sides<'_> {
    /// Both sides greet the visitor by this name, whichever is asked first.
    #[track_caller]
    fn greet(&mut self, visitor: &mut Visitor, who: &str) {
        let line = std::panic::Location::caller();
        let hello = format!("Hello, {who}!");
        for round in 0..2 {
            let (rust, django) = (self.rust.address.clone(), self.django.clone());
            for (address, path) in [(rust, "/"), (django, "/account/")] {
                let body = visitor.get(&address, path).body;
                self.site.check(body.contains(&hello), || {
                    format!("{line}, round {round}: {path}: {body:?} for {hello:?}")
                });
            }
        }
    }

    fn log_in_at_django(&self, visitor: &mut Visitor, username: &str) {
        let fields = [
            ("username", username),
            ("password", PASSWORD),
            ("next", "/account/"),
        ];
        let reply = visitor.fill_in(&self.django, "/admin/login/", "/admin/login/", &fields);
        assert_eq!(reply.location(), Some("/account/"), "{}", reply.body);
    }

    fn log_in_at_rust(&self, visitor: &mut Visitor, username: &str) {
        let fields = [("username", username), ("password", PASSWORD)];
        let reply = visitor.post(&self.rust.address, "/login", &fields);
        assert_eq!((reply.status, reply.location()), (303, Some("/")));
    }

    /// A visitor who is logged in by Django without a form.
    fn logged_in(&mut self, username: &str) -> Visitor {
        let answer = self
            .site
            .django
            .ask(&json!({"op": "login", "username": username}));
        Visitor::with(&answer["key"])
    }

    #[track_caller]
    fn recalls(&mut self, visitor: &mut Visitor, name: &str, value: &str) {
        let (rust, django) = (self.rust.address.clone(), self.django.clone());
        for (address, path) in [
            (rust, format!("/recall/{name}")),
            (django, format!("/recall/{name}/")),
        ] {
            let body = visitor.get(&address, &path).body;
            self.site.same(&path, &body.as_str(), &value);
        }
    }
}

pub(crate) fn one_login_on_both_sides(site: &mut Site) {
    for username in ["ada", "bob"] {
        let user = json!({"op": "create_user", "username": username, "password": PASSWORD, "superuser": true});
        site.django.ask(&user);
    }
    let mut sides = Sides {
        django: site.serve(),
        rust: site
            .runtime
            .block_on(Service::with_users(site.settings.clone())),
        site,
    };
    log_in_and_out(&mut sides);
    switch_users(&mut sides);
    deactivate(&mut sides);
    change_the_password(&mut sides);
}

fn log_in_and_out(sides: &mut Sides<'_>) {
    let mut visitor = Visitor::default();
    visitor.get(&sides.rust.address, "/remember/cart/tea");
    let mut before = visitor.clone();
    sides.log_in_at_django(&mut visitor, "ada");
    sides.greet(&mut visitor, "ada");
    sides.recalls(&mut visitor, "cart", "tea");
    let admin = visitor.get(&sides.django, "/admin/").body;
    sides
        .site
        .check(admin.contains("Site administration"), || admin.clone());
    let mut copy = visitor.clone();
    visitor.post(&sides.rust.address, "/logout", &[]);
    sides.greet(&mut visitor, "stranger");
    // Neither the cookie from before the login nor a copy of the one from after it opens anything.
    let cart = before.get(&sides.rust.address, "/recall/cart").body;
    sides.site.same(
        "the session from before the login",
        &cart,
        &"nothing".to_owned(),
    );
    if sides.site.place.engine == "signed_cookies" {
        // Django takes a copy of a cookie for the session for as long as it is fresh; tenure remembers that it was ended.
        let body = copy.get(&sides.rust.address, "/").body;
        sides.site.check(body.contains("stranger"), || body.clone());
    } else {
        sides.greet(&mut copy, "stranger");
    }

    let mut visitor = Visitor::default();
    visitor.get(&sides.django, "/remember/?cart=coffee");
    sides.log_in_at_rust(&mut visitor, "ada");
    sides.greet(&mut visitor, "ada");
    sides.recalls(&mut visitor, "cart", "coffee");
    let admin = visitor.get(&sides.django, "/admin/").body;
    sides
        .site
        .check(admin.contains("Site administration"), || admin.clone());
    let mut copy = visitor.clone();
    visitor.fill_in(&sides.django, "/admin/", "/admin/logout/", &[]);
    sides.greet(&mut visitor, "stranger");
    if sides.site.place.engine != "signed_cookies" {
        sides.greet(&mut copy, "stranger");
    }
}

/// Nobody sees what another user had.
fn switch_users(sides: &mut Sides<'_>) {
    let mut visitor = sides.logged_in("ada");
    visitor.get(&sides.django, "/remember/?private=diary");
    sides.log_in_at_rust(&mut visitor, "bob");
    sides.greet(&mut visitor, "bob");
    sides.recalls(&mut visitor, "private", "nothing");
    visitor.get(&sides.rust.address, "/remember/private/letters");
    sides.log_in_at_django(&mut visitor, "ada");
    sides.greet(&mut visitor, "ada");
    sides.recalls(&mut visitor, "private", "nothing");
}

fn deactivate(sides: &mut Sides<'_>) {
    let mut visitor = sides.logged_in("ada");
    sides.greet(&mut visitor, "ada");
    let set_active = |active| json!({"op": "set_active", "username": "ada", "active": active});
    sides.site.django.ask(&set_active(false));
    sides.greet(&mut visitor, "stranger");
    // The session stays as it is: Django promises no more.
    sides.site.django.ask(&set_active(true));
    sides.greet(&mut visitor, "ada");
}

/// The session in which the password is changed goes on, and the user's others end.
fn change_the_password(sides: &mut Sides<'_>) {
    let (mut here, mut elsewhere) = (sides.logged_in("ada"), sides.logged_in("ada"));
    sides.greet(&mut here, "ada");
    sides.greet(&mut elsewhere, "ada");
    let path = "/accounts/password_change/";
    let fields = [
        ("old_password", PASSWORD),
        ("new_password1", "new-password"),
        ("new_password2", "new-password"),
    ];
    let reply = here.fill_in(&sides.django, path, path, &fields);
    let done = Some("/accounts/password_change/done/");
    assert_eq!(reply.location(), done, "{}", reply.body);
    sides.greet(&mut here, "ada");
    sides.greet(&mut elsewhere, "stranger");

    let mut elsewhere = sides.logged_in("ada");
    sides.greet(&mut elsewhere, "ada");
    let fields = [("password", "newest-password")];
    let reply = here.post(&sides.rust.address, "/password", &fields);
    assert_eq!(reply.status, 303, "{}", reply.body);
    sides.greet(&mut here, "ada");
    sides.greet(&mut elsewhere, "stranger");
    let question =
        json!({"op": "check_password", "username": "ada", "password": "newest-password"});
    let valid = sides.site.django.ask(&question)["valid"].clone();
    sides
        .site
        .same("a password of tenure's", &valid, &json!(true));
}
