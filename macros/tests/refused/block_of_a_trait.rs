//! Commands are inherent methods.
#![allow(unused)]

struct Account;

trait Bank {
    fn nothing(&self);
}

#[annals::commands]
impl Bank for Account {
    fn nothing(&self) {}
}

fn main() {}
