//! What each id is used for.

use std::sync::Arc;

use super::MAX_SCRIPTS;
use vh_guard::script::ScriptInfo;
use vh_host::host_functions::Registered;

/// What an id is used for.
#[derive(Debug)]
enum Slot {
    Free,
    /// The functions that are already registered for it.
    Reserved(Arc<Registered>),
    Loading {
        functions: Arc<Registered>,
        /// Somebody has asked for the unload, which is done once the script has loaded.
        unwanted: bool,
    },
    /// The script can be entered.
    Live(Arc<ScriptInfo>),
    /// The script is being unloaded; the last one who leaves it ends it.
    Draining,
}

/// All ids that were ever used.
#[derive(Debug)]
pub struct Slots(Vec<Slot>);

/// The result of giving back an id that has no live script.
pub enum Released {
    /// It is free. When the functions are dropped, they give their data back to the host, so they must be
    /// dropped without a lock.
    Now(#[expect(dead_code, reason = "held until no lock is")] Arc<Registered>),
    /// Its script is being loaded, and will be unloaded after that.
    AfterLoading,
    /// Nobody has it.
    Unknown,
}

impl Slots {
    /// No id is used.
    pub const fn none() -> Slots {
        Slots(Vec::new())
    }

    /// How many ids were ever used: the highest one and one more.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Takes the lowest free id; None when there is none.
    pub fn reserve(&mut self) -> Option<i32> {
        let is_free = |slot: &Slot| matches!(slot, Slot::Free);
        let free = self.0.iter().position(is_free).unwrap_or(self.0.len());
        if free >= MAX_SCRIPTS {
            return None;
        }
        let reserved = Slot::Reserved(Arc::default());
        if free == self.0.len() {
            self.0.push(reserved);
        } else {
            self.0[free] = reserved;
        }
        Some(free as i32)
    }

    fn get_mut(&mut self, id: i32) -> Option<&mut Slot> {
        self.0.get_mut(usize::try_from(id).ok()?)
    }

    /// The functions registered for an id that is in use.
    pub fn functions(&self, id: i32) -> Option<Arc<Registered>> {
        match self.0.get(usize::try_from(id).ok()?)? {
            Slot::Reserved(functions) | Slot::Loading { functions, .. } => {
                Some(Arc::clone(functions))
            }
            Slot::Live(script) => Some(Arc::clone(&script.functions)),
            Slot::Free | Slot::Draining => None,
        }
    }

    /// The lowest id of a live script for which `is_it` holds.
    pub fn first_live(&self, is_it: impl Fn(&ScriptInfo) -> bool) -> Option<i32> {
        let is_it = |slot: &Slot| matches!(slot, Slot::Live(script) if is_it(script));
        self.0.iter().position(is_it).map(|id| id as i32)
    }

    /// Turns a reserved id into a loading one. Gives its functions.
    pub fn start_loading(&mut self, id: i32) -> Option<Arc<Registered>> {
        let slot = self.get_mut(id)?;
        let Slot::Reserved(functions) = slot else { return None };
        let functions = Arc::clone(functions);
        *slot = Slot::Loading { functions: Arc::clone(&functions), unwanted: false };
        Some(functions)
    }

    /// Turns a loading id into a live one. True when its unload was asked for meanwhile.
    pub fn becomes_live(&mut self, script: Arc<ScriptInfo>) -> bool {
        let Some(slot) = self.get_mut(script.id) else { return false };
        let unwanted = matches!(slot, Slot::Loading { unwanted: true, .. });
        script.set_live(true);
        *slot = Slot::Live(script);
        unwanted
    }

    /// Turns a live id into a draining one: from now on nobody finds its script.
    pub fn start_draining(&mut self, id: i32) -> Option<Arc<ScriptInfo>> {
        let slot = self.get_mut(id)?;
        let Slot::Live(script) = slot else { return None };
        let script = Arc::clone(script);
        script.set_live(false);
        *slot = Slot::Draining;
        Some(script)
    }

    /// Gives back an id that has no live script.
    pub fn release(&mut self, id: i32) -> Released {
        match self.get_mut(id) {
            Some(slot @ Slot::Reserved(_)) => match std::mem::replace(slot, Slot::Free) {
                Slot::Reserved(functions) => Released::Now(functions),
                _ => Released::Unknown,
            },
            Some(Slot::Loading { unwanted, .. }) => {
                *unwanted = true;
                Released::AfterLoading
            }
            _ => Released::Unknown,
        }
    }

    /// Frees an id, which nobody has any more.
    pub fn free(&mut self, id: i32) {
        if let Some(slot) = self.get_mut(id) {
            *slot = Slot::Free;
        }
    }
}
