//! The fields of a request, read as gin's binding reads them and a little more widely: numbers and flags may be texts
//! or JSON values, lists may repeat `key` or `key[]`. Problems are gathered, so that one answer names all of them.

use super::reply::Refusal;
use crate::http::{KeyCase, Param, Params};
use std::borrow::Cow;
use std::cell::RefCell;

/// The parameters of one request.
#[derive(Clone, Debug, Default)]
pub struct Form(Params);

impl Form {
    #[must_use]
    pub fn new(params: Params) -> Form {
        Form(params.with_case(KeyCase::Ignored))
    }

    /// Reads what a handler needs. Refused when any value did not parse, or else when any was not valid.
    pub fn read<T>(&self, read: impl FnOnce(&Fields<'_>) -> T) -> Result<T, Refusal> {
        let fields = Fields {
            params: &self.0,
            unparsed: RefCell::new(None),
            invalid: RefCell::new(Vec::new()),
        };
        let value = read(&fields);
        if let Some(text) = fields.unparsed.into_inner() {
            return Err(Refusal::Unparsed(text));
        }
        let invalid = fields.invalid.into_inner();
        if invalid.is_empty() {
            Ok(value)
        } else {
            Err(Refusal::Invalid(invalid.join("\n")))
        }
    }
}

/// Typed access to the fields. After a problem a getter gives a value that is never used.
pub struct Fields<'a> {
    params: &'a Params,
    unparsed: RefCell<Option<String>>,
    invalid: RefCell<Vec<String>>,
}

impl<'a> Fields<'a> {
    /// A text, empty when absent.
    pub fn text(&self, key: &str) -> String {
        self.raw(key).unwrap_or_default().into_owned()
    }

    /// A text that must be there.
    pub fn required(&self, key: &str) -> String {
        let text = self.text(key);
        if text.is_empty() {
            self.fails(key, "required");
        }
        text
    }

    /// A text that must be there and have so many characters.
    pub fn required_chars(&self, key: &str, min: usize, max: usize) -> String {
        let text = self.required(key);
        let count = text.chars().count();
        if !text.is_empty() && count < min {
            self.fails(key, "min");
        }
        if count > max {
            self.fails(key, "max");
        }
        text
    }

    /// A text that must be one of a few.
    pub fn one_of(&self, key: &str, choices: &[&str]) -> String {
        let text = self.required(key);
        if !text.is_empty() && !choices.contains(&text.as_str()) {
            self.fails(key, "oneof");
        }
        text
    }

    /// A whole number from 0; 0 when absent.
    pub fn number(&self, key: &str) -> i64 {
        match self.raw(key) {
            Some(text) if !text.is_empty() => self.parse_number(&text),
            _ => 0,
        }
    }

    /// A whole number of either sign; 0 when absent.
    pub fn integer(&self, key: &str) -> i64 {
        let Some(text) = self.raw(key).filter(|text| !text.is_empty()) else {
            return 0;
        };
        text.parse().unwrap_or_else(|_| {
            self.cannot_parse("ParseInt", &text, "invalid syntax");
            0
        })
    }

    /// A whole number from 1: an id, a count of minutes.
    pub fn positive(&self, key: &str) -> i64 {
        let number = self.number(key);
        if number == 0 {
            self.fails(key, "required");
        }
        number
    }

    /// Degrees and the like; 0 when absent.
    pub fn float(&self, key: &str) -> f64 {
        let Some(text) = self.raw(key).filter(|text| !text.is_empty()) else {
            return 0.0;
        };
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => number,
            _ => {
                self.cannot_parse("ParseFloat", &text, "invalid syntax");
                0.0
            }
        }
    }

    /// Degrees that must be there; 0 counts as absent, as in the original.
    pub fn required_float(&self, key: &str) -> f64 {
        let number = self.float(key);
        if number == 0.0 {
            self.fails(key, "required");
        }
        number
    }

    /// A flag as Go's `ParseBool` reads it; false when absent or empty.
    pub fn flag(&self, key: &str) -> bool {
        match self.raw(key).as_deref() {
            None | Some("" | "0" | "f" | "F" | "false" | "FALSE" | "False") => false,
            Some("1" | "t" | "T" | "true" | "TRUE" | "True") => true,
            Some(text) => {
                self.cannot_parse("ParseBool", text, "invalid syntax");
                false
            }
        }
    }

    /// Ids given by repeating the key, with or without `[]`, or as a JSON array.
    pub fn ids(&self, key: &str) -> Vec<i64> {
        let mut ids = Vec::new();
        for value in self.params.list(key) {
            match value.text() {
                Some(text) if text.is_empty() => {}
                Some(text) => ids.push(self.parse_number(&text)),
                None => self.wrong_type(key, &value),
            }
        }
        ids
    }

    /// Ids of which there must be at least one.
    pub fn required_ids(&self, key: &str) -> Vec<i64> {
        let ids = self.ids(key);
        if ids.is_empty() {
            self.fails(key, "required");
        }
        ids
    }

    /// Whether the key is there at all, even empty.
    pub fn has(&self, key: &str) -> bool {
        self.params.get(key).is_some()
    }

    /// Notes that a field breaks a rule, in the words of Go's validator.
    pub fn fails(&self, key: &str, rule: &str) {
        let name = go_name(key);
        self.invalid.borrow_mut().push(format!(
            "Key: '{name}' Error:Field validation for '{name}' failed on the '{rule}' tag"
        ));
    }

    fn raw(&self, key: &str) -> Option<Cow<'a, str>> {
        let value = self.params.get(key)?;
        let text = value.text();
        if text.is_none() {
            self.wrong_type(key, value);
        }
        text
    }

    fn parse_number(&self, text: &str) -> i64 {
        let why = match text.parse::<u64>() {
            Ok(number) => match i64::try_from(number) {
                Ok(number) => return number,
                Err(_) => "value out of range",
            },
            Err(_) if text.bytes().all(|byte| byte.is_ascii_digit()) => "value out of range",
            Err(_) => "invalid syntax",
        };
        self.cannot_parse("ParseUint", text, why);
        0
    }

    fn cannot_parse(&self, function: &str, text: &str, why: &str) {
        let shown: String = text.chars().take(SHOWN_CHARS_MAX).collect();
        self.note(format!("strconv.{function}: parsing {shown:?}: {why}"));
    }

    fn wrong_type(&self, key: &str, value: &Param) {
        let found = match value {
            Param::Json(serde_json::Value::Array(_)) => "array",
            _ => "object",
        };
        self.note(format!(
            "json: cannot unmarshal {found} into Go struct field .{key}"
        ));
    }

    fn note(&self, text: String) {
        self.unparsed.borrow_mut().get_or_insert(text);
    }
}

/// How much of a bad value an error repeats, in characters.
const SHOWN_CHARS_MAX: usize = 100;

/// The Go field behind a documented name: `toId` is `ToID`.
fn go_name(key: &str) -> String {
    let mut chars = key.chars();
    let mut name: String = chars.next().into_iter().flat_map(char::to_uppercase).collect();
    name.push_str(chars.as_str());
    match name.strip_suffix("Id") {
        Some(stem) => format!("{stem}ID"),
        None => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::params;
    use actix_web::FromRequest;
    use actix_web::test::TestRequest;

    async fn form(request: TestRequest) -> Form {
        let (request, mut payload) = request.to_http_parts();
        Form::new(
            params::Params::from_request(&request, &mut payload)
                .await
                .unwrap(),
        )
    }

    #[actix_web::test]
    async fn numbers_and_flags_are_taken_as_texts_and_as_json() {
        let json = TestRequest::post().set_json(serde_json::json!({
            "TOID": 10000001, "minute": "5", "isPrivate": 1, "members": ["2", 3]
        }));
        let query =
            TestRequest::get().uri("/?toId=10000001&minute=5&isPrivate=true&members=2&members%5B%5D=3");
        for request in [json, query] {
            let read = form(request).await.read(|f| {
                (
                    f.positive("toId"),
                    f.positive("minute"),
                    f.flag("isPrivate"),
                    f.ids("members"),
                )
            });
            assert_eq!(read, Ok((10_000_001, 5, true, vec![2, 3])));
        }
    }

    #[actix_web::test]
    async fn every_missing_field_is_named_in_the_words_of_gin() {
        let refused = form(TestRequest::get().uri("/?toId=0"))
            .await
            .read(|f| (f.positive("toId"), f.required("type")));
        let text = "Key: 'ToID' Error:Field validation for 'ToID' failed on the 'required' tag\n\
                    Key: 'Type' Error:Field validation for 'Type' failed on the 'required' tag";
        assert_eq!(refused, Err(Refusal::Invalid(text.to_owned())));
    }

    #[actix_web::test]
    async fn what_does_not_parse_is_named_before_what_is_missing() {
        let cases = [
            ("abc", "strconv.ParseUint: parsing \"abc\": invalid syntax"),
            ("-1", "strconv.ParseUint: parsing \"-1\": invalid syntax"),
            (
                "99999999999999999999",
                "strconv.ParseUint: parsing \"99999999999999999999\": value out of range",
            ),
        ];
        for (value, text) in cases {
            let request = TestRequest::get().uri(&format!("/?toId={value}"));
            let refused = form(request)
                .await
                .read(|f| (f.required("type"), f.positive("toId")));
            assert_eq!(refused, Err(Refusal::Unparsed(text.to_owned())));
        }
    }

    #[actix_web::test]
    async fn structures_where_a_value_belongs_are_refused() {
        let request = TestRequest::post().set_json(serde_json::json!({ "toId": [1] }));
        let refused = form(request).await.read(|f| f.positive("toId"));
        assert!(matches!(refused, Err(Refusal::Unparsed(text)) if text.contains("array")));
    }

    #[actix_web::test]
    async fn lengths_are_counted_in_characters() {
        let request =
            TestRequest::get().uri("/?password=%E5%AF%86%E7%A0%81%E5%AF%86%E7%A0%81%E5%AF%86%E7%A0%81");
        let read = form(request).await.read(|f| f.required_chars("password", 6, 6));
        assert_eq!(read.as_deref(), Ok("密码密码密码"));
    }
}
