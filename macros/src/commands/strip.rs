//! Takes our attributes off the block before it goes to the compiler.

use syn::{FnArg, ImplItem, ItemImpl};

pub(super) fn strip(item: &mut ItemImpl) {
    for item in &mut item.items {
        if let ImplItem::Fn(method) = item {
            method.attrs.retain(|attribute| !attribute.path().is_ident("command"));
            for argument in &mut method.sig.inputs {
                if let FnArg::Typed(argument) = argument {
                    argument.attrs.retain(|attribute| !attribute.path().is_ident("serde"));
                }
            }
        }
    }
}
