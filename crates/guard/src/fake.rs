//! Scripts and threads for unit tests.

use std::path::PathBuf;
use std::sync::Arc;

use crate::call::Call;
use crate::directory;
use crate::entry_point::EntryPoint;
use crate::interrupt::Attachment;
use crate::listening::Listening;
use crate::script::{Request, ScriptInfo};
use crate::settings::Settings;

/// The record of a script with this id and text, in a folder that is not there. It is among all records.
/// Tests that have one also have a `FakeHub`, so that they come one after the other.
pub fn script(id: i32, name: &str, source: &str) -> Arc<ScriptInfo> {
    script_at(id, PathBuf::from("/there/is/no/such/folder").join(name), source)
}

/// The same for a script with this path.
pub fn script_at(id: i32, path: PathBuf, source: &str) -> Arc<ScriptInfo> {
    let request = Request { id, path, ..Request::default() };
    let settings = Settings::read(&request.label(), source.as_bytes());
    let listening: &'static Listening = Box::leak(Box::default());
    let script = ScriptInfo::new(request, settings, Arc::default(), listening);
    directory::add(&script);
    script
}

/// Stands for an interpreter that is attached.
#[derive(Clone, Copy, Debug)]
pub struct Attached;

impl Attachment for Attached {
    fn take_back(self, _: impl Fn(u64) -> bool) {}
}

/// Begins a call, which lasts until this is dropped.
pub fn call(entry_point: &EntryPoint) -> Call<'_, Attached> {
    Call::begin(Attached, entry_point)
}
