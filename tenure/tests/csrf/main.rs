//! Forged requests, and those that only look so.

#[cfg(test)]
mod browser;
#[cfg(test)]
mod forms;
#[cfg(test)]
mod header;
#[cfg(test)]
mod login;
#[cfg(test)]
mod site;
#[cfg(test)]
mod source;
