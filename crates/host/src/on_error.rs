//! What a hook answers when it cannot run or fails: `# vh: on_error = refuse`, or, for a single hook, `# vh:
//! on_error.OnParsedMsgChat = refuse`.

use crate::targs::{Block, Item, View};
use vh_core::comments::{Comments, Setting};
use vh_core::hooks::{self, HOOKS, Hook};
use vh_core::nearest::nearest;

/// A bit for each hook whose answer 0 refuses something.
const DECIDING: u64 = {
    let (mut bits, mut number) = (0, 0);
    while number < HOOKS.len() {
        if HOOKS[number].decides {
            bits |= 1 << number;
        }
        number += 1;
    }
    bits
};

/// Commands of the hub that load, unload and list scripts.
const WAY_OUT: [&str; 6] = ["pyload", "pyunload", "pyreload", "pylist", "pyfiles", "pylog"];

/// Which hooks of a script are to refuse when they cannot answer; all others let the event pass.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct OnError {
    refuses: u64,
    /// The hooks that a comment names for refusal: the script counts as having them, whatever its text shows.
    named: u64,
}

impl OnError {
    /// Reads a script's comments, and says what is wrong with them. An author who makes a mistake in this
    /// setting wanted more than the default, so then every hook refuses that is not named to pass.
    pub fn read(comments: &Comments) -> (OnError, Option<String>) {
        let mistakes = comments.mistakes().iter();
        let mut wrong = mistakes
            .filter(|it| it.meant == Some(Setting::OnError))
            .map(|it| it.text.clone())
            .next();
        let mut value = |name: &str, text: &str| {
            let value = parse(name, text);
            value.unwrap_or_else(|reason| {
                wrong.get_or_insert(reason);
                true
            })
        };
        let name = Setting::OnError.name();
        let whole = comments.setting(Setting::OnError).map(|text| value(name, text));
        let (mut refusing, mut passing) = (0, 0);
        for (hook, text) in comments.of_hooks(Setting::OnError) {
            // A name that is no hook's is among the mistakes that `Comments` found.
            let Some(number) = HOOKS.iter().position(|known| known.text == hook) else { continue };
            let bit = 1_u64 << number;
            // The first one counts.
            if (refusing | passing) & bit != 0 {
                continue;
            }
            match value(&format!("{name}.{hook}"), text) {
                true => refusing |= bit,
                false => passing |= bit,
            }
        }
        if let Some(idle) = hooks_in(refusing & !DECIDING).next() {
            wrong.get_or_insert(format!(
                "its comment \"# vh: {name}.{}\" asks for what cannot be: 0 from that hook refuses \
                 nothing; leave the comment out",
                idle.text
            ));
        }
        let all = if whole == Some(true) || wrong.is_some() { DECIDING } else { 0 };
        let named = refusing & DECIDING;
        (OnError { refuses: (all | named) & !passing, named }, wrong)
    }

    /// Whether a hook is to refuse.
    pub fn refuses(self, hook: usize) -> bool {
        self.refuses & (1 << hook) != 0
    }

    /// Whether any hook is.
    pub fn asks(self) -> bool {
        self.refuses != 0
    }

    /// Those of these hooks that are to refuse, and those that a comment names for it.
    pub fn among(self, hooks: u64) -> u64 {
        self.refuses & (hooks | self.named)
    }
}

/// The hooks of these bits.
pub fn hooks_in(bits: u64) -> impl Iterator<Item = &'static Hook> {
    let all = HOOKS.iter().enumerate();
    all.filter_map(move |(number, hook)| (bits & (1 << number) != 0).then_some(hook))
}

/// Reads whether a value asks for refusal.
fn parse(name: &str, text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "refuse" => Ok(true),
        "pass" => Ok(false),
        _ => {
            let meant = nearest(text, ["refuse", "pass"]);
            let meant = meant.map(|meant| format!(" (did you mean {meant}?)")).unwrap_or_default();
            Err(format!(
                "its comment \"# vh: {name}\" is {text:?}, which is neither refuse nor pass{meant}"
            ))
        }
    }
}

/// The answer of a hook that cannot answer. `params` are its parameters, if they can be read: commands that
/// load scripts always pass, because with them an operator repairs a script that refuses everything. The hub
/// itself knows who may use them.
pub fn answer(refuses: bool, hook: usize, params: Option<&View>) -> Option<Block> {
    let passes = !refuses || params.is_some_and(|params| is_way_out(hook, params));
    Block::int(i64::from(passes))
}

fn is_way_out(hook: usize, params: &View) -> bool {
    if !matches!(hook, hooks::ON_HUB_COMMAND | hooks::ON_OPERATOR_COMMAND) {
        return false;
    }
    match params.items().nth(1) {
        Some(Item::Text(Some(command))) => loads_scripts(command),
        _ => false,
    }
}

/// Whether a command, with its prefix or without, is one of those that load scripts.
fn loads_scripts(command: &[u8]) -> bool {
    let command = match command {
        [first, rest @ ..] if first.is_ascii_punctuation() => rest,
        whole => whole,
    };
    let name = command.split(|byte| byte.is_ascii_whitespace()).next().unwrap_or_default();
    WAY_OUT.iter().any(|known| known.as_bytes() == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHAT: usize = 3;
    const LOGIN: usize = hooks::ON_USER_LOGIN;

    fn read(source: &str) -> OnError {
        let (found, wrong) = OnError::read(&Comments::read(source.as_bytes()));
        assert_eq!(wrong, None, "{source:?}");
        found
    }

    #[test]
    fn the_whole_script_or_single_hooks_refuse() {
        assert!(!read("import vh\n# vh: on_error = pass\n").asks());
        let all = read("# vh: on_error = Refuse\n");
        assert!(all.refuses(CHAT) && all.refuses(LOGIN) && !all.refuses(hooks::ON_TIMER));
        assert_eq!(all.among(1 << CHAT | 1 << hooks::ON_TIMER), 1 << CHAT);
        let one = read("# vh: on_error.OnParsedMsgChat = refuse\n");
        assert!(one.refuses(CHAT) && !one.refuses(LOGIN));
        assert_eq!(one.among(0), 1 << CHAT, "it is named, so it is there");
        assert_eq!(one.among(1 << CHAT | 1 << LOGIN), 1 << CHAT);
        assert!(all.asks() && one.asks());
        let but_one = read("# vh: on_error.OnParsedMsgChat = pass\n# vh: on_error = refuse\n");
        assert!(!but_one.refuses(CHAT) && but_one.refuses(LOGIN));
        let first =
            read("# vh: on_error.OnUserLogin = refuse\n# vh: on_error.OnUserLogin = pass\n");
        assert!(first.refuses(LOGIN) && !first.refuses(CHAT));
    }

    #[test]
    fn what_is_not_understood_refuses() {
        for (source, told) in [
            ("# vh: on_error = refus\n", "neither refuse nor pass (did you mean refuse?)"),
            ("# vh: on_error =\n", "is \"\", which is neither refuse nor pass"),
            ("# vh: on_error = 0\n", "is \"0\", which is neither refuse nor pass"),
            ("# vh: on_error.OnUserLogin = no\n", "on_error.OnUserLogin\" is \"no\""),
            ("# vh: on_error.OnParsedMsgChatt = refuse\n", "did you mean OnParsedMsgChat?"),
            ("# vh: on_error.OnTimer = refuse\n", "0 from that hook refuses nothing"),
            ("# vh: on_errors = refuse\n", "did you mean on_error?"),
        ] {
            let (found, wrong) = OnError::read(&Comments::read(source.as_bytes()));
            assert!(found.refuses(CHAT) && found.refuses(LOGIN), "{source:?}");
            assert!(wrong.as_ref().is_some_and(|wrong| wrong.contains(told)), "{wrong:?}");
        }
        let (found, _) = OnError::read(&Comments::read(
            b"# vh: on_error = 0\n# vh: on_error.OnUserLogin = pass\n",
        ));
        assert!(found.refuses(CHAT) && !found.refuses(LOGIN));
    }

    #[test]
    fn operators_can_load_scripts() {
        for command in ["!pyreload x.py", "pyload", "+pylist\t1", "pyunload 3"] {
            assert!(loads_scripts(command.as_bytes()), "{command}");
        }
        for command in ["", "!", "!ban pyload", "!!pyload", "pyloads", "kick"] {
            assert!(!loads_scripts(command.as_bytes()), "{command}");
        }
    }

    #[test]
    fn what_refuses_lets_the_commands_pass_that_load_scripts() {
        let answer = |refuses, hook, texts: &[&[u8]]| {
            let block = Block::texts(texts).unwrap();
            let answer = answer(refuses, hook, Some(&block.view())).unwrap();
            match answer.view().item(0) {
                Item::Int(number) => number,
                other => panic!("{other:?}"),
            }
        };
        for hook in [hooks::ON_HUB_COMMAND, hooks::ON_OPERATOR_COMMAND] {
            assert_eq!(answer(true, hook, &[b"op", b"!pyreload a.py"]), 1);
            assert_eq!(answer(true, hook, &[b"op", b"!kick nick"]), 0);
            assert_eq!(answer(true, hook, &[b"!pyreload a.py"]), 0, "a nick");
            assert_eq!(answer(false, hook, &[b"op", b"!kick nick"]), 1);
        }
        assert_eq!(answer(true, CHAT, &[b"op", b"!pyreload a.py"]), 0);
        assert_eq!(answer(false, CHAT, &[b"op", b"hello"]), 1);
        let without = super::answer(true, hooks::ON_HUB_COMMAND, None).unwrap();
        assert!(matches!(without.view().item(0), Item::Int(0)));
    }

    #[test]
    fn the_hooks_of_bits_come_in_their_order() {
        let names: Vec<_> = hooks_in(1 << LOGIN | 1 | 1 << CHAT).map(|hook| hook.text).collect();
        assert_eq!(names, ["OnNewConn", "OnParsedMsgChat", "OnUserLogin"]);
    }
}
