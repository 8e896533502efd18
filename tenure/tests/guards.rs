//! Parts of a site for some visitors only, as these visitors meet them.

#[cfg(test)]
#[expect(dead_code, reason = "other tests use the rest of it")]
#[path = "common/stage.rs"]
mod stage;

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use axum::{
        Router,
        body::Body,
        extract::Request,
        http::{StatusCode, header},
        middleware::{self, Next},
        response::Response,
        routing::get,
    };
    use http_body_util::BodyExt as _;
    use tenure::{
        SessionLayer, Sessions, Settings,
        auth::{self, Auth, LoginRequired, User, password::Hasher},
        testing::{self, MemoryStore},
    };
    use testkit::leaks;
    use tower::ServiceExt as _;

    use crate::stage::{Fault, Stage};

    struct Site {
        settings: Settings,
        auth: Auth,
        stage: Stage<MemoryStore>,
        sessions: Sessions,
        path: PathBuf,
        _folder: tempfile::TempDir,
    }

    async fn site() -> Site {
        leaks::watch();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("site.sqlite3");
        let mut settings = testing::settings();
        settings.set_database_url(format!("sqlite://{}?mode=rwc", path.display()));
        let auth = Auth::open(&settings)
            .await
            .unwrap()
            .with_hasher(Hasher::pbkdf2_sha256(10).unwrap());
        auth.create_table().await.unwrap();
        let stage = Stage::new(MemoryStore::default());
        Site {
            sessions: Sessions::new(stage.clone(), &settings).unwrap(),
            settings,
            auth,
            stage,
            path,
            _folder: folder,
        }
    }

    async fn name(user: User) -> String {
        user.username().to_owned()
    }

    fn execute(path: &Path, statement: &str) {
        let table = rusqlite::Connection::open(path).unwrap();
        table.execute_batch(statement).unwrap();
    }

    impl Site {
        fn guard(&self) -> LoginRequired {
            LoginRequired::new(self.auth.clone(), &self.settings)
        }

        /// A page for everybody, and what `guarded` adds.
        fn app(&self, guarded: Router<Auth>) -> Router {
            guarded
                .route("/", get("welcome"))
                .layer(SessionLayer::from(self.sessions.clone()))
                .with_state(self.auth.clone())
        }

        /// The cookie of a new user who is logged in.
        async fn cookie(&self, name: &str) -> String {
            let user = self.auth.create_user(name, "correct horse").await.unwrap();
            let session = self.sessions.new_session().load().await.unwrap();
            auth::login(&session, &user).await.unwrap();
            session.save().await.unwrap();
            format!("sessionid={}", session.key().unwrap().as_str())
        }

        async fn staff_cookie(&self, name: &str) -> String {
            let cookie = self.cookie(name).await;
            let statement = format!("UPDATE auth_user SET is_staff = 1 WHERE username = '{name}'");
            execute(&self.path, &statement);
            cookie
        }
    }

    async fn ask(app: &Router, target: &str, cookie: &str) -> Response {
        let request = Request::get(target)
            .header(header::COOKIE, cookie)
            .body(Body::empty())
            .unwrap();
        app.clone().oneshot(request).await.unwrap()
    }

    async fn text(response: Response) -> (StatusCode, String) {
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let body = String::from_utf8(body.to_vec()).unwrap();
        leaks::search("a page", &body);
        (status, body)
    }

    #[track_caller]
    fn assert_sent_to(response: &Response, location: &str) {
        assert_eq!(response.status(), StatusCode::FOUND);
        assert_eq!(response.headers()[header::LOCATION], location);
        assert_eq!(response.headers()[header::VARY], "Cookie");
        assert!(!response.headers().contains_key(header::SET_COOKIE));
    }

    #[tokio::test]
    async fn a_stranger_is_sent_to_the_login_page_and_a_user_let_in() {
        let site = site().await;
        let account = Router::new()
            .route("/account", get(name))
            .route_layer(site.guard());
        let app = site.app(account);
        let stranger = ask(&app, "/account?tab=orders&page=2", "theme=dark").await;
        let location = "/accounts/login/?next=/account%3Ftab%3Dorders%26page%3D2";
        assert_sent_to(&stranger, location);
        assert!(site.stage.take_calls().is_empty(), "strangers cost nothing");
        let forged = format!("sessionid={}", "k3x9vqk3".repeat(4));
        assert_eq!(ask(&app, "/account", &forged).await.status(), 302);
        let ada = site.cookie("ada").await;
        assert_eq!(
            text(ask(&app, "/account", &ada).await).await,
            (StatusCode::OK, "ada".into())
        );
        // The rest of the router stands open, and what is not there stays so.
        assert_eq!(ask(&app, "/", "").await.status(), 200);
        assert_eq!(ask(&app, "/nowhere", "").await.status(), 404);
        execute(&site.path, "UPDATE auth_user SET is_active = 0");
        assert_eq!(ask(&app, "/account", &ada).await.status(), 302);
    }

    #[tokio::test]
    async fn a_user_without_the_right_is_refused_and_not_sent_to_log_in_again() {
        let site = site().await;
        let of_ada = |user: &User| user.username() == "ada";
        let parts = Router::new()
            .route("/staff", get(name))
            .route_layer(site.guard().staff())
            .merge(
                Router::new()
                    .route("/staff/ada", get(name))
                    .route_layer(site.guard().staff().test(of_ada)),
            );
        let app = site.app(parts);
        let ada = site.staff_cookie("ada").await;
        let grace = site.staff_cookie("grace").await;
        let visitor = site.cookie("alan").await;
        for target in ["/staff", "/staff/ada"] {
            let stranger = ask(&app, target, "").await;
            assert_sent_to(&stranger, &format!("/accounts/login/?next={target}"));
            let (status, body) = text(ask(&app, target, &visitor).await).await;
            assert_eq!(status, StatusCode::FORBIDDEN);
            assert_eq!(
                body,
                "You are logged in, but not allowed to see this page.\n"
            );
            assert_eq!(ask(&app, target, &ada).await.status(), 200);
        }
        assert_eq!(ask(&app, "/staff", &grace).await.status(), 200);
        assert_eq!(ask(&app, "/staff/ada", &grace).await.status(), 403);
    }

    #[tokio::test]
    async fn a_user_with_the_permission_is_let_in_and_an_outage_refuses_nobody() {
        let site = site().await;
        let orders = Router::new()
            .route("/orders", get(name))
            .route_layer(site.guard().permission("shop.view_order"));
        let app = site.app(orders);
        let ada = site.cookie("ada").await;
        let grace = site.cookie("grace").await;
        assert_eq!(ask(&app, "/orders", "").await.status(), 302);
        // Django's migrations have not made the tables of permissions yet.
        assert_eq!(ask(&app, "/orders", &ada).await.status(), 503);
        let permissions = "
            CREATE TABLE django_content_type (id integer PRIMARY KEY, app_label text, model text);
            CREATE TABLE auth_permission (id integer PRIMARY KEY, content_type_id integer, codename text);
            CREATE TABLE auth_user_user_permissions (user_id integer, permission_id integer);
            CREATE TABLE auth_user_groups (user_id integer, group_id integer);
            CREATE TABLE auth_group_permissions (group_id integer, permission_id integer);
            INSERT INTO django_content_type VALUES (1, 'shop', 'order');
            INSERT INTO auth_permission VALUES (1, 1, 'view_order');
            INSERT INTO auth_user_user_permissions SELECT id, 1 FROM auth_user WHERE username = 'ada'";
        execute(&site.path, permissions);
        assert_eq!(ask(&app, "/orders", &ada).await.status(), 200);
        assert_eq!(ask(&app, "/orders", &grace).await.status(), 403);
    }

    #[tokio::test]
    async fn a_guard_around_a_nested_router_leads_back_to_the_whole_path() {
        let mut site = site().await;
        site.settings.login_url = "/enter?theme=dark".into();
        let orders = Router::new().route("/{number}", get(name));
        let nested = Router::new()
            .nest("/shop/orders", orders)
            .route_layer(site.guard());
        let response = ask(&site.app(nested), "/shop/orders/41", "").await;
        assert_sent_to(&response, "/enter?theme=dark&next=/shop/orders/41");
    }

    #[tokio::test]
    async fn an_outage_is_503_and_nobody_is_taken_for_a_stranger() {
        let site = site().await;
        let account = Router::new()
            .route("/account", get(name))
            .route_layer(site.guard());
        let app = site.app(account);
        let ada = site.cookie("ada").await;
        let assert_away = |response: &Response| {
            assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
            assert_eq!(response.headers()[header::RETRY_AFTER], "5");
            assert!(!response.headers().contains_key(header::SET_COOKIE));
            assert!(!response.headers().contains_key(header::LOCATION));
        };
        site.stage.set_fault(Fault::Down);
        assert_away(&ask(&app, "/account", &ada).await);
        site.stage.set_fault(Fault::None);
        execute(&site.path, "ALTER TABLE auth_user RENAME TO elsewhere");
        assert_away(&ask(&app, "/account", &ada).await);
        execute(&site.path, "ALTER TABLE elsewhere RENAME TO auth_user");
        assert_eq!(ask(&app, "/account", &ada).await.status(), 200);
    }

    #[tokio::test]
    async fn the_users_are_asked_once_for_a_guarded_page() {
        let site = site().await;
        let path = site.path.clone();
        // Between the guard and the handler the table goes away.
        let lose_the_table = middleware::from_fn(move |request: Request, next: Next| {
            execute(&path, "DROP TABLE auth_user");
            next.run(request)
        });
        let account = Router::new()
            .route("/account", get(name))
            .route_layer(site.guard().staff())
            .route_layer(lose_the_table.clone())
            .route_layer(site.guard());
        let app = site.app(Router::new().route("/account", get(name)));
        let ada = site.staff_cookie("ada").await;
        assert_eq!(ask(&app, "/account", &ada).await.status(), 200);
        let app = site.app(account);
        let guarded = text(ask(&app, "/account", &ada).await).await;
        assert_eq!(guarded, (StatusCode::OK, "ada".into()));
    }

    #[tokio::test]
    async fn a_guard_outside_of_the_session_layer_lets_nobody_in() {
        let site = site().await;
        let app = Router::new()
            .route("/account", get(name))
            .layer(SessionLayer::from(site.sessions.clone()))
            .route_layer(site.guard())
            .with_state(site.auth.clone());
        let (status, body) = text(ask(&app, "/account", "").await).await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(body.contains("add `SessionLayer` to the router"), "{body}");
    }
}
