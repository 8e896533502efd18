//! "Remember me": a second cookie that logs its user in again when the session is over.

mod family;

use std::{fmt, time::Instant};

pub(super) use self::family::rehash;
use self::family::{Changed, Family, Found, Standing, micros, name};
use super::{
    Auth, AuthError, User,
    login::{self, hash_of, is_hash_of},
};
use crate::{
    error::{SessionError, StoreError},
    events::{EndReason, Suspicion},
    key::SessionKey,
    middleware::Sessions,
    moment::Moment,
    session::{Beside, FAMILY, LazySession, Session, Shared, USER_ID},
    settings::SettingsError,
    store::{Created, index::Entry},
};

/// Between series and token.
const BETWEEN: char = '.';

/// Remembers users beyond their sessions, by a cookie of its own. Cheap to clone.
///
/// The cookie (`TENURE_REMEMBER_COOKIE_NAME`) lasts `TENURE_REMEMBER_AGE` after its last use; otherwise it has the attributes of the session's. It
/// holds a series, which stays, and a token, which is good for one use: using it logs the user in under a new session, and gives out the
/// next. The token before still counts for 20 seconds, since a page's parallel requests all come with it. One that comes later is a copy in
/// other hands, the thief's or, after the thief, the user's: the series ends with all sessions that came of it, and a listener is told
/// [`Suspicion::RememberedTwice`].
///
/// It ends with a logout of its browser, with a change of the password elsewhere, and with whatever ends the sessions of this browser from
/// outside: [`Sessions::end`] and its like. Such a login is no fresh proof of who the user is.
///
/// ```
/// use axum::{Form, Router, extract::State, response::Redirect, routing::{get, post}};
/// use tenure::{
///     Session, Sessions, Settings, SessionLayer,
///     auth::{self, Auth, AuthError, Remember},
///     web::RememberLayer,
/// };
///
/// #[derive(serde::Deserialize)]
/// struct Login {
///     username: String,
///     password: String,
///     remember: Option<String>,
/// }
///
/// async fn log_in(State(remember): State<Remember>, session: Session, Form(form): Form<Login>) -> Result<Redirect, AuthError> {
///     if let Some(user) = remember.auth().authenticate(&form.username, &form.password).await? {
///         auth::login(&session, &user).await?;
///         if form.remember.is_some() {
///             remember.begin(&session, &user).await?;
///         }
///     }
///     Ok(Redirect::to("/"))
/// }
///
/// fn app(sessions: Sessions, auth: Auth) -> Result<Router, tenure::SettingsError> {
///     let remember = Remember::new(&sessions, auth)?;
///     Ok(Router::new()
///         .route("/login", post(log_in))
///         .route("/", get("Welcome"))
///         .layer(RememberLayer::new(remember.clone()))
///         .layer(SessionLayer::from(sessions))
///         .with_state(remember))
/// }
/// ```
///
/// Without a framework, [`log_in`](Self::log_in) stands between [`Sessions::begin`] and the handlers. Django has nothing like it; there,
/// people set a long `SESSION_COOKIE_AGE`.
#[derive(Clone)]
pub struct Remember {
    sessions: Sessions,
    auth: Auth,
}

impl Remember {
    /// Remembers these users beyond these sessions.
    ///
    /// # Errors
    ///
    /// When `TENURE_USER_SESSIONS` is off, or the sessions are in cookies: what cannot be listed could not be ended.
    pub fn new(sessions: &Sessions, auth: Auth) -> Result<Self, SettingsError> {
        if sessions.shared().user_sessions.is_none() {
            return Err(SettingsError::described(
                "TENURE_USER_SESSIONS",
                "off, or without effect on this engine",
                "remembering users needs it, and an engine that keeps sessions on the server: a user must be able to end what remembers them",
            ));
        }
        Ok(Self {
            sessions: sessions.clone(),
            auth,
        })
    }

    /// The users whom it remembers.
    pub fn auth(&self) -> &Auth {
        &self.auth
    }

    /// Remembers the user of this session in its browser: to be called after [`login`](super::login()). The response carries the cookie.
    ///
    /// # Errors
    ///
    /// When the store cannot write; nobody is remembered then.
    ///
    /// # Example
    ///
    /// See [`Remember`].
    pub async fn begin(&self, session: &Session, user: &User) -> Result<(), AuthError> {
        let shared = session.shared();
        if let Some(before) = session.family() {
            let ended = shared.store.by_name().delete(&before).await;
            ended.map_err(SessionError::from)?;
        }
        let now = shared.now();
        let ends = now.plus_micros(micros(shared.remember.age));
        let started = Instant::now();
        while started.elapsed() <= shared.store.deadline() {
            let (series, token) = (random(shared)?, random(shared)?);
            let Some(name) = name(&series, &shared.secret) else {
                continue;
            };
            let hash = hash_of(user, &shared.secret);
            let family = Family::new(user.id().clone(), user.backend()?, hash, &token, now);
            let store = shared.store.by_name();
            let created = store.create(&name, &family.record(ends)?).await;
            if let Created::Taken = created.map_err(SessionError::from)? {
                continue;
            }
            let id = user.id().as_str();
            session.insert(FAMILY, name.as_str())?;
            session.enter_family(id, &name, ends).await?;
            session.enter(id).await?;
            session.send_beside(Beside {
                header: cookie(shared, &series, &token, now),
                happened: false,
            });
            return Ok(());
        }
        let after = started.elapsed();
        Err(SessionError::from(StoreError::Contended { after }).into())
    }

    /// Logs the user in whom the request's cookie remembers, if nobody is logged in; gives them if it did. To be called before the handlers;
    /// [`RememberLayer`](crate::web::RememberLayer) does.
    ///
    /// A cookie that is malformed, unknown or expired costs no write: the response takes it away.
    ///
    /// # Errors
    ///
    /// When it cannot be told, since the sessions or the users are away. The visitor is not to be taken for a stranger then.
    ///
    /// # Example
    ///
    /// ```
    /// # async fn example(sessions: tenure::Sessions, remember: tenure::auth::Remember, cookie_header: &[u8]) -> Result<(), tenure::auth::AuthError> {
    /// let lazy = sessions.begin([cookie_header]);
    /// remember.log_in(&lazy, [cookie_header]).await?;
    /// // … the handlers, then `sessions.finish`, whose headers hold the next cookie …
    /// # Ok(())
    /// # }
    /// ```
    pub async fn log_in<'a>(
        &self,
        session: &LazySession,
        cookie_headers: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<Option<User>, AuthError> {
        let offered = self.sessions.remember_cookies(cookie_headers);
        if !offered.key_sent {
            return Ok(None);
        }
        if session.is_plaintext() {
            let shared = self.sessions.shared();
            shared.suspicious(None, Suspicion::Plaintext);
            return Ok(None);
        }
        let session = session.load().await?;
        if session.contains_key(USER_ID) {
            return Ok(None);
        }
        let shared = session.shared();
        if offered.first.is_none() {
            shared.suspicious(None, Suspicion::MalformedKey);
        }
        // A neighbour domain may have set another one of this name: the first that counts does.
        for value in offered.first.iter().chain(&offered.others) {
            let Some((series, token)) = parts(value) else {
                shared.suspicious(None, Suspicion::MalformedKey);
                continue;
            };
            if let Used::By(user) = self.use_token(&session, series, token).await? {
                return Ok(user);
            }
        }
        session.send_beside(Beside {
            header: shared.remember.writer.remove(""),
            happened: true,
        });
        Ok(None)
    }

    /// Whether the request brings the cookie at all.
    pub(crate) fn has_cookie<'a>(
        &self,
        cookie_headers: impl IntoIterator<Item = &'a [u8]>,
    ) -> bool {
        self.sessions.remember_cookies(cookie_headers).key_sent
    }

    async fn use_token(
        &self,
        session: &Session,
        series: &str,
        token: &str,
    ) -> Result<Used, AuthError> {
        let shared = session.shared();
        let started = Instant::now();
        while started.elapsed() <= shared.store.deadline() {
            let found = Found::by_series(shared, series).await;
            let Some(found) = found.map_err(SessionError::from)? else {
                let name = name(series, &shared.secret);
                shared.suspicious(name.as_ref(), Suspicion::UnknownKey);
                return Ok(Used::Refused);
            };
            let now = shared.now();
            let standing = found.family.standing(token, now);
            if standing == Standing::Stale {
                shared.suspicious(Some(&found.name), Suspicion::RememberedTwice);
                end(shared, &found).await?;
                return Ok(Used::Refused);
            }
            let Some(user) = self.user_of(shared, &found.family).await? else {
                end(shared, &found).await?;
                return Ok(Used::Refused);
            };
            if standing == Standing::JustReplaced {
                return enter(session, &user, &found.name).await;
            }
            // What came of it before is this browser's too, which has lost the key. What parallel requests make from now on is not meant.
            let earlier = earlier(session, &found).await?;
            let Some(name) = name(series, &shared.secret) else {
                return Ok(Used::Refused);
            };
            let next = random(shared)?;
            let hash = hash_of(&user, &shared.secret);
            let family = found.family.rotated(&next, hash, now);
            let ends = now.plus_micros(micros(shared.remember.age));
            match found.replace(shared, &name, &family, ends).await? {
                Changed::Conflict | Changed::Gone => continue,
                Changed::Done => {}
            }
            // At once: whatever becomes of the rest, the token that the browser has is spent.
            session.send_beside(Beside {
                header: cookie(shared, series, &next, now),
                happened: true,
            });
            let id = user.id().as_str();
            let reason = EndReason::Revoked;
            shared.end(id, earlier.into(), |_| true, reason).await?;
            session.enter_family(id, &name, ends).await?;
            return enter(session, &user, &name).await;
        }
        let after = started.elapsed();
        Err(SessionError::from(StoreError::Contended { after }).into())
    }

    /// The user of the family, unless they are nobody by now, or have another password.
    async fn user_of(&self, shared: &Shared, family: &Family) -> Result<Option<User>, AuthError> {
        let backends = &self.auth.shared.backends;
        let user = backends
            .user(&self.auth, &family.backend, &family.user)
            .await?;
        Ok(user.filter(|user| is_hash_of(user, &family.hash, shared)))
    }
}

/// What became of a cookie.
enum Used {
    Refused,
    /// It counts. `None`: the user has too many sessions already (`TENURE_MAX_SESSIONS`).
    By(Option<User>),
}

/// Logs the user in, without a fresh proof of who they are.
async fn enter(session: &Session, user: &User, family: &SessionKey) -> Result<Used, AuthError> {
    session.insert(FAMILY, family.as_str())?;
    match login::login_with(session, user, false).await {
        Ok(()) => {}
        Err(AuthError::TooManySessions { .. }) => {
            session.remove_key(FAMILY)?;
            return Ok(Used::By(None));
        }
        Err(error) => return Err(error),
    }
    let there = Found::under(session.shared(), family.clone()).await;
    if there.map_err(SessionError::from)?.is_none() {
        // Somebody has ended all sessions meanwhile, and could not see this one yet.
        session.flush().await?;
        return Ok(Used::Refused);
    }
    Ok(Used::By(Some(user.clone())))
}

/// The other sessions that came of this family, as sessions alone: without what remembers the user.
async fn earlier(session: &Session, found: &Found) -> Result<Vec<Entry>, SessionError> {
    let own = session.name();
    let user = found.family.user.as_str();
    let mut entries = session.shared().sessions_of(user).await?;
    entries.retain(|entry| {
        let of_family = entry.family.as_ref() == Some(&found.name) && !entry.is_family();
        of_family && Some(&entry.name) != own.as_ref()
    });
    for entry in &mut entries {
        entry.family = None;
    }
    Ok(entries)
}

/// Ends the family, and all sessions that came of it.
async fn end(shared: &Shared, found: &Found) -> Result<(), SessionError> {
    // First, so that nothing comes of it while the rest ends.
    shared.store.by_name().delete(&found.name).await?;
    let user = found.family.user.as_str();
    let known = shared.known_sessions(user).await?;
    let meant = |entry: &Entry| entry.family.as_ref() == Some(&found.name);
    shared.end(user, known, meant, EndReason::Revoked).await?;
    Ok(())
}

fn random(shared: &Shared) -> Result<String, AuthError> {
    let key = SessionKey::generate(&*shared.system)?;
    Ok(key.as_str().to_owned())
}

fn cookie(shared: &Shared, series: &str, token: &str, now: Moment) -> String {
    let age = shared.remember.age;
    let seconds = i64::try_from(age.as_secs()).unwrap_or(i64::MAX);
    let lifetime = Some((seconds, now.plus_micros(micros(age))));
    let value = format!("{series}{BETWEEN}{token}");
    shared.remember.writer.set("", &value, lifetime)
}

/// Series and token of a cookie, if it can be one.
fn parts(value: &SessionKey) -> Option<(&str, &str)> {
    let (series, token) = value.as_str().split_once(BETWEEN)?;
    let ours = |text: &str| {
        text.len() == SessionKey::LENGTH
            && text
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    (ours(series) && ours(token)).then_some((series, token))
}

impl fmt::Debug for Remember {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remember")
            .field("auth", &self.auth)
            .finish_non_exhaustive()
    }
}
