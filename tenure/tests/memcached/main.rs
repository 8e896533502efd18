//! Sessions in real memcached servers.

#[cfg(test)]
mod contract;
#[cfg(test)]
mod django;
#[cfg(test)]
mod drops;
#[cfg(test)]
mod entries;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod outages;
#[cfg(test)]
#[path = "../common/python_values.rs"]
mod python_values;
#[cfg(test)]
mod races;
#[cfg(test)]
mod site;
#[cfg(test)]
mod trips;
