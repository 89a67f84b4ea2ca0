//! What `vh.state` of each script was when it was unloaded, as JSON text, by the path of the script.

use std::collections::HashMap;
use std::path::PathBuf;

use parking_lot::Mutex;

use super::script::ScriptInfo;

/// A leaf lock.
static STATES: Mutex<Option<HashMap<PathBuf, Vec<u8>>>> = Mutex::new(None);

fn key(script: &ScriptInfo) -> PathBuf {
    script.path().canonicalize().unwrap_or_else(|_| script.path().to_path_buf())
}

/// Keeps the state of a script for its next load.
pub fn keep(script: &ScriptInfo, text: Vec<u8>) {
    STATES.lock().get_or_insert_default().insert(key(script), text);
}

/// The state that a script had when it was last unloaded.
pub fn state_of(script: &ScriptInfo) -> Option<Vec<u8>> {
    STATES.lock().as_ref().and_then(|states| states.get(&key(script)).cloned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::script;
    use vh_host::fake_hub::FakeHub;

    #[test]
    fn a_state_belongs_to_the_path() {
        let _hub = FakeHub::begin(|_| false);
        let (first, other) = (script(1, "kept.py", ""), script(1, "other.py", ""));
        assert_eq!(state_of(&first), None);
        keep(&first, b"{}".to_vec());
        assert_eq!(state_of(&script(7, "kept.py", "")), Some(b"{}".to_vec()));
        assert_eq!(state_of(&other), None);
    }
}
