//! The session in templates: `{% if request.session.user_id %}` works as written, and so does `{{ csrf_input }}`.
//!
//! ```
//! # tenure::testing::run(async |session| {
//! use minijinja::Environment;
//!
//! session.insert("user_id", 7)?;
//! let mut templates = Environment::new();
//! templates.add_template("page", "{% if request.session.user_id %}Welcome back{% else %}Log in{% endif %}")?;
//! let page = templates.get_template("page")?.render(tenure::template::context(&session))?;
//! assert_eq!(page, "Welcome back");
//! # Ok(())
//! # });
//! ```

use std::{fmt, sync::Arc};

use minijinja::{
    Error, ErrorKind, State,
    value::{Enumerator, Object, ObjectRepr, Value, from_args},
};

use crate::{csrf, error::SessionError, session::Session};

/// What every template of a request may ask for, as Django's `RequestContext` has it. A page's own values go beside it.
///
/// | name | |
/// |---|---|
/// | `request.session` | the session, to read |
/// | `csrf_token` | a token for a form or a script, of [`csrf::token`] |
/// | `csrf_input` | the same as a hidden field: what Django's `{% csrf_token %}` renders |
///
/// A template that asks for neither of the last two makes no session for a stranger.
///
/// ```
/// # tenure::testing::run(async |session| {
/// use minijinja::{Environment, context};
/// use tenure::{csrf, template};
///
/// let mut templates = Environment::new();
/// templates.add_template("form.html", "<form method=post>{{ csrf_input }}<button>{{ label }}</button></form>")?;
/// let around = template::context(&session);
/// let page = templates.get_template("form.html")?.render(context! { label => "Order", ..around })?;
/// assert!(page.contains(r#"<input type="hidden" name="csrfmiddlewaretoken" value=""#));
/// # Ok(())
/// # });
/// ```
#[doc(alias = "RequestContext")]
pub fn context(session: &Session) -> Value {
    Value::from_object(Context(session.clone()))
}

#[derive(Debug)]
struct Context(Session);

impl Object for Context {
    /// Asked for by name alone, since asking makes the token.
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let token = || csrf::token(&self.0).map_err(no_token);
        match key.as_str()? {
            "request" => Some(request(&self.0)),
            "csrf_token" => Some(token().map_or_else(Value::from, Value::from)),
            "csrf_input" => Some(token().map_or_else(Value::from, |token| {
                let name = csrf::FIELD_NAME;
                let input = format!(r#"<input type="hidden" name="{name}" value="{token}">"#);
                Value::from_safe_string(input)
            })),
            _ => None,
        }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Str(&["request", "csrf_token", "csrf_input"])
    }
}

/// Rendering fails: a form without its token could not be sent.
fn no_token(error: SessionError) -> Error {
    Error::new(ErrorKind::InvalidOperation, "there is no CSRF token").with_source(error)
}

/// A `request` for templates, with the session in it as Django's templates have it.
///
/// See the [module docs](self) for an example.
pub fn request(session: &Session) -> Value {
    Value::from_pairs([("session", value(session))])
}

/// The session as a template's value: a map to read, never to change. A value is decoded when the template asks for it.
///
/// What JSON cannot say to a template, such as `NaN`, is undefined. `session.url('/cart')` is a link with the session's key in it where it
/// travels in the URL: [`Session::url`].
///
/// ```
/// # tenure::testing::run(async |session| {
/// session.insert("cart", ["tea", "salt"])?;
/// let value = tenure::template::value(&session);
/// assert_eq!(value.get_attr("cart")?.get_item_by_index(1)?.as_str(), Some("salt"));
/// # Ok(())
/// # });
/// ```
pub fn value(session: &Session) -> Value {
    Value::from_object(View(session.clone()))
}

#[derive(Debug)]
struct View(Session);

impl Object for View {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Map
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let json: serde_json::Value = self.0.get(key.as_str()?).ok()??;
        Some(from_json(json))
    }

    /// `{{ request.session.url('/cart') }}`: see [`Session::url`].
    fn call_method(
        self: &Arc<Self>,
        _: &mut State<'_, '_>,
        method: &str,
        arguments: &[Value],
    ) -> Result<Value, Error> {
        if method != "url" {
            return Err(ErrorKind::UnknownMethod.into());
        }
        let (link,): (&str,) = from_args(arguments)?;
        Ok(self.0.url(link).into())
    }

    /// A stray `{{ request.session }}` shows the names of the keys. The values may be a login's hash and a CSRF secret.
    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "session({})", self.0.keys().join(", "))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.0.keys().into_iter().map(Value::from).collect())
    }
}

fn from_json(json: serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => Value::from(()),
        serde_json::Value::Bool(flag) => Value::from(flag),
        serde_json::Value::String(text) => Value::from(text),
        serde_json::Value::Array(items) => items.into_iter().map(from_json).collect(),
        serde_json::Value::Object(entries) => Value::from_pairs(
            entries
                .into_iter()
                .map(|(key, value)| (key, from_json(value))),
        ),
        serde_json::Value::Number(number) => {
            match (number.as_i64(), number.as_u64(), number.as_f64()) {
                (Some(number), ..) => Value::from(number),
                (_, Some(number), _) => Value::from(number),
                (.., number) => Value::from(number.unwrap_or(f64::NAN)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use minijinja::{Environment, context};

    use super::request;
    use crate::{csrf, testing};

    #[tokio::test]
    async fn what_a_template_reads() {
        let session = testing::session().await;
        session.insert("user_id", 7).unwrap();
        session
            .insert("cart", serde_json::json!([{"name": "tea", "price": 4.5}]))
            .unwrap();
        let render = |source: &str| {
            let mut templates = Environment::new();
            templates.add_template("page", source).unwrap();
            templates
                .get_template("page")
                .unwrap()
                .render(context! { request => request(&session) })
                .unwrap()
        };
        assert_eq!(
            render("{% if request.session.user_id %}in{% else %}out{% endif %}"),
            "in"
        );
        assert_eq!(
            render("{% if request.session.missing %}in{% else %}out{% endif %}"),
            "out"
        );
        assert_eq!(render("{{ request.session['user_id'] + 1 }}"), "8");
        assert_eq!(
            render(
                "{% for line in request.session.cart %}{{ line.name }} {{ line.price }}{% endfor %}"
            ),
            "tea 4.5"
        );
        assert_eq!(
            render("{% for key in request.session %}{{ key }},{% endfor %}"),
            "user_id,cart,"
        );
        assert_eq!(render("{{ 'cart' in request.session }}"), "True");
        assert_eq!(render("{{ request.session | length }}"), "2");
        assert_eq!(render("{{ request.session }}"), "session(user_id, cart)");
        assert!(!render("{{ request }}").contains("tea"));
        assert_eq!(render("{{ request.session.url('/cart') }}"), "/cart");
    }

    #[tokio::test]
    async fn a_form_makes_the_secret_and_nothing_else_does() {
        let session = testing::session().await;
        let mut templates = Environment::new();
        templates
            .add_template(
                "page.html",
                "{% if wanted %}{{ csrf_input }}{{ csrf_token }}{% endif %}",
            )
            .unwrap();
        let render = |wanted: bool| {
            let page = templates.get_template("page.html").unwrap();
            page.render(context! { wanted, ..super::context(&session) })
                .unwrap()
        };
        assert_eq!(render(false), "");
        assert!(session.is_empty());
        let page = render(true);
        let (before, rest) = page
            .split_once(r#"<input type="hidden" name="csrfmiddlewaretoken" value=""#)
            .unwrap();
        assert_eq!(before, "");
        let (field, bare) = rest.split_once(r#"">"#).unwrap();
        for token in [field, bare] {
            csrf::check_token(&session, token).unwrap();
        }
        assert_ne!(field, bare, "masked anew");
        assert_ne!(render(true), page);
        assert_eq!(session.keys(), ["_csrftoken"]);
    }
}
