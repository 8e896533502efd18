//! Where a request's keys are looked for, and how a new one goes to the client.

use std::sync::Arc;

use http::HeaderMap;

use super::{RequestHead, request_header};
use crate::{
    session::Offered,
    settings::{Settings, Transport},
    url_key::UrlKey,
};

/// `TENURE_TRANSPORTS`, prepared.
#[derive(Clone, Debug)]
pub(super) struct Transports {
    /// How new keys travel.
    pub(super) first: Transport,
    pub(super) cookie: bool,
    pub(super) header: bool,
    pub(super) url_key: Option<Arc<UrlKey>>,
}

impl Transports {
    pub(super) fn new(settings: &Settings) -> Self {
        let transports = &settings.transports;
        let url_key = transports.contains(&Transport::Url).then(|| {
            tracing::warn!(
                "TENURE_TRANSPORTS has \"url\": session keys will stand in histories, logs and links that visitors send to others"
            );
            Arc::new(UrlKey::new(settings))
        });
        Self {
            first: transports.first().copied().unwrap_or(Transport::Cookie),
            cookie: transports.contains(&Transport::Cookie),
            header: transports.contains(&Transport::Header),
            url_key,
        }
    }

    /// The keys in headers, if there is a header for them. `None` also where they may not travel so.
    pub(super) fn in_header(&self, headers: &HeaderMap) -> Option<Offered> {
        let header = Transport::Header;
        let nothing = || Offered::nothing(Some(header), header);
        self.header
            .then(|| request_header::find(nothing(), headers))?
    }

    /// The keys in the URL, if there are any.
    pub(super) fn in_url(&self, head: &RequestHead<'_>) -> Option<Offered> {
        let url_key = self.url_key.as_ref()?;
        let mut offered = Offered::nothing(Some(Transport::Url), self.first);
        for key in url_key.find(head.uri) {
            offered.key_sent = true;
            if let Some(key) = key
                && !offered.add(key)
            {
                tracing::warn!("a URL holds too many different session keys: none counts");
                offered = Offered::nothing(offered.came, offered.goes);
                offered.key_sent = true;
                break;
            }
        }
        offered.key_sent.then_some(offered)
    }
}
