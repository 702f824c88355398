//! What a Kahla client does to a text before it sends it, and to content that it receives.

use aes::Aes256;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use md5::{Digest, Md5};

fn key_and_iv(passphrase: &str, salt: &[u8]) -> ([u8; 32], [u8; 16]) {
    let mut blocks: Vec<u8> = Vec::new();
    let mut last: Vec<u8> = Vec::new();
    while blocks.len() < 48 {
        last = Md5::digest([&last, passphrase.as_bytes(), salt].concat()).to_vec();
        blocks.extend(&last);
    }
    (
        blocks[..32].try_into().unwrap(),
        blocks[32..48].try_into().unwrap(),
    )
}

pub fn encrypt(text: &str, passphrase: &str) -> String {
    let salt = *b"a salt..";
    let (key, iv) = key_and_iv(passphrase, &salt);
    let cipher = cbc::Encryptor::<Aes256>::new(&key.into(), &iv.into());
    let blocks = cipher.encrypt_padded_vec::<Pkcs7>(text.as_bytes());
    STANDARD.encode([b"Salted__".as_slice(), &salt, &blocks].concat())
}

/// Panics where the client would.
pub fn decrypt(content: &str, passphrase: &str) -> String {
    let bytes = STANDARD
        .decode(content)
        .unwrap_or_else(|_| panic!("no base64: {content}"));
    assert_eq!(&bytes[..8], b"Salted__", "{content}");
    let (key, iv) = key_and_iv(passphrase, &bytes[8..16]);
    let cipher = cbc::Decryptor::<Aes256>::new(&key.into(), &iv.into());
    let clear = cipher
        .decrypt_padded_vec::<Pkcs7>(&bytes[16..])
        .expect("the right key");
    String::from_utf8(clear).expect("a text")
}
