//! To the login page and back, without being sent elsewhere by a stranger's link.
//!
//! Mirrors `url_has_allowed_host_and_scheme` in `django/utils/http.py` and `redirect_to_login` and `RedirectURLMixin` in
//! `django/contrib/auth/views.py` (Django 5.2).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::settings::Settings;

/// The field of a query or form that holds where to go after a login. Django's `REDIRECT_FIELD_NAME`.
pub const REDIRECT_FIELD_NAME: &str = "next";

/// Django's `MAX_URL_LENGTH`, in characters.
const LONGEST: usize = 2048;
/// What Python's `urllib.parse.quote` leaves as it is, with `/`.
const QUOTED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'_')
    .remove(b'.')
    .remove(b'-')
    .remove(b'~')
    .remove(b'/');

/// Whether a browser that is sent to `url` stays on this site: on one of `hosts` (each as in the `Host` header, with its port if it has
/// one), by HTTP or HTTPS, or by HTTPS alone if `require_https`. A path without a host stays too. Django's
/// `url_has_allowed_host_and_scheme`.
///
/// Ask it before you redirect to what came with a request: a link to your login page could lead the visitor to a copy of it elsewhere.
///
/// It allows nothing that Django refuses. It refuses what begins with a character that is neither ASCII nor a letter or digit, of which
/// Django refuses some.
///
/// ```
/// use tenure::auth::is_safe_redirect;
///
/// assert!(is_safe_redirect("/cart?page=2", &["shop.example"], true));
/// assert!(is_safe_redirect("https://shop.example/cart", &["shop.example"], true));
/// assert!(!is_safe_redirect("//evil.example", &["shop.example"], true));
/// assert!(!is_safe_redirect("javascript:alert(1)", &["shop.example"], true));
/// ```
#[doc(alias = "url_has_allowed_host_and_scheme")]
pub fn is_safe_redirect(url: &str, hosts: &[&str], require_https: bool) -> bool {
    let url = url.trim_matches(is_python_space);
    // Browsers read a backslash as a slash, but in front of an @ it may be part of a name: both readings have to be safe.
    [url, &url.replace('\\', "/")]
        .iter()
        .all(|url| stays(url, hosts, require_https))
}

/// What Python's `str.strip` takes away.
fn is_python_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

fn stays(url: &str, hosts: &[&str], require_https: bool) -> bool {
    let Some(first) = url.chars().next() else {
        return false;
    };
    // Browsers pass over control characters and others that are not seen at the beginning. Three slashes are a host to them.
    let odd = first.is_ascii_control() || !(first.is_ascii() || first.is_alphanumeric());
    if odd || url.starts_with("///") || url.chars().count() > LONGEST {
        return false;
    }
    let (scheme, host) = split(url);
    match (scheme.as_str(), host.as_str()) {
        ("", "") => true,
        (_, "") => false,
        ("https", host) => hosts.contains(&host),
        // Without a scheme it is that of the page, which may be HTTP.
        ("" | "http", host) => !require_https && hosts.contains(&host),
        _ => false,
    }
}

/// The scheme and the host of a URL, as Python's `urllib.parse.urlsplit` sees them.
fn split(url: &str) -> (String, String) {
    // Browsers drop these, so they must not hide anything.
    let url: String = url.chars().filter(|c| !"\t\r\n".contains(*c)).collect();
    let is_scheme = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_alphabetic())
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    };
    let (scheme, rest) = match url.split_once(':') {
        Some((scheme, rest)) if is_scheme(scheme) => (scheme.to_ascii_lowercase(), rest),
        _ => (String::new(), url.as_str()),
    };
    let host = rest.strip_prefix("//").map(|rest| {
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        rest.get(..end).unwrap_or(rest).to_owned()
    });
    (scheme, host.unwrap_or_default())
}

/// The address of the login page at `login_url` that leads back to `next`. Django's `redirect_to_login`.
///
/// ```
/// use tenure::auth::redirect_to_login;
///
/// assert_eq!(redirect_to_login("/accounts/login/", "/cart?page=2"), "/accounts/login/?next=/cart%3Fpage%3D2");
/// ```
pub fn redirect_to_login(login_url: &str, next: &str) -> String {
    let (url, fragment) = match login_url.split_once('#') {
        Some((url, fragment)) => (url, format!("#{fragment}")),
        None => (login_url, String::new()),
    };
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let is_next = |field: &str| field.split('=').next() == Some(REDIRECT_FIELD_NAME);
    let mut fields: Vec<String> = query
        .split('&')
        .filter(|field| !field.is_empty() && !is_next(field))
        .map(str::to_owned)
        .collect();
    let next = utf8_percent_encode(next, QUOTED);
    fields.push(format!("{REDIRECT_FIELD_NAME}={next}"));
    format!("{path}?{}{fragment}", fields.join("&"))
}

/// Where logins and logouts lead, by the settings.
///
/// ```
/// use tenure::{Settings, auth::LoginUrls};
///
/// let urls = LoginUrls::new(&Settings::django());
/// assert_eq!(urls.login("/cart"), "/accounts/login/?next=/cart");
/// assert_eq!(urls.after_login(Some("/cart"), &["shop.example"], true), "/cart");
/// assert_eq!(urls.after_login(Some("//evil.example"), &["shop.example"], true), "/accounts/profile/");
/// ```
#[derive(Clone, Debug)]
pub struct LoginUrls {
    login: String,
    after_login: String,
    after_logout: Option<String>,
}

impl LoginUrls {
    /// Those of `LOGIN_URL`, `LOGIN_REDIRECT_URL` and `LOGOUT_REDIRECT_URL`.
    pub fn new(settings: &Settings) -> Self {
        Self {
            login: settings.login_url.clone(),
            after_login: settings.login_redirect_url.clone(),
            after_logout: settings.logout_redirect_url.clone(),
        }
    }

    /// The login page, which leads back to `next`: the path and query of the page that wants a login.
    pub fn login(&self, next: &str) -> String {
        redirect_to_login(&self.login, next)
    }

    /// Where to go after a login: to `next`, as it came with the request, if that [is safe](is_safe_redirect), else to
    /// `LOGIN_REDIRECT_URL`.
    pub fn after_login<'a>(
        &'a self,
        next: Option<&'a str>,
        hosts: &[&str],
        https: bool,
    ) -> &'a str {
        safe(next, hosts, https).unwrap_or(&self.after_login)
    }

    /// Where to go after a logout: to `next`, as it came with the request, if that [is safe](is_safe_redirect), else to
    /// `LOGOUT_REDIRECT_URL`, else to `/`.
    pub fn after_logout<'a>(
        &'a self,
        next: Option<&'a str>,
        hosts: &[&str],
        https: bool,
    ) -> &'a str {
        let fallback = self.after_logout.as_deref().unwrap_or("/");
        safe(next, hosts, https).unwrap_or(fallback)
    }
}

fn safe<'a>(next: Option<&'a str>, hosts: &[&str], https: bool) -> Option<&'a str> {
    next.filter(|next| is_safe_redirect(next, hosts, https))
}
