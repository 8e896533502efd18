//! The raw bytes of `Set-Cookie`, against the grammar of RFC 6265bis, section 4.1.1.

use std::time::Duration;

use proptest::prelude::*;
use tenure::{Settings, settings::SameSite, testing};

use crate::site::{Site, routes};

/// The parts of a `Set-Cookie` that is well formed: name, value, attributes in small letters.
#[derive(Debug)]
struct SetCookie {
    name: String,
    value: String,
    attributes: Vec<(String, Option<String>)>,
}

impl SetCookie {
    fn parse(header: &str) -> Result<Self, String> {
        let mut parts = header.split(';');
        let pair = parts.next().unwrap_or_default();
        let (name, value) = pair.split_once('=').ok_or("no pair")?;
        let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if name.is_empty() || !name.bytes().all(token) {
            return Err(format!("a name that is no token: {name:?}"));
        }
        let octet =
            |byte: u8| matches!(byte, 0x21 | 0x23..=0x2b | 0x2d..=0x3a | 0x3c..=0x5b | 0x5d..=0x7e);
        let quoted = value
            .strip_prefix('"')
            .and_then(|value| value.strip_suffix('"'));
        let value = quoted.unwrap_or(value);
        if !value.bytes().all(octet) {
            return Err(format!("a value of other octets: {value:?}"));
        }
        let mut attributes = Vec::new();
        for part in parts {
            let part = part.strip_prefix(' ').ok_or("an attribute without SP")?;
            let (name, value) = match part.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (part, None),
            };
            Self::attribute(name, value)?;
            attributes.push((name.to_ascii_lowercase(), value.map(str::to_owned)));
        }
        let mut names: Vec<_> = attributes.iter().map(|(name, _)| name).collect();
        names.sort_unstable();
        names.dedup();
        if names.len() != attributes.len() {
            return Err("an attribute twice".into());
        }
        Ok(Self {
            name: name.to_owned(),
            value: value.to_owned(),
            attributes,
        })
    }

    fn attribute(name: &str, value: Option<&str>) -> Result<(), String> {
        let allowed = match (name.to_ascii_lowercase().as_str(), value) {
            ("secure" | "httponly", None) => true,
            // A zero is sent to remove the cookie: the grammar wants it positive, and browsers are to take any integer (section 5.6.2).
            ("max-age", Some(value)) => {
                value == "0"
                    || (!value.starts_with('0') && value.bytes().all(|byte| byte.is_ascii_digit()))
            }
            ("expires", Some(value)) => is_imf_fixdate(value),
            ("domain", Some(value)) => value.split('.').all(|label| {
                !label.is_empty()
                    && label
                        .bytes()
                        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            }),
            ("path", Some(value)) => {
                value.starts_with('/') && value.bytes().all(|byte| (b' '..=b'~').contains(&byte))
            }
            ("samesite", Some(value)) => {
                ["strict", "lax", "none"].contains(&value.to_ascii_lowercase().as_str())
            }
            _ => false,
        };
        let error = || format!("no such attribute: {name}={value:?}");
        allowed.then_some(()).ok_or_else(error)
    }

    fn get(&self, name: &str) -> Option<&str> {
        let mut all = self.attributes.iter();
        let found = all.find(|(known, _)| known == name)?;
        Some(found.1.as_deref().unwrap_or_default())
    }
}

/// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, section 5.6.7).
fn is_imf_fixdate(text: &str) -> bool {
    let pattern = "aaa, dd aaa dddd dd:dd:dd GMT";
    let fits = |(wanted, found): (char, char)| match wanted {
        'a' => found.is_ascii_alphabetic(),
        'd' => found.is_ascii_digit(),
        wanted => wanted == found,
    };
    text.len() == pattern.len() && pattern.chars().zip(text.chars()).all(fits)
}

prop_compose! {
    /// Settings that pass the check.
    fn allowed()(
        prefix in prop::sample::select(vec!["", "", "__Host-", "__Secure-", "__Http-", "__Host-Http-"]),
        name in "[A-Za-z0-9!#$%&'*+.^_`|~-]{1,20}",
        path in prop::option::of("/[!-:<-~]{0,20}"),
        domain in prop::option::of("[a-z0-9]{1,8}(\\.[a-z0-9]{1,8}){1,2}"),
        (secure, http_only, close) in any::<(bool, bool, bool)>(),
        same_site in prop::sample::select(vec![SameSite::LAX, SameSite::STRICT, SameSite::NONE, SameSite::OMIT]),
        age in 1..u64::from(u32::MAX),
    ) -> Settings {
        let mut settings = testing::settings();
        let host = prefix.starts_with("__Host-");
        settings.cookie_name = format!("{prefix}{name}");
        settings.cookie_path = if host { Some("/".into()) } else { path };
        settings.cookie_domain = domain.filter(|_| !host);
        settings.cookie_secure = secure || !prefix.is_empty() || same_site == SameSite::NONE;
        settings.cookie_httponly = http_only || prefix.contains("Http-");
        settings.cookie_samesite = same_site;
        settings.cookie_age = Duration::from_secs(age);
        settings.expire_at_browser_close = close;
        settings
    }
}

async fn check(settings: Settings) {
    let site = Site::with(&settings, routes());
    let seen = site.get("/write", "").await;
    let [header] = seen.all("set-cookie")[..] else {
        panic!("one header: {seen:?}");
    };
    let cookie = SetCookie::parse(header).unwrap_or_else(|error| panic!("{error}: {header}"));
    assert_eq!(cookie.name, settings.cookie_name);
    assert_eq!(cookie.get("path"), settings.cookie_path.as_deref());
    assert_eq!(cookie.get("domain"), settings.cookie_domain.as_deref());
    assert_eq!(cookie.get("secure").is_some(), settings.cookie_secure);
    assert_eq!(cookie.get("httponly").is_some(), settings.cookie_httponly);
    assert_eq!(cookie.get("samesite"), settings.cookie_samesite.as_str());
    let persistent = !settings.expire_at_browser_close;
    assert_eq!(cookie.get("max-age").is_some(), persistent);
    assert_eq!(cookie.get("expires").is_some(), persistent);

    let back = format!("{}={}", cookie.name, cookie.value);
    assert_eq!(site.get("/read", &back).await.body, "cart Some(1)");

    let seen = site.post("/log-out", &back).await;
    let [header] = seen.all("set-cookie")[..] else {
        panic!("one header: {seen:?}");
    };
    let removal = SetCookie::parse(header).unwrap_or_else(|error| panic!("{error}: {header}"));
    assert_eq!(removal.value, "");
    assert_eq!(removal.get("max-age"), Some("0"));
    for name in ["path", "domain", "samesite"] {
        assert_eq!(removal.get(name), cookie.get(name), "{name}");
    }
    // Without these, browsers would take the removal for another cookie's and keep ours (section 5.7).
    let needed = |prefixes: &[&str]| {
        let mut prefixes = prefixes.iter();
        prefixes.any(|prefix| cookie.name.starts_with(prefix))
    };
    assert!(removal.get("secure").is_some() || !needed(&["__Host-", "__Secure-", "__Http-"]));
    assert!(removal.get("httponly").is_some() || !needed(&["__Http-", "__Host-Http-"]));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn r08_every_set_cookie_is_well_formed_and_reads_back_to_its_session(settings in allowed()) {
        settings.check().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(check(settings));
    }
}

#[tokio::test]
async fn r08_r10_strict_settings_send_the_cookie_that_browsers_guard_best() {
    let mut settings = Settings::strict();
    settings.secret_key = testing::settings().secret_key;
    let site = Site::with(&settings, routes());
    let seen = site.get("/write", "").await;
    let header = seen.all("set-cookie")[0];
    let (pair, attributes) = header.split_once("; ").unwrap();
    let key = pair.strip_prefix("__Host-id=").unwrap();
    assert_eq!(key.len(), 32);
    assert_eq!(attributes, "HttpOnly; Path=/; SameSite=Lax; Secure");
}

#[tokio::test]
async fn r12_login_write_and_logout_in_one_request_are_one_set_cookie() {
    let all = axum::routing::get(async |session: tenure::Session| {
        session.cycle_key().await?;
        session.insert("user", 7)?;
        session.flush().await?;
        session.insert("cart", 1)?;
        session.save().await?;
        session.cycle_key().await?;
        Ok::<_, tenure::SessionError>(())
    });
    let site = Site::with(&testing::settings(), routes().route("/all", all));
    let cookie = site.visitor().await;
    let seen = site.get("/all", &cookie).await;
    assert_eq!(seen.all("set-cookie").len(), 1);
    let fresh = seen.cookie().unwrap();
    assert_eq!(site.get("/read", &fresh).await.body, "cart Some(1)");
    assert_eq!(site.stage.rows().await.len(), 1);
}
