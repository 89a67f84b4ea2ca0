//! Random `w_` calls with random ids, hooks and blocks against live interpreters, also from inside the
//! callbacks those calls lead to.
#![no_main]

use std::cell::{Cell, RefCell};
use std::ffi::{CStr, CString, c_int};

use libfuzzer_sys::arbitrary::{self, Arbitrary, Unstructured};
use libfuzzer_sys::fuzz_target;
use vh_python_wrapper::abi::{
    w_CallFunction, w_CallHook, w_CallName, w_End, w_GetHook, w_HasHook, w_HookName, w_LogLevel,
    w_RegisterFunction, w_ReserveID, w_Targs, w_Tcallback, w_Unload, w_UnregisterFunction,
    w_free_args, w_packprint,
};
use vh_core::callbacks::MAX_CALLBACKS;
use vh_host::targs::View;
use vh_python_wrapper_fuzz::{Hub, OwnedBlock, Script, c_string, hub, text_of};

/// The scripts every input finds loaded; their ids are their places.
const SCRIPTS: [Script; 3] = [
    Script { file: "subject.py", runtime: "sub" },
    Script { file: "subject.py", runtime: "main" },
    Script { file: "subject.py", runtime: "own-gil" },
];
/// The hooks there are, and some there are not.
const HOOKS: c_int = 45;
const MOST_CALLS: usize = 24;
const DEEPEST: u32 = 3;
/// An input that ran out of bytes is all zeros, so this is none.
const RARE: u8 = 0x5A;

const FUNCTIONS: [&CStr; 16] = [
    c"last",
    c"everything",
    c"listed",
    c"texts",
    c"mapped",
    c"fail",
    c"leave",
    c"big",
    c"nothing_in_c",
    c"dynamic",
    c"host",
    c"ask",
    c"odd",
    c"HOOKS",
    c"missing",
    c"",
];
/// Formats of results.
const RESULTS: [&[u8]; 8] = [b"l", b"ssssss", b"sdsdslslp", b"D", b"s", b"lllp", b"d", b"ss"];
const REGISTERED: [&CStr; 3] = [c"a", c"b", c"\xC3\xA4"];

#[derive(Debug)]
struct Id(c_int);

impl<'a> Arbitrary<'a> for Id {
    fn arbitrary(input: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        Ok(Id(if input.ratio(7, 8)? { input.int_in_range(0..=4)? } else { input.arbitrary()? }))
    }
}

#[derive(Debug)]
struct Number(c_int);

impl<'a> Arbitrary<'a> for Number {
    fn arbitrary(input: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        Ok(Number(if input.ratio(7, 8)? {
            input.int_in_range(-1..=HOOKS)?
        } else {
            input.arbitrary()?
        }))
    }
}

#[derive(Debug)]
struct Name(CString);

impl Name {
    fn one_of(input: &mut Unstructured, names: &[&CStr]) -> arbitrary::Result<Name> {
        Ok(Name(match input.ratio(15, 16)? {
            true => (*input.choose(names)?).into(),
            false => c_string(input.arbitrary()?),
        }))
    }
}

#[derive(Debug)]
struct Function(Name);

impl<'a> Arbitrary<'a> for Function {
    fn arbitrary(input: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        Name::one_of(input, &FUNCTIONS).map(Function)
    }
}

#[derive(Debug)]
struct Registration(Name);

impl<'a> Arbitrary<'a> for Registration {
    fn arbitrary(input: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        Name::one_of(input, &REGISTERED).map(Registration)
    }
}

#[derive(Arbitrary, Debug)]
enum Call {
    Hook(Id, Number, Option<OwnedBlock>),
    Function(Id, Function, Option<OwnedBlock>),
    Register(Id, Registration),
    Unregister(Id, Registration),
    HasHook(Id, Number),
    Names(Number),
    Print(OwnedBlock),
    LogLevel(Number),
    Reserve,
    Rare(u8, Rare),
}

/// What takes milliseconds.
#[derive(Arbitrary, Debug)]
enum Rare {
    Unload(Id),
    Load(Id, bool),
    LoadBlock(OwnedBlock),
    EndAndBegin,
}

#[derive(Arbitrary, Debug)]
enum Answer {
    Null,
    /// The callback gives its arguments back.
    Arguments,
    Block(OwnedBlock),
    /// What the callback should answer, with values made of these bytes.
    Fitting(Vec<u8>),
    /// The host goes on with work of its own inside the callback.
    Call(Call),
}

#[derive(Arbitrary, Debug)]
struct Input {
    calls: Vec<Call>,
    encoding: u8,
    /// What the callbacks do, one after the other.
    answers: Vec<Answer>,
}

thread_local! {
    static HUB: Hub = begin();
    static ANSWERS: RefCell<Vec<Answer>> = const { RefCell::new(Vec::new()) };
    static ENCODING: Cell<&'static CStr> = const { Cell::new(c"") };
    static HIGHEST_ID: Cell<c_int> = const { Cell::new(0) };
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

fn begin() -> Hub {
    let mut table: [w_Tcallback; MAX_CALLBACKS] = [Some(answer_of::<4>); MAX_CALLBACKS];
    // A slot this hub does not fill.
    table[20] = None;
    table[9] = Some(answer_of::<1>);
    table[24] = Some(answer_of::<2>);
    table[25] = Some(answer_of::<3>);
    table[26] = Some(answer_of::<4>);
    table[38] = Some(get_config);
    table[42] = Some(answer_of::<5>);
    table[46] = Some(answer_of::<6>);
    table[49] = Some(answer_of::<0>);
    table[55] = Some(answer_of::<7>);
    let hub = Hub::begin(table);
    load_scripts(&hub);
    hub
}

fn load_scripts(hub: &Hub) {
    for (place, script) in SCRIPTS.into_iter().enumerate() {
        assert_eq!(hub.load(script), place as c_int, "the lowest free id is given");
    }
}

/// The one question the library asks by itself; scripts' own get an answer like any other.
unsafe extern "C" fn get_config(script: c_int, args: *mut w_Targs) -> *mut w_Targs {
    // SAFETY: the library's block.
    let printed = unsafe { text_of(w_packprint(args)) }.expect("it is never NULL");
    if printed.starts_with(b"sss (\"config\", \"hub_encoding\"") {
        let encoding = ENCODING.get();
        // SAFETY: a C string.
        let text = unsafe { libc::strdup(encoding.as_ptr()) };
        return vh_python_wrapper_fuzz::pack(&c"s".into(), &[text as u64]);
    }
    // SAFETY: as for this function.
    unsafe { answer_of::<4>(script, args) }
}

/// Answers a callback whose results have the format at this place of `RESULTS`.
unsafe extern "C" fn answer_of<const RESULT: usize>(_: c_int, args: *mut w_Targs) -> *mut w_Targs {
    // SAFETY: the library's block.
    assert!(unsafe { View::new(args) }.is_ok(), "the library's own block is malformed");
    match ANSWERS.with_borrow_mut(Vec::pop) {
        None | Some(Answer::Null) => std::ptr::null_mut(),
        Some(Answer::Arguments) => args,
        Some(Answer::Block(block)) => block.into_raw(),
        Some(Answer::Fitting(bytes)) => {
            let block = OwnedBlock::with_values(RESULTS[RESULT], &mut Unstructured::new(&bytes));
            block.map_or(std::ptr::null_mut(), OwnedBlock::into_raw)
        }
        Some(Answer::Call(call)) => {
            if DEPTH.get() < DEEPEST {
                DEPTH.set(DEPTH.get() + 1);
                make(call, false);
                DEPTH.set(DEPTH.get() - 1);
            }
            std::ptr::null_mut()
        }
    }
}

/// A result is NULL or a well-formed block, which is ours to release.
fn release(result: *mut w_Targs) {
    if result.is_null() {
        return;
    }
    // SAFETY: a live block with its strings, released once.
    unsafe {
        assert!(View::new(result).is_ok(), "a malformed result");
        w_free_args(result);
    }
}

fn pointer(block: &Option<OwnedBlock>) -> *mut w_Targs {
    block.as_ref().map_or(std::ptr::null_mut(), OwnedBlock::as_ptr)
}

/// Makes a call. `outermost` tells that no script is being called.
fn make(call: Call, outermost: bool) {
    // SAFETY: blocks are live with their strings, names are C strings, functions are always callable.
    unsafe {
        match call {
            Call::Hook(id, hook, block) => release(w_CallHook(id.0, hook.0, pointer(&block))),
            Call::Function(id, name, block) => {
                release(w_CallFunction(id.0, name.0.0.as_ptr(), pointer(&block)));
            }
            Call::Register(id, name) => {
                w_RegisterFunction(id.0, name.0.0.as_ptr(), Some(answer_of::<0>));
            }
            Call::Unregister(id, name) => {
                w_UnregisterFunction(id.0, name.0.0.as_ptr());
            }
            Call::HasHook(id, hook) => assert!((0..=1).contains(&w_HasHook(id.0, hook.0))),
            Call::Names(number) => {
                text_of(w_HookName(number.0));
                text_of(w_CallName(number.0));
                assert!(w_GetHook(number.0).is_null());
            }
            Call::Print(block) => {
                text_of(w_packprint(block.as_ptr())).expect("it is never NULL");
            }
            Call::LogLevel(level) => w_LogLevel(level.0),
            Call::Reserve => {
                let id = w_ReserveID();
                assert!(id >= 0);
                HIGHEST_ID.set(HIGHEST_ID.get().max(id));
            }
            Call::Rare(RARE, rare) => make_rare(rare, outermost),
            Call::Rare(..) => {}
        }
    }
}

fn make_rare(rare: Rare, outermost: bool) {
    match rare {
        Rare::Unload(id) => {
            w_Unload(id.0);
        }
        Rare::Load(id, exists) => {
            let file = if exists { "subject.py" } else { "missing.py" };
            hub::load_file(id.0, &hub::folder().join(file));
        }
        Rare::LoadBlock(block) => {
            // SAFETY: a live block with its strings.
            unsafe { vh_python_wrapper::abi::w_Load(block.as_ptr()) };
        }
        // Hubs end when nothing of theirs runs.
        Rare::EndAndBegin if outermost => {
            assert_eq!(w_End(), 1);
            release(call_without_hub());
            HUB.with(Hub::begin_again);
        }
        Rare::EndAndBegin => {}
    }
}

fn call_without_hub() -> *mut w_Targs {
    // SAFETY: NULL is allowed.
    unsafe { w_CallHook(0, 0, std::ptr::null_mut()) }
}

/// Whether the scripts of the next input are there and answer, and no more than they.
fn are_well() -> bool {
    (SCRIPTS.len() as c_int..=HIGHEST_ID.take()).for_each(|id| {
        w_Unload(id);
    });
    let answers = |id| hub::call(id, &c"last".into(), &c"s".into(), &[&c"well".into()]);
    let well = (0..SCRIPTS.len() as c_int).all(|id| answers(id).as_deref() == Some(b"well"));
    let no_more = w_ReserveID() == SCRIPTS.len() as c_int;
    well && no_more && w_Unload(SCRIPTS.len() as c_int) == 1
}

fuzz_target!(|input: Input| {
    HUB.with(|_| {});
    ENCODING
        .set([c"", c"CP1251", c"GBK", c"ISO-8859-2", c"klingon"][usize::from(input.encoding) % 5]);
    vh_host::hub::forget_encoding();
    ANSWERS.set(input.answers);
    for call in input.calls.into_iter().take(MOST_CALLS) {
        make(call, true);
    }
    ANSWERS.set(Vec::new());
    // SAFETY: no call is on its way.
    w_LogLevel(0);
    HUB.with(|hub| {
        if !are_well() {
            assert_eq!(w_End(), 1);
            hub.begin_again();
            load_scripts(hub);
            assert!(are_well(), "the scripts do not answer after w_End and w_Begin");
        }
    });
});
