//! Calls of hooks and functions, and what is done around them.

use super::*;
use vh_host::hub;

/// A live script with this text, and its record.
fn live(host: &Host, text: &str) -> (i32, Arc<ScriptInfo>) {
    let (id, serial) = host.loaded("a.py", text);
    let script = directory::live_with_serial(serial).unwrap();
    host.hub.calls();
    events();
    (id, script)
}

fn hook_with(host: &Host, id: i32, number: usize, texts: &[&[u8]]) -> HookReply {
    let block = Block::texts(texts).unwrap();
    host.registry.call_hook(id, &HOOKS[number], &Ok(block.view()))
}

#[test]
#[cfg_attr(miri, ignore = "it runs no C++")]
fn the_encoding_is_asked_anew_at_a_load_and_after_the_hub_changed_a_setting() {
    let host = Host::with("encoding", FakeHub::newest());
    host.hub.answer(38, |_| vh_host::fake_hub::text(b"CP1251"));
    let asked = |host: &Host| host.hub.calls().iter().filter(|it| it.starts_with("38")).count();
    let (id, _) = host.loaded("a.py", "def OnUserLogin(nick): pass\n");
    assert_eq!(asked(&host), 1);
    assert!(host.hook(id, LOGIN).is_some());
    assert!(hub::known_encoding().is_some());
    assert!(host.hook(id, hooks::ON_SET_CONFIG).is_none(), "it has no such hook");
    assert!(hub::known_encoding().is_none());
    assert!(host.hook(id, LOGIN).is_some());
    assert_eq!(asked(&host), 1);
    host.loaded("b.py", "");
    assert_eq!(asked(&host), 1);
}

#[test]
fn new_nicks_of_the_hubs_bots_come_by_a_script_command_from_nobody() {
    let host = Host::new("nicks");
    let (id, script) = live(&host, "");
    let command = |texts: &[&[u8]]| {
        hook_with(&host, id, hooks::ON_SCRIPT_COMMAND, texts);
        let nicks = [script.bot_nick(), script.op_chat_nick()];
        (nicks.map(|nick| nick.map(|nick| String::from_utf8(nick).unwrap())), events().len())
    };
    let nick = |nick: &str| Some(nick.to_owned());
    let bot = b"_hub_security_change".as_slice();
    // Each call of the hook is an event, and so is the change.
    assert_eq!(command(&[bot, b"Bob", b"", b""]), ([nick("Bob"), None], 2));
    assert_eq!(
        command(&[b"_opchat_name_change", b"Ops", b"", b""]),
        ([nick("Bob"), nick("Ops")], 2)
    );
    assert_eq!(command(&[b"other", b"Eve", b"", b""]), ([nick("Bob"), nick("Ops")], 1));
    assert_eq!(command(&[bot, b"Eve", b"plugin", b""]), ([nick("Bob"), nick("Ops")], 1));
    assert_eq!(command(&[bot, b"Eve", b"", b"script"]), ([nick("Bob"), nick("Ops")], 1));
    assert_eq!(command(&[bot, b"Eve"]), ([nick("Bob"), nick("Ops")], 1));
    // Another hook with the same texts, and a command that cannot be read.
    hook_with(&host, id, LOGIN, &[bot, b"Eve", b"", b""]);
    assert_eq!(host.hook(id, hooks::ON_SCRIPT_COMMAND), None);
    assert_eq!((script.bot_nick().as_deref(), events().len()), (Some(b"Bob".as_slice()), 0));
}

#[test]
fn commands_that_load_scripts_pass_while_a_script_is_reloaded() {
    let host = Host::new("way_out");
    let text = "# vh: on_error = refuse\ndef OnHubCommand(nick, command): pass\n";
    let registry = host.registry;
    let answers = Arc::new(Mutex::new(Vec::new()));
    let ask = {
        let answers = Arc::clone(&answers);
        move || {
            for command in [b"pyreload a.py".as_slice(), b"kick nick"] {
                let block = Block::texts(&[b"op", command]).unwrap();
                let hook = &HOOKS[hooks::ON_HUB_COMMAND];
                let reply = registry.call_hook(0, hook, &Ok(block.view()));
                let answer = reply.block.unwrap();
                answers.lock().unwrap().push(matches!(answer.view().item(0), Item::Int(1)));
            }
        }
    };
    LOADING.with_borrow_mut(|next| next.push(Box::new(ask)));
    host.loaded("a.py", text);
    assert_eq!(*answers.lock().unwrap(), [true, false]);
    assert!(registry.refuses(0, hooks::ON_HUB_COMMAND) && !registry.refuses(0, LOGIN));
    assert!(!registry.refuses(1, hooks::ON_HUB_COMMAND) && !registry.refuses(-1, LOGIN));
}

#[test]
#[cfg_attr(miri, ignore = "it runs no C++")]
fn notices_are_said_after_the_call_that_caused_them() {
    let host = Host::with("notices", FakeHub::newest());
    let (id, script) = live(&host, "def OnUserLogin(nick): pass\n");
    let said = |host: &Host| {
        let calls = host.hub.calls();
        calls.into_iter().filter(|call| call.starts_with("0 by")).collect::<Vec<_>>()
    };
    script.notices.add("after a hook".to_owned());
    assert!(host.hook(id, LOGIN).is_some());
    assert_eq!(said(&host), [format!("0 by {id}: \"after a hook\", NULL")]);
    script.notices.add("after a function".to_owned());
    assert!(host.registry.call(id, b"f", &Ok(None)).is_ok());
    assert_eq!(said(&host), [format!("0 by {id}: \"after a function\", NULL")]);
    script.notices.add("after jobs".to_owned());
    host.registry.run_jobs(script.serial);
    assert_eq!(said(&host), [format!("0 by {id}: \"after jobs\", NULL")]);
}

#[test]
fn calls_of_threads_are_served_whenever_the_host_comes_and_before_it_leaves() {
    let host = Host::new("serve");
    let (id, script) = live(&host, "def OnUserLogin(nick): pass\n");
    let (registry, serial) = (host.registry, script.serial);
    let jobs = || events().iter().filter(|event| event.starts_with("jobs")).count();
    let served = |visit: &dyn Fn()| {
        host_queue::post_jobs(serial).unwrap();
        visit();
        jobs()
    };
    assert_eq!(served(&|| _ = registry.find(b"a.py")), 1);
    assert_eq!(served(&|| _ = registry.has_hook(id, 0)), 1);
    assert_eq!(served(&|| _ = host.hook(id, CHAT)), 1, "a hook that it lacks");
    assert_eq!(served(&|| drop(registry.call(9, b"f", &Ok(None)))), 1, "no such script");
    assert_eq!(served(&|| drop(registry.unload(9))), 1);
    assert_eq!(served(&|| registry.give_up_loading(None)), 1);
    let within = |call: &dyn Fn()| {
        let post = move || host_queue::post_jobs(serial).unwrap();
        CALLED.with_borrow_mut(|next| next.push(Box::new(post)));
        call();
        jobs()
    };
    assert_eq!(within(&|| _ = host.hook(id, LOGIN)), 1);
    assert_eq!(within(&|| drop(registry.call(id, b"f", &Ok(None)))), 1);
    assert_eq!(jobs(), 0);
}

#[test]
fn jobs_run_for_live_scripts_only() {
    let host = Host::new("jobs");
    let (id, script) = live(&host, "");
    host.registry.run_jobs(script.serial);
    assert_eq!(events(), [format!("jobs of {}", script.serial)]);
    host.registry.run_jobs(u64::MAX);
    host.registry.unload(id).unwrap();
    events();
    host.registry.run_jobs(script.serial);
    assert_eq!(events(), Vec::<String>::new());
}

#[test]
fn what_cannot_be_called_is_told() {
    let host = Host::new("told");
    let error = host.registry.call(3, b"f", &Ok(None)).unwrap_err();
    assert_eq!(error.message(), "w_CallFunction(3, \"f\"): no script with this id is loaded");
    let text = "raise\n# vh: on_error = refuse\ndef OnUserLogin(nick): pass\n";
    let id = host.load("a.py", text).id.unwrap();
    let error = host.registry.call(id, b"f", &Ok(None)).unwrap_err();
    assert!(error.message().starts_with("\"f\" cannot be called: the script does not run"));
    assert!(events().iter().all(|event| event.starts_with("load")));
}

#[test]
#[cfg_attr(miri, ignore = "it runs no C++")]
fn operators_hear_of_a_stub_by_whichever_script_is_called_first() {
    let host = Host::with("alarm", FakeHub::newest());
    let text = "raise\n# vh: on_error = refuse\ndef OnUserLogin(nick): pass\n";
    let stub = host.load("stub.py", text).id.unwrap();
    host.hub.calls();
    assert!(host.has_hook(stub, hooks::ON_TIMER), "so that somebody is called soon");
    hook_with(&host, stub, hooks::ON_TIMER, &[]);
    let told = "Script stub.py does not run: its top level raised. stub.py refuses everything in \
                OnUserLogin meanwhile. Load it again when that is mended.";
    let said = host.hub.calls();
    assert!(said.contains(&format!("0 by {stub}: \"{told}\", NULL")), "{said:?}");
    hook_with(&host, stub, hooks::ON_TIMER, &[]);
    assert_eq!(host.hub.calls(), Vec::<String>::new(), "once is enough");
    host.registry.unload(stub).unwrap();
    assert!(!alarms::any());
    let (first, _) = host.loaded("a.py", "");
    assert!(!host.has_hook(first, hooks::ON_TIMER), "there is nothing to tell any more");
}
