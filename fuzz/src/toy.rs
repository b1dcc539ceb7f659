//! A cipher that hides nothing from anybody: it flips bits, and puts a tag over whose, what and the bytes in front.

use annals::{Cipher, CipherError, Sealing};
use xxhash_rust::xxh3::xxh3_64;

#[derive(Debug)]
pub(crate) struct Toy;

fn tag(about: &Sealing<'_>, plain: &[u8]) -> [u8; 8] {
    let belongs = format!("{} {}", about.id, about.manifest);
    (xxh3_64(belongs.as_bytes()) ^ xxh3_64(plain)).to_le_bytes()
}

fn flip(bytes: &[u8]) -> impl Iterator<Item = u8> {
    bytes.iter().map(|byte| byte ^ 0x5a)
}

impl Cipher for Toy {
    fn encrypt(&self, about: &Sealing<'_>, plain: &[u8]) -> Result<Vec<u8>, CipherError> {
        Ok(tag(about, plain).into_iter().chain(flip(plain)).collect())
    }

    fn decrypt(&self, about: &Sealing<'_>, sealed: &[u8]) -> Result<Vec<u8>, CipherError> {
        let (stored, sealed) = sealed.split_first_chunk().ok_or_else(|| CipherError::new("no tag"))?;
        let plain: Vec<u8> = flip(sealed).collect();
        if tag(about, &plain) == *stored { Ok(plain) } else { Err(CipherError::new("another tag")) }
    }
}
