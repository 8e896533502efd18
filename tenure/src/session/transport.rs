//! How a session's key travels.
//!
//! A key that was given out on one transport is refused on the others, so that one from a log of URLs is of no use as a cookie. What was
//! given out on another than the cookie is marked in its data: `"_tenure_transport": "header"` or `"url"`. Django's sessions have no mark,
//! and so are those of cookies.

use super::{Inner, Session, State};
use crate::{data::Data, json::Json, settings::Transport};

const MARK: &str = "_tenure_transport";

/// How the key of the session with this data travels; `None` if it is marked with something unknown.
pub(super) fn of(data: &Data) -> Option<Transport> {
    match data.mark(MARK) {
        None => Some(Transport::Cookie),
        Some("\"header\"") => Some(Transport::Header),
        Some("\"url\"") => Some(Transport::Url),
        Some(_) => None,
    }
}

/// Marks the data of a session whose key travels so. Done at each save, since a handler may have cleared the session.
pub(super) fn mark(data: &mut Data, transport: Transport) {
    let word = match transport {
        Transport::Cookie => return,
        Transport::Header => "header",
        Transport::Url => "url",
    };
    if let Ok(word) = Json::of(word) {
        data.insert(MARK, word);
    }
}

impl Inner {
    pub(super) fn transport(&self, state: &State) -> Transport {
        state.transport.unwrap_or(self.offered.goes)
    }
}

impl Session {
    /// How this session's key travels, or would if it had one.
    ///
    /// A request whose session travels in a header needs no protection against CSRF.
    ///
    /// ```
    /// # tenure::testing::run(async |session| {
    /// use tenure::settings::Transport;
    ///
    /// assert_eq!(session.transport(), Transport::Cookie);
    /// # Ok(())
    /// # });
    /// ```
    pub fn transport(&self) -> Transport {
        self.0.transport(&self.0.state())
    }

    /// The link with the session's key in it, if the session travels in the URL; else as it is.
    ///
    /// Only a link without scheme and host gets the key, so that it never goes to another site. What the link has of query and fragment
    /// stays; a key in it is replaced. A session that is not stored yet has no key: [`save`](Self::save) it before the page is made.
    ///
    /// ```
    /// use tenure::{settings::Transport, testing};
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
    /// let mut settings = testing::settings();
    /// settings.transports = vec![Transport::Url];
    /// let session = testing::sessions(&settings)?.new_session().load().await?;
    /// assert_eq!(session.url("/cart?page=2#top"), "/cart?page=2#top");
    ///
    /// session.save().await?;
    /// let key = session.key().unwrap();
    /// assert_eq!(session.url("/cart?page=2#top"), format!("/cart?page=2&sid={}#top", key.as_str()));
    /// assert_eq!(session.url("https://elsewhere.example/"), "https://elsewhere.example/");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn url(&self, link: &str) -> String {
        let key = self.key();
        match (&self.0.shared.url_key, key, self.transport()) {
            (Some(url_key), Some(key), Transport::Url) => url_key.with_key(link, &key),
            _ => link.to_owned(),
        }
    }
}
