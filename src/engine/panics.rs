//! User code may panic; the entity's task must not.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// Runs user code; gives what a panic said.
///
/// Whoever gets the error drops all that the code may have left half-changed.
pub(super) fn catch<T>(user_code: impl FnOnce() -> T) -> Result<T, Arc<str>> {
    catch_unwind(AssertUnwindSafe(user_code)).map_err(|panic| panic_message(&*panic))
}

/// What a panic said.
pub(super) fn panic_message(panic: &(dyn Any + Send)) -> Arc<str> {
    if let Some(text) = panic.downcast_ref::<&str>() {
        return (*text).into();
    }
    panic
        .downcast_ref::<String>()
        .map_or_else(|| "a panic without a text".into(), |text| text.as_str().into())
}
