//! One login, here and at a real Django.

use serde_json::{Value, json};
use tenure::{
    Secret, Settings,
    auth::{self, AuthError, User},
};
use testkit::Django;

use crate::site::{PASSWORD, Site, key};

const NEW: &str = "battery staple";
const LATER: &str = "the secret of next year, with more than 32 characters";

/// Whose users they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Model {
    Djangos,
    /// `tests/django/people/`.
    Own,
}

pub(crate) fn own_model(settings: &mut Settings) {
    settings.user_table = "people_Person".into();
    settings.user_columns.username = "email".into();
    settings.user_columns.is_active = "may_log_in".into();
    settings.user_columns.is_staff = String::new();
}

/// Django on this database, with these secrets: the first signs.
fn django_of(model: Model, database: &Value, secrets: &[&str]) -> Django {
    let hashers =
        ["MD5", "PBKDF2"].map(|name| format!("django.contrib.auth.hashers.{name}PasswordHasher"));
    let (secret, fallbacks) = secrets.split_first().unwrap();
    let mut variables = vec![
        ("DJANGO_DATABASE", database.to_string()),
        ("DJANGO_SECRET_KEY", (*secret).to_owned()),
        ("DJANGO_SECRET_KEY_FALLBACKS", json!(fallbacks).to_string()),
        // At their full costs hashes would take a minute here.
        ("DJANGO_PASSWORD_HASHERS", json!(hashers).to_string()),
    ];
    if model == Model::Own {
        variables.push(("DJANGO_AUTH_USER_MODEL", "people.Person".to_owned()));
    }
    Django::start(variables)
}

/// A login there is one here, and the reverse; so are a logout, a change of the password, a deactivation, and a rotation of the secret.
pub(crate) async fn share_one_login(settings: &Settings, model: Model, database: &Value) {
    let secret = settings.secret_key.as_ref().unwrap();
    let secret = String::from_utf8(secret.as_bytes().to_owned()).unwrap();
    let mut django = django_of(model, database, &[&secret]);
    django.ask(&json!({"op": "migrate"}));
    let site = Site::open(settings).await;
    let name = "ada@example.com";
    let made = json!({"op": "create_user", "username": name, "password": PASSWORD});
    let id = django.ask(&made)["id"].clone();
    let user = site.authenticate(name, PASSWORD).await.unwrap();
    assert_eq!(user.id().to_string(), id.to_string().replace('"', ""));
    let exact = site
        .authenticate("ADA@example.com", PASSWORD)
        .await
        .is_none();
    let djangos =
        json!({"op": "authenticate", "username": "ADA@example.com", "password": PASSWORD});
    assert_eq!(
        exact,
        django.ask(&djangos)["id"].is_null(),
        "the case of names"
    );

    let there = log_in(&mut django, name);
    assert_eq!(site.visitor(&there).await.unwrap().id(), user.id());
    let here = site.log_in(&user).await;
    assert_eq!(visitor(&mut django, &here), id);

    auth::logout(&site.session(&there).await).await.unwrap();
    assert!(visitor(&mut django, &there).is_null());
    django.ask(&json!({"op": "logout", "key": here}));
    assert!(site.visitor(&here).await.is_none());

    the_password_changes(&site, &mut django, name, user).await;
    they_are_deactivated(&site, &mut django, name).await;
    the_secret_is_rotated(settings, &site, model, database, &secret, name).await;
    permissions_are_the_same(&site, &mut django, model, name).await;
    if model == Model::Own {
        for refused in [
            site.auth.create_user("eve", PASSWORD).await.map(drop),
            site.auth.create_table().await,
        ] {
            let error = refused.unwrap_err();
            assert!(matches!(error, AuthError::CustomUsers { .. }), "{error}");
        }
    }
}

fn log_in(django: &mut Django, name: &str) -> String {
    let answer = django.ask(&json!({"op": "login", "username": name}));
    answer["key"].as_str().unwrap().to_owned()
}

fn visitor(django: &mut Django, key: &str) -> Value {
    django.ask(&json!({"op": "get_user", "key": key}))["id"].clone()
}

async fn the_password_changes(site: &Site, django: &mut Django, name: &str, mut user: User) {
    let (here, there) = (site.log_in(&user).await, log_in(django, name));
    let session = site.session(&here).await;
    user.set_password(NEW).await.unwrap();
    auth::update_session_auth_hash(&session, &user)
        .await
        .unwrap();
    session.save().await.unwrap();
    assert_eq!(visitor(django, &there), Value::Null);
    assert_ne!(visitor(django, &key(&session)), Value::Null);
    let checked = json!({"op": "check_password", "username": name, "password": NEW});
    assert_eq!(django.ask(&checked)["valid"], true);

    django.ask(&json!({"op": "set_password", "username": name, "password": PASSWORD}));
    assert!(site.visitor(&key(&session)).await.is_none());
    assert!(site.authenticate(name, NEW).await.is_none());
    assert!(site.authenticate(name, PASSWORD).await.is_some());
}

async fn they_are_deactivated(site: &Site, django: &mut Django, name: &str) {
    let there = log_in(django, name);
    let active = |active| json!({"op": "set_active", "username": name, "active": active});
    django.ask(&active(false));
    assert!(site.visitor(&there).await.is_none());
    assert!(site.authenticate(name, PASSWORD).await.is_none());
    django.ask(&active(true));
    assert!(site.visitor(&there).await.is_some());
}

async fn the_secret_is_rotated(
    settings: &Settings,
    site: &Site,
    model: Model,
    database: &Value,
    secret: &str,
    name: &str,
) {
    let user = site.authenticate(name, PASSWORD).await.unwrap();
    let (one, two) = (site.log_in(&user).await, site.log_in(&user).await);
    let mut settings = settings.clone();
    settings.secret_key_fallbacks = vec![Secret::new(secret)];
    settings.secret_key = Some(Secret::new(LATER));
    let later = Site::open(&settings).await;
    assert!(later.visitor(&one).await.is_some());
    let mut django = django_of(model, database, &[LATER, secret]);
    assert_ne!(visitor(&mut django, &two), Value::Null);
    // What was carried over there needs no fallback here.
    assert_ne!(visitor(&mut django, &one), Value::Null);
    let mut django = django_of(model, database, &[LATER]);
    assert_ne!(visitor(&mut django, &one), Value::Null);
}

async fn permissions_are_the_same(site: &Site, django: &mut Django, model: Model, name: &str) {
    let own = match model {
        Model::Djangos => "auth.view_user",
        Model::Own => "people.view_person",
    };
    let boss = "boss@example.com";
    django.ask(
        &json!({"op": "create_user", "username": boss, "password": PASSWORD, "superuser": true}),
    );
    django.ask(&json!({"op": "grant", "username": name, "permission": own}));
    for permission in [own, "auth.add_group"] {
        let granted =
            json!({"op": "grant", "username": name, "permission": permission, "group": "editors"});
        django.ask(&granted);
    }
    for name in [name, boss] {
        let djangos = django.ask(&json!({"op": "permissions", "username": name}));
        let user = site.auth.user_by_name(name).await.unwrap().unwrap();
        let ours = user.all_permissions().await.unwrap();
        assert_eq!(json!(ours), djangos["permissions"], "{name}");
        assert!(user.has_perms([own, "auth.add_group"]).await.unwrap());
        assert_eq!(
            user.has_perm("auth.delete_group").await.unwrap(),
            name == boss
        );
        assert_eq!(user.has_perm("no.such").await.unwrap(), name == boss);

        django.ask(&json!({"op": "set_active", "username": name, "active": false}));
        assert!(user.has_perm(own).await.unwrap(), "kept with the value");
        let user = site.auth.user_by_name(name).await.unwrap().unwrap();
        assert!(!user.has_perm(own).await.unwrap());
        assert!(user.all_permissions().await.unwrap().is_empty());
    }
}
