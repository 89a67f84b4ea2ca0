//! A cheap hash of the names of functions.

/// A number that differs for most names of one script, whatever their length.
pub fn name_hash(name: &[u8]) -> usize {
    let byte = |index: usize| usize::from(name.get(index).copied().unwrap_or_default());
    let (length, middle) = (name.len(), name.len() / 2);
    length ^ byte(0) ^ (byte(middle) << 1) ^ (byte(length.wrapping_sub(1)) << 3) ^ (byte(1) << 5)
}
