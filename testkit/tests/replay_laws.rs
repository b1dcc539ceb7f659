//! What a user writes to hold an entity to the replay laws: all of it but for the entity itself.
#[path = "../../examples/quickstart/account.rs"]
#[allow(dead_code, reason = "the example uses all of it")]
mod account;

use account::Account;
use annals_testkit::proptest::prelude::*;
use annals_testkit::{Step, replay_laws};

fn commands() -> impl Strategy<Value = Step<Account>> {
    prop_oneof![
        (1..500u64).prop_map(|cents| Step::<Account>::of(move |account| account.deposit(cents))),
        (1..500u64).prop_map(|cents| Step::<Account>::of(move |account| account.withdraw(cents))),
        Just(Step::<Account>::query(|account| account.balance())),
    ]
}

#[test]
fn accounts_obey_the_replay_laws() {
    replay_laws(commands()).check();
}
