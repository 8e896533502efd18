//! What the shop sells.

use axum::response::Response;
use minijinja::{context, value::Serde};
use serde::Serialize;

use crate::{error::Failure, render::Page};

/// Something to buy. Its picture is in `templates/art.html`, under the same slug.
#[derive(Debug, Serialize)]
pub(crate) struct Product {
    pub(crate) slug: &'static str,
    pub(crate) name: &'static str,
    pub(crate) note: &'static str,
    pub(crate) amount: &'static str,
    pub(crate) price_cents: u64,
}

pub(crate) static PRODUCTS: [Product; 8] = [
    Product {
        slug: "oolong",
        name: "Mountain oolong",
        note: "Orchid, cream, a long finish",
        amount: "75 g",
        price_cents: 14_50,
    },
    Product {
        slug: "sencha",
        name: "Spring sencha",
        note: "Grassy and bright, first pick",
        amount: "80 g",
        price_cents: 12_90,
    },
    Product {
        slug: "assam",
        name: "Assam, second flush",
        note: "Malt and honey, takes milk",
        amount: "125 g",
        price_cents: 9_90,
    },
    Product {
        slug: "jasmine",
        name: "Jasmine pearls",
        note: "Rolled by hand, six scentings",
        amount: "60 g",
        price_cents: 16_80,
    },
    Product {
        slug: "lapsang",
        name: "Lapsang souchong",
        note: "Dried over a pinewood fire",
        amount: "100 g",
        price_cents: 11_20,
    },
    Product {
        slug: "hojicha",
        name: "Hojicha",
        note: "Roasted stems, hardly any caffeine",
        amount: "100 g",
        price_cents: 8_40,
    },
    Product {
        slug: "teapot",
        name: "Stoneware teapot",
        note: "Pours without a drip",
        amount: "0.6 l",
        price_cents: 48_00,
    },
    Product {
        slug: "cups",
        name: "Pair of cups",
        note: "Thin rim, glazed inside",
        amount: "2 × 0.2 l",
        price_cents: 26_00,
    },
];

pub(crate) fn find(slug: &str) -> Option<&'static Product> {
    PRODUCTS.iter().find(|product| product.slug == slug)
}

pub(crate) async fn show(page: Page) -> Result<Response, Failure> {
    page.at("/")
        .render("catalogue.html", context! { products => Serde(&PRODUCTS) })
}
