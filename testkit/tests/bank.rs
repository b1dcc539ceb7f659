//! The bank's account, held to the replay laws.
#![allow(dead_code, reason = "the example uses all of it")]

use account::Account;
use annals_testkit::proptest::prelude::*;
use annals_testkit::{Step, replay_laws};

#[path = "../../examples/quickstart/account.rs"]
mod account;

fn commands() -> impl Strategy<Value = Step<Account>> {
    prop_oneof![
        (0..500u64).prop_map(|cents| Step::<Account>::of(move |account| account.deposit(cents))),
        (0..500u64).prop_map(|cents| Step::<Account>::of(move |account| account.withdraw(cents))),
        Just(Step::<Account>::query(|account| account.balance())),
    ]
}

#[test]
fn accounts_obey_the_replay_laws() {
    let began = tokio::time::Instant::now();
    replay_laws::<Account>(commands()).cases(10_000).check();
    println!("10,000 sequences held to the laws in {:.1?}", began.elapsed());
}
