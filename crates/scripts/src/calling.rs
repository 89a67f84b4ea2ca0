//! Calling live scripts: their hooks and their functions.

use std::sync::Arc;

use super::runtime::Runtime;
use super::{Body, Registry, Resident, serve_threads};
use vh_core::error::{Code, Error};
use vh_core::hooks::{Hook, ON_SCRIPT_COMMAND, ON_SET_CONFIG};
use vh_core::log::plain;
use vh_guard::answers::HookReply;
use vh_guard::current::running_for;
use vh_guard::notices;
use vh_guard::script::ScriptInfo;
use vh_host::hub;
use vh_host::on_error;
use vh_host::targs::{Block, Item, View};

impl<R: Runtime> Registry<R> {
    /// Calls a hook of a script.
    pub fn call_hook(
        &'static self,
        id: i32,
        hook: &'static Hook,
        params: &Result<View, Error>,
    ) -> HookReply {
        serve_threads();
        let wants = self.listening(id).is_some_and(|listening| listening.wants(hook.number));
        // The library itself reacts to two hooks, whether the script has them or not.
        let reply = if wants || hook.number == ON_SCRIPT_COMMAND && params.is_ok() {
            self.call_counted(id, hook, params)
        } else {
            HookReply::NONE
        };
        if hook.number == ON_SET_CONFIG {
            // The hub changes the value after this call, so it is asked when text is next converted.
            hub::forget_encoding();
        }
        reply
    }

    fn call_counted(
        &'static self,
        id: i32,
        hook: &'static Hook,
        params: &Result<View, Error>,
    ) -> HookReply {
        let Some(inside) = self.enter(id) else { return self.without_script(id, hook, params) };
        let Resident { script, body, .. } = inside.value();
        let runs = match body {
            Body::Runs(runs) => runs,
            Body::Stub(hooks) => return stub_reply(script, *hooks, hook, params),
        };
        let reply = running_for(script, || {
            let encoding = hub::encoding(id);
            if let (ON_SCRIPT_COMMAND, Ok(view)) = (hook.number, params) {
                take_new_nicks(view, script, runs);
            }
            let reply = runs.call_hook(script, hook, params, encoding);
            notices::say_after(script, hook.number, params);
            reply
        });
        serve_threads();
        reply
    }

    /// What a hook answers when its script is being loaded or unloaded.
    #[cold]
    fn without_script(&self, id: i32, hook: &Hook, params: &Result<View, Error>) -> HookReply {
        if !self.refuses(id, hook.number) {
            return HookReply::NONE;
        }
        HookReply::of(on_error::answer(true, hook.number, params.as_ref().ok()))
    }

    /// Whether a hook refuses while it cannot run.
    pub fn refuses(&self, id: i32, hook: usize) -> bool {
        self.listening(id).is_some_and(|listening| listening.refuses(hook))
    }

    /// Calls a function of a script by its name, with the items of a block or without arguments.
    pub fn call(
        &'static self,
        id: i32,
        name: &[u8],
        params: &Result<Option<View>, Error>,
    ) -> Result<Block, Error> {
        serve_threads();
        let Some(inside) = self.enter(id) else {
            let name = plain::quoted(name);
            let message = format!("w_CallFunction({id}, {name}): no script with this id is loaded");
            return Err(Error::new(Code::NotFound, message));
        };
        let Resident { script, body, .. } = inside.value();
        let Body::Runs(runs) = body else {
            let name = plain::quoted(name);
            let message = format!(
                "{name} cannot be called: the script does not run, a stub stands in for it"
            );
            return Err(Error::new(Code::Unavailable, message).about(&script.label));
        };
        let result = running_for(script, || {
            let result = runs.call(script, name, params, hub::encoding(id));
            notices::say(script);
            result
        });
        serve_threads();
        result
    }
}

/// What a stub answers; nothing for hooks that it does not have.
#[cold]
fn stub_reply(
    script: &Arc<ScriptInfo>,
    hooks: u64,
    hook: &Hook,
    params: &Result<View, Error>,
) -> HookReply {
    running_for(script, || notices::say_after(script, hook.number, params));
    if hooks & (1 << hook.number) == 0 {
        return HookReply::NONE;
    }
    let refuses = script.listening.refuses(hook.number);
    HookReply::of(on_error::answer(refuses, hook.number, params.as_ref().ok()))
}

/// The hub tells scripts that it renamed its bots by a script command that comes from nobody.
fn take_new_nicks(view: &View, script: &ScriptInfo, runs: &impl Runtime) {
    let items: Vec<_> = view.items().collect();
    let [Item::Text(Some(command)), Item::Text(Some(nick)), Item::Text(plugin), Item::Text(of)] =
        items[..]
    else {
        return;
    };
    if !plugin.unwrap_or_default().is_empty() || !of.unwrap_or_default().is_empty() {
        return;
    }
    match command {
        b"_hub_security_change" => script.rename_bot(nick),
        b"_opchat_name_change" => script.rename_op_chat(nick),
        _ => return,
    }
    runs.nicks_have_changed(script);
}
