//! Sessions in real memcached servers.

#[cfg(test)]
mod contract;
#[cfg(test)]
mod drops;
#[cfg(test)]
mod entries;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod outages;
#[cfg(test)]
mod races;
#[cfg(test)]
mod site;
#[cfg(test)]
mod trips;
