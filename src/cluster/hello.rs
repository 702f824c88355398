//! How two nodes come to trust each other: each names itself and a nonce, and proves over both that it knows the
//! cluster's secret, which never crosses the link. Pure but for the nonces, which come in.

use hmac::{Hmac, Mac};
use roost_actors::cluster::{Incarnation, envelope};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use thiserror::Error;

/// The longest message of a handshake, in bytes.
pub const HELLO_BYTES_MAX: usize = 4_096;
const MAGIC: &str = "roost-link";

/// What a node says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    magic: String,
    /// The lowest and highest version of envelopes it reads.
    pub versions: (u8, u8),
    pub cluster: String,
    pub name: String,
    pub incarnation: Incarnation,
    #[serde(with = "serde_bytes")]
    pub nonce: Vec<u8>,
}

/// The answer to a hello: the other's own hello and its proof over both, or why there is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    Hello(Hello, #[serde(with = "serde_bytes")] Vec<u8>),
    Refused(String),
}

/// The dialler's last word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof(#[serde(with = "serde_bytes")] pub Vec<u8>);

/// The acceptor's last word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    Welcome,
    Refused(String),
}

/// Why a peer is not talked to. The texts name the key that an operator must look at.
#[derive(Debug, PartialEq, Eq, Error)]
pub enum HelloError {
    #[error("not a roost node: {0}")]
    Garbage(String),
    #[error("cluster.id differs: here {here:?}, there {there:?}")]
    Cluster { here: String, there: String },
    #[error("cluster.secret differs from that of node {0:?}")]
    Secret(String),
    #[error("no common version: here {here:?}, there {there:?}")]
    Version { here: (u8, u8), there: (u8, u8) },
    #[error("refused by the peer: {0}")]
    Refused(String),
}

#[derive(Clone, Copy)]
enum Role {
    Dials,
    Accepts,
}

impl Hello {
    #[must_use]
    pub fn new(cluster: &str, name: &str, incarnation: Incarnation, nonce: Vec<u8>) -> Hello {
        Hello {
            magic: MAGIC.to_owned(),
            versions: (envelope::VERSION_MIN, envelope::VERSION),
            cluster: cluster.to_owned(),
            name: name.to_owned(),
            incarnation,
            nonce,
        }
    }

    /// Whether the other may be talked to at all, before any proof.
    pub fn check(&self, theirs: &Hello) -> Result<(), HelloError> {
        if theirs.magic != MAGIC || theirs.nonce.len() < 16 {
            return Err(HelloError::Garbage("its hello is not one".to_owned()));
        }
        if theirs.cluster != self.cluster {
            return Err(HelloError::Cluster {
                here: self.cluster.clone(),
                there: theirs.cluster.clone(),
            });
        }
        let highest = self.versions.1.min(theirs.versions.1);
        if highest < self.versions.0.max(theirs.versions.0) {
            return Err(HelloError::Version {
                here: self.versions,
                there: theirs.versions,
            });
        }
        Ok(())
    }
}

/// Encodes a message of the handshake.
pub fn encode<T: Serialize>(message: &T) -> Vec<u8> {
    // Plain structs of texts and numbers: nothing in them can fail to encode.
    rmp_serde::to_vec(message).unwrap_or_default()
}

pub fn decode<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, HelloError> {
    rmp_serde::from_slice(bytes).map_err(|error| HelloError::Garbage(error.to_string()))
}

fn mac(secret: &[u8], role: Role, dials: &Hello, accepts: &Hello) -> Hmac<Sha256> {
    let mut mac = match Hmac::<Sha256>::new_from_slice(secret) {
        Ok(mac) => mac,
        // HMAC takes keys of any length.
        Err(_) => unreachable!("a key of any length is taken"),
    };
    mac.update(match role {
        Role::Dials => b"roost link: the one that dials",
        Role::Accepts => b"roost link: the one that accepts",
    });
    for hello in [dials, accepts] {
        let bytes = encode(hello);
        mac.update(&(bytes.len() as u64).to_be_bytes());
        mac.update(&bytes);
    }
    mac
}

/// The acceptor's proof.
#[must_use]
pub fn acceptor_proof(secret: &[u8], dials: &Hello, accepts: &Hello) -> Vec<u8> {
    mac(secret, Role::Accepts, dials, accepts)
        .finalize()
        .into_bytes()
        .to_vec()
}

/// The dialler's proof.
#[must_use]
pub fn dialler_proof(secret: &[u8], dials: &Hello, accepts: &Hello) -> Vec<u8> {
    mac(secret, Role::Dials, dials, accepts)
        .finalize()
        .into_bytes()
        .to_vec()
}

/// Checks the acceptor's proof, in constant time.
pub fn check_acceptor(secret: &[u8], dials: &Hello, accepts: &Hello, proof: &[u8]) -> Result<(), HelloError> {
    let mac = mac(secret, Role::Accepts, dials, accepts);
    mac.verify_slice(proof)
        .map_err(|_| HelloError::Secret(accepts.name.clone()))
}

/// Checks the dialler's proof, in constant time.
pub fn check_dialler(secret: &[u8], dials: &Hello, accepts: &Hello, proof: &[u8]) -> Result<(), HelloError> {
    let mac = mac(secret, Role::Dials, dials, accepts);
    mac.verify_slice(proof)
        .map_err(|_| HelloError::Secret(dials.name.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hello(cluster: &str, name: &str) -> Hello {
        Hello::new(cluster, name, Incarnation(1), vec![name.len() as u8; 32])
    }

    #[test]
    fn each_side_proves_the_secret_and_no_proof_serves_twice() {
        let (a, b) = (hello("c", "a"), hello("c", "bb"));
        let accepts = acceptor_proof(b"secret", &a, &b);
        let dials = dialler_proof(b"secret", &a, &b);
        assert_eq!(check_acceptor(b"secret", &a, &b, &accepts), Ok(()));
        assert_eq!(check_dialler(b"secret", &a, &b, &dials), Ok(()));
        assert_ne!(accepts, dials, "a proof thrown back is none");
        assert!(check_dialler(b"secret", &a, &b, &accepts).is_err());
        let again = Hello {
            nonce: vec![9; 32],
            ..b.clone()
        };
        assert!(
            check_dialler(b"secret", &a, &again, &dials).is_err(),
            "another nonce, another proof"
        );
        let as_other = Hello {
            name: "c".to_owned(),
            ..a.clone()
        };
        assert!(
            check_dialler(b"secret", &as_other, &b, &dials).is_err(),
            "another name, another proof"
        );
    }

    #[test]
    fn a_wrong_secret_names_the_key_and_the_node() {
        let (a, b) = (hello("c", "a"), hello("c", "bb"));
        let proof = dialler_proof(b"guess", &a, &b);
        let error = check_dialler(b"secret", &a, &b, &proof).unwrap_err();
        assert_eq!(
            error.to_string(),
            "cluster.secret differs from that of node \"a\""
        );
    }

    #[test]
    fn a_node_of_another_cluster_or_another_time_is_refused() {
        let here = hello("c", "a");
        let error = here.check(&hello("d", "b")).unwrap_err();
        assert_eq!(error.to_string(), "cluster.id differs: here \"c\", there \"d\"");
        let newer = Hello {
            versions: (200, 201),
            ..hello("c", "b")
        };
        assert!(matches!(here.check(&newer), Err(HelloError::Version { .. })));
        let garbage = Hello {
            magic: "http".to_owned(),
            ..hello("c", "b")
        };
        assert!(matches!(here.check(&garbage), Err(HelloError::Garbage(_))));
        assert_eq!(here.check(&hello("c", "b")), Ok(()));
    }

    #[test]
    fn whatever_bytes_come_decoding_ends_with_an_error() {
        for bytes in [&b""[..], b"\xff", b"GET / HTTP/1.1", b"\x96\xc1\x00\x00"] {
            assert!(decode::<Hello>(bytes).is_err());
            assert!(decode::<Reply>(bytes).is_err());
        }
    }
}
