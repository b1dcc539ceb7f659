//! An entity is one stored type.
#![allow(unused)]

struct Account<T>(T);

#[annals::commands]
impl<T> Account<T> {
    pub fn nothing(&self) {}
}

fn main() {}
