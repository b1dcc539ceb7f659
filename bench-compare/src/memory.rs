//! How much memory this process has, as the kernel tells.

/// The memory that is resident now, in bytes.
pub(crate) fn resident_bytes() -> u64 {
    status("VmRSS:")
}

/// Forgets the peak so far.
pub(crate) fn forget_peak() {
    // 5: "reset the peak resident set size to the process's current value", proc_pid_clear_refs(5).
    std::fs::write("/proc/self/clear_refs", "5").expect("a process may reset its own peak");
}

/// The most that was resident since then, in bytes.
pub(crate) fn peak_bytes() -> u64 {
    status("VmHWM:")
}

fn status(field: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("memory is measured on Linux");
    let value = status.lines().find_map(|line| line.strip_prefix(field)).expect("the kernel tells the field");
    let kib = value.trim().trim_end_matches("kB").trim();
    1_024 * kib.parse::<u64>().expect("the kernel tells a number")
}
