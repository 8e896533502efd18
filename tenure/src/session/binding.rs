//! Ties a session to the browser and the network of its user: `TENURE_BIND_USER_AGENT` and `TENURE_BIND_ADDRESS`.
//!
//! Where a policy is on, a session is marked when it is next written, and marked anew at a login or an elevation:
//!
//! * `_tenure_agent`: a keyed hash of the user agent without its versions (HMAC-SHA256 under `SECRET_KEY`, 16 hexadecimal digits);
//! * `_tenure_net`: the network of the address, as `"192.0.2.0/24"`; 48 bits of IPv6.
//!
//! A session without a mark, made by Django or before the policy was on, is not compared. Nor is one whose request tells no address.

use std::{net::IpAddr, sync::Once};

use ipnet::IpNet;
use subtle::ConstantTimeEq;

use super::{Inner, Session, State};
use crate::{
    codec::{hex, signing::salted_hmac},
    data::Data,
    error::SessionError,
    events::Suspicion,
    json::Json,
    key::SessionKey,
    secret::Secret,
    settings::{Policy, Settings, Transport},
};

/// So much of an address is its network: what one household or office is given.
const IPV4_NETWORK: u8 = 24;
const IPV6_NETWORK: u8 = 48;

static ADDRESS_MISSING: Once = Once::new();

/// What happens to a session that comes back from elsewhere.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Binding {
    user_agent: Policy,
    address: Policy,
}

impl Binding {
    pub(crate) fn new(settings: &Settings) -> Self {
        let in_url = settings.transports.contains(&Transport::Url);
        Self {
            // A link with a key in it must open nothing for whoever it is sent to.
            user_agent: if in_url {
                Policy::End
            } else {
                settings.bind_user_agent
            },
            address: settings.bind_address,
        }
    }
}

/// What a session can be tied to.
#[derive(Clone, Copy)]
enum Tie {
    UserAgent,
    Network,
}

impl Tie {
    const ALL: [Self; 2] = [Self::UserAgent, Self::Network];

    /// The key in the session.
    fn key(self) -> &'static str {
        match self {
            Self::UserAgent => "_tenure_agent",
            Self::Network => "_tenure_net",
        }
    }

    fn policy(self, binding: Binding) -> Policy {
        match self {
            Self::UserAgent => binding.user_agent,
            Self::Network => binding.address,
        }
    }

    fn broken(self) -> Suspicion {
        match self {
            Self::UserAgent => Suspicion::OtherUserAgent,
            Self::Network => Suspicion::OtherNetwork,
        }
    }
}

/// How a request compares with what its session is tied to.
#[derive(Debug)]
pub(super) struct Compared {
    /// What has to happen.
    pub(super) policy: Policy,
    /// An older secret has made the mark.
    pub(super) by_fallback: bool,
}

/// The user agent without the words that hold a digit: browsers and systems change those with each update.
fn without_versions(user_agent: &[u8]) -> Vec<u8> {
    let in_word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_');
    let parts = user_agent.chunk_by(|one, next| in_word(*one) == in_word(*next));
    let names = parts.filter(|part| !part.iter().any(u8::is_ascii_digit));
    names.flatten().copied().collect()
}

fn agent_hash(user_agent: &[u8], secret: &Secret) -> String {
    let hash = salted_hmac("tenure.user_agent", &without_versions(user_agent), secret);
    hex(hash.get(..8).unwrap_or_default())
}

fn network(address: IpAddr) -> Option<String> {
    let length = if address.is_ipv4() {
        IPV4_NETWORK
    } else {
        IPV6_NETWORK
    };
    let network = IpNet::new(address, length).ok()?;
    Some(network.trunc().to_string())
}

impl Inner {
    /// The mark for this request; `None` if there is no policy, or nothing is known.
    fn mark(&self, tie: Tie, secret: &Secret) -> Option<Json> {
        if tie.policy(self.shared.binding) == Policy::Off {
            return None;
        }
        // Without a request, nothing comes from anywhere.
        let user_agent = self.client.user_agent.as_ref()?;
        let mark = match tie {
            Tie::UserAgent => agent_hash(user_agent.as_bytes(), secret),
            Tie::Network => {
                let address = self.client.address;
                if address.is_none() {
                    ADDRESS_MISSING.call_once(|| {
                        tracing::warn!("TENURE_BIND_ADDRESS is on, but the address of a request is not known: see `SessionLayer::with_peer_address`");
                    });
                }
                network(address?)?
            }
        };
        Json::of(&mark).ok()
    }

    /// Compares the request with what the session that it has found is tied to, and reports what differs.
    pub(super) fn compare(&self, key: &SessionKey, data: &Data) -> Compared {
        let shared = &self.shared;
        let mut compared = Compared {
            policy: Policy::Off,
            by_fallback: false,
        };
        for tie in Tie::ALL {
            let Some(tied) = data.mark(tie.key()) else {
                continue;
            };
            let fits = |secret| {
                let mark = self.mark(tie, secret)?;
                Some(bool::from(mark.as_str().as_bytes().ct_eq(tied.as_bytes())))
            };
            if fits(&shared.secret) != Some(false) {
                continue;
            }
            if shared
                .secret_fallbacks
                .iter()
                .any(|secret| fits(secret) == Some(true))
            {
                compared.by_fallback = true;
                continue;
            }
            shared.suspicious(Some(key), tie.broken());
            compared.policy = compared.policy.max(tie.policy(shared.binding));
        }
        compared
    }

    /// Ties a session that is about to be written to this request, where it has no tie yet.
    pub(super) fn bind_if_free(&self, state: &mut State) -> Result<(), SessionError> {
        for tie in Tie::ALL {
            if state.data.mark(tie.key()).is_none()
                && let Some(mark) = self.mark(tie, &self.shared.secret)
            {
                state.set(tie.key(), mark)?;
            }
        }
        Ok(())
    }

    /// Ties the session to this request, whatever it was tied to.
    pub(super) fn bind(&self, state: &mut State) -> Result<(), SessionError> {
        for tie in Tie::ALL {
            match self.mark(tie, &self.shared.secret) {
                Some(mark) => state.set(tie.key(), mark)?,
                None => {
                    state.remove(tie.key())?;
                }
            }
        }
        state.must_log_in_again = false;
        Ok(())
    }
}

impl Session {
    /// Whether the session has come back from another browser or network, and its user has to log in again: the policy `ask` of
    /// `TENURE_BIND_USER_AGENT` and `TENURE_BIND_ADDRESS`.
    ///
    /// [`Auth::user`](crate::auth::Auth::user) gives nobody then. A program with users of its own asks here, and calls [`bind`](Self::bind)
    /// when they log in.
    ///
    /// ```
    /// # tenure::testing::run(async |session| {
    /// assert!(!session.must_log_in_again());
    /// # Ok(())
    /// # });
    /// ```
    pub fn must_log_in_again(&self) -> bool {
        self.0.state().must_log_in_again
    }

    /// Ties the session to the browser and network of this request, as far as `TENURE_BIND_USER_AGENT` and `TENURE_BIND_ADDRESS` ask for it.
    ///
    /// To be called once its user has proved who they are. [`login`](crate::auth::login) and
    /// [`elevate`](crate::auth::elevate) do it.
    ///
    /// # Errors
    ///
    /// [`SessionError::ResponseSent`] if it is too late.
    ///
    /// # Example
    ///
    /// ```
    /// # tenure::testing::run(async |session| {
    /// // … the password was right …
    /// session.cycle_key().await?;
    /// session.bind()?;
    /// session.insert("user", 41)?;
    /// # Ok(())
    /// # });
    /// ```
    pub fn bind(&self) -> Result<(), SessionError> {
        self.0.bind(&mut self.0.state())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(user_agent: &str) -> String {
        String::from_utf8(without_versions(user_agent.as_bytes())).unwrap()
    }

    #[test]
    fn an_update_leaves_the_names_in_a_user_agent_as_they_are() {
        for (before, after) in [
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
                "Mozilla/5.0 (Windows NT 11.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.7499.40 Safari/537.36",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 17_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 Mobile/15E148 Safari/604.1",
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/22A3370 Safari/604.1",
            ),
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
                "Mozilla/5.0 (X11; Linux x86_64; rv:146.0a1) Gecko/20100101 Firefox/146.0a1",
            ),
        ] {
            assert_eq!(names(before), names(after));
        }
    }

    #[test]
    fn other_browsers_and_systems_have_other_names() {
        let agents = [
            "",
            "curl/8.5.0",
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0",
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0",
        ];
        let names: std::collections::BTreeSet<String> = agents.map(names).into();
        assert_eq!(names.len(), agents.len());
    }

    #[test]
    fn a_network_is_24_bits_of_ipv4_and_48_of_ipv6() {
        let network = |address: &str| network(address.parse().unwrap()).unwrap();
        assert_eq!(network("192.0.2.77"), "192.0.2.0/24");
        assert_eq!(network("2001:db8:7:8:9::1"), "2001:db8:7::/48");
    }
}
