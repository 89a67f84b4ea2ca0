//! The one type of error: why something could not be done, returned from where that is found out up to
//! whoever asked.

use crate::json;

/// What kind of error it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Code {
    /// The caller passed something that cannot be used.
    Invalid,
    /// There is no script, function or file of that name or id.
    NotFound,
    /// Python code raised an exception.
    Python,
    /// It took longer than allowed.
    Timeout,
    /// Somebody cancelled it.
    Cancelled,
    /// Too much of it is going on already.
    Busy,
    /// Something it needs is not there.
    Unavailable,
    /// A value is larger than allowed.
    TooLarge,
    /// It was closed meanwhile.
    Closed,
    /// A fault of the library.
    Internal,
}

impl Code {
    /// All of them, in the order in which the header names them.
    pub const ALL: [Code; 10] = [
        Code::Invalid,
        Code::NotFound,
        Code::Python,
        Code::Timeout,
        Code::Cancelled,
        Code::Busy,
        Code::Unavailable,
        Code::TooLarge,
        Code::Closed,
        Code::Internal,
    ];

    /// The code that has a name.
    pub fn of_name(name: &str) -> Option<Code> {
        Code::ALL.into_iter().find(|code| code.name() == name)
    }

    /// Its name for hosts.
    pub fn name(self) -> &'static str {
        match self {
            Code::Invalid => "invalid",
            Code::NotFound => "not_found",
            Code::Python => "python",
            Code::Timeout => "timeout",
            Code::Cancelled => "cancelled",
            Code::Busy => "busy",
            Code::Unavailable => "unavailable",
            Code::TooLarge => "too_large",
            Code::Closed => "closed",
            Code::Internal => "internal",
        }
    }
}

/// What is known of a Python exception besides its text.
#[derive(Clone, Debug)]
pub struct Exception {
    /// Name of its type.
    pub kind: String,
    /// What Python prints for it.
    pub traceback: String,
}

/// An error. It is one word, so that calls which succeed pay nothing for it.
#[derive(Clone, Debug)]
pub struct Error(Box<Details>);

#[derive(Clone, Debug)]
struct Details {
    code: Code,
    message: String,
    exception: Option<Exception>,
    /// The label of the script it is about, or empty.
    script: String,
    /// Whether it has been logged, or must not be.
    is_told: bool,
}

impl Error {
    /// An error with what happened, in one line for the log and for hosts.
    #[cold]
    pub fn new(code: Code, message: impl Into<String>) -> Error {
        let (message, script) = (message.into(), String::new());
        Error(Box::new(Details { code, message, exception: None, script, is_told: false }))
    }

    /// Adds the label of the script it is about.
    pub fn about(mut self, script: &str) -> Error {
        script.clone_into(&mut self.0.script);
        self
    }

    /// Adds what is known of the exception.
    pub fn with_exception(mut self, exception: Exception) -> Error {
        self.0.exception = Some(exception);
        self
    }

    /// Marks it as one that is not to be logged: the log has it already, or its limits forbid it.
    pub fn told(mut self) -> Error {
        self.0.is_told = true;
        self
    }

    /// Logs it, unless it is marked.
    pub fn tell(self) -> Error {
        if self.0.is_told {
            return self;
        }
        tracing::error!(script = self.0.script, "{}", self.0.message);
        self.told()
    }

    /// What kind it is.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// What happened.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The exception behind it.
    pub fn exception(&self) -> Option<&Exception> {
        self.0.exception.as_ref()
    }

    /// Cuts the message to so many bytes, followed by a note that says how many were cut.
    pub fn shortened(mut self, longest: usize) -> Error {
        let message = &mut self.0.message;
        if message.len() > longest {
            let is_end = |end: &usize| message.is_char_boundary(*end);
            let end = (0..=longest).rev().find(is_end).unwrap_or(0);
            let more = message.len() - end;
            message.truncate(end);
            message.push_str(&format!("… ({more} more bytes)"));
        }
        self
    }

    /// `{"code": …, "type": …, "message": …, "traceback": …}`; null where there is no exception.
    pub fn to_json(&self) -> Vec<u8> {
        let kind = self.exception().map(|exception| exception.kind.as_str());
        let traceback = self.exception().map(|exception| exception.traceback.as_str());
        let fields = [
            ("{\"code\":", Some(self.code().name())),
            (",\"type\":", kind),
            (",\"message\":", Some(self.message())),
            (",\"traceback\":", traceback),
        ];
        let mut out = Vec::new();
        for (key, value) in fields {
            out.extend_from_slice(key.as_bytes());
            match value {
                // C reads the text up to the first NUL, which JSON writes as an escape.
                Some(text) => json::write_text(&mut out, text),
                None => out.extend_from_slice(b"null"),
            }
        }
        out.push(b'}');
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vh_testing::told;

    #[test]
    fn long_messages_are_cut_between_characters_wherever_these_begin() {
        const LONGEST: usize = 1000;
        for character in ["é", "中", "\u{1F600}"] {
            for before in 0..4 {
                let message = "a".repeat(before) + &character.repeat(LONGEST);
                let kept = Error::new(Code::Invalid, message.clone()).shortened(LONGEST);
                let (head, rest) = kept.message().split_once("… (").unwrap();
                assert!(message.starts_with(head), "{character}");
                assert!((LONGEST - 3..=LONGEST).contains(&head.len()), "{}", head.len());
                assert_eq!(rest, format!("{} more bytes)", message.len() - head.len()));
            }
        }
    }

    #[test]
    fn codes_have_the_names_that_the_header_tells() {
        let header = include_str!("../../../include/vh_python_wrapper.h").replace("\n// ", " ");
        let names = Code::ALL.map(Code::name).join(", ");
        assert!(header.contains(&format!("one of the codes {names}. ")), "{names}");
    }

    #[test]
    fn a_message_that_fits_is_kept_whole() {
        let message = "中".repeat(100);
        assert_eq!(Error::new(Code::Invalid, message.clone()).shortened(300).message(), message);
    }

    #[test]
    fn an_error_is_logged_once_with_its_script() {
        let (error, told) = told(|| Error::new(Code::Busy, "too much").about("3:a.py").tell());
        assert_eq!(told, "ERROR too much script=\"3:a.py\"\n");
        assert_eq!((error.code(), error.message()), (Code::Busy, "too much"));
        let (error, told) = vh_testing::told(|| error.tell());
        assert_eq!((error.message(), told.as_str()), ("too much", ""));
        let quiet = || Error::new(Code::Busy, "too much").told().tell();
        assert_eq!(vh_testing::told(quiet).1, "");
    }

    #[test]
    fn an_error_is_written_as_json() {
        let json = |error: Error| String::from_utf8(error.to_json()).unwrap();
        assert_eq!(
            json(Error::new(Code::NotFound, "no \"a\"\0")),
            r#"{"code":"not_found","type":null,"message":"no \"a\"\u0000","traceback":null}"#
        );
        let exception = Exception { kind: "KeyError".to_owned(), traceback: "line 1\n".to_owned() };
        let error = Error::new(Code::Python, "a").with_exception(exception);
        assert_eq!(error.exception().map(|it| it.kind.as_str()), Some("KeyError"));
        assert_eq!(
            json(error),
            r#"{"code":"python","type":"KeyError","message":"a","traceback":"line 1\n"}"#
        );
    }
}
