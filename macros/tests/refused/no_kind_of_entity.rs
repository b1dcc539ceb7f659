//! A type with commands is an entity of some kind.
#![allow(unused)]

struct Account;

#[annals::commands]
impl Account {
    pub fn nothing(&self) {}
}

fn main() {}
