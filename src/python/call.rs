//! Calling a script: its hooks and its functions.

use std::ffi::CString;

use super::convert::{self, JsonFrom};
use super::json::Failure;
use super::load::Loaded;
use super::object::{Attached, Obj, Raised};
use super::{report, vh};
use crate::hooks::{Hook, ON_TIMER};
use crate::hub;
use crate::last_error::{self, Code};
use crate::scripts::{self, Context};
use crate::targs::{self, Block, Item, Malformed, Piece, View};
use crate::text::Encoding;

/// What a hook answers that failed or returned nothing: the hub goes on with the event.
const PASS_ON: [Piece; 1] = [Piece::Int(1)];

/// Calls a hook with the items of a block. None only when the script has no such function now.
pub fn hook(
    loaded: &Loaded,
    context: &Context,
    hook: &Hook,
    number: usize,
    params: Result<View, Malformed>,
    encoding: &Encoding,
) -> Option<Block> {
    let script = context.label.as_str();
    let name = hook.name.to_string_lossy();
    let storage = hub::generation().hook_storage;
    let params = match params {
        Ok(params) => params,
        Err(Malformed(reason)) => {
            let message =
                format!("{name} was called with parameters that cannot be read: {reason}");
            last_error::fail(Code::Invalid, script, message);
            return Block::new(&PASS_ON, storage);
        }
    };
    trace_parameters(script, &name, &params);
    let entered = loaded.interpreter.enter();
    let attached = entered.attached();
    // SAFETY: the script's own interpreter is attached.
    let namespace = unsafe { loaded.namespace.get(attached) };
    let Some(function) = namespace.dict_item(hook.name).filter(Obj::is_callable) else {
        go_on(loaded, attached, context);
        return None;
    };
    let skip = usize::from(number == ON_TIMER && !loaded.timer_takes_time(&function));
    let returned = hook_arguments(attached, &params, encoding)
        .and_then(|arguments| Ok(function.call(&arguments[skip.min(arguments.len())..])?));
    let returned = match returned {
        Ok(coroutine) if coroutine.is_coroutine() => {
            start(loaded, attached, context, coroutine, &name);
            attached.none()
        }
        Ok(returned) => returned,
        Err(failure) => {
            fail_call(attached, failure, script, &name);
            return Block::new(&PASS_ON, storage);
        }
    };
    go_on(loaded, attached, context);
    let items = if returned.is_tuple() { returned.items() } else { Vec::new() };
    let block = match convert::hook_reply(&returned, &items, hook.reply, encoding) {
        Some(pieces) => Block::new(&pieces, storage),
        None => {
            context.complain_once(number, || {
                format!(
                    "{name} returned {}, which it cannot answer with; the event is passed on",
                    returned.described()
                )
            });
            Block::new(&PASS_ON, storage)
        }
    };
    trace_result(script, &name, block.as_ref());
    block
}

/// A hook's numbers are C ints in every hub, so their sign may be lost on the way.
fn hook_arguments<'a>(
    attached: Attached<'a>,
    params: &View,
    encoding: &Encoding,
) -> Result<Vec<Obj<'a>>, Failure> {
    params
        .items()
        .map(|item| match item {
            Item::Int(number) => Ok(attached.int(convert::signed(number))?),
            item => convert::to_object(attached, &item, encoding, JsonFrom::HubCallback),
        })
        .collect()
}

/// Calls a function by name. None on any failure, which is logged.
pub fn function(
    loaded: &Loaded,
    context: &Context,
    name: &str,
    params: Result<Option<View>, Malformed>,
    encoding: &Encoding,
) -> Option<Block> {
    let script = context.label.as_str();
    let place = format!("the function {name}");
    let params = match params {
        Ok(params) => params,
        Err(Malformed(reason)) => {
            let message =
                format!("{place} was called with parameters that cannot be read: {reason}");
            last_error::fail(Code::Invalid, script, message);
            return None;
        }
    };
    if let Some(params) = &params {
        trace_parameters(script, name, params);
    }
    let entered = loaded.interpreter.enter();
    let attached = entered.attached();
    // SAFETY: the script's own interpreter is attached.
    let namespace = unsafe { loaded.namespace.get(attached) };
    let found = CString::new(name).ok().and_then(|name| namespace.dict_item(&name));
    let Some(function) = found else {
        let message = format!("{place} does not exist in the script");
        last_error::fail(Code::NotFound, script, message);
        return None;
    };
    if !function.is_callable() {
        let message = format!("{name} is {}, not a function", function.described());
        last_error::fail(Code::NotFound, script, message);
        return None;
    }
    let returned = function_arguments(attached, params.as_ref(), encoding)
        .and_then(|arguments| Ok(function.call(&arguments)?))
        .and_then(|returned| Ok(complete(loaded, attached, context, returned)?))
        .map_err(|failure| fail_call(attached, failure, script, &place))
        .ok()?;
    go_on(loaded, attached, context);
    let containers = hub::generation().containers;
    let block = match convert::function_result(&returned, containers, encoding) {
        Ok(block) => Some(block),
        Err(Failure::Raised(raised)) => {
            report::fail(attached, raised, script, &place);
            None
        }
        Err(Failure::Refused(reason)) => {
            let returned = returned.described();
            let message =
                format!("{place} returned {returned}, which cannot be passed on: {reason}");
            last_error::fail(Code::Invalid, script, message);
            None
        }
    };
    trace_result(script, name, block.as_ref());
    block
}

/// Starts the coroutine of an `async def` hook; later calls of the script go on with it.
fn start<'a>(
    loaded: &Loaded,
    attached: Attached<'a>,
    context: &Context,
    coroutine: Obj<'a>,
    place: &str,
) {
    will_go_on(loaded, context);
    let started = attached.str(place).and_then(|place| {
        // SAFETY: the script's own interpreter is attached.
        unsafe { loaded.scope.call(attached, c"start", &[coroutine, place]) }
    });
    if let Err(raised) = started {
        report::log(attached, raised, &context.label, place);
    }
}

/// Runs the coroutine of an `async def` function to its end; other values are results already.
fn complete<'a>(
    loaded: &Loaded,
    attached: Attached<'a>,
    context: &Context,
    returned: Obj<'a>,
) -> Result<Obj<'a>, Raised> {
    if !returned.is_coroutine() {
        return Ok(returned);
    }
    will_go_on(loaded, context);
    // SAFETY: the script's own interpreter is attached.
    unsafe { loaded.scope.call(attached, c"complete", &[returned]) }
}

/// The script has coroutines: the hub must call it once a second at least.
fn will_go_on(loaded: &Loaded, context: &Context) {
    loaded.scope.set_busy();
    scripts::listen_to_timer(context.id);
}

/// Goes on with the script's coroutines.
fn go_on(loaded: &Loaded, attached: Attached<'_>, context: &Context) {
    // SAFETY: the script's own interpreter is attached.
    unsafe { loaded.scope.turn(attached, context) };
}

/// Runs what the script gave to `vh.run_in_host`.
pub fn jobs(loaded: &Loaded, context: &Context) {
    let entered = loaded.interpreter.enter();
    let attached = entered.attached();
    // SAFETY: the script's own interpreter is attached.
    let has_jobs = match unsafe { loaded.scope.call(attached, c"has_jobs", &[]) } {
        Ok(answer) => answer.is_true(),
        Err(raised) => return report::log(attached, raised, &context.label, "has_jobs"),
    };
    if has_jobs {
        will_go_on(loaded, context);
        // SAFETY: as above.
        unsafe { loaded.scope.run(attached, context, c"run_jobs") };
    }
}

fn function_arguments<'a>(
    attached: Attached<'a>,
    params: Option<&View>,
    encoding: &Encoding,
) -> Result<Vec<Obj<'a>>, Failure> {
    let Some(params) = params else { return Ok(Vec::new()) };
    params
        .items()
        .enumerate()
        .map(|(index, item)| {
            convert::to_object(attached, &item, encoding, JsonFrom::Caller).map_err(|failure| {
                match failure {
                    Failure::Refused(reason) => {
                        Failure::Refused(format!("argument {} is no JSON: {reason}", index + 1))
                    }
                    raised => raised,
                }
            })
        })
        .collect()
}

fn fail_call(attached: Attached<'_>, failure: Failure, script: &str, place: &str) {
    match failure {
        Failure::Raised(raised) => report::fail(attached, raised, script, place),
        Failure::Refused(reason) => {
            last_error::fail(Code::Invalid, script, format!("{place} is not called: {reason}"));
        }
    }
}

/// Sets the attributes of the script's `vh` anew: the hub renamed its bots.
pub fn refresh_attributes(loaded: &Loaded, context: &Context) {
    let entered = loaded.interpreter.enter();
    let attached = entered.attached();
    // SAFETY: the script's own interpreter is attached.
    let module = unsafe { loaded.vh.get(attached) };
    if let Err(raised) = vh::attributes::add(&module, context) {
        report::log(attached, raised, &context.label, "updating vh.botname and vh.opchatname");
    }
}

fn trace_parameters(script: &str, name: &str, params: &View) {
    tracing::debug!(script, "{name}({})", targs::brief(params));
}

fn trace_result(script: &str, name: &str, block: Option<&Block>) {
    if let Some(block) = block {
        tracing::info!(script, "{name} -> {}", targs::brief(&block.view()));
    }
}
