//! Users on each database, alone and shared with a real Django.

#[cfg(test)]
mod django;
#[cfg(test)]
mod mariadb;
#[cfg(test)]
mod postgres;
#[cfg(test)]
mod scenarios;
#[cfg(test)]
mod site;
#[cfg(test)]
mod sqlite;
