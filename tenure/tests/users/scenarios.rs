//! What holds on every database.

use tenure::{
    Settings,
    auth::{self, AuthError, UserId},
};

use crate::site::{PASSWORD, Site, costlier, key};

/// A user is made, logs in and out, changes the password, is deactivated. `sql` is another program at work.
pub(crate) async fn a_users_life(settings: &Settings, sql: impl Fn(&str) -> String) {
    let site = Site::open(settings).await;
    site.sessions.store().prepare().await.unwrap();
    let missing = site.auth.user_by_name("ada").await.unwrap_err();
    assert_eq!(missing.status(), 503);
    let told = missing.to_string();
    assert!(
        told.contains("`auth_user`") && told.contains("tenure init --users"),
        "{told}"
    );
    site.auth.create_table().await.unwrap();
    site.auth.create_table().await.unwrap();

    let ada = site.auth.create_user("Ada", PASSWORD).await.unwrap();
    assert_eq!(ada.id(), &UserId::from(1));
    assert!(ada.is_active() && !ada.is_staff() && !ada.is_superuser());
    let taken = site.auth.create_user("Ada", "another").await.unwrap_err();
    assert!(matches!(taken, AuthError::UsernameTaken(_)), "{taken}");
    nobody_has_an_odd_id_or_name(&site).await;

    assert!(site.authenticate("Ada", "wrong horse").await.is_none());
    let mut ada = site.authenticate("Ada", PASSWORD).await.unwrap();
    assert_eq!(
        sql("SELECT count(*) FROM auth_user WHERE last_login IS NULL"),
        "1"
    );
    let (here, elsewhere) = (site.log_in(&ada).await, site.log_in(&ada).await);
    assert_eq!(
        sql("SELECT count(*) FROM auth_user WHERE last_login IS NULL"),
        "0"
    );
    assert_eq!(site.visitor(&here).await.unwrap().username(), "Ada");

    // This session stays, and the other one ends.
    let session = site.session(&here).await;
    ada.set_password("battery staple").await.unwrap();
    auth::update_session_auth_hash(&session, &ada)
        .await
        .unwrap();
    session.save().await.unwrap();
    let here = key(&session);
    assert!(site.visitor(&here).await.is_some());
    assert!(site.visitor(&elsewhere).await.is_none());
    assert!(site.authenticate("Ada", PASSWORD).await.is_none());
    assert!(site.authenticate("Ada", "battery staple").await.is_some());

    let other = site.log_in(&ada).await;
    let session = site.session(&other).await;
    auth::logout(&session).await.unwrap();
    assert!(site.visitor(&other).await.is_none());

    sql("UPDATE auth_user SET is_active = FALSE");
    assert!(site.visitor(&here).await.is_none());
    assert!(site.authenticate("Ada", "battery staple").await.is_none());
    sql("UPDATE auth_user SET is_active = TRUE");
    assert!(site.visitor(&here).await.is_some(), "it was not flushed");

    a_hash_is_upgraded(&site).await;
    sql("DELETE FROM auth_user");
    let gone = ada.set_password("staple").await.unwrap_err();
    assert!(matches!(gone, AuthError::UserGone), "{gone}");
    assert!(site.visitor(&here).await.is_none());
}

async fn nobody_has_an_odd_id_or_name(site: &Site) {
    let uuid = "7a1d5e7c-3b0f-4a5e-9c39-5d5b0e1f2a3b";
    for id in ["1x", "x", "", "1\0", "99999999999999999999", uuid] {
        let id: UserId = id.parse().unwrap();
        let user = site.auth.user_by_id(&id).await.unwrap();
        assert!(user.is_none(), "{id:?}");
    }
    assert!(site.authenticate("Ada\0", PASSWORD).await.is_none());
    assert!(site.authenticate("' OR '1'='1", PASSWORD).await.is_none());
}

async fn a_hash_is_upgraded(site: &Site) {
    let upgrading = site.auth.clone().with_hasher(costlier()).upgrade_hashes();
    let before = site.authenticate("Ada", "battery staple").await.unwrap();
    let login = site.log_in(&before).await;
    let after = upgrading.authenticate("Ada", "battery staple").await;
    let login_after = site.log_in(&after.unwrap().unwrap()).await;
    assert!(site.visitor(&login).await.is_none(), "it has the old hash");
    assert!(site.visitor(&login_after).await.is_some());
}

/// While `locked` holds ada's row with a new password that it has not committed, she logs in with the old one. `commit` lets it in.
pub(crate) async fn a_password_that_changes_during_an_upgrade_stands(
    settings: &Settings,
    commit: impl AsyncFnOnce(),
) {
    let mut settings = settings.clone();
    settings.store_timeout = std::time::Duration::from_secs(30);
    let site = Site::open(&settings).await;
    let upgrading = site.auth.clone().with_hasher(costlier()).upgrade_hashes();
    let login = tokio::spawn(async move { upgrading.authenticate("ada", PASSWORD).await });
    commit().await;
    assert!(
        login.await.unwrap().unwrap().is_none(),
        "it is wrong by now"
    );
    assert!(site.authenticate("ada", "battery staple").await.is_some());
}

/// A server that is away is told: a visitor is not taken for nobody.
pub(crate) async fn an_outage_is_told(site: &Site, login: &str, stop: impl FnOnce()) {
    let session = site.session(login).await;
    stop();
    let failures = [
        site.auth.user(&session).await.map(drop),
        site.auth.authenticate("ada", PASSWORD).await.map(drop),
        site.auth.user_by_id(1).await.map(drop),
        site.auth.create_user("eve", PASSWORD).await.map(drop),
    ];
    for failure in failures {
        let error = failure.unwrap_err();
        assert_eq!(error.status(), 503, "{error}");
        assert!(!error.to_string().contains("sesame"), "{error}");
    }
}
