//! What is generated is what lies in the checkout, and what is written by hand agrees with the tables.

use vh_core::hooks::HOOKS;

use super::*;

#[test]
fn every_generated_file_is_up_to_date() {
    for (path, printer) in FILES {
        generate(path, &printer, true).unwrap_or_else(|error| panic!("{path}: {error}"));
    }
}

#[test]
fn a_file_that_is_out_of_date_is_told_and_written() {
    let path = std::env::temp_dir().join(format!("vh-xtask-{}", std::process::id()));
    let path = path.to_str().unwrap();
    let printer = Printer::Text(|| Ok("new".to_owned()));
    assert!(generate(path, &printer, true).is_err());
    generate(path, &printer, false).unwrap();
    generate(path, &printer, true).unwrap();
    std::fs::remove_file(path).unwrap();
}

/// `docs/script-guide.md` lists the hooks that `on_error = refuse` does not reach.
#[test]
fn the_guide_knows_which_hooks_refuse_nothing() {
    let path = root().join("docs/script-guide.md");
    let guide = std::fs::read_to_string(path).expect("the guide is there");
    let list = guide.split("\n\n").find(|text| text.contains("refuse\nnothing and always pass"));
    let list = list.expect("the guide has the list").split(" refuse\n").next().unwrap_or_default();
    let listed: Vec<_> =
        list.split(['`', ',', ' ', '\n']).filter(|name| name.starts_with("On")).collect();
    for hook in &HOOKS {
        assert_eq!(listed.contains(&hook.text), !hook.decides, "{}", hook.text);
    }
}
