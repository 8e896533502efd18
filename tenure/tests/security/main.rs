//! Rows of SECURITY.md that no other test holds: each test has its row's name in front.
#![cfg(test)]

mod bleed;
mod fixation;
mod leaks;
mod logins;
mod places;
mod site;
