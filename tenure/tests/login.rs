//! Logins as a site meets them.

#[cfg(test)]
mod tests {
    use tenure::{
        Secret, Sessions, Settings,
        auth::{self, Auth, password::Hasher},
        engine::db::SqliteStore,
        testing,
    };

    const OLD: &str = "the secret of last year, with more than 32 characters";

    async fn users(settings: &mut Settings) -> (tempfile::TempDir, Auth) {
        testkit::leaks::watch();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("site.sqlite3");
        settings.set_database_url(format!("sqlite://{}?mode=rwc", path.display()));
        let auth = Auth::open(settings)
            .await
            .unwrap()
            .with_hasher(Hasher::pbkdf2_sha256(10).unwrap());
        auth.create_table().await.unwrap();
        (folder, auth)
    }

    /// As a program with these settings opens them.
    async fn opened(settings: &Settings) -> Sessions {
        let store = SqliteStore::open(settings).await.unwrap();
        store.create_table().await.unwrap();
        Sessions::new(store, settings).unwrap()
    }

    #[tokio::test]
    async fn after_a_rotation_of_the_secret_all_parallel_requests_of_a_page_are_logged_in() {
        let mut settings = testing::settings();
        let (_folder, auth) = users(&mut settings).await;
        let user = auth.create_user("ada", "correct horse").await.unwrap();
        let new = settings.secret_key.replace(Secret::new(OLD)).unwrap();
        let before = opened(&settings).await;
        let session = before.new_session().load().await.unwrap();
        auth::login(&session, &user).await.unwrap();
        session.save().await.unwrap();
        let key = session.key().unwrap();
        let cookie = format!("sessionid={}", key.as_str());

        settings.secret_key = Some(new);
        settings.secret_key_fallbacks = vec![Secret::new(OLD)];
        let after = opened(&settings).await;
        let requests: Vec<_> = (0..3).map(|_| after.begin([cookie.as_bytes()])).collect();
        let mut sessions = Vec::new();
        for request in &requests {
            sessions.push(request.load().await.unwrap());
        }
        for session in &sessions {
            assert_eq!(auth.user(session).await.unwrap().unwrap().id(), user.id());
        }
        for request in &requests {
            let headers = after.finish(request, 200).await.unwrap();
            let set_cookie = headers.set_cookie.unwrap_or_else(|| cookie.clone());
            assert!(set_cookie.starts_with(&cookie), "{set_cookie}");
        }

        // Now the fallback can go.
        settings.secret_key_fallbacks.clear();
        let later = opened(&settings).await;
        let session = later.begin([cookie.as_bytes()]).load().await.unwrap();
        assert!(auth.user(&session).await.unwrap().is_some());
    }

    #[tokio::test]
    async fn a_name_in_full_width_letters_is_the_plain_one() {
        let (_folder, auth) = users(&mut testing::settings()).await;
        auth.create_user("\u{ff41}da", "correct horse")
            .await
            .unwrap();
        assert!(
            auth.authenticate("ada", "correct horse")
                .await
                .unwrap()
                .is_some()
        );
        let taken = auth.create_user("ada", "correct horse").await.unwrap_err();
        assert_eq!(
            taken.to_string(),
            "there is a user named \"ada\" already: choose another name"
        );
    }

    #[tokio::test]
    async fn a_login_whose_hash_is_upgraded_holds_and_the_users_older_ones_end() {
        let mut settings = testing::settings();
        let (_folder, auth) = users(&mut settings).await;
        auth.create_user("ada", "correct horse").await.unwrap();
        let sessions = opened(&settings).await;
        let mut logins = Vec::new();
        let newer = auth.clone().with_hasher(Hasher::scrypt(2, 1, 1).unwrap());
        for auth in [&auth, &newer, &newer.clone().upgrade_hashes()] {
            let user = auth.authenticate("ada", "correct horse").await.unwrap();
            let session = sessions.new_session().load().await.unwrap();
            auth::login(&session, &user.unwrap()).await.unwrap();
            logins.push(session);
            let wrong = auth.authenticate("ada", "wrong horse").await.unwrap();
            assert!(wrong.is_none());
        }
        let last = logins.pop().unwrap();
        assert!(auth.user(&last).await.unwrap().is_some());
        for older in logins {
            assert!(auth.user(&older).await.unwrap().is_none());
        }
    }

    #[tokio::test]
    async fn the_settings_name_the_hasher_of_new_passwords() {
        let mut settings = testing::settings();
        settings.password_hasher = Some("scrypt$N=2,r=1,p=1".into());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("site.sqlite3");
        settings.set_database_url(format!("sqlite://{}?mode=rwc", path.display()));
        let auth = Auth::open(&settings).await.unwrap();
        auth.create_table().await.unwrap();
        auth.create_user("ada", "correct horse").await.unwrap();
        let table = rusqlite::Connection::open(&path).unwrap();
        let stored: String = table
            .query_row("SELECT password FROM auth_user", [], |row| row.get(0))
            .unwrap();
        assert!(stored.starts_with("scrypt$2$"), "{stored}");

        settings.password_hasher = Some("site.hashers.Own".into());
        let error = Auth::open(&settings).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "TENURE_PASSWORD_HASHER is \"site.hashers.Own\": a hasher of Django 5.2's is needed, such as \
             \"django.contrib.auth.hashers.Argon2PasswordHasher\", or one with its costs, such as \"pbkdf2_sha256$1200000\""
        );
    }
}
