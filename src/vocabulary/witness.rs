//! The seam through which tests see what a codec does to a value before the value is gone.

use super::Manifest;
use std::any::Any;

/// Sees every value that is sealed and read back: as it was decided, and as its bytes decode.
pub trait Witness: Send + Sync + 'static {
    /// `decided` and `decoded` are of one type.
    fn sealed(&self, manifest: &Manifest, decided: &dyn Any, decoded: &dyn Any);
}
