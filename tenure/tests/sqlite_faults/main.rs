//! A database that is damaged, locked, missing, or not ours alone.

#[cfg(test)]
mod damage;
#[cfg(test)]
mod site;
#[cfg(test)]
mod table;
#[cfg(test)]
mod trouble;
