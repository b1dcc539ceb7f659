//! Leaving out operations as long as the run still goes wrong.

use super::Failure;
use super::op::Op;
use super::options::Options;
use super::run::attempt;
use crate::conformance::Harness;

/// The same failure with fewer operations: first halves and quarters are left out, in the end single
/// operations and single writes, until none can be spared.
pub(super) async fn shrink<H: Harness>(harness: &H, options: &Options, mut failure: Failure) -> Failure {
    let mut chunk = failure.ops.len();
    loop {
        let mut shorter = false;
        let mut at = 0;
        while at < failure.ops.len() {
            let mut fewer = failure.ops.clone();
            fewer.drain(at..(at + chunk).min(fewer.len()));
            match attempt(harness, options, &fewer).await {
                Err(difference) => {
                    (failure.ops, failure.difference, shorter) = (fewer, difference, true);
                }
                Ok(_) => at += chunk,
            }
        }
        match chunk {
            1 if !shorter => break,
            1 => {}
            _ => chunk = chunk.div_ceil(2),
        }
    }
    drop_writes(harness, options, failure).await
}

async fn drop_writes<H: Harness>(harness: &H, options: &Options, mut failure: Failure) -> Failure {
    for at in 0..failure.ops.len() {
        let mut write = 0;
        while let Some(fewer) = without_write(&failure.ops, at, write) {
            match attempt(harness, options, &fewer).await {
                Err(difference) => (failure.ops, failure.difference) = (fewer, difference),
                Ok(_) => write += 1,
            }
        }
    }
    failure
}

/// The operations without one write of one group; none if there is no such write, or only one.
fn without_write(ops: &[Op], at: usize, write: usize) -> Option<Vec<Op>> {
    let mut fewer = ops.to_vec();
    match &mut fewer[at] {
        Op::Append(drafts) | Op::AppendAndCrash(drafts) if drafts.len() > 1 && write < drafts.len() => {
            drafts.remove(write);
        }
        _ => return None,
    }
    Some(fewer)
}
