//! Everything the shop needs before its first request, made where it is missing.

use std::path::{self, Path, PathBuf};

use tenure::{
    Sessions, Settings,
    auth::{Auth, AuthError, Remember},
    engine::{OpenError, db::SqliteStore},
};

use crate::{app::Shop, error::StartError, render, secret_file};

/// The demo's only user.
pub(crate) const DEMO_USER: &str = "demo";
/// Fixed and public, so that whoever starts the shop a second time still knows it. That is all right only because there is nothing to
/// guard, and because the shop listens on the loopback address unless told otherwise.
pub(crate) const DEMO_PASSWORD: &str = "demo-password";

/// A shop ready to be served.
pub(crate) struct Opened {
    pub(crate) shop: Shop,
    pub(crate) database: PathBuf,
    pub(crate) demo_user: DemoUser,
}

/// Whether the demo user can log in with the demo's password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DemoUser {
    Ready,
    OtherPassword,
}

/// Opens the database, making file, tables, secret and demo user where they are missing.
pub(crate) async fn open(database: &Path, strict: bool) -> Result<Opened, StartError> {
    let file_error = |problem: String| StartError::File {
        path: database.to_owned(),
        problem,
    };
    let database =
        path::absolute(database).map_err(|error| file_error(format!("no usable path: {error}")))?;

    let mut settings = if strict {
        Settings::strict()
    } else {
        Settings::django()
    };
    // For "your devices"; in a table beside Django's, which stays as it is.
    settings.user_sessions = true;
    settings.secret_key = Some(secret_file::load_or_make(&database)?);
    settings.set_database_url(
        url(&database).ok_or_else(|| file_error("the path is not UTF-8: choose another".into()))?,
    );

    let store = SqliteStore::open(&settings).await?;
    store.create_table().await.map_err(OpenError::from)?;
    let sessions = Sessions::new(store, &settings).map_err(OpenError::from)?;
    let auth = Auth::open(&settings).await?;
    auth.create_table().await?;
    let demo_user = demo_user(&auth).await?;
    let remember = Remember::new(&sessions, auth.clone()).map_err(OpenError::from)?;
    let shop = Shop {
        auth,
        sessions,
        remember,
        templates: render::templates()?,
    };
    Ok(Opened {
        shop,
        database,
        demo_user,
    })
}

/// `sqlite:///absolute/path?mode=rwc`, with what has a meaning in URLs escaped.
fn url(database: &Path) -> Option<String> {
    let mut url = String::from("sqlite://");
    for c in database.to_str()?.chars() {
        match c {
            '%' => url.push_str("%25"),
            '?' => url.push_str("%3F"),
            '#' => url.push_str("%23"),
            ' ' => url.push_str("%20"),
            _ => url.push(c),
        }
    }
    url.push_str("?mode=rwc");
    Some(url)
}

async fn demo_user(auth: &Auth) -> Result<DemoUser, AuthError> {
    if auth.authenticate(DEMO_USER, DEMO_PASSWORD).await?.is_some() {
        return Ok(DemoUser::Ready);
    }
    match auth.create_user(DEMO_USER, DEMO_PASSWORD).await {
        Ok(_) => Ok(DemoUser::Ready),
        // Somebody has changed it, in Django perhaps. It is theirs.
        Err(AuthError::UsernameTaken(_)) => Ok(DemoUser::OtherPassword),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_with_signs_that_urls_use() {
        assert_eq!(
            url(Path::new("/srv/100% tea?/shop#1.sqlite3")).as_deref(),
            Some("sqlite:///srv/100%25%20tea%3F/shop%231.sqlite3?mode=rwc")
        );
    }

    #[tokio::test]
    async fn the_second_start_finds_what_the_first_made() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("a shop?.sqlite3");
        for _ in 0..2 {
            let opened = open(&database, false).await.unwrap();
            assert_eq!(opened.demo_user, DemoUser::Ready);
        }
    }
}
