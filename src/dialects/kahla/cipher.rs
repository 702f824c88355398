//! The message encryption of Kahla's clients: CryptoJS' `AES.encrypt(text, passphrase)`, which is OpenSSL's `enc -aes-256-cbc -md md5`.

use aes::Aes256;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use hmac::{Hmac, Mac};
use md5::{Digest, Md5};

const MAGIC: &[u8] = b"Salted__";
const SALT_BYTES: usize = 8;
const KEY_BYTES: usize = 32;
const IV_BYTES: usize = 16;

/// The bytes of a conversation's key: its text is twice as long, as a .NET GUID without dashes.
const CODE_BYTES: usize = 16;

/// What stands before the blocks: the magic and the salt.
const HEAD_BYTES: usize = MAGIC.len() + SALT_BYTES;

/// The salt of one message.
pub type Salt = [u8; SALT_BYTES];

/// Text that was encrypted, taken apart but not yet decrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ciphertext {
    salt: Salt,
    blocks: Vec<u8>,
}

impl Ciphertext {
    /// Reads base64 that begins with the magic. `None`: this never was ciphertext.
    #[must_use]
    pub fn parse(content: &str) -> Option<Ciphertext> {
        let bytes = STANDARD.decode(content.trim()).ok()?;
        let rest = bytes.strip_prefix(MAGIC)?;
        let (salt, blocks) = rest.split_first_chunk::<SALT_BYTES>()?;
        Some(Ciphertext {
            salt: *salt,
            blocks: blocks.to_vec(),
        })
    }

    /// The text, if this was encrypted with that passphrase and is UTF-8.
    #[must_use]
    pub fn decrypt(mut self, passphrase: &str) -> Option<String> {
        let (key, iv) = key_and_iv(passphrase, self.salt);
        let clear = cbc::Decryptor::<Aes256>::new(&key.into(), &iv.into())
            .decrypt_padded::<Pkcs7>(&mut self.blocks)
            .ok()?;
        String::from_utf8(clear.to_vec()).ok()
    }
}

/// Proves an address of a file: nobody without the secret can make one.
#[must_use]
pub fn signature(secret: &[u8], file: i64) -> String {
    coded(secret, "kahla file", file)
}

/// The key of a conversation, as its clients are told it. Each conversation has its own, always the same: a view that
/// was closed and opened again is another conversation.
#[must_use]
pub fn conversation_key(secret: &[u8], conversation: i64) -> String {
    coded(secret, "kahla conversation", conversation)
}

/// A number under the secret, as 32 hexadecimal digits.
fn coded(secret: &[u8], purpose: &str, number: i64) -> String {
    let Ok(mut mac) = Hmac::<sha2::Sha256>::new_from_slice(secret) else {
        unreachable!("an HMAC takes a key of any length");
    };
    mac.update(purpose.as_bytes());
    mac.update(&number.to_be_bytes());
    let code = mac.finalize().into_bytes();
    code[..CODE_BYTES]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Encrypts a text as CryptoJS does.
#[must_use]
pub fn encrypt(text: &str, passphrase: &str, salt: Salt) -> String {
    let (key, iv) = key_and_iv(passphrase, salt);
    let blocks =
        cbc::Encryptor::<Aes256>::new(&key.into(), &iv.into()).encrypt_padded_vec::<Pkcs7>(text.as_bytes());
    let mut bytes = Vec::with_capacity(HEAD_BYTES + blocks.len());
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&salt);
    bytes.extend_from_slice(&blocks);
    STANDARD.encode(bytes)
}

/// OpenSSL's `EVP_BytesToKey` with MD5 and one round.
fn key_and_iv(passphrase: &str, salt: Salt) -> ([u8; KEY_BYTES], [u8; IV_BYTES]) {
    let mut derived = Vec::with_capacity(KEY_BYTES + IV_BYTES);
    let mut block = Vec::new();
    while derived.len() < KEY_BYTES + IV_BYTES {
        let mut hash = Md5::new();
        hash.update(&block);
        hash.update(passphrase.as_bytes());
        hash.update(salt);
        block = hash.finalize().to_vec();
        derived.extend_from_slice(&block);
    }
    let (mut key, mut iv) = ([0; KEY_BYTES], [0; IV_BYTES]);
    key.copy_from_slice(&derived[..KEY_BYTES]);
    iv.copy_from_slice(&derived[KEY_BYTES..KEY_BYTES + IV_BYTES]);
    (key, iv)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "b80eda4f25ae4d1b88abb710c2bc28a4";

    fn decrypted(content: &str, key: &str) -> Option<String> {
        Ciphertext::parse(content)?.decrypt(key)
    }

    /// Made by `openssl enc -aes-256-cbc -md md5 -k KEY -S 0102030405060708`, in base64 with the head before it.
    #[test]
    fn it_is_what_openssl_makes() {
        let made = "U2FsdGVkX18BAgMEBQYHCAOeQ7LrtWgng+T59/JPOas=";
        assert_eq!(encrypt("hello 你好", KEY, [1, 2, 3, 4, 5, 6, 7, 8]), made);
        assert_eq!(decrypted(made, KEY).as_deref(), Some("hello 你好"));
    }

    #[test]
    fn every_conversation_has_a_key_of_its_own() {
        let (one, other) = (conversation_key(b"secret", 1), conversation_key(b"secret", 2));
        assert_eq!(one, conversation_key(b"secret", 1));
        assert_ne!(one, other);
        assert_ne!(one, conversation_key(b"another", 1));
        assert!(
            one.len() == 32
                && one
                    .bytes()
                    .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
        );
    }

    #[test]
    fn every_length_comes_back() {
        for length in 0..70 {
            let text = "x".repeat(length);
            let salt = [u8::try_from(length).unwrap(); SALT_BYTES];
            assert_eq!(decrypted(&encrypt(&text, KEY, salt), KEY), Some(text));
        }
    }

    #[test]
    fn another_key_decrypts_nothing_and_plain_text_is_no_ciphertext() {
        let made = encrypt("hello", KEY, [7; SALT_BYTES]);
        assert_eq!(decrypted(&made, "0123456789abcdef0123456789abcdef"), None);
        for text in ["", "hello", "U2FsdGVk", "aGVsbG8=", "Salted__"] {
            assert_eq!(Ciphertext::parse(text), None, "{text}");
        }
        // The head alone, and blocks that were cut short, are ciphertext of nothing.
        for cut in ["U2FsdGVkX18BAgMEBQYHCA==", &made[..made.len() - 4]] {
            assert_eq!(Ciphertext::parse(cut).and_then(|c| c.decrypt(KEY)), None, "{cut}");
        }
    }
}
