//! Sessions that come back from elsewhere: another browser, another network, another way than HTTPS, another domain's cookies.
#![cfg(test)]

mod address;
mod binding;
mod engines;
mod plaintext;
mod site;
mod tossed;
