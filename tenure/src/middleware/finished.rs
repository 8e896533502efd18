//! From what became of a session to the headers that tell the client.

use super::{Prepared, ResponseHeaders, Sessions, chunks, response::InLinks};
use crate::{
    session::{Finished, KeyChange},
    settings::Transport,
};

impl Sessions {
    pub(super) fn headers(&self, finished: Finished) -> ResponseHeaders {
        let Finished {
            vary,
            transport,
            change,
            key_in_url,
            in_links,
            beside,
        } = finished;
        let Prepared { transports, .. } = &*self.0;
        let mut headers = ResponseHeaders {
            vary_cookie: vary && transports.cookie,
            vary_header: vary && transports.header,
            no_store: key_in_url,
            no_referrer: key_in_url,
            ..ResponseHeaders::default()
        };
        match transport {
            Transport::Cookie => self.give_cookie(&change, &mut headers),
            Transport::Header => {
                headers.session_token = match change {
                    KeyChange::Set { key, new: true, .. } => Some(key.as_str().to_owned()),
                    KeyChange::Remove => Some(String::new()),
                    KeyChange::Set { .. } | KeyChange::None => None,
                };
                headers.no_store |= vary;
            }
            Transport::Url => {
                headers.no_store |= vary;
                headers.no_referrer |= vary;
                let url_key = transports.url_key.clone();
                headers.in_links = url_key
                    .zip(in_links)
                    .map(|(url_key, key)| InLinks { url_key, key });
            }
        }
        if let Some(beside) = beside {
            headers.vary_cookie = true;
            headers.no_store |= self.0.no_store;
            headers.further_cookies.push(beside);
        }
        headers
    }

    fn give_cookie(&self, change: &KeyChange, headers: &mut ResponseHeaders) {
        let Prepared { cookie, chunks, .. } = &*self.0;
        match change {
            KeyChange::None => return,
            change if *chunks => {
                (headers.set_cookie, headers.further_cookies) = chunks::headers(cookie, change);
            }
            KeyChange::Set { key, lifetime, .. } => {
                headers.set_cookie = Some(cookie.set("", key.as_str(), *lifetime));
            }
            KeyChange::Remove => headers.set_cookie = Some(cookie.remove("")),
        }
        headers.no_store |= self.0.no_store;
    }
}
