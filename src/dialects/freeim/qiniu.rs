//! Upload tokens as Qiniu defines them: `ACCESS_KEY:SIGNATURE:POLICY`. Pure.

use base64::Engine;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use sha1::Sha1;

/// The longest token that is looked at, in bytes.
const TOKEN_BYTES_MAX: usize = 4_096;

/// What a token allows, in Qiniu's order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// The bucket.
    pub scope: String,
    /// Until when, in seconds since the Unix epoch.
    pub deadline: i64,
}

/// Why a token is no good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bad {
    Token,
    Expired,
}

/// A pair of keys that tokens are made with.
#[derive(Clone)]
pub struct Keys {
    access: String,
    secret: Vec<u8>,
}

impl Keys {
    #[must_use]
    pub fn new(access: &str, secret: &[u8]) -> Keys {
        Keys {
            access: access.to_owned(),
            secret: secret.to_vec(),
        }
    }

    /// A token for a policy.
    #[must_use]
    pub fn token(&self, policy: &Policy) -> String {
        let json = serde_json::json!({ "scope": policy.scope, "deadline": policy.deadline });
        let told = URL_SAFE.encode(json.to_string());
        let signature = URL_SAFE.encode(self.signature(&told).finalize().into_bytes());
        format!("{}:{signature}:{told}", self.access)
    }

    /// What a token of these keys allows at a time, in seconds.
    pub fn check(&self, token: &str, now: i64) -> Result<Policy, Bad> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(Bad::Token);
        }
        let mut parts = token.split(':');
        let (Some(access), Some(signature), Some(told), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(Bad::Token);
        };
        let signature = URL_SAFE.decode(signature).map_err(|_| Bad::Token)?;
        if access != self.access || self.signature(told).verify_slice(&signature).is_err() {
            return Err(Bad::Token);
        }
        let policy = URL_SAFE.decode(told).map_err(|_| Bad::Token)?;
        let policy: Policy = serde_json::from_slice(&policy).map_err(|_| Bad::Token)?;
        if policy.deadline < now {
            return Err(Bad::Expired);
        }
        Ok(policy)
    }

    /// A word that only holders of the secret can put to another.
    #[must_use]
    pub fn seal(&self, word: &str) -> String {
        URL_SAFE_NO_PAD.encode(self.signature(word).finalize().into_bytes())
    }

    /// Whether a word bears its seal.
    #[must_use]
    pub fn is_sealed(&self, word: &str, seal: &str) -> bool {
        let seal = URL_SAFE_NO_PAD.decode(seal);
        seal.is_ok_and(|seal| self.signature(word).verify_slice(&seal).is_ok())
    }

    fn signature(&self, text: &str) -> Hmac<Sha1> {
        let mut mac = Hmac::<Sha1>::new_from_slice(&self.secret).expect("a key of any length does");
        mac.update(text.as_bytes());
        mac
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_signed_as_qiniu_documents_it() {
        // The example of Qiniu's documentation, whose policy has a third field.
        let keys = Keys::new("MY_ACCESS_KEY", b"MY_SECRET_KEY");
        let told = "eyJzY29wZSI6Im15LWJ1Y2tldDpzdW5mbG93ZXIuanBnIiwiZGVhZGxpbmUiOjE0NTE0OTEyMDAsInJldHVybkJvZHkiOiJ7XCJuYW1lXCI6JChmbmFtZSksXCJzaXplXCI6JChmc2l6ZSksXCJ3XCI6JChpbWFnZUluZm8ud2lkdGgpLFwiaFwiOiQoaW1hZ2VJbmZvLmhlaWdodCksXCJoYXNoXCI6JChldGFnKX0ifQ==";
        let signed = keys.signature(told).finalize().into_bytes();
        assert_eq!(URL_SAFE.encode(signed), "wQ4ofysef1R7IKnrziqtomqyDvI=");
    }

    #[test]
    fn a_policy_is_written_in_the_order_of_the_original() {
        let keys = Keys::new("ak", b"sk");
        let policy = Policy {
            scope: "bucket".to_owned(),
            deadline: 1_700_003_600,
        };
        let token = keys.token(&policy);
        let told = token.rsplit(':').next().unwrap();
        let json = String::from_utf8(URL_SAFE.decode(told).unwrap()).unwrap();
        assert_eq!(json, r#"{"scope":"bucket","deadline":1700003600}"#);
        assert_eq!(keys.check(&token, 1_700_003_600), Ok(policy));
        assert_eq!(keys.check(&token, 1_700_003_601), Err(Bad::Expired));
    }

    #[test]
    fn only_tokens_of_these_keys_are_good() {
        let keys = Keys::new("ak", b"sk");
        let policy = Policy {
            scope: "7".to_owned(),
            deadline: 100,
        };
        let token = keys.token(&policy);
        assert_eq!(Keys::new("ak", b"other").check(&token, 0), Err(Bad::Token));
        assert_eq!(Keys::new("other", b"sk").check(&token, 0), Err(Bad::Token));
        let mine = Keys::new("ak", b"mine").token(&Policy {
            scope: "8".to_owned(),
            ..policy
        });
        let (head, _) = token.rsplit_once(':').unwrap();
        let (_, told) = mine.rsplit_once(':').unwrap();
        let long = "x".repeat(5_000);
        for bad in ["", ":", "::", "ak::", "a:b:c:d", &format!("{head}:{told}"), &long] {
            assert_eq!(keys.check(bad, 0), Err(Bad::Token), "{bad}");
        }
    }

    #[test]
    fn a_seal_fits_its_word_alone() {
        let keys = Keys::new("ak", b"sk");
        let seal = keys.seal("7");
        assert!(keys.is_sealed("7", &seal));
        assert!(!keys.is_sealed("8", &seal));
        assert!(!keys.is_sealed("7", ""));
    }
}
