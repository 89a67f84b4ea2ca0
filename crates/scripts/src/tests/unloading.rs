//! What is done, told and waited for when a script goes.

use std::sync::mpsc;
use std::thread;

use super::*;
use vh_guard::output::Kind;
use vh_testing::{told, with_variable};

#[test]
#[cfg_attr(miri, ignore = "there an unload takes longer than it may")]
fn a_script_that_is_still_called_goes_when_that_call_returns() {
    let host = Host::new("late");
    let registry = host.registry;
    let (id, serial) = host.loaded("a.py", "");
    let (begun, begins) = mpsc::channel();
    let (end, ends) = mpsc::channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            let wait = move || {
                begun.send(()).unwrap();
                ends.recv().unwrap_err();
            };
            CALLED.with_borrow_mut(|next| next.push(Box::new(wait)));
            assert!(registry.call(id, b"f", &Ok(None)).is_ok());
        });
        begins.recv().unwrap();
        let unload = || told(|| registry.unload(id).unwrap());
        let (error, told) = with_variable("VH_PYTHON_UNLOAD_TIMEOUT", "0.05", unload);
        assert!(error.is_none());
        assert!(told.contains("WARN is still being called on another thread"), "{told}");
        assert_eq!(times_unloaded(serial), 0);
        assert!(registry.call(id, b"f", &Ok(None)).is_err(), "nobody else gets in");
        drop(end);
    });
    registry.take_again();
    assert_eq!(times_unloaded(serial), 1);
    assert_eq!(registry.reserve().ok(), Some(id));
}

#[test]
#[cfg_attr(miri, ignore = "there an unload takes longer than it may")]
fn an_unload_waits_for_calls_on_other_threads() {
    let host = Host::new("waits");
    let registry = host.registry;
    let (id, serial) = host.loaded("a.py", "");
    let (begun, begins) = mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(move || {
            let wait = move || {
                begun.send(()).unwrap();
                thread::sleep(std::time::Duration::from_millis(50));
            };
            CALLED.with_borrow_mut(|next| next.push(Box::new(wait)));
            assert!(registry.call(id, b"f", &Ok(None)).is_ok());
        });
        begins.recv().unwrap();
        let unload = || told(|| registry.unload(id).unwrap());
        let (_, told) = with_variable("VH_PYTHON_UNLOAD_TIMEOUT", "60", unload);
        assert!(!told.contains("is still being called"), "{told}");
        assert_eq!(times_unloaded(serial), 1);
    });
}

#[test]
fn an_unload_from_inside_does_not_wait_for_itself() {
    let host = Host::new("inside");
    let registry = host.registry;
    let (id, serial) = host.loaded("a.py", "");
    let unload = move || {
        let (error, told) = told(|| registry.unload(id).unwrap());
        assert!(error.is_none() && !told.contains("is still being called"), "{told}");
    };
    CALLED.with_borrow_mut(|next| next.push(Box::new(unload)));
    assert!(registry.call(id, b"f", &Ok(None)).is_ok());
    assert_eq!(times_unloaded(serial), 1);
}

#[test]
fn an_unload_is_told_and_so_is_what_was_not_told_before() {
    let host = Host::new("summary");
    let (id, serial) = host.loaded("a.py", "");
    let script = directory::live_with_serial(serial).unwrap();
    let login = script.entry_points.hook(LOGIN);
    for _ in 0..3 {
        login.has_failed("ValueError: no".to_owned(), "ValueError in OnUserLogin");
    }
    script.output.admit(Kind::Output, usize::MAX / 2, 0, 0);
    let (error, told) = told(|| host.registry.unload(id).unwrap());
    assert!(error.is_none());
    assert!(told.contains("OnUserLogin failed 2 more times: ValueError in OnUserLogin"), "{told}");
    assert!(told.contains("bytes that it wrote were dropped"), "{told}");
    assert!(told.contains(&format!("INFO unloaded script={}", script.label)), "{told}");
    assert!(script.is_closed() && script.is_gone() && !script.is_live());
    assert_eq!(
        events(),
        [format!("load of {serial}"), format!("jobs of {serial}"), format!("unload of {serial}")]
    );
}

#[test]
fn each_load_and_unload_looks_again_at_what_was_set_aside() {
    let host = Host::new("again");
    let looks = || LOOKS.load(Ordering::Relaxed);
    let before = looks();
    let (id, _) = host.loaded("a.py", "");
    let loaded = looks();
    host.registry.unload(id).unwrap();
    assert!(before < loaded && loaded < looks());
}

#[test]
fn the_end_of_the_hub_frees_every_id() {
    let host = Host::new("all_ids");
    let ids: Vec<_> = (0..3).map(|_| host.registry.reserve().unwrap()).collect();
    host.load_under(ids[1], "a.py", "def OnUserLogin(nick): pass\n");
    host.registry.unload_all();
    assert!(ids.iter().all(|&id| host.registry.functions(id).is_none()));
    assert!(ids.iter().all(|&id| !host.has_hook(id, LOGIN)));
    assert_eq!(host.registry.reserve().ok(), Some(0));
}

#[test]
fn who_unloads_hears_that_nobody_has_the_id() {
    let host = Host::new("nobody");
    let error = host.registry.unload(7).unwrap_err();
    assert_eq!(error.message(), "w_Unload(7): no script has this id");
    assert_eq!(host.registry.unload(-1).unwrap_err().code(), Code::NotFound);
}
