//! What each id is used for.

use std::sync::Arc;

use super::MAX_SCRIPTS;
use crate::guard::script::ScriptInfo;
use crate::host_functions::Registered;

/// What an id is used for.
#[derive(Debug)]
enum Slot {
    Free,
    /// Its functions may be registered already.
    Reserved(Arc<Registered>),
    Loading {
        functions: Arc<Registered>,
        /// Somebody asked for the unload meanwhile: it is done once the script has loaded.
        unwanted: bool,
    },
    /// It can be entered.
    Live(Arc<ScriptInfo>),
    /// Unloading; the last call into it ends it.
    Draining,
}

/// All ids that were ever used.
#[derive(Debug)]
pub struct Slots(Vec<Slot>);

/// What came of giving an id back that has no live script.
pub enum Released {
    /// It is free. The functions tell the host that they are given up when they are dropped, which must happen
    /// without a lock.
    Now(#[expect(dead_code, reason = "held until no lock is")] Arc<Registered>),
    /// Its script is just being loaded, and unloaded after that.
    AfterLoading,
    /// Nobody has it.
    Unknown,
}

impl Slots {
    /// None is used.
    pub const fn none() -> Slots {
        Slots(Vec::new())
    }

    /// How many ids there are to look through.
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

    /// The lowest id of a live script of which this holds.
    pub fn first_live(&self, is_it: impl Fn(&ScriptInfo) -> bool) -> Option<i32> {
        let is_it = |slot: &Slot| matches!(slot, Slot::Live(script) if is_it(script));
        self.0.iter().position(is_it).map(|id| id as i32)
    }

    /// Turns a reserved id into a loading one; gives its functions.
    pub fn start_loading(&mut self, id: i32) -> Option<Arc<Registered>> {
        let slot = self.get_mut(id)?;
        let Slot::Reserved(functions) = slot else { return None };
        let functions = Arc::clone(functions);
        *slot = Slot::Loading { functions: Arc::clone(&functions), unwanted: false };
        Some(functions)
    }

    /// The script of a loading id is live. True when its unload was asked for meanwhile.
    pub fn becomes_live(&mut self, script: Arc<ScriptInfo>) -> bool {
        let Some(slot) = self.get_mut(script.id) else { return false };
        let unwanted = matches!(slot, Slot::Loading { unwanted: true, .. });
        script.set_live(true);
        *slot = Slot::Live(script);
        unwanted
    }

    /// Turns a live script into a draining one: from now on nobody finds it.
    pub fn start_draining(&mut self, id: i32) -> Option<Arc<ScriptInfo>> {
        let slot = self.get_mut(id)?;
        let Slot::Live(script) = slot else { return None };
        let script = Arc::clone(script);
        script.set_live(false);
        *slot = Slot::Draining;
        Some(script)
    }

    /// Gives an id back that has no live script.
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

    /// Nobody has this id any more.
    pub fn free(&mut self, id: i32) {
        if let Some(slot) = self.get_mut(id) {
            *slot = Slot::Free;
        }
    }
}
