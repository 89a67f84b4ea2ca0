//! What the hub's answers are for a script in a child, by the outcome in the callback's row.

use std::ffi::c_void;

use vh_core::callbacks::{Callback, Outcome};
use vh_core::json::write_text;
use vh_core::log::plain;
use vh_core::text::Encoding;
use vh_guard::script::ScriptInfo;
use vh_host::host_functions::Answer;
use vh_host::nick_list::split_nicks;
use vh_host::sql::Table;
use vh_host::targs::{self, Item, View};
use vh_host::vectors;

use super::values::{JsonFrom, write_float, write_hub_text, write_item, write_list};

/// The JSON text of an answer, and whether the hub says that it did what it was asked. An answer that does not fit its row is logged and counts as a failure.
pub fn of_callback(
    script: &ScriptInfo,
    callback: &Callback,
    answer: &mut Answer,
    encoding: &Encoding,
) -> Vec<u8> {
    if callback.outcome == Outcome::GeoIp {
        answer.expect_literals();
    }
    let written = match answer.view() {
        None => None,
        Some(Ok(view)) => Some(Reader { view: &view, encoding }.written(callback.outcome)),
        Some(Err(wrong)) => Some(Err(wrong.message().to_owned())),
    };
    match written {
        Some(Ok(text)) => text,
        Some(Err(reason)) => {
            tracing::error!(
                script = %script.label,
                "the hub's result of vh.{}() cannot be read: {reason}",
                callback.text
            );
            failure(callback.outcome)
        }
        None => failure(callback.outcome),
    }
}

/// What a script gets when the callback has failed.
fn failure(outcome: Outcome) -> Vec<u8> {
    let text: &[u8] = match outcome {
        Outcome::Bool => b"false",
        Outcome::Int
        | Outcome::Float
        | Outcome::Text
        | Outcome::Texts(_)
        | Outcome::RawNickList(_)
        | Outcome::Unused => b"null",
        Outcome::NickList(_) => b"[]",
        Outcome::GeoIp | Outcome::Restrictions => b"{\"m\":[]}",
        Outcome::Rows => b"{\"t\":[false,[]]}",
    };
    text.to_vec()
}

/// Why an answer cannot be read.
type Unreadable = String;

struct Reader<'v> {
    view: &'v View<'v>,
    encoding: &'v Encoding,
}

impl Reader<'_> {
    fn written(&self, outcome: Outcome) -> Result<Vec<u8>, Unreadable> {
        let mut out = Vec::new();
        match outcome {
            Outcome::Bool => write_bool(&mut out, self.int(0)? != 0),
            Outcome::Int => {
                out.extend_from_slice(targs::signed(self.int(0)?).to_string().as_bytes())
            }
            Outcome::Float => write_float(&mut out, self.float(0)?),
            Outcome::Text => self.text(&mut out, 0)?,
            Outcome::Texts(count) => self.texts(&mut out, count)?,
            Outcome::NickList(prefix) => self.nicks(&mut out, prefix.to_bytes())?,
            Outcome::RawNickList(prefix) => self.raw_nicks(&mut out, prefix.to_bytes())?,
            Outcome::Rows => self.rows(&mut out)?,
            Outcome::GeoIp => self.geo_ip(&mut out)?,
            Outcome::Restrictions => self.restrictions(&mut out)?,
            Outcome::Unused => out.extend_from_slice(b"null"),
        }
        Ok(out)
    }

    fn item(&self, index: usize) -> Result<Item<'_>, Unreadable> {
        if index < self.view.length() { Ok(self.view.item(index)) } else { self.unexpected() }
    }

    fn unexpected<T>(&self) -> Result<T, Unreadable> {
        Err(format!("its format is {}", plain::quoted(self.view.format())))
    }

    fn int(&self, index: usize) -> Result<i64, Unreadable> {
        match self.item(index)? {
            Item::Int(number) => Ok(number),
            _ => self.unexpected(),
        }
    }

    fn float(&self, index: usize) -> Result<f64, Unreadable> {
        match self.item(index)? {
            Item::Float(number) => Ok(number),
            _ => self.unexpected(),
        }
    }

    fn pointer(&self, index: usize) -> Result<*mut c_void, Unreadable> {
        match self.item(index)? {
            Item::Pointer(pointer) => Ok(pointer),
            _ => self.unexpected(),
        }
    }

    fn text(&self, out: &mut Vec<u8>, index: usize) -> Result<(), Unreadable> {
        match self.item(index)? {
            Item::Text(text) => write_hub_text(out, text, self.encoding),
            _ => return self.unexpected(),
        }
        Ok(())
    }

    fn texts(&self, out: &mut Vec<u8>, count: usize) -> Result<(), Unreadable> {
        out.extend_from_slice(b"{\"t\":[");
        for index in 0..count {
            if index > 0 {
                out.push(b',');
            }
            self.text(out, index)?;
        }
        out.extend_from_slice(b"]}");
        Ok(())
    }

    /// Nicks as a list, from a JSON array or from `$NickList a$$b$$`.
    fn nicks(&self, out: &mut Vec<u8>, prefix: &[u8]) -> Result<(), Unreadable> {
        match self.item(0)? {
            // The child looks whether it is a list of texts.
            item @ Item::Json(Some(_)) => {
                out.extend_from_slice(b"{\"nicks\":");
                write_item(out, &item, self.encoding, JsonFrom::HubCallback);
                out.push(b'}');
            }
            Item::Text(Some(text)) => write_list(out, split_nicks(text, prefix), |out, nick| {
                write_hub_text(out, Some(nick), self.encoding);
            }),
            Item::Json(None) | Item::Text(None) => out.extend_from_slice(b"[]"),
            _ => return self.unexpected(),
        }
        Ok(())
    }

    /// Nicks as the text `$NickList a$$b$$`.
    fn raw_nicks(&self, out: &mut Vec<u8>, prefix: &[u8]) -> Result<(), Unreadable> {
        if let Item::Text(_) = self.item(0)? {
            return self.text(out, 0);
        }
        out.extend_from_slice(b"{\"raw\":[");
        write_text(out, &String::from_utf8_lossy(prefix));
        out.push(b',');
        self.nicks(out, prefix)?;
        out.extend_from_slice(b"]}");
        Ok(())
    }

    /// Rows as `(ok, [[cell, …], …])`.
    fn rows(&self, out: &mut Vec<u8>) -> Result<(), Unreadable> {
        let Some(found) = Table::take(self.view) else { return self.unexpected() };
        out.extend_from_slice(b"{\"t\":[");
        write_bool(out, found.succeeded);
        out.push(b',');
        write_list(out, found.rows(), |out, row| {
            write_list(out, row.iter(), |out, cell| {
                write_hub_text(out, cell.as_deref(), self.encoding);
            });
        });
        out.extend_from_slice(b"]}");
        Ok(())
    }

    /// Four named numbers, then named texts in a C++ vector.
    fn geo_ip(&self, out: &mut Vec<u8>) -> Result<(), Unreadable> {
        // Taken first: it is ours to delete whatever else is wrong.
        // SAFETY: what the host promises of this callback: the pointer is NULL or a vector of strings made by
        // `new`, which nobody else deletes.
        let texts = unsafe { vectors::take_texts(self.pointer(8)?) };
        out.extend_from_slice(b"{\"m\":[");
        for index in [0, 2, 4, 6] {
            out.extend_from_slice(if index == 0 { b"[" } else { b",[" });
            self.text(out, index)?;
            out.push(b',');
            if index < 4 {
                write_float(out, self.float(index + 1)?);
            } else {
                // The hub writes 16 bits and leaves the rest undefined.
                out.extend_from_slice((self.int(index + 1)? & 0xFFFF).to_string().as_bytes());
            }
            out.push(b']');
        }
        for pair in texts.chunks_exact(2) {
            out.push(b',');
            write_list(out, pair.iter(), |out, text| {
                write_hub_text(out, Some(text), self.encoding);
            });
        }
        out.extend_from_slice(b"]}");
        Ok(())
    }

    fn restrictions(&self, out: &mut Vec<u8>) -> Result<(), Unreadable> {
        let bits = targs::signed(self.int(0)?);
        let names = ["chat", "pm", "search", "ctm"];
        let known = if bits >= 0 { &names[..] } else { &[] };
        out.extend_from_slice(b"{\"m\":");
        write_list(out, known.iter().enumerate(), |out, (bit, name)| {
            out.extend_from_slice(format!("[\"{name}\",{}]", bits & (1 << bit) != 0).as_bytes());
        });
        out.push(b'}');
        Ok(())
    }
}

fn write_bool(out: &mut Vec<u8>, value: bool) {
    out.extend_from_slice(if value { b"true" } else { b"false" });
}
