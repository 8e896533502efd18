//! Logins by a directory beside the site's own passwords. Run it with `cargo run -p tenure --example own_backend`.
//!
//! The directory knows who people are. Their sessions and permissions need a row in the table of users, so the first login makes one; it
//! has no password, and Django's admin can give it rights. In place of this map could be LDAP or an API. Django has a backend of the same
//! name that asks the same directory, so a login here is one there.

use std::{
    collections::HashMap,
    error::Error,
    future::{Ready, ready},
    io,
};

use tenure::{
    StoreError,
    auth::{
        self, Auth, AuthBackend, AuthError, Backends, ModelBackend, User, Verdict, password::Hasher,
    },
    testing,
};

/// What a directory answers: nothing if it knows nobody of that name and password.
#[derive(Clone, Copy)]
enum Entry {
    Employed,
    Suspended,
}

struct Directory(HashMap<(&'static str, &'static str), Entry>);

impl Directory {
    /// A real one answers over the network.
    fn find(&self, name: &str, password: &str) -> Ready<io::Result<Option<Entry>>> {
        ready(Ok(self.0.get(&(name, password)).copied()))
    }
}

impl AuthBackend for Directory {
    fn name(&self) -> &'static str {
        "company.backends.DirectoryBackend"
    }

    async fn authenticate(
        &self,
        auth: &Auth,
        username: &str,
        password: &str,
    ) -> Result<Verdict, AuthError> {
        // An outage must not read as a wrong password: the visitor gets 503.
        let answer = self.find(username, password).await.map_err(|error| {
            let what = "the directory does not answer; logins work again when it does";
            AuthError::Users(StoreError::unavailable(what, error))
        })?;
        match answer {
            None => Ok(Verdict::NotMine),
            Some(Entry::Suspended) => Ok(Verdict::Denied),
            Some(Entry::Employed) => {
                let user = local_user(auth, username).await?;
                Ok(user.filter(User::is_active).into())
            }
        }
    }
}

/// The user's row, made at their first login.
async fn local_user(auth: &Auth, name: &str) -> Result<Option<User>, AuthError> {
    if let Some(user) = auth.user_by_name(name).await? {
        return Ok(Some(user));
    }
    match auth.create_user(name, None).await {
        // Another request was faster.
        Err(AuthError::UsernameTaken(_)) => auth.user_by_name(name).await,
        made => made.map(Some),
    }
}

#[tokio::main]
pub(crate) async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let mut settings = testing::settings();
    let path = folder.path().join("site.sqlite3");
    settings.set_database_url(format!("sqlite://{}?mode=rwc", path.display()));
    let people = [
        (("grace", "in the directory"), Entry::Employed),
        (("mallory", "in the directory"), Entry::Suspended),
    ];
    let directory = Directory(HashMap::from(people));
    let auth = Auth::open(&settings)
        .await?
        .with_hasher(Hasher::pbkdf2_sha256(1_000)?) // cheap, for this example alone
        .with_backends(Backends::first(directory).then(ModelBackend));
    auth.create_table().await?;
    auth.create_user("ada", "in the table").await?;
    auth.create_user("mallory", "in the directory").await?;

    let grace = auth.authenticate("grace", "in the directory").await?;
    let grace = grace.ok_or("the directory knows her")?;
    let again = auth.authenticate("grace", "in the directory").await?;
    assert_eq!(again.as_ref().map(User::id), Some(grace.id()));
    let ada = auth.authenticate("ada", "in the table").await?;
    let ada = ada.ok_or("the table knows her")?;
    let mallory = auth.authenticate("mallory", "in the directory").await?;
    assert!(
        mallory.is_none(),
        "the table would let in whom the directory suspends"
    );

    let sessions = testing::sessions(&settings)?;
    for (user, backend) in [
        (grace, "company.backends.DirectoryBackend"),
        (ada, "django.contrib.auth.backends.ModelBackend"),
    ] {
        let session = sessions.new_session().load().await?;
        auth::login(&session, &user).await?;
        let stored: Option<String> = session.get("_auth_user_backend")?;
        assert_eq!(stored.as_deref(), Some(backend));
        let seen = auth.user(&session).await?;
        assert_eq!(seen.as_ref().map(User::id), Some(user.id()));
    }
    Ok(())
}
