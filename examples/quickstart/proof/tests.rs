//! The proof finds what it is there to find. Each test spoils one thing of a run in which all is well.

use super::*;

/// A run of one account: 100 in, 30 out, 500 out (refused), 5 in.
struct Run {
    plan: Vec<Planned>,
    acknowledged: Vec<Option<Outcome>>,
    missing: BTreeSet<usize>,
    repeated: Vec<(usize, Outcome)>,
    balances: Vec<Option<u64>>,
    journal: Vec<Vec<Fact>>,
}

const fn event(nr: u64, transfer: Transfer) -> Fact {
    Fact::Event { nr, transfer }
}
const fn kept(nr: u64, command: usize, outcome: Outcome) -> Fact {
    Fact::Outcome { nr, command, outcome }
}
const fn balance(cents: u64) -> Outcome {
    Outcome::Balance { cents }
}

impl Run {
    fn good() -> Self {
        let (into, out) = (|cents| Transfer::Deposit { cents }, |cents| Transfer::Withdraw { cents });
        let transfers = [into(100), out(30), out(500), into(5)];
        let outcomes = [balance(100), balance(70), Outcome::Short { cents: 430 }, balance(75)];
        let journal = vec![
            event(1, into(100)),
            kept(1, 0, outcomes[0]),
            event(2, out(30)),
            kept(2, 1, outcomes[1]),
            kept(2, 2, outcomes[2]),
            event(3, into(5)),
            kept(3, 3, outcomes[3]),
        ];
        Self {
            plan: transfers.map(|transfer| Planned { account: 0, transfer }).into(),
            acknowledged: outcomes.map(Some).into(),
            missing: BTreeSet::new(),
            repeated: vec![(1, outcomes[1]), (2, outcomes[2])],
            balances: vec![Some(75)],
            journal: vec![journal],
        }
    }

    fn with(spoil: impl FnOnce(&mut Self)) -> Verdict {
        let mut run = Self::good();
        spoil(&mut run);
        judge(&Evidence {
            plan: &run.plan,
            acknowledged: &run.acknowledged,
            missing: &run.missing,
            repeated: &run.repeated,
            balances: &run.balances,
            journal: &run.journal,
        })
    }
}

#[test]
fn a_good_run_is_found_good() {
    let expected =
        Verdict { accepted: 3, rejected: 1, repeated: 2, events: 3, cents: 75, ..Verdict::default() };
    let verdict = Run::with(|_| ());
    assert_eq!(verdict, expected);
    assert!(verdict.holds());
}

#[test]
fn an_acknowledged_command_that_is_not_stored_is_lost() {
    let verdict = Run::with(|run| run.journal[0].truncate(5));
    assert_eq!((verdict.lost, verdict.doubled), (1, 0), "{verdict:?}");
    assert!(!verdict.holds());
}

#[test]
fn a_lost_rejection_is_lost_although_no_money_is() {
    let verdict = Run::with(|run| {
        run.journal[0].remove(4);
    });
    assert_eq!((verdict.lost, verdict.doubled, verdict.wrong.len()), (1, 0, 1), "{verdict:?}");
}

#[test]
fn an_outcome_without_its_event_is_lost() {
    let verdict = Run::with(|run| {
        run.journal[0].remove(5);
    });
    assert_eq!((verdict.lost, verdict.doubled), (1, 0), "{verdict:?}");
}

#[test]
fn a_command_that_only_its_repetition_brought_back_is_lost() {
    let verdict = Run::with(|run| run.missing.extend([1, 2]));
    assert_eq!((verdict.lost, verdict.doubled), (2, 0), "{verdict:?}");
    assert!(!verdict.holds());
}

#[test]
fn an_empty_journal_has_lost_all() {
    assert_eq!(Run::with(|run| run.journal[0].clear()).lost, 4);
}

#[test]
fn a_command_that_ran_twice_is_doubled() {
    let verdict = Run::with(|run| {
        let again = [event(4, Transfer::Deposit { cents: 5 }), kept(4, 3, balance(80))];
        run.journal[0].extend(again);
        run.balances = vec![Some(80)];
    });
    assert_eq!((verdict.lost, verdict.doubled), (0, 1), "{verdict:?}");
    assert!(!verdict.holds());
}

#[test]
fn an_event_that_was_stored_twice_is_doubled() {
    let verdict = Run::with(|run| {
        run.journal[0].push(event(4, Transfer::Deposit { cents: 5 }));
        run.balances = vec![Some(80)];
    });
    assert_eq!((verdict.lost, verdict.doubled), (0, 1), "{verdict:?}");
}

#[test]
fn a_rejection_kept_twice_is_doubled_although_no_money_moved() {
    let verdict = Run::with(|run| run.journal[0].push(kept(3, 2, Outcome::Short { cents: 425 })));
    assert_eq!((verdict.lost, verdict.doubled), (0, 1), "{verdict:?}");
}

#[test]
fn money_that_does_not_add_up_is_found() {
    let spoiled: [fn(&mut Run); 4] = [
        |run| run.balances = vec![Some(76)],
        |run| run.balances = vec![None],
        |run| run.balances = vec![],
        // The wrong amount was stored, with an outcome that goes with it.
        |run| {
            run.journal[0].splice(5.., [event(3, Transfer::Deposit { cents: 6 }), kept(3, 3, balance(76))]);
            run.balances = vec![Some(76)];
        },
    ];
    for spoil in spoiled {
        let verdict = Run::with(spoil);
        assert!(verdict.wrong.last().is_some_and(|last| last.contains("cents")), "{verdict:?}");
    }
}

#[test]
fn an_outcome_other_than_the_acknowledged_one_is_found() {
    let spoiled: [fn(&mut Run); 5] = [
        |run| run.acknowledged[1] = Some(balance(71)),
        |run| run.acknowledged[2] = Some(balance(70)),
        |run| run.acknowledged[3] = None,
        |run| run.repeated.push((0, balance(75))),
        |run| run.repeated.push((4, balance(75))),
    ];
    for spoil in spoiled {
        let verdict = Run::with(spoil);
        assert!(!verdict.wrong.is_empty(), "{verdict:?}");
    }
}

#[test]
fn what_belongs_elsewhere_is_found() {
    let spoiled: [fn(&mut Run); 4] = [
        |run| run.journal[0].push(kept(3, 4, balance(75))),
        |run| run.plan[0].account = 1,
        |run| run.journal[0].swap(0, 2),
        |run| {
            run.journal[0].remove(0);
        },
    ];
    for spoil in spoiled {
        let verdict = Run::with(spoil);
        assert!(!verdict.holds(), "{verdict:?}");
    }
}
