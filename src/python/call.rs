//! Calling a script: its hooks and its functions.

use std::fmt::Display;

use smallvec::SmallVec;

use super::convert::{self, JsonFrom};
use super::json::Failure;
use super::load::Loaded;
use super::object::{Attached, Obj, Raised};
use super::{report, vh};
use crate::guard::Call;
use crate::hooks::{Hook, ON_PARSED_MSG_MY_PASS, ON_SET_CONFIG, ON_TIMER};
use crate::hub;
use crate::last_error::{self, Code, Error};
use crate::log::secrets;
use crate::on_error;
use crate::scripts::{self, Context};
use crate::targs::{self, Block, Item, Malformed, Telling, View};
use crate::text::Encoding;

/// Arguments of a call; those of a hook need no allocation.
type Arguments<'a> = SmallVec<[Obj<'a>; 8]>;

/// What a hook answers that starts a coroutine: the hub goes on with the event.
fn pass_on() -> Option<Block> {
    Block::int(1)
}

/// What a hook answers that cannot answer: it lets the event pass, or refuses it if the script asks for
/// that.
#[cold]
fn give_up(context: &Context, number: usize, params: Option<&View>) -> Option<Block> {
    on_error::answer(context.profile.on_error().refuses(number), number, params)
}

/// Calls a hook with the items of a block. None only when the script has no such function now.
pub fn hook(
    loaded: &Loaded,
    context: &Context,
    hook: &Hook,
    number: usize,
    params: &Result<View, Malformed>,
    encoding: &Encoding,
) -> Option<Block> {
    let script = context.label.as_str();
    let params = match params {
        Ok(params) => params,
        Err(Malformed(reason)) => {
            let message =
                format!("{} was called with parameters that cannot be read: {reason}", hook.text);
            last_error::fail(Code::Invalid, script, message);
            return give_up(context, number, None);
        }
    };
    trace_parameters(script, hook.text, params, |index| telling(number, params, index));
    let entered = loaded.interpreter.enter();
    let attached = entered.attached();
    // SAFETY: the script's own interpreter is attached.
    let block = unsafe { loaded.hook(attached, number) }.and_then(|function| {
        hook_answer(loaded, context, hook, number, &function, params, encoding)
    });
    go_on(loaded, attached, context);
    trace_result(script, hook.text, block.as_ref());
    block
}

/// What a hook answers to the items of a block.
#[inline]
fn hook_answer(
    loaded: &Loaded,
    context: &Context,
    hook: &Hook,
    number: usize,
    function: &Obj,
    params: &View,
    encoding: &Encoding,
) -> Option<Block> {
    let attached = function.attached();
    let callee = context.callees.hook(number);
    if !callee.admits() {
        return give_up(context, number, Some(params));
    }
    let call = Call::begin(attached, callee);
    let skip = usize::from(number == ON_TIMER && !loaded.timer_takes_time(function));
    let mut arguments = Arguments::new();
    let returned = hook_arguments(attached, params, encoding, &mut arguments)
        .and_then(|()| Ok(function.call(&arguments[skip.min(arguments.len())..])?));
    match returned {
        Ok(returned) if call.ends_late() => {
            drop(returned);
            call.answers_too_late();
            give_up(context, number, Some(params))
        }
        Ok(coroutine) if coroutine.is_coroutine() => {
            decides_nothing(context, hook, number);
            start(loaded, attached, context, coroutine, hook.text);
            pass_on()
        }
        Ok(returned) => hook_block(context, hook, number, &returned, encoding)
            .or_else(|| give_up(context, number, Some(params))),
        Err(failure) => {
            log_failure(attached, failure, hook.text, &call);
            give_up(context, number, Some(params))
        }
    }
}

/// Tells the author of an `async def` hook that is to refuse: the event passes before it has an answer.
#[cold]
fn decides_nothing(context: &Context, hook: &Hook, number: usize) {
    if context.profile.on_error().refuses(number) {
        context.complain_once(number, || {
            format!(
                "{} is an async def, which decides nothing: the event passes at once, whatever \
                 \"# vh: on_error\" says. Make it a plain def",
                hook.text
            )
        });
    }
}

/// The block a hook's return value becomes; None, and a log line, when it becomes none.
fn hook_block(
    context: &Context,
    hook: &Hook,
    number: usize,
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
            context.complain_once(number, || {
                let refuses = context.profile.on_error().refuses(number);
                format!(
                    "{} returned {}, which it cannot answer with; the event is {}",
                    hook.text,
                    returned.described(),
                    if refuses { "refused" } else { "passed on" }
                )
            });
            None
        }
    }
}

/// A hook's numbers are C ints in every hub, so their sign may be lost on the way.
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
            Item::Int(number) => attached.int(convert::signed(number))?,
            Item::Float(number) => attached.float(number)?,
            item => convert::to_object(attached, &item, encoding, JsonFrom::HubCallback)?,
        });
    }
    Ok(())
}

/// Calls a function by name. None on any failure, which is logged.
pub fn function(
    loaded: &Loaded,
    context: &Context,
    name: &[u8],
    params: &Result<Option<View>, Malformed>,
    encoding: &Encoding,
) -> Option<Block> {
    let script = context.label.as_str();
    let params = match params {
        Ok(params) => params,
        Err(Malformed(reason)) => {
            let message = format!(
                "{} was called with parameters that cannot be read: {reason}",
                place_of(name)
            );
            last_error::fail(Code::Invalid, script, message);
            return None;
        }
    };
    if let Some(params) = params {
        trace_parameters(script, Name(name), params, |_| telling_for(name));
    }
    let entered = loaded.interpreter.enter();
    let attached = entered.attached();
    // SAFETY: the script's own interpreter is attached.
    let found = unsafe { loaded.names.find(&loaded.namespace.get(attached), name) };
    let Some(function) = found else {
        let message = format!("{} does not exist in the script", place_of(name));
        last_error::fail(Code::NotFound, script, message);
        return None;
    };
    if !function.is_callable() {
        let message = format!("{} is {}, not a function", Name(name), function.described());
        last_error::fail(Code::NotFound, script, message);
        return None;
    }
    let callee = context.callees.function(name);
    if !callee.admits() {
        let message = format!(
            "{} is suspended, because it went past its deadline 3 times in a row; it is tried again \
             from time to time",
            place_of(name)
        );
        last_error::set(Error { code: Code::Unavailable, message, exception: None });
        return None;
    }
    let call = Call::begin(attached, callee);
    let mut arguments = Arguments::new();
    let returned = function_arguments(attached, params.as_ref(), encoding, &mut arguments)
        .and_then(|()| Ok(function.call(&arguments)?))
        .and_then(|returned| Ok(complete(loaded, attached, context, returned)?));
    let block = match returned {
        Ok(returned) if call.ends_late() => {
            drop(returned);
            let message = call.answers_too_late();
            last_error::set(Error { code: Code::Timeout, message, exception: None });
            None
        }
        Ok(returned) => function_block(attached, &call, name, &returned, encoding),
        Err(failure) => {
            log_failure(attached, failure, &place_of(name), &call);
            None
        }
    };
    drop(call);
    go_on(loaded, attached, context);
    trace_result(script, Name(name), block.as_ref());
    block
}

/// The block a function's return value becomes; None, and a log line, when it has no C form.
fn function_block(
    attached: Attached<'_>,
    call: &Call,
    name: &[u8],
    returned: &Obj,
    encoding: &Encoding,
) -> Option<Block> {
    match convert::function_result(returned, hub::generation().containers, encoding) {
        Ok(block) => Some(block),
        Err(Failure::Raised(raised)) => {
            report::failure(attached, raised, call, &place_of(name));
            None
        }
        Err(Failure::Refused(reason)) => {
            let reason =
                format!("returned {}, which cannot be passed on: {reason}", returned.described());
            refuse(call, &reason, format!("{} {reason}", place_of(name)));
            None
        }
    }
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

/// Goes on with the script's coroutines, without waiting.
#[inline]
fn go_on(loaded: &Loaded, attached: Attached<'_>, context: &Context) {
    if loaded.scope.is_busy() {
        take_a_turn(loaded, attached, context);
    }
}

/// They are guarded together: a turn runs whatever is ready.
fn take_a_turn(loaded: &Loaded, attached: Attached<'_>, context: &Context) {
    let callee = context.callees.function(b"(coroutines)");
    if callee.admits() {
        let _call = Call::begin(attached, callee);
        // SAFETY: the script's own interpreter is attached.
        unsafe { loaded.scope.run(attached, context, c"turn") };
    }
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
    let callee = context.callees.function(b"vh.run_in_host");
    if has_jobs && callee.admits() {
        will_go_on(loaded, context);
        let _call = Call::begin(attached, callee);
        // SAFETY: as above.
        unsafe { loaded.scope.run(attached, context, c"run_jobs") };
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
        Failure::Refused(reason) => {
            Failure::refused(format!("argument {number} is no JSON: {reason}"))
        }
        raised @ Failure::Raised(_) => raised,
    }
}

/// Counts and logs why a call failed, and keeps it for `w_LastError`.
fn log_failure(attached: Attached<'_>, failure: Failure, place: &str, call: &Call) {
    match failure {
        Failure::Raised(raised) => report::failure(attached, raised, call, place),
        Failure::Refused(reason) => {
            refuse(call, &reason, format!("{place} is not called: {reason}"));
        }
    }
}

/// The same for what cannot cross between C and Python.
fn refuse(call: &Call, reason: &str, message: String) {
    if call.was_refused(reason) {
        tracing::error!(script = call.callee().profile().label, "{message}");
    }
    last_error::set(Error { code: Code::Invalid, message, exception: None });
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

/// How a parameter of a function is told: not when the function may be about passwords.
fn telling_for(name: &[u8]) -> Telling {
    if secrets::is_secret_name(name) { Telling::Secret } else { Telling::Text }
}

/// How a parameter of a hook is told: not when it is a password.
fn telling(hook: usize, params: &View, index: usize) -> Telling {
    let of_password = || match params.items().nth(2) {
        Some(Item::Text(Some(variable))) => secrets::is_secret_name(variable),
        _ => false,
    };
    match (hook, index) {
        (ON_PARSED_MSG_MY_PASS, 1) => Telling::Secret,
        (ON_SET_CONFIG, 3 | 4) if of_password() => Telling::Secret,
        _ => Telling::Text,
    }
}

#[inline]
fn trace_parameters(
    script: &str,
    name: impl Display,
    params: &View,
    telling: impl Fn(usize) -> Telling,
) {
    tracing::trace!(script, "{name}({})", targs::brief(params, telling));
}

#[inline]
fn trace_result(script: &str, name: impl Display, block: Option<&Block>) {
    if let Some(block) = block {
        tracing::trace!(script, "{name} -> {}", targs::brief(&block.view(), targs::as_text));
    }
}
