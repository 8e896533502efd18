//! Several ways to find out who somebody is.

#[cfg(test)]
#[path = "../examples/own_backend.rs"]
mod own_backend;

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use tenure::{
        Session, StoreError,
        auth::{
            self, AllowAllUsersModelBackend, Auth, AuthBackend, AuthError, Backends, ModelBackend,
            Verdict, password::Hasher,
        },
        testing,
    };

    use super::own_backend;

    const ADA: &str = "correct horse";

    /// Says the same to everybody.
    struct Says(&'static str, fn() -> Result<Verdict, AuthError>);

    impl AuthBackend for Says {
        fn name(&self) -> &'static str {
            self.0
        }

        async fn authenticate(&self, _: &Auth, _: &str, _: &str) -> Result<Verdict, AuthError> {
            self.1()
        }
    }

    /// Lets a user of the table in by their name, without a password.
    struct Trusting;

    impl AuthBackend for Trusting {
        fn name(&self) -> &'static str {
            "site.backends.Trusting"
        }

        async fn authenticate(
            &self,
            auth: &Auth,
            username: &str,
            _: &str,
        ) -> Result<Verdict, AuthError> {
            Ok(auth.user_by_name(username).await?.into())
        }
    }

    struct Site {
        auth: Auth,
        path: PathBuf,
        _folder: tempfile::TempDir,
    }

    /// With the user `ada`.
    async fn site() -> Site {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("site.sqlite3");
        let mut settings = testing::settings();
        settings.set_database_url(format!("sqlite://{}?mode=rwc", path.display()));
        let auth = Auth::open(&settings)
            .await
            .unwrap()
            .with_hasher(Hasher::pbkdf2_sha256(10).unwrap());
        auth.create_table().await.unwrap();
        auth.create_user("ada", ADA).await.unwrap();
        Site {
            auth,
            path,
            _folder: folder,
        }
    }

    impl Site {
        fn with(&self, backends: Backends) -> Auth {
            self.auth.clone().with_backends(backends)
        }

        fn deactivate_ada(&self) {
            let table = rusqlite::Connection::open(&self.path).unwrap();
            table
                .execute_batch("UPDATE auth_user SET is_active = 0")
                .unwrap();
        }
    }

    /// A session in which `ada` has logged in.
    async fn logged_in(auth: &Auth, password: &str) -> Session {
        let user = auth.authenticate("ada", password).await.unwrap().unwrap();
        let session = testing::session().await;
        auth::login(&session, &user).await.unwrap();
        session
    }

    fn backend_of(session: &Session) -> String {
        session.get("_auth_user_backend").unwrap().unwrap()
    }

    #[test]
    fn the_example_runs() {
        own_backend::main().unwrap();
    }

    #[tokio::test]
    async fn the_first_backend_that_knows_the_user_logs_them_in() {
        let site = site().await;
        let unknown = Says("site.backends.Unknown", || Ok(Verdict::NotMine));
        let auth = site.with(Backends::first(unknown).then(Trusting).then(ModelBackend));
        let session = logged_in(&auth, "no password at all").await;
        assert_eq!(backend_of(&session), "site.backends.Trusting");

        let auth = site.with(Backends::first(ModelBackend).then(Trusting));
        assert_eq!(
            backend_of(&logged_in(&auth, ADA).await),
            "django.contrib.auth.backends.ModelBackend"
        );
        assert_eq!(
            backend_of(&logged_in(&auth, "wrong").await),
            "site.backends.Trusting"
        );
    }

    #[tokio::test]
    async fn whom_one_backend_denies_no_later_one_lets_in() {
        let site = site().await;
        let denies = || Says("site.backends.Denies", || Ok(Verdict::Denied));
        let auth = site.with(Backends::first(denies()).then(ModelBackend));
        assert!(auth.authenticate("ada", ADA).await.unwrap().is_none());
        let auth = site.with(Backends::first(ModelBackend).then(denies()));
        assert!(auth.authenticate("ada", ADA).await.unwrap().is_some());
    }

    #[tokio::test]
    async fn a_backend_that_is_away_is_an_outage_and_no_wrong_password() {
        let site = site().await;
        let away = Says("site.backends.Away", || {
            let cause = std::io::Error::other("timed out");
            let error = StoreError::unavailable("ldap.example does not answer", cause);
            Err(AuthError::Users(error))
        });
        let auth = site.with(Backends::first(away).then(ModelBackend));
        let error = auth.authenticate("ada", ADA).await.unwrap_err();
        assert_eq!(error.status(), 503);
    }

    #[tokio::test]
    async fn a_session_of_a_backend_that_is_not_ours_is_anonymous_and_left_alone() {
        let site = site().await;
        let both = site.with(Backends::first(Trusting).then(ModelBackend));
        let session = logged_in(&both, "").await;
        let before = session.keys();
        assert!(site.auth.user(&session).await.unwrap().is_none());
        assert_eq!(session.keys(), before);
        assert!(both.user(&session).await.unwrap().is_some());
    }

    #[tokio::test]
    async fn inactive_users_log_in_only_where_all_users_may() {
        let site = site().await;
        let all = site.with(Backends::first(AllowAllUsersModelBackend));
        let strict = logged_in(&site.auth, ADA).await;
        let open = logged_in(&all, ADA).await;
        site.deactivate_ada();
        assert!(site.auth.authenticate("ada", ADA).await.unwrap().is_none());
        assert!(site.auth.user(&strict).await.unwrap().is_none());
        assert!(all.authenticate("ada", "wrong").await.unwrap().is_none());
        assert!(all.authenticate("ada", ADA).await.unwrap().is_some());
        assert!(all.user(&open).await.unwrap().is_some());
    }

    #[tokio::test]
    async fn a_new_user_is_logged_in_by_the_only_backend_or_by_one_that_is_named() {
        let site = site().await;
        let grace = site.auth.create_user("grace", ADA).await.unwrap();
        let session = testing::session().await;
        auth::login(&session, &grace).await.unwrap();
        assert_eq!(
            backend_of(&session),
            "django.contrib.auth.backends.ModelBackend"
        );

        let auth = site.with(Backends::first(Trusting).then(ModelBackend));
        let alan = auth.create_user("alan", ADA).await.unwrap();
        let error = auth::login(&session, &alan).await.unwrap_err();
        assert!(matches!(error, AuthError::BackendUnknown), "{error}");
        let seen = auth.user(&session).await.unwrap().unwrap();
        assert_eq!(seen.username(), "grace");
        let named = alan.with_backend(ModelBackend.name());
        auth::login(&session, &named).await.unwrap();
        let seen = auth.user(&session).await.unwrap().unwrap();
        assert_eq!(seen.username(), "alan");
        // Whom a session belongs to has a backend already.
        auth::login(&session, &seen).await.unwrap();
    }

    #[tokio::test]
    async fn a_user_without_a_password_cannot_log_in_by_any() {
        let site = site().await;
        site.auth.create_user("grace", None).await.unwrap();
        for password in ["", "!", "None"] {
            let user = site.auth.authenticate("grace", password).await.unwrap();
            assert!(user.is_none());
        }
    }
}
