//! Django's own components keep things in the session that tenure knows nothing of. A request of tenure's in between leaves them as they
//! were.

use serde_json::json;

use crate::{service::Service, site::Site, visitor::Visitor};

pub(crate) fn pass_through_untouched(site: &mut Site) {
    let django = site.serve();
    let rust = site.runtime.block_on(Service::start(site.settings.clone()));
    messages(site, &django, &rust.address);
    csrf_tokens(site, &django, &rust.address);
    password_resets(site, &django, &rust.address);
}

fn messages(site: &mut Site, django: &str, rust: &str) {
    let mut visitor = Visitor::default();
    visitor.get(django, "/message/?text=Saved%20%E2%80%9Calpha%E2%80%9D");
    visitor.get(rust, "/remember/theme/dark");
    let shown = visitor.get(django, "/messages/").body;
    site.same(
        "a message of Django's",
        &shown,
        &"success: Saved “alpha”".to_owned(),
    );
    visitor.get(rust, "/remember/theme/light");
    let shown = visitor.get(django, "/messages/").body;
    site.same("a message is shown once", &shown, &"No message.".to_owned());
    let theme = visitor.get(django, "/recall/theme/").body;
    site.same("what tenure kept", &theme, &"light".to_owned());
}

fn csrf_tokens(site: &mut Site, django: &str, rust: &str) {
    let mut visitor = Visitor::default();
    let mut tab = visitor.clone();
    let sent = visitor.fill_in(django, "/form/", "/form/", &[]).status;
    site.same("a form of Django's", &sent, &200);
    assert!(
        !visitor.jar.contains_key("csrftoken"),
        "it is in the session"
    );
    // The form is opened, then tenure writes, then the form is sent.
    tab.jar.clone_from(&visitor.jar);
    let page = tab.get(django, "/form/");
    let token = page.csrf_token().unwrap();
    visitor.get(rust, "/remember/theme/dark");
    let sent = visitor.post(django, "/form/", &[("csrfmiddlewaretoken", token)]);
    site.same("a form that was open meanwhile", &sent.status, &200);
    let wrong: String = token.chars().rev().collect();
    let refused = visitor.post(django, "/form/", &[("csrfmiddlewaretoken", &wrong)]);
    site.same("a wrong token", &refused.status, &403);
}

fn password_resets(site: &mut Site, django: &str, rust: &str) {
    site.django
        .ask(&json!({"op": "create_user", "username": "forgetful", "password": "old-password"}));
    let asked = site
        .django
        .ask(&json!({"op": "password_reset_link", "username": "forgetful"}));
    let mut visitor = Visitor::default();
    // Django puts the token into the session, and leads to a page whose address does not show it.
    let page = visitor.get(django, asked["path"].as_str().unwrap());
    site.check(page.body.contains("new_password1"), || page.body.clone());
    visitor.get(rust, "/remember/theme/dark");
    let path = format!(
        "{}set-password/",
        reset_folder(asked["path"].as_str().unwrap())
    );
    let fields = [
        ("new_password1", "new-password"),
        ("new_password2", "new-password"),
    ];
    let reply = visitor.fill_in(django, &path, &path, &fields);
    site.same(
        "the new password is taken",
        &reply.location(),
        &Some("/accounts/reset/done/"),
    );
    let question =
        json!({"op": "check_password", "username": "forgetful", "password": "new-password"});
    let valid = site.django.ask(&question)["valid"].clone();
    site.same("and holds", &valid, &json!(true));
}

/// The link without its last part, the token.
fn reset_folder(path: &str) -> &str {
    let path = path.trim_end_matches('/');
    &path[..=path.rfind('/').unwrap()]
}
