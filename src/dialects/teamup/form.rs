//! Parameters as team-up's clients send them: JSON, urlencoded or multipart, ids and flags as text or as what they are.
//! What is absent, null or empty is not given.

use super::reply::{Refusal, bad};
use crate::http::{Param, Params};
use serde_json::Value;

/// The parameters of one request.
#[derive(Clone, Debug, Default)]
pub struct Form(Params);

impl Form {
    #[must_use]
    pub fn new(params: Params) -> Form {
        Form(params)
    }

    /// A text, `None` when the key is not there at all.
    pub fn text(&self, key: &str) -> Result<Option<String>, Refusal> {
        let Some(value) = self.0.get(key) else {
            return Ok(None);
        };
        let text = value.text().ok_or_else(|| bad(format!("{key} must be a text")))?;
        Ok(Some(text.into_owned()))
    }

    /// A text that must be there, though it may be empty.
    pub fn given(&self, key: &str) -> Result<String, Refusal> {
        self.text(key)?.ok_or_else(|| bad(format!("{key} is missing")))
    }

    /// A text that must be there and say something; without the blanks around it.
    pub fn required(&self, key: &str) -> Result<String, Refusal> {
        let text = self.given(key)?.trim().to_owned();
        if text.is_empty() {
            return Err(bad(format!("{key} is empty")));
        }
        Ok(text)
    }

    /// A text, `None` when it is blank.
    pub fn optional(&self, key: &str) -> Result<Option<String>, Refusal> {
        Ok(self.text(key)?.filter(|text| !text.trim().is_empty()))
    }

    /// A whole number that must be there: an id, a limit.
    pub fn number(&self, key: &str) -> Result<i64, Refusal> {
        self.optional_number(key)?
            .ok_or_else(|| bad(format!("{key} is missing")))
    }

    pub fn optional_number(&self, key: &str) -> Result<Option<i64>, Refusal> {
        let Some(text) = self.optional(key)? else {
            return Ok(None);
        };
        let number = text.trim().parse();
        number
            .map(Some)
            .map_err(|_| bad(format!("{key} must be a whole number")))
    }

    /// A flag that must be there.
    pub fn flag(&self, key: &str) -> Result<bool, Refusal> {
        match self.required(key)?.to_ascii_lowercase().as_str() {
            "true" | "1" => Ok(true),
            "false" | "0" => Ok(false),
            _ => Err(bad(format!("{key} must be true or false"))),
        }
    }

    /// Texts given by repeating the key or as an array, which may itself be written as text. Blank ones are left out.
    pub fn texts(&self, key: &str) -> Result<Vec<String>, Refusal> {
        let mut texts = Vec::new();
        for item in self.items(key)? {
            let param = Param::Json(item);
            let text = param
                .text()
                .ok_or_else(|| bad(format!("{key} must hold texts only")))?;
            if !text.trim().is_empty() {
                texts.push(text.trim().to_owned());
            }
        }
        Ok(texts)
    }

    /// The elements of an array, which may be written as text.
    pub fn items(&self, key: &str) -> Result<Vec<Value>, Refusal> {
        let mut items = Vec::new();
        for value in self.0.list(key) {
            match value {
                Param::Text(text) | Param::Json(Value::String(text))
                    if text.trim_start().starts_with('[') =>
                {
                    let listed: Vec<Value> = serde_json::from_str(&text)
                        .map_err(|error| bad(format!("{key} is no array: {error}")))?;
                    if text.contains("\\u0000") {
                        return Err(bad(format!("{key} holds a NUL character")));
                    }
                    items.extend(listed);
                }
                other => items.push(other.into_json()),
            }
        }
        Ok(items)
    }
}

/// A whole number that stands in an object of a list, as a number or as text.
#[must_use]
pub fn number_in(object: &Value, key: &str) -> Option<f64> {
    match &object[key] {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// A text that stands in an object of a list, perhaps as a number.
#[must_use]
pub fn text_in(object: &Value, key: &str) -> Option<String> {
    match &object[key] {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::reply::Code;
    use super::*;
    use actix_web::FromRequest;
    use actix_web::test::TestRequest;

    async fn form(body: &str) -> Form {
        let request = TestRequest::post()
            .insert_header(("Content-Type", "application/json"))
            .set_payload(body.to_owned());
        let (request, mut payload) = request.to_http_parts();
        Form::new(Params::from_request(&request, &mut payload).await.unwrap())
    }

    #[actix_web::test]
    async fn ids_and_flags_are_texts_or_what_they_are() {
        let form = form(r#"{"a":5,"b":"5","c":true,"d":"0","e":null,"f":"","g":"x","h":1.5,"i":{}}"#).await;
        assert_eq!((form.number("a"), form.number("b")), (Ok(5), Ok(5)));
        assert_eq!((form.flag("c"), form.flag("d")), (Ok(true), Ok(false)));
        assert_eq!(form.optional_number("e"), Ok(None));
        assert_eq!(form.optional("f"), Ok(None));
        assert_eq!(form.given("f"), Ok(String::new()));
        for refused in [
            form.number("e"),
            form.number("f"),
            form.number("g"),
            form.number("h"),
            form.number("i"),
        ] {
            assert_eq!(refused.unwrap_err().code, Code::BadParameter);
        }
        assert!(form.flag("g").is_err() && form.required("f").is_err() && form.given("z").is_err());
    }

    #[actix_web::test]
    async fn lists_are_arrays_or_texts_of_them() {
        let list = form(r#"{"a":["x"," ","y"],"b":"[\"x\",1]","c":"x","d":["x",{}],"e":"[x"}"#).await;
        assert_eq!(list.texts("a"), Ok(vec!["x".to_owned(), "y".to_owned()]));
        assert_eq!(list.texts("b"), Ok(vec!["x".to_owned(), "1".to_owned()]));
        assert_eq!(list.texts("c"), Ok(vec!["x".to_owned()]));
        assert_eq!(list.texts("z"), Ok(Vec::new()));
        assert!(list.texts("d").is_err() && list.items("e").is_err());
    }
}
