//! Parameters as ASP.NET binds and validates them: names in any case, blank texts absent, every fault in the framework's words.

use super::reply::Refusal;
use crate::http::{KeyCase, Params};
use std::cell::RefCell;

/// How much of a bad value a fault repeats, in characters.
const SHOWN_CHARS_MAX: usize = 100;

/// The parameters of one request.
#[derive(Debug)]
pub struct Form {
    params: Params,
}

impl Form {
    #[must_use]
    pub fn new(params: Params) -> Form {
        Form {
            params: params.with_case(KeyCase::Ignored),
        }
    }

    /// Reads what a handler needs; all faults are told together.
    pub fn read<T>(&self, read: impl FnOnce(&Fields<'_>) -> T) -> Result<T, Refusal> {
        let fields = Fields {
            params: &self.params,
            faults: RefCell::new(Vec::new()),
        };
        let value = read(&fields);
        let faults = fields.faults.into_inner();
        if faults.is_empty() {
            Ok(value)
        } else {
            Err(Refusal::Invalid(faults))
        }
    }
}

/// One reading of a form.
pub struct Fields<'a> {
    params: &'a Params,
    faults: RefCell<Vec<String>>,
}

impl Fields<'_> {
    /// A property of a model, whose faults name it.
    pub fn text<'a>(&'a self, name: &'a str) -> Text<'a> {
        Text {
            fields: self,
            shown: name,
            value: self.string(name),
        }
    }

    /// A bare parameter of an action: absent when blank, never a fault.
    pub fn string(&self, name: &str) -> Option<String> {
        let text = self.params.text(name)?;
        (!text.trim().is_empty()).then(|| text.into_owned())
    }

    /// A whole number that is a property of a model.
    pub fn number(&self, name: &str, default: i64) -> i64 {
        self.parsed(name, default, |value| {
            format!("The value '{value}' is not valid for {name}.")
        })
    }

    /// A whole number that is a bare parameter of an action.
    pub fn bare_number(&self, name: &str, default: i64) -> i64 {
        self.parsed(name, default, |value| {
            format!("The value '{value}' is not valid.")
        })
    }

    /// A flag that is a property of a model.
    pub fn flag(&self, name: &str) -> bool {
        self.bool(name, |value| {
            format!("The value '{value}' is not valid for {name}.")
        })
    }

    /// A flag that is a bare parameter of an action.
    pub fn bare_flag(&self, name: &str) -> bool {
        self.bool(name, |value| format!("The value '{value}' is not valid."))
    }

    fn parsed(&self, name: &str, default: i64, fault: impl FnOnce(&str) -> String) -> i64 {
        match self.raw(name) {
            None => default,
            Some(text) => text.trim().parse().unwrap_or_else(|_| {
                self.bad(&text, fault);
                default
            }),
        }
    }

    fn bool(&self, name: &str, fault: impl FnOnce(&str) -> String) -> bool {
        let Some(text) = self.raw(name) else {
            return false;
        };
        match text.trim().to_ascii_lowercase().as_str() {
            "true" => true,
            "false" => false,
            _ => {
                self.bad(&text, fault);
                false
            }
        }
    }

    /// The value as it came; a structure where a value belongs counts as its JSON.
    fn raw(&self, name: &str) -> Option<String> {
        let param = self.params.get(name)?;
        Some(match param.text() {
            Some(text) => text.into_owned(),
            None => param.clone().into_json().to_string(),
        })
    }

    fn bad(&self, text: &str, fault: impl FnOnce(&str) -> String) {
        if text.trim().is_empty() {
            self.fails("The value '' is invalid.".to_owned());
        } else {
            let shown: String = text.chars().take(SHOWN_CHARS_MAX).collect();
            self.fails(fault(&shown));
        }
    }

    fn fails(&self, fault: String) {
        self.faults.borrow_mut().push(fault);
    }
}

/// A text property under validation: each rule that it breaks adds a fault.
pub struct Text<'a> {
    fields: &'a Fields<'a>,
    shown: &'a str,
    value: Option<String>,
}

impl Text<'_> {
    /// Names the property in its faults.
    #[must_use]
    pub fn shown_as(mut self, name: &'static str) -> Self {
        self.shown = name;
        self
    }

    /// Without the blanks around it.
    #[must_use]
    pub fn trimmed(mut self) -> Self {
        self.value = self.value.map(|text| text.trim().to_owned());
        self
    }

    #[must_use]
    pub fn required(self) -> Self {
        if self.value.is_none() {
            self.fails(format!("The {} field is required.", self.shown));
        }
        self
    }

    #[must_use]
    pub fn email(self) -> Self {
        if self.value.as_deref().is_some_and(|text| !is_email(text)) {
            self.fails(format!("The {} field is not a valid e-mail address.", self.shown));
        }
        self
    }

    #[must_use]
    pub fn url(self) -> Self {
        if self.value.as_deref().is_some_and(|text| !is_url(text)) {
            self.fails(format!(
                "The {} field is not a valid fully-qualified http, https, or ftp URL.",
                self.shown
            ));
        }
        self
    }

    #[must_use]
    pub fn min(self, min: usize) -> Self {
        if self.length().is_some_and(|length| length < min) {
            self.fails(format!(
                "The field {} must be a string or array type with a minimum length of '{min}'.",
                self.shown
            ));
        }
        self
    }

    #[must_use]
    pub fn max(self, max: usize) -> Self {
        if self.length().is_some_and(|length| length > max) {
            self.fails(format!(
                "The field {} must be a string or array type with a maximum length of '{max}'.",
                self.shown
            ));
        }
        self
    }

    /// Both bounds, in the words of Identity's registration.
    #[must_use]
    pub fn between(self, min: usize, max: usize) -> Self {
        if self.length().is_some_and(|length| !(min..=max).contains(&length)) {
            self.fails(format!(
                "The {} must be at least {min} and at max {max} characters long.",
                self.shown
            ));
        }
        self
    }

    /// Must be what another property is.
    #[must_use]
    pub fn same_as(self, other: &str, fault: &str) -> Self {
        if self.value != self.fields.string(other) {
            self.fails(fault.to_owned());
        }
        self
    }

    /// The text, `None` when blank.
    #[must_use]
    pub fn optional(self) -> Option<String> {
        self.value
    }

    /// The text, empty when blank.
    #[must_use]
    pub fn get(self) -> String {
        self.value.unwrap_or_default()
    }

    /// In UTF-16 units, as .NET counts.
    fn length(&self) -> Option<usize> {
        self.value.as_deref().map(|text| text.encode_utf16().count())
    }

    fn fails(&self, fault: String) {
        self.fields.fails(fault);
    }
}

/// What .NET's `EmailAddress` takes: one `@`, neither first nor last.
fn is_email(text: &str) -> bool {
    let mut sides = text.split('@');
    let (before, after) = (sides.next(), sides.next());
    sides.next().is_none()
        && before.is_some_and(|side| !side.is_empty())
        && after.is_some_and(|side| !side.is_empty())
}

/// What .NET's `Url` takes.
fn is_url(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    ["http://", "https://", "ftp://"]
        .iter()
        .any(|scheme| lower.starts_with(scheme))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::FromRequest;
    use actix_web::test::TestRequest;

    async fn form(uri: &str) -> Form {
        let (request, mut payload) = TestRequest::get().uri(uri).to_http_parts();
        Form::new(Params::from_request(&request, &mut payload).await.unwrap())
    }

    async fn faults<T>(uri: &str, read: impl FnOnce(&Fields<'_>) -> T) -> Vec<String> {
        match form(uri).await.read(read) {
            Ok(_) => Vec::new(),
            Err(Refusal::Invalid(items)) => items,
            Err(other) => panic!("{other}"),
        }
    }

    #[actix_web::test]
    async fn names_match_in_any_case_and_blank_texts_are_absent() {
        let form = form("/?nickname=ann&BIO=%20&take=3&ACCEPT=True&").await;
        let read = form.read(|f| {
            (
                f.text("NickName").required().get(),
                f.text("Bio").optional(),
                f.number("Take", 20),
                f.flag("Accept"),
                f.bare_number("none", 15),
            )
        });
        assert_eq!(read, Ok(("ann".to_owned(), None, 3, true, 15)));
    }

    #[actix_web::test]
    async fn faults_are_told_together_in_the_words_of_the_framework() {
        let found = faults(
            "/?email=a&password=12345&confirmPassword=1&site=x&name=abcd",
            |f| {
                (
                    f.text("Email").required().email().get(),
                    f.text("Password").required().min(6).max(32).get(),
                    f.text("ConfirmPassword")
                        .shown_as("Confirm password")
                        .same_as("Password", "The password and confirmation password do not match.")
                        .get(),
                    f.text("Site").url().optional(),
                    f.text("Name").max(3).get(),
                    f.text("Gone").required().email().min(3).get(),
                )
            },
        );
        assert_eq!(
            found.await,
            [
                "The Email field is not a valid e-mail address.",
                "The field Password must be a string or array type with a minimum length of '6'.",
                "The password and confirmation password do not match.",
                "The Site field is not a valid fully-qualified http, https, or ftp URL.",
                "The field Name must be a string or array type with a maximum length of '3'.",
                "The Gone field is required.",
            ]
        );
    }

    #[actix_web::test]
    async fn values_that_do_not_convert_are_named() {
        let found = faults(
            "/?id=x&n=&accept=maybe&orderByName=unknown&big=99999999999999999999",
            |f| {
                (
                    f.number("Id", 0),
                    f.number("N", 0),
                    f.flag("Accept"),
                    f.bare_flag("orderByName"),
                    f.bare_number("big", 0),
                )
            },
        );
        assert_eq!(
            found.await,
            [
                "The value 'x' is not valid for Id.",
                "The value '' is invalid.",
                "The value 'maybe' is not valid for Accept.",
                "The value 'unknown' is not valid.",
                "The value '99999999999999999999' is not valid.",
            ]
        );
    }

    #[actix_web::test]
    async fn lengths_are_counted_in_utf16_units() {
        // Two characters, four units.
        let found = faults("/?name=%F0%9F%98%80%F0%9F%98%80", |f| f.text("Name").max(3).get());
        assert_eq!(found.await.len(), 1);
    }

    #[test]
    fn addresses_are_judged_as_by_the_framework() {
        for good in ["a@b", "ann@example.com", "a b@c"] {
            assert!(is_email(good), "{good}");
        }
        for bad in ["a", "@b", "a@", "a@b@c", "@"] {
            assert!(!is_email(bad), "{bad}");
        }
    }
}
