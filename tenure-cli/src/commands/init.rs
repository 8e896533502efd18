//! `tenure init`: makes what the sessions need.

use tenure::{
    Sessions, Settings,
    auth::Auth,
    engine::{self, OpenError},
};

use crate::{
    output::{Failure, Out},
    site::{Site, with_hint},
};

/// Make what the engine needs: its table, and the file of SQLite
#[derive(clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Arguments {
    /// Make Django's table of users as well
    #[arg(long)]
    users: bool,
}

const HELP: &str = "\
The tables are those that Django's `migrate` makes. What is there already is left alone.

Examples:
  tenure init
  tenure init --users
  DATABASE_URL=sqlite:///srv/site/db.sqlite3 tenure init
  DATABASE_URL=postgres://site:password@db.example.com/site tenure init";

pub(crate) async fn run(arguments: Arguments, site: &Site, out: Out<'_>) -> Result<(), Failure> {
    let settings = site.settings()?;
    let url = settings.databases.get("default").map(|entry| &*entry.url);
    let sqlite = url.is_some_and(|url| url.starts_with("sqlite:"));
    let in_cookies = matches!(&*settings.engine, "signed_cookies" | "encrypted_cookies");
    if in_cookies && settings.cookie_revocation.as_deref() != Some("db") && !arguments.users {
        return Ok(writeln!(
            out,
            "there is nothing to make: sessions are in cookies"
        )?);
    }
    let (settings, made_file) = if sqlite {
        with_file(settings).await?
    } else {
        (settings, false)
    };
    let failed = |failure: Failure| with_hint(failure, &settings);
    let store = engine::open(&settings)
        .await
        .map_err(|error| failed(error.into()))?;
    if made_file {
        writeln!(out, "made the database")?;
    }
    let engine = store.engine();
    let has_table = matches!(engine, "db" | "cached_db");
    if has_table && store.scan(None, 1).await.is_ok() {
        writeln!(out, "the table django_session was there already")?;
    } else {
        store
            .prepare()
            .await
            .map_err(|error| failed(error.into()))?;
        if has_table {
            // A table of this name that is none of sessions is left as it is, too.
            store.scan(None, 1).await?;
            writeln!(out, "made the table django_session")?;
        } else {
            writeln!(out, "the engine {engine} has what it needs")?;
        }
    }
    if arguments.users {
        let auth = Auth::open(&settings).await?;
        if has_users(&auth).await.is_ok() {
            writeln!(out, "the table {} was there already", settings.user_table)?;
        } else {
            auth.create_table().await?;
            has_users(&auth).await?;
            writeln!(out, "made the table auth_user")?;
        }
    }
    Ok(())
}

/// Settings with which a SQLite file is made if it is not there; tells whether it has to be.
async fn with_file(settings: Settings) -> Result<(Settings, bool), Failure> {
    let found = Sessions::open(with_mode(&settings, "rw")).await;
    if let Err(OpenError::Settings(_)) = found {
        // A URL that is none: told of what was set, not of what we made of it.
        Sessions::open(settings.clone()).await?;
    }
    let missing = found.is_err();
    let settings = if missing {
        with_mode(&settings, "rwc")
    } else {
        settings
    };
    Ok((settings, missing))
}

/// Fails if the table of users cannot be read.
async fn has_users(auth: &Auth) -> Result<(), Failure> {
    // Nobody has no name.
    auth.user_by_name("").await?;
    Ok(())
}

/// The same settings, with a `mode` in the URL if it has none. `rw` in place of `rwc` also, to find out whether the file is there.
fn with_mode(settings: &Settings, mode: &str) -> Settings {
    let mut settings = settings.clone();
    let url = settings
        .databases
        .get("default")
        .map(|entry| entry.url.clone())
        .unwrap_or_default();
    let url = match url.split_once('?') {
        None => format!("{url}?mode={mode}"),
        Some((path, query)) if query.split('&').any(|option| option.starts_with("mode=")) => {
            let query = if mode == "rw" {
                query.replace("mode=rwc", "mode=rw")
            } else {
                query.to_owned()
            };
            format!("{path}?{query}")
        }
        Some((path, "")) => format!("{path}?mode={mode}"),
        Some((path, query)) => format!("{path}?{query}&mode={mode}"),
    };
    settings.set_database_url(url);
    settings
}
