//! Calling a script: its hooks and its functions.

use std::fmt::Display;

use smallvec::SmallVec;

use super::convert::{self, JsonFrom};
use super::interrupt::Call;
use super::json::Failure;
use super::load::Loaded;
use super::object::{Attached, Obj, Raised};
use super::{report, vh};
use vh_core::error::{Code, Error};
use vh_core::hooks::{Hook, ON_TIMER};
use vh_core::text::Encoding;
use vh_guard::answers::{
    HookReply, cannot_answer, decides_nothing, give_up, is_suspended, no_function, not_callable,
    refused, refused_result, unreadable,
};
use vh_guard::script::ScriptInfo;
use vh_host::hub;
use vh_host::targs::{self, Block, Item, View};
use vh_host::telling;

/// The arguments of a call. They lie on the stack, so hooks, which have few, need no allocation.
type Arguments<'a> = SmallVec<[Obj<'a>; 8]>;

/// The answer of a hook that starts a coroutine: the hub goes on with the event.
fn pass_on() -> Option<Block> {
    Block::int(1)
}

/// Calls a hook with the items of a block. If the block cannot be read, the hook is not called: the event
/// passes on, or is refused if the script asks for that, and one line is logged.
pub fn hook(
    loaded: &Loaded,
    info: &ScriptInfo,
    hook: &Hook,
    params: &Result<View, Error>,
    encoding: &Encoding,
) -> HookReply {
    let script = info.label.as_str();
    let params = match params {
        Ok(params) => params,
        Err(wrong) => {
            let error = Some(unreadable(info, hook.text, wrong));
            return HookReply { block: give_up(info, hook, None), error };
        }
    };
    telling::parameters(script, hook.text, params, |index| {
        telling::of_hook(hook.number, params, index)
    });
    let entered = loaded.interpreter.enter();
    let attached = entered.attached();
    let mut error = None;
    // SAFETY: the script's own interpreter is attached.
    let function = unsafe { loaded.hook(attached, hook.number) };
    let block = function.and_then(|function| {
        let answered = hook_answer(loaded, info, hook, &function, params, encoding);
        answered.unwrap_or_else(|why| {
            error = why;
            give_up(info, hook, Some(params))
        })
    });
    go_on(loaded, attached, info);
    telling::result(script, hook.text, block.as_ref());
    HookReply { block, error }
}

/// What a hook answers to the items of a block. The error says why it cannot answer; it is None when the log
/// says so otherwise, or said so before.
#[inline]
fn hook_answer(
    loaded: &Loaded,
    info: &ScriptInfo,
    hook: &Hook,
    function: &Obj,
    params: &View,
    encoding: &Encoding,
) -> Result<Option<Block>, Option<Error>> {
    let attached = function.attached();
    let entry_point = info.entry_points.hook(hook.number);
    if !entry_point.admits() {
        return Err(None);
    }
    let call = Call::begin(attached, entry_point);
    let skip = usize::from(hook.number == ON_TIMER && !loaded.timer_takes_time(function));
    let mut arguments = Arguments::new();
    let returned = hook_arguments(attached, params, encoding, &mut arguments)
        .and_then(|()| Ok(function.call(&arguments[skip.min(arguments.len())..])?));
    match returned {
        Ok(returned) if call.ends_late() => {
            drop(returned);
            call.answers_too_late();
            Err(None)
        }
        Ok(coroutine) if coroutine.is_coroutine() => {
            decides_nothing(info, hook);
            start(loaded, attached, info, coroutine, hook.text);
            Ok(pass_on())
        }
        Ok(returned) => match hook_block(info, hook, &returned, encoding) {
            Some(block) => Ok(Some(block)),
            None => Err(None),
        },
        Err(failure) => Err(Some(failed(attached, failure, hook.text, &call))),
    }
}

/// The block for a hook's return value; None, and a line in the log, for a value that a hook cannot answer.
fn hook_block(
    info: &ScriptInfo,
    hook: &Hook,
    returned: &Obj,
    encoding: &Encoding,
) -> Option<Block> {
    if let Some(verdict) = convert::verdict(returned) {
        return Block::int(verdict);
    }
    let items = if returned.is_tuple() { returned.items() } else { Vec::new() };
    match convert::hook_reply(returned, &items, hook.reply, encoding) {
        Some(pieces) => Block::new(&pieces, hub::generation().hook_storage),
        None => {
            cannot_answer(info, hook, || returned.described());
            None
        }
    }
}

/// The arguments of a hook. In every hub its numbers are C ints, which may have lost their sign on the way.
#[inline]
fn hook_arguments<'a>(
    attached: Attached<'a>,
    params: &View,
    encoding: &Encoding,
    arguments: &mut Arguments<'a>,
) -> Result<(), Failure> {
    for item in params.items() {
        arguments.push(match item {
            Item::Text(Some(text)) => convert::from_hub(attached, text, encoding)?,
            Item::Int(number) => attached.int(targs::signed(number))?,
            Item::Float(number) => attached.float(number)?,
            item => convert::to_object(attached, &item, encoding, JsonFrom::HubCallback)?,
        });
    }
    Ok(())
}

/// Calls a function by name.
pub fn function(
    loaded: &Loaded,
    info: &ScriptInfo,
    name: &[u8],
    params: &Result<Option<View>, Error>,
    encoding: &Encoding,
) -> Result<Block, Error> {
    let script = info.label.as_str();
    let params = match params {
        Ok(params) => params.as_ref(),
        Err(wrong) => return Err(unreadable(info, place_of(name), wrong)),
    };
    if let Some(params) = params {
        telling::parameters(script, Name(name), params, |_| telling::of_function(name));
    }
    let entered = loaded.interpreter.enter();
    let attached = entered.attached();
    let function = find(loaded, attached, name).map_err(|error| error.about(script))?;
    let entry_point = info.entry_points.function(name);
    if !entry_point.admits() {
        return Err(is_suspended(place_of(name)));
    }
    let call = Call::begin(attached, entry_point);
    let mut arguments = Arguments::new();
    let returned = function_arguments(attached, params, encoding, &mut arguments)
        .and_then(|()| Ok(function.call(&arguments)?))
        .and_then(|returned| Ok(complete(loaded, attached, info, returned)?));
    let result = match returned {
        Ok(returned) if call.ends_late() => {
            drop(returned);
            Err(Error::new(Code::Timeout, call.answers_too_late()).told())
        }
        Ok(returned) => function_block(attached, &call, name, &returned, encoding),
        Err(failure) => Err(failed(attached, failure, &place_of(name), &call)),
    };
    drop(call);
    go_on(loaded, attached, info);
    telling::result(script, Name(name), result.as_ref().ok());
    result
}

/// The function that the script has under this name now.
#[inline]
fn find<'a>(loaded: &Loaded, attached: Attached<'a>, name: &[u8]) -> Result<Obj<'a>, Error> {
    // SAFETY: the script's own interpreter is attached.
    let found = unsafe { loaded.names.find(&loaded.namespace.get(attached), name) };
    let Some(function) = found else { return Err(no_function(place_of(name))) };
    if !function.is_callable() {
        return Err(not_callable(Name(name), function.described()));
    }
    Ok(function)
}

/// The block for a function's return value; an error when the value has no form in C.
fn function_block(
    attached: Attached<'_>,
    call: &Call,
    name: &[u8],
    returned: &Obj,
    encoding: &Encoding,
) -> Result<Block, Error> {
    let containers = hub::generation().containers;
    convert::function_result(returned, containers, encoding).map_err(|failure| match failure {
        Failure::Raised(raised) => report::failure(attached, raised, call, &place_of(name)),
        Failure::Refused(_, reason) => {
            refused_result(call, place_of(name), returned.described(), reason)
        }
    })
}

/// A function's name, for messages.
struct Name<'n>(&'n [u8]);

impl Display for Name<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&String::from_utf8_lossy(self.0))
    }
}

fn place_of(name: &[u8]) -> String {
    format!("the function {}", Name(name))
}

/// Starts the coroutine of an `async def` hook. Later calls of the script continue it.
fn start<'a>(
    loaded: &Loaded,
    attached: Attached<'a>,
    info: &ScriptInfo,
    coroutine: Obj<'a>,
    place: &str,
) {
    will_go_on(loaded, info);
    let started = attached.str(place).and_then(|place| {
        // SAFETY: the script's own interpreter is attached.
        unsafe { loaded.scope.call(attached, c"start", &[coroutine, place]) }
    });
    if let Err(raised) = started {
        report::log(attached, raised, &info.label, place);
    }
}

/// Runs the coroutine of an `async def` function to its end. Any other value is a result already.
fn complete<'a>(
    loaded: &Loaded,
    attached: Attached<'a>,
    info: &ScriptInfo,
    returned: Obj<'a>,
) -> Result<Obj<'a>, Raised> {
    if !returned.is_coroutine() {
        return Ok(returned);
    }
    will_go_on(loaded, info);
    // SAFETY: the script's own interpreter is attached.
    unsafe { loaded.scope.call(attached, c"complete", &[returned]) }
}

/// The script has coroutines, so the hub must call it at least once a second.
fn will_go_on(loaded: &Loaded, info: &ScriptInfo) {
    loaded.scope.set_busy();
    info.listening.add(1 << ON_TIMER);
}

/// Continues the script's coroutines, without waiting.
#[inline]
fn go_on(loaded: &Loaded, attached: Attached<'_>, info: &ScriptInfo) {
    if loaded.scope.is_busy() {
        take_a_turn(loaded, attached, info);
    }
}

/// Runs all coroutines that are ready. They are guarded as one call.
fn take_a_turn(loaded: &Loaded, attached: Attached<'_>, info: &ScriptInfo) {
    let entry_point = info.entry_points.function(b"(coroutines)");
    if entry_point.admits() {
        let _call = Call::begin(attached, entry_point);
        // SAFETY: the script's own interpreter is attached.
        unsafe { loaded.scope.run(attached, info, c"turn") };
    }
}

/// Runs the jobs that the script gave to `vh.run_in_host`.
pub fn jobs(loaded: &Loaded, info: &ScriptInfo) {
    let entered = loaded.interpreter.enter();
    let attached = entered.attached();
    // SAFETY: the script's own interpreter is attached.
    let has_jobs = match unsafe { loaded.scope.call(attached, c"has_jobs", &[]) } {
        Ok(answer) => answer.is_true(),
        Err(raised) => return report::log(attached, raised, &info.label, "has_jobs"),
    };
    let entry_point = info.entry_points.function(b"vh.run_in_host");
    if has_jobs && entry_point.admits() {
        will_go_on(loaded, info);
        let _call = Call::begin(attached, entry_point);
        // SAFETY: it is still attached.
        unsafe { loaded.scope.run(attached, info, c"run_jobs") };
    }
}

#[inline]
fn function_arguments<'a>(
    attached: Attached<'a>,
    params: Option<&View>,
    encoding: &Encoding,
    arguments: &mut Arguments<'a>,
) -> Result<(), Failure> {
    let Some(params) = params else { return Ok(()) };
    for item in params.items() {
        arguments.push(match item {
            Item::Text(Some(text)) => convert::from_hub(attached, text, encoding)?,
            Item::Int(number) => attached.int(number)?,
            item => convert::to_object(attached, &item, encoding, JsonFrom::Caller)
                .map_err(|failure| at_argument(arguments.len() + 1, failure))?,
        });
    }
    Ok(())
}

/// Says which argument cannot be read.
fn at_argument(number: usize, failure: Failure) -> Failure {
    match failure {
        Failure::Refused(_, reason) => {
            Failure::refused(format!("argument {number} is no JSON: {reason}"))
        }
        raised @ Failure::Raised(_) => raised,
    }
}

/// Counts the failure of a call, and logs it unless it repeats one that was logged.
#[cold]
fn failed(attached: Attached<'_>, failure: Failure, place: &str, call: &Call) -> Error {
    match failure {
        Failure::Raised(raised) => report::failure(attached, raised, call, place),
        Failure::Refused(_, reason) => {
            refused(call, &reason, format!("{place} is not called: {reason}"))
        }
    }
}

/// Sets the attributes of the script's `vh` again, because the hub renamed its bots.
pub fn refresh_attributes(loaded: &Loaded, info: &ScriptInfo) {
    let entered = loaded.interpreter.enter();
    let attached = entered.attached();
    // SAFETY: the script's own interpreter is attached.
    let module = unsafe { loaded.vh.get(attached) };
    if let Err(raised) = vh::attributes::add(&module, info) {
        report::log(attached, raised, &info.label, "updating vh.botname and vh.opchatname");
    }
}
