//! The bank's connection to its operator: lines out, and a lifeline in.

use super::Result;
use super::line::Line;
use std::io::{Read, Write};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{Builder, JoinHandle};

/// How many lines go into one write to the pipe, about.
const LINES: usize = 256;

/// Opens the way out. The writer ends, after the last line, when every sender is dropped.
pub(super) fn open() -> Result<(Sender<Line>, JoinHandle<Result<()>>)> {
    let (sender, lines) = channel();
    let writer = Builder::new().name("lines".into()).spawn(move || write(&lines))?;
    Ok((sender, writer))
}

/// Writes lines as they come. A line that is in the pipe outlives this process.
fn write(lines: &Receiver<Line>) -> Result<()> {
    let mut stdout = std::io::stdout().lock();
    while let Ok(first) = lines.recv() {
        let mut text = format!("{first}\n");
        for line in lines.try_iter().take(LINES) {
            text.push_str(&format!("{line}\n"));
        }
        stdout.write_all(text.as_bytes())?;
    }
    Ok(())
}

/// Ends this process when the operator ends, in whichever way: the operator holds the other end of the
/// standard input, and the operating system closes it.
pub(super) fn watch_operator() -> Result<()> {
    let wait = || {
        let mut nothing = [0];
        while matches!(std::io::stdin().read(&mut nothing), Ok(1)) {}
        std::process::exit(1);
    };
    Builder::new().name("lifeline".into()).spawn(wait)?;
    Ok(())
}
