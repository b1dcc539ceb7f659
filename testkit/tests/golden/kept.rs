//! Kept golden files: those of the bank in the quickstart, and those of a wallet with a past.

use crate::wallet::{self, next};
use account::{Account, AccountEvent};
use annals_testkit::golden;

#[allow(dead_code, reason = "the example uses all of it")]
#[path = "../../../examples/quickstart/account.rs"]
mod account;

#[test]
fn accounts_are_read_as_they_were_stored() {
    golden::<Account>("tests/golden/account")
        .event(AccountEvent::Deposited { cents: 5 })
        .event(AccountEvent::Withdrawn { cents: 3 })
        .state(Account { balance: 2 })
        .check();
}

#[test]
fn wallets_are_read_as_they_were_stored() {
    golden::<next::Wallet>("tests/golden/wallet")
        .older_event("filled", 1, wallet::WalletEvent::Filled { coins: 7 })
        .older_event("emptied", 1, wallet::WalletEvent::Emptied)
        .event(next::WalletEvent::Filled { cents: 700 })
        .event(next::WalletEvent::Touched)
        .older_state(1, wallet::Wallet { coins: 7 })
        .state(next::Wallet { cents: 700 })
        .check();
}
