//! Passwords stay out of `Debug` and of errors.

/// A URL, or what should have been one, without user, password, and options that hold a password.
///
/// The last `@` ends the password, not the first `/`: people forget to escape, and the rest of a password must not show either.
///
/// ```
/// let url = "postgres://ann:hunter2@db.example.com/site";
/// assert_eq!(tenure::settings::without_password(url), "postgres://…@db.example.com/site");
/// ```
pub fn without_password(url: &str) -> String {
    let (scheme, rest) = match url.split_once("://") {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        None => (String::new(), url),
    };
    let rest = match rest.rsplit_once('@') {
        // A path to a file: nobody logs in to one.
        Some(_) if rest.starts_with('/') => rest.to_owned(),
        Some((_, host)) => format!("…@{host}"),
        None => rest.to_owned(),
    };
    let Some((place, options)) = rest.split_once('?') else {
        return scheme + &rest;
    };
    let options: Vec<_> = options
        .split('&')
        .map(|option| match option.split_once('=') {
            Some((name, _)) if name.to_ascii_lowercase().contains("pass") => format!("{name}=…"),
            _ => option.to_owned(),
        })
        .collect();
    format!("{scheme}{place}?{}", options.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_go_and_the_rest_stays() {
        for (url, shown) in [
            (
                "sqlite:///srv/site/db.sqlite3?mode=ro",
                "sqlite:///srv/site/db.sqlite3?mode=ro",
            ),
            (
                "sqlite:///srv/me@home/db.sqlite3",
                "sqlite:///srv/me@home/db.sqlite3",
            ),
            ("postgres://ann:hunter2@db/site", "postgres://…@db/site"),
            ("postgres://ann:hun/ter2@db/site", "postgres://…@db/site"),
            ("postgres://ann:hun?t@er2@db/site", "postgres://…@db/site"),
            ("redis://:hunter2@cache:6379/1", "redis://…@cache:6379/1"),
            ("ann:hunter2@db", "…@db"),
            (
                "unix:///run/redis?db=1&Password=hunter2",
                "unix:///run/redis?db=1&Password=…",
            ),
            ("127.0.0.1:11211", "127.0.0.1:11211"),
            ("two weeks", "two weeks"),
        ] {
            assert_eq!(without_password(url), shown);
        }
    }
}
