//! placeholder
/// x
pub trait Cipher: Send + Sync + 'static {}
