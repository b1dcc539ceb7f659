//! The bank's process, as its operator sees it.

use super::Result;
use super::line::Line;
use super::options::Options;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};

/// A running bank. It dies with this value, and, by its lifeline, with this process.
pub(super) struct BankProcess {
    process: Child,
    _lifeline: ChildStdin,
    lines: BufReader<ChildStdout>,
}

impl BankProcess {
    /// Starts this program once more, in the role of the bank.
    pub(super) fn start(options: &Options, dir: &Path) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(options.to_args(dir.to_owned())).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().map_err(|error| format!("cannot start the bank: {error}"))?;
        let lifeline = process.stdin.take().ok_or("the bank has no standard input")?;
        let lines = process.stdout.take().ok_or("the bank has no standard output")?;
        Ok(Self { process, _lifeline: lifeline, lines: BufReader::new(lines) })
    }

    /// The next line; none after the last whole one. What was written before a kill can still be read.
    pub(super) fn next_line(&mut self) -> Result<Option<Line>> {
        let mut line = Vec::new();
        self.lines.read_until(b'\n', &mut line)?;
        match line.strip_suffix(b"\n") {
            Some(whole) => Ok(Some(std::str::from_utf8(whole)?.parse()?)),
            None => Ok(None),
        }
    }

    /// Ends it at once, wherever it is: SIGKILL.
    pub(super) fn kill(&mut self) -> Result<()> {
        Ok(self.process.kill()?)
    }

    /// Waits for its end.
    pub(super) fn wait(&mut self) -> Result<ExitStatus> {
        Ok(self.process.wait()?)
    }
}

impl Drop for BankProcess {
    fn drop(&mut self) {
        // An error means that it has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
