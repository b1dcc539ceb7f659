//! Whether a value survives a codec: what its bytes decode to is the value that was encoded.

use annals::__testing::Witness;
use annals::{Codec, Manifest};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::any::Any;
use std::fmt::Debug;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, PoisonError};

/// Every codec.
pub(crate) const CODECS: [Codec; 4] = [Codec::MessagePack, Codec::Json, Codec::Bincode, Codec::Postcard];

/// Nothing, if the value survives the codec; otherwise what becomes of it.
pub(crate) fn survives<T>(codec: Codec, what: &str, value: &T) -> Result<(), String>
where
    T: Serialize + DeserializeOwned + PartialEq + Debug,
{
    if let Some(why) = incomparable(value) {
        return Err(format!("{what} {why}"));
    }
    let bytes =
        codec.encode(value).map_err(|error| format!("{what} {value:?} cannot be encoded: {error}"))?;
    match codec.decode::<T>(&bytes) {
        Ok(decoded) if decoded == *value => Ok(()),
        Ok(decoded) => Err(changed(codec, what, value, &decoded)),
        Err(error) => Err(format!("{what} {value:?} cannot be decoded again: {error}")),
    }
}

/// Why nothing can be compared with a value, if so: it does not even equal itself.
#[expect(clippy::eq_op, reason = "it is what is asked")]
pub(crate) fn incomparable<T: PartialEq + Debug>(value: &T) -> Option<String> {
    (value != value).then(|| format!("{value:?} does not equal itself: does it hold a NaN?"))
}

fn changed<T: Debug>(codec: Codec, what: &str, before: &T, after: &T) -> String {
    format!(
        "{what} {before:?} comes back from {codec} as {after:?}: is a field left out by a serde attribute?"
    )
}

/// Watches the values of type `T` that an entity stores.
pub(crate) struct Watch<T> {
    codecs: Vec<Codec>,
    lost: Mutex<Vec<String>>,
    of: PhantomData<fn(T)>,
}

impl<T> Watch<T> {
    /// Tries each value with these codecs, beside the one that it is stored with.
    pub(crate) fn new(codecs: impl Into<Vec<Codec>>) -> Arc<Self> {
        Arc::new(Self { codecs: codecs.into(), lost: Mutex::default(), of: PhantomData })
    }

    /// What did not survive since the last time.
    pub(crate) fn lost(&self) -> Vec<String> {
        std::mem::take(&mut *self.lost.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<T: Serialize + DeserializeOwned + PartialEq + Debug + 'static> Witness for Watch<T> {
    fn sealed(&self, manifest: &Manifest, decided: &dyn Any, decoded: &dyn Any) {
        let (Some(decided), Some(decoded)) = (decided.downcast_ref::<T>(), decoded.downcast_ref::<T>())
        else {
            return;
        };
        let what = manifest.to_string();
        let mut lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(why) = incomparable(decided) {
            lost.push(format!("{what} {why}"));
        } else if decided != decoded {
            lost.push(format!(
                "{what} {decided:?} is stored as {decoded:?}: is a field left out by a serde attribute?"
            ));
        }
        lost.extend(self.codecs.iter().filter_map(|codec| survives(*codec, &what, decided).err()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_does_not_equal_itself_is_not_blamed_on_the_codec() {
        let what = survives(Codec::MessagePack, "the reply", &f64::NAN).unwrap_err();
        assert_eq!(what, "the reply NaN does not equal itself: does it hold a NaN?");
        let (watch, manifest) = (Watch::<f64>::new([Codec::Json]), Manifest::new("measured", 1));
        watch.sealed(&manifest, &f64::NAN, &f64::NAN);
        let lost = watch.lost();
        assert!(
            lost.iter().all(|why| why.ends_with("NaN does not equal itself: does it hold a NaN?")),
            "{lost:?}"
        );
        assert!(survives(Codec::Json, "the reply", &0.1).is_ok());
    }
}
