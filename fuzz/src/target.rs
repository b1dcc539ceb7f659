//! One target, and the bound on what it may allocate.

/// A function over bytes whose properties hold for all of them.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name: that of its program and its corpus.
    pub name: &'static str,
    /// Panics when a property does not hold.
    pub run: fn(&[u8]),
    /// What it may allocate.
    pub memory: Memory,
}

/// A bound on the bytes that are allocated at one time, on the thread that runs the target.
#[derive(Debug, Clone, Copy)]
pub struct Memory {
    /// Whatever the input is.
    pub bytes: u64,
    /// For each byte of the input beside that.
    pub per_input_byte: u64,
}

impl Target {
    /// Runs it on one input.
    ///
    /// # Panics
    /// When a property does not hold, or it allocates more than it may.
    pub fn check(&self, input: &[u8]) {
        let allocated = allocation_counter::measure(|| (self.run)(input)).bytes_max;
        let bound = self.memory.bytes + self.memory.per_input_byte * input.len() as u64;
        assert!(
            allocated <= bound,
            "{} allocated {allocated} bytes for an input of {}, more than {bound}",
            self.name,
            input.len()
        );
    }
}
