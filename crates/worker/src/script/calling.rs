//! Calling the hooks and functions of a script in a process of its own.

use std::borrow::Cow;

use serde_json::value::RawValue;
use vh_core::error::{Code, Error};
use vh_core::hooks::{Hook, Reply};
use vh_core::text::{self, Encoding};
use vh_guard::answers::{
    HookReply, cannot_answer, decides_nothing, give_up, is_suspended, no_function, not_callable,
    refused, refused_result, unreadable,
};
use vh_guard::script::ScriptInfo;
use vh_host::targs::{self, Block, Item, Piece, Storage, View};
use vh_host::{hub, telling};

use super::values::{JsonFrom, Value, write_hub_text, write_item, write_list};
use super::{Call, Elsewhere, Failure, Outside, raised};

/// The map that the child answers with, in which one key says what came of a call.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Outcome<'a> {
    /// The pieces of a hook's answer.
    #[serde(borrow)]
    p: Option<Vec<&'a RawValue>>,
    /// The type of an answer that a hook cannot give.
    x: Option<String>,
    /// A coroutine was started.
    coroutine: Option<u8>,
    /// There is no such hook now.
    none: Option<u8>,
    /// What a function returned.
    #[serde(borrow)]
    result: Option<&'a RawValue>,
    /// Why that cannot be passed on, and its type.
    refused: Option<String>,
    is: String,
    /// There is no function of this name, or something that cannot be called.
    missing: Option<u8>,
    uncallable: Option<String>,
    /// An argument that is no JSON.
    unread: Option<String>,
}

impl Outside {
    /// Calls a hook with the items of a block. The event passes on, or is refused if the script asks for that, when
    /// there is no answer.
    pub fn call_hook(
        &self,
        script: &ScriptInfo,
        hook: &Hook,
        params: &Result<View, Error>,
        encoding: &Encoding,
    ) -> HookReply {
        let params = match params {
            Ok(params) => params,
            Err(wrong) => {
                let error = Some(unreadable(script, hook.text, wrong));
                return HookReply { block: give_up(script, hook, None), error };
            }
        };
        telling::parameters(&script.label, hook.text, params, |index| {
            telling::of_hook(hook.number, params, index)
        });
        let mut error = None;
        let block = if script
            .settings
            .async_hooks
            .as_ref()
            .is_ok_and(|hooks| hooks & (1 << hook.number) != 0)
        {
            self.tell(script, &hook_parameters(hook, params, encoding))
        } else {
            self.ask_hook(script, hook, params, encoding).unwrap_or_else(|why| {
                error = why;
                give_up(script, hook, Some(params))
            })
        };
        self.go_on(script);
        telling::result(&script.label, hook.text, block.as_ref());
        HookReply { block, error }
    }

    /// Tells a hook that only observes of an event.
    fn tell(&self, script: &ScriptInfo, asked: &[u8]) -> Option<Block> {
        // What failed is told, and the event passes.
        let _inside = self.process.enter(script);
        self.process.tell("hook", asked);
        Block::int(1)
    }

    /// What a hook answers. The error says why it cannot; it is None when the log says so otherwise.
    fn ask_hook(
        &self,
        script: &ScriptInfo,
        hook: &Hook,
        params: &View,
        encoding: &Encoding,
    ) -> Result<Option<Block>, Option<Error>> {
        let entry_point = script.entry_points.hook(hook.number);
        if !entry_point.admits() {
            return Err(None);
        }
        let entered = self.process.enter(script);
        let call = Call::begin(Elsewhere, entry_point);
        let asked = hook_parameters(hook, params, encoding);
        let answer = entered.and_then(|_inside| self.process.ask(script, "hook", &asked));
        match answer {
            Ok(_) if call.ends_late() => {
                call.answers_too_late();
                Err(None)
            }
            Ok(answer) => hook_block(script, hook, &answer, encoding).ok_or(None),
            Err(failure) => Err(Some(raised::failed(&call, failure, hook.text))),
        }
    }

    /// Calls a function by its name with the items of a block, or without arguments.
    pub fn call(
        &self,
        script: &ScriptInfo,
        name: &[u8],
        params: &Result<Option<View>, Error>,
        encoding: &Encoding,
    ) -> Result<Block, Error> {
        let shown = String::from_utf8_lossy(name);
        let place = format!("the function {shown}");
        let params = match params {
            Ok(params) => params.as_ref(),
            Err(wrong) => return Err(unreadable(script, &place, wrong)),
        };
        if let Some(params) = params {
            telling::parameters(&script.label, &shown, params, |_| telling::of_function(name));
        }
        let entry_point = script.entry_points.function(name);
        if !entry_point.admits() {
            return Err(is_suspended(place));
        }
        let entered = self.process.enter(script);
        let call = Call::begin(Elsewhere, entry_point);
        let asked = function_parameters(name, params, encoding);
        let answer = entered.and_then(|_inside| self.process.ask(script, "call", &asked));
        let result = match answer {
            Ok(_) if call.ends_late() => {
                Err(Error::new(Code::Timeout, call.answers_too_late()).told())
            }
            Ok(answer) => function_block(&call, &place, &shown, &answer, encoding),
            Err(failure) => Err(raised::failed(&call, failure, &place)),
        };
        drop(call);
        self.go_on(script);
        telling::result(&script.label, &shown, result.as_ref().ok());
        result
    }
}

fn hook_parameters(hook: &Hook, params: &View, encoding: &Encoding) -> Vec<u8> {
    let reply = match hook.reply {
        Reply::Common => "common",
        Reply::Chat => "chat",
        Reply::MyInfo => "my_info",
    };
    let number = hook.number;
    let mut out = format!("{{\"number\":{number},\"reply\":\"{reply}\",\"args\":").into_bytes();
    write_list(&mut out, params.items(), |out, item| match item {
        // In every hub the numbers of hooks are C ints, which may have lost their sign on the way.
        Item::Int(number) => {
            out.extend_from_slice(targs::signed(number).to_string().as_bytes());
        }
        item => write_item(out, &item, encoding, JsonFrom::HubCallback),
    });
    out.push(b'}');
    out
}

fn function_parameters(name: &[u8], params: Option<&View>, encoding: &Encoding) -> Vec<u8> {
    let mut out = b"{\"name\":".to_vec();
    write_hub_text(&mut out, Some(name), &text::UTF8);
    out.extend_from_slice(b",\"args\":");
    match params {
        Some(params) => write_list(&mut out, params.items(), |out, item| {
            write_item(out, &item, encoding, JsonFrom::Caller);
        }),
        None => out.extend_from_slice(b"[]"),
    }
    out.push(b'}');
    out
}

/// The block for a hook's answer; None, and a line in the log, for one that a hook cannot give.
fn hook_block(
    script: &ScriptInfo,
    hook: &Hook,
    answer: &RawValue,
    encoding: &Encoding,
) -> Option<Option<Block>> {
    if let Ok(number) = answer.get().parse() {
        return Some(Block::int(number));
    }
    let outcome: Outcome = serde_json::from_str(answer.get()).unwrap_or_default();
    if let Some(pieces) = outcome.p {
        let pieces: Option<Vec<Piece>> =
            pieces.into_iter().map(|raw| Some(Value::read(raw)?.piece(encoding))).collect();
        return Some(Block::new(&pieces?, hub::generation().hook_storage));
    }
    if outcome.none.is_some() {
        return Some(None);
    }
    if outcome.coroutine.is_some() {
        decides_nothing(script, hook);
        return Some(Block::int(1));
    }
    cannot_answer(script, hook, || a_value_of(outcome.x.as_deref().unwrap_or("unknown")));
    None
}

/// How a value is described of which only the type is known.
fn a_value_of(kind: &str) -> String {
    format!("a value of type {kind}")
}

/// The block for a function's return value; an error when the value has no form in C.
fn function_block(
    call: &Call,
    place: &str,
    name: &str,
    answer: &RawValue,
    encoding: &Encoding,
) -> Result<Block, Error> {
    let script = call.script();
    let outcome: Outcome = serde_json::from_str(answer.get()).unwrap_or_default();
    if outcome.missing.is_some() {
        return Err(no_function(place).about(&script.label));
    }
    if let Some(kind) = outcome.uncallable {
        return Err(not_callable(name, a_value_of(&kind)).about(&script.label));
    }
    if let Some(reason) = outcome.unread {
        return Err(refused(call, &reason, format!("{place} is not called: {reason}")));
    }
    if let Some(why) = outcome.refused {
        return Err(refused_result(call, place, a_value_of(&outcome.is), why));
    }
    // Null is None.
    let value = outcome.result.map_or(Some(Value::None), Value::read);
    let block = value.and_then(|value| result(&value, encoding));
    block.ok_or_else(|| {
        let error = Error::new(Code::Internal, "its answer cannot be read");
        raised::failed(call, Failure::Gone(error), place)
    })
}

fn result(value: &Value, encoding: &Encoding) -> Option<Block> {
    let piece = match value {
        Value::None => return Block::int(0),
        Value::Int(number) => return Block::int(*number),
        Value::Tab(items) => {
            let pieces: Vec<_> = items
                .iter()
                .take(targs::TAB_LENGTH)
                .map(|item| match item {
                    // There it has no form.
                    Value::None => Piece::Unsupported,
                    item => item.piece(encoding),
                })
                .collect();
            return Block::tab(&pieces);
        }
        Value::Text(text) => Piece::Text(Some(Cow::Owned(text.to_hub(encoding)))),
        value => value.piece(encoding),
    };
    Block::new(&[piece], Storage::Separate)
}
