//! `TENURE_TRUSTED_PROXIES`.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net};

use super::{Settings, SettingsError};

/// The networks of the proxies whose word about a request counts.
#[derive(Clone, Debug, Default)]
pub(crate) struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    /// Whether this address, in canonical form, is that of a proxy.
    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

impl Settings {
    pub(crate) fn proxies(&self) -> Result<TrustedProxies, SettingsError> {
        let wrong = |text: &str, needed| {
            Err(SettingsError::invalid(
                "TENURE_TRUSTED_PROXIES",
                text,
                needed,
            ))
        };
        let mut networks = Vec::with_capacity(self.trusted_proxies.len());
        for text in &self.trusted_proxies {
            match network(text) {
                Some(network) if network.prefix_len() > 0 => networks.push(network),
                Some(_) => {
                    return wrong(
                        text,
                        "anybody would count as a proxy, and could say anything",
                    );
                }
                None => {
                    return wrong(
                        text,
                        "the address of a proxy or a network is needed, such as \"10.0.0.0/8\"",
                    );
                }
            }
        }
        Ok(TrustedProxies(networks))
    }
}

/// An address is a network of its own. IPv4 in the clothes of IPv6 is IPv4.
fn network(text: &str) -> Option<IpNet> {
    let network = text
        .parse()
        .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
        .ok()?;
    let IpNet::V6(mapped) = network else {
        return Some(network);
    };
    let inner = mapped
        .addr()
        .to_ipv4_mapped()
        .zip(mapped.prefix_len().checked_sub(96));
    let inner = inner.and_then(|(address, length)| Ipv4Net::new(address, length).ok());
    Some(inner.map_or(network, IpNet::V4))
}
