//! The same counter in every framework, with as many instances as asked for, all active.

pub(crate) mod actix;
pub(crate) mod annals;
pub(crate) mod bare;
pub(crate) mod kameo;
pub(crate) mod ractor;
