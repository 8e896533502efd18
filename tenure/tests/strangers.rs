//! A hundred thousand strangers cost nothing: no row, no cookie, no memory; and whoever guesses keys is noticed.

#[cfg(test)]
mod tests {
    use std::{
        future::Future,
        sync::{
            Arc,
            atomic::{AtomicU64, Ordering},
        },
        time::SystemTime,
    };

    use axum::{
        Form, Router,
        body::Body,
        http::{Request, header},
        response::Html,
        routing::{get, post},
    };
    use tempfile::TempDir;
    use tenure::{
        Data, LazySession, Record, Secret, Session, SessionError, SessionKey, SessionLayer,
        Sessions, Settings,
        auth::{self, Auth, AuthError, User, password::Hasher},
        codec::SignedJson,
        csrf::Checked,
        engine::{
            cookies::{EncryptedCookies, Revocation, SignedCookies},
            db::SqliteStore,
        },
        events::{Events, SessionTag, Suspicion},
        settings::CacheSettings,
        store::{Created, SessionStore},
        system::OperatingSystem,
        testing,
    };
    use tower::ServiceExt as _;

    const REQUESTS: u64 = 100_000;
    /// Bytes that may be left over in the end: none, but for a table that happens to grow. One byte for each request would be too much.
    const LEFT_OVER: i64 = 16 * 1024;
    /// Bytes that may be in use at any time.
    const IN_USE: u64 = 64 * 1024;

    #[derive(Clone, Debug, Default)]
    struct Heard(Arc<Counts>);

    #[derive(Debug, Default)]
    struct Counts {
        unknown: AtomicU64,
        malformed: AtomicU64,
        others: AtomicU64,
    }

    impl Heard {
        fn counts(&self) -> (u64, u64, u64) {
            let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
            let Counts {
                unknown,
                malformed,
                others,
            } = &*self.0;
            (count(unknown), count(malformed), count(others))
        }
    }

    impl Events for Heard {
        fn created(&self, _: SessionTag<'_>) {
            self.0.others.fetch_add(1, Ordering::Relaxed);
        }
        fn loaded(&self, _: SessionTag<'_>) {
            self.0.others.fetch_add(1, Ordering::Relaxed);
        }
        fn suspicious(&self, _: Option<SessionTag<'_>>, what: Suspicion) {
            let counter = match what {
                Suspicion::UnknownKey => &self.0.unknown,
                Suspicion::MalformedKey => &self.0.malformed,
                _ => &self.0.others,
            };
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    async fn home(user: Option<User>) -> String {
        format!(
            "Hello, {}!",
            user.as_ref().map_or("stranger", User::username)
        )
    }

    async fn cart(session: Session) -> Result<String, SessionError> {
        let cart: Option<Vec<u32>> = session.get("cart")?;
        Ok(format!("{} things", cart.unwrap_or_default().len()))
    }

    async fn lazy(lazy: LazySession) -> String {
        format!("{lazy:?}")
    }

    async fn login_page(session: Session) -> Html<String> {
        let next: Option<String> = session.get("next").ok().flatten();
        Html(format!(
            "<form method=post><input name=username>{next:?}</form>"
        ))
    }

    async fn log_out(session: Session) -> Result<&'static str, AuthError> {
        auth::logout(&session).await.map(|()| "bye")
    }

    #[derive(serde::Deserialize)]
    struct Order {
        product: String,
    }

    async fn order(
        session: Session,
        Checked(Form(order)): Checked<Form<Order>>,
    ) -> Result<&'static str, SessionError> {
        session.insert("ordered", order.product)?;
        Ok("ordered")
    }

    /// The routes, and whether each looks at the session.
    const ROUTES: [(&str, &str, bool); 8] = [
        ("GET", "/", true),
        ("GET", "/cart", true),
        ("GET", "/cart?sid=k3x9vq0d5m2r8t1y7u4i6o0p3a5s9d2f", true),
        ("GET", "/login", true),
        ("POST", "/logout", true),
        ("POST", "/order", true),
        ("GET", "/lazy", false),
        ("GET", "/nowhere", false),
    ];

    /// What a stranger sends, and what of it is a key that nobody has, or can be none.
    struct Visit {
        header: &'static str,
        value: String,
        unknown: u64,
        malformed: u64,
    }

    /// Cookies that were made with another secret: signed, encrypted, and a signed text from a table.
    async fn forged() -> Vec<String> {
        let mut settings = testing::settings();
        settings.secret_key = Some(Secret::new(
            "the secret of somebody else, who is up to no good",
        ));
        let record = Record::new(
            Data::from_json(br#"{"_auth_user_id":"1"}"#).unwrap(),
            SystemTime::now() + settings.cookie_age,
        );
        let key = SessionKey::generate(&OperatingSystem).unwrap();
        let signed = SignedCookies::new(&settings, Revocation::Off).unwrap();
        let encrypted = EncryptedCookies::new(&settings, Revocation::Off).unwrap();
        let mut cookies = Vec::new();
        for made in [
            signed.create(&key, &record).await,
            encrypted.create(&key, &record).await,
        ] {
            let Ok(Created::Rekeyed(cookie)) = made else {
                panic!("{made:?}");
            };
            cookies.push(cookie.as_str().to_owned());
        }
        let own = testing::settings().secret_key.unwrap();
        cookies.push(SignedJson::new(&own, &[]).encode(&record.data, SystemTime::now()));
        cookies
    }

    impl Visit {
        fn new(number: u64, forged: &[String]) -> Self {
            let key = SessionKey::generate(&OperatingSystem).unwrap();
            let key = key.as_str();
            let (header, value, unknown, malformed) = match number % 15 {
                0 => ("X-Nothing", String::new(), 0, 0),
                1 => ("Cookie", format!("sessionid={key}"), 1, 0),
                2 => ("Cookie", format!("sessionid={}", &key[..7]), 0, 1),
                3 => ("Cookie", "sessionid=".into(), 0, 1),
                4 => ("Cookie", "sessionid=\"\"".into(), 0, 1),
                5 => ("Cookie", format!("sessionid=../../{key}"), 1, 0),
                6 => ("Cookie", format!("sessionid={key}' OR '1'='1"), 0, 1),
                7 => ("Cookie", format!("sessionid={}", key.repeat(30)), 1, 0),
                8 => (
                    "Cookie",
                    format!("sessionid={key}; sessionid={}", key.to_uppercase()),
                    2,
                    0,
                ),
                9 => ("Cookie", format!("theme={key}; SESSIONID={key}"), 0, 0),
                10 => ("Cookie", format!("sessionid={}", forged[0]), 1, 0),
                11 => ("Cookie", format!("sessionid={}", forged[1]), 1, 0),
                12 => ("Cookie", format!("sessionid={}", forged[2]), 1, 0),
                13 => ("Authorization", format!("Bearer {key}"), 0, 0),
                _ => ("X-Session-Token", key.to_owned(), 0, 0),
            };
            Self {
                header,
                value,
                unknown,
                malformed,
            }
        }
    }

    struct Site {
        sessions: Sessions,
        app: Router,
        heard: Heard,
        settings: Settings,
        _folder: TempDir,
    }

    impl Site {
        async fn open(change: impl FnOnce(&mut Settings)) -> Self {
            testkit::leaks::watch();
            let folder = tempfile::tempdir().unwrap();
            let mut settings = testing::settings();
            let path = folder.path().join("site.sqlite3");
            settings.set_database_url(format!("sqlite://{}?mode=rwc", path.display()));
            change(&mut settings);
            let auth = Auth::open(&settings).await.unwrap();
            let auth = auth.with_hasher(Hasher::pbkdf2_sha256(10).unwrap());
            auth.create_table().await.unwrap();
            let heard = Heard::default();
            let sessions = Sessions::open(settings.clone()).await.unwrap();
            sessions.store().prepare().await.unwrap();
            let sessions = sessions.with_events(heard.clone());
            let app = Router::new()
                .route("/", get(home))
                .route("/cart", get(cart))
                .route("/login", get(login_page))
                .route("/logout", post(log_out))
                .route("/order", post(order))
                .route("/lazy", get(lazy))
                .layer(SessionLayer::from(sessions.clone()))
                .with_state(auth);
            Self {
                sessions,
                app,
                heard,
                settings,
                _folder: folder,
            }
        }

        /// One request; whether its session was looked at.
        async fn send(&self, visit: &Visit, route: u64) -> bool {
            let (method, path, looks) = ROUTES[usize::try_from(route).unwrap() % ROUTES.len()];
            let mut request = Request::builder()
                .method(method)
                .uri(path)
                .header("Content-Type", "application/x-www-form-urlencoded");
            if !visit.value.is_empty() {
                request = request.header(visit.header, &visit.value);
            }
            let body = Body::from("product=tea&csrfmiddlewaretoken=c0ffee");
            let request = request.body(body).unwrap();
            let response = self.app.clone().oneshot(request).await.unwrap();
            let what = || format!("{method} {path} with {}: {}", visit.header, visit.value);
            assert!(response.status().as_u16() < 500, "{}", what());
            let cookies = response.headers().get_all(header::SET_COOKIE);
            for cookie in &cookies {
                let removal = cookie.as_bytes().starts_with(b"sessionid=\"\";");
                let was_sent = visit.unknown + visit.malformed > 0;
                assert!(removal && was_sent, "{}: {cookie:?}", what());
            }
            assert!(cookies.iter().count() <= 1, "{}", what());
            looks
        }

        /// Whether the database has a row, of a session or of one that was ended.
        async fn has_rows(&self) -> bool {
            let store = SqliteStore::open(&self.settings).await.unwrap();
            store.create_table().await.unwrap();
            !store.scan(None, 1).await.unwrap().is_empty()
        }
    }

    /// Sends them all on one thread, whose memory is counted.
    fn hold_to_nothing(open: impl Future<Output = Site>) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        let (site, forged) = runtime.block_on(async { (open.await, forged().await) });
        let (mut unknown, mut malformed) = (0, 0);
        let mut send = |from: u64, to: u64| {
            runtime.block_on(async {
                for number in from..to {
                    let visit = Visit::new(number, &forged);
                    if site.send(&visit, number / 15).await {
                        unknown += visit.unknown;
                        malformed += visit.malformed;
                    }
                }
            });
        };
        // The first ones fill what is kept for those to come.
        send(0, 1000);
        let memory = allocation_counter::measure(|| send(1000, REQUESTS));
        assert!(memory.bytes_current < LEFT_OVER, "{memory:?}");
        assert!(memory.bytes_max < IN_USE, "{memory:?}");
        assert_eq!(site.heard.counts(), (unknown, malformed, 0));
        assert!(unknown > REQUESTS / 4, "{unknown}");
        assert!(!runtime.block_on(site.has_rows()));
        if site.sessions.store().powers().scan {
            let stored = runtime
                .block_on(site.sessions.store().scan(None, 1))
                .unwrap();
            assert!(stored.is_empty());
        }
    }

    /// CVE-2015-5143, -5963, -5964 (Django).
    #[test]
    fn advisory_cve_2015_5143_strangers_leave_nothing_in_a_database() {
        hold_to_nothing(Site::open(|_| {}));
    }

    #[test]
    fn advisory_cve_2015_5143_strangers_leave_nothing_in_memory() {
        hold_to_nothing(Site::open(|settings| {
            settings.engine = "cache".into();
            let mut cache = CacheSettings::default();
            cache.backend = "tenure.cache.memory".into();
            settings.caches.insert("default".into(), cache);
        }));
    }

    #[test]
    fn advisory_cve_2015_5143_strangers_get_no_signed_cookie() {
        hold_to_nothing(Site::open(|settings| {
            settings.engine = "signed_cookies".into();
            settings.cookie_revocation = Some("db".into());
        }));
    }

    #[test]
    fn advisory_cve_2015_5143_strangers_get_no_encrypted_cookie() {
        hold_to_nothing(Site::open(|settings| {
            settings.engine = "encrypted_cookies".into();
            settings.cookie_revocation = Some("db".into());
        }));
    }
}
