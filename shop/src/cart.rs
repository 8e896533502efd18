//! The cart: quantities by product, under one key of the session.

use std::collections::BTreeMap;

use axum::{
    Form,
    response::{IntoResponse, Redirect, Response},
};
use minijinja::{context, value::Serde};
use serde::{Deserialize, Serialize};
use tenure::{Session, SessionError};

use crate::{
    catalogue::{self, Product},
    error::Failure,
    login::same_site,
    render::{self, Page},
};

pub(crate) const KEY: &str = "cart";
/// Of one product.
const MOST: u32 = 99;

/// How many of each product, by slug.
type Cart = BTreeMap<String, u32>;

#[derive(Debug, Deserialize)]
pub(crate) struct Change {
    #[serde(default)]
    product: String,
    /// How many. Without it one is added, or all are removed.
    quantity: Option<u32>,
    /// Where to go afterwards.
    #[serde(default)]
    next: String,
}

#[derive(Debug, Serialize)]
struct Line {
    product: &'static Product,
    quantity: u32,
    sum_cents: u64,
}

/// The lines that can be shown. What a former catalogue sold is left out.
fn lines(session: &Session) -> Result<Vec<Line>, SessionError> {
    let cart: Cart = session.get(KEY)?.unwrap_or_default();
    let line = |(slug, quantity): (String, u32)| {
        let product = catalogue::find(&slug)?;
        Some(Line {
            product,
            quantity,
            sum_cents: product.price_cents * u64::from(quantity),
        })
    };
    Ok(cart.into_iter().filter_map(line).collect())
}

/// How many things are in the cart, for the header of every page.
pub(crate) fn count(session: &Session) -> Result<u32, SessionError> {
    let lines = lines(session)?;
    Ok(lines.iter().map(|line| line.quantity).sum())
}

pub(crate) async fn show(page: Page) -> Result<Response, Failure> {
    let lines = lines(page.session())?;
    let total_cents: u64 = lines.iter().map(|line| line.sum_cents).sum();
    page.at("/cart").private().render(
        "cart.html",
        context! { lines => Serde(lines), total_cents, most => MOST },
    )
}

pub(crate) async fn add(page: Page, Form(change): Form<Change>) -> Result<Response, Failure> {
    let Some(product) = catalogue::find(&change.product) else {
        return unknown_product(page);
    };
    let session = page.session();
    let more = change.quantity.unwrap_or(1);
    // `update` and not `insert`: of two adds at the same moment, both count.
    session.update(KEY, move |cart: Option<Cart>| {
        let mut cart = cart.unwrap_or_default();
        let quantity = cart.entry(product.slug.to_owned()).or_default();
        *quantity = quantity.saturating_add(more).min(MOST);
        cart.retain(|_, quantity| *quantity > 0);
        cart
    })?;
    render::flash(session, &format!("Added to your cart: {}.", product.name))?;
    Ok(Redirect::to(same_site(&change.next)).into_response())
}

pub(crate) async fn remove(page: Page, Form(change): Form<Change>) -> Result<Response, Failure> {
    let Some(product) = catalogue::find(&change.product) else {
        return unknown_product(page);
    };
    let session = page.session();
    // A stranger who removes something that is not there need not get a session for it.
    if session.contains_key(KEY) {
        let fewer = change.quantity.unwrap_or(MOST);
        session.update(KEY, move |cart: Option<Cart>| {
            let mut cart = cart.unwrap_or_default();
            if let Some(quantity) = cart.get_mut(product.slug) {
                *quantity = quantity.saturating_sub(fewer);
            }
            cart.retain(|_, quantity| *quantity > 0);
            cart
        })?;
        render::flash(
            session,
            &format!("Taken out of your cart: {}.", product.name),
        )?;
    }
    Ok(Redirect::to(same_site(&change.next)).into_response())
}

fn unknown_product(page: Page) -> Result<Response, Failure> {
    page.not_found("We do not sell that. Perhaps we used to.")
}
