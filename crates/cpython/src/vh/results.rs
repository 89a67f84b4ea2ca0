//! Converts results of hub callbacks to Python values, by the outcome in the callback's row.

use std::ffi::c_void;

use crate::convert::{self, JsonFrom};
use crate::json::Failure;
use crate::object::{Attached, Obj, Raised};
use vh_core::callbacks::{Callback, Outcome};
use vh_core::log::plain;
use vh_core::text::Encoding;
use vh_guard::script::ScriptInfo;
use vh_host::host_functions::Answer;
use vh_host::nick_list::split_nicks;
use vh_host::sql::Table;
use vh_host::targs::{self, Item, View};
use vh_host::vectors;

/// The Python value of an answer. An answer that does not fit its row is logged and counts as a failure.
pub fn of_callback<'a>(
    attached: Attached<'a>,
    script: &ScriptInfo,
    callback: &Callback,
    answer: &mut Answer,
    encoding: &Encoding,
) -> Result<Obj<'a>, Raised> {
    if callback.outcome == Outcome::GeoIp {
        answer.expect_literals();
    }
    let converted = match answer.view() {
        None => None,
        Some(Ok(view)) => Some(Reader { attached, view: &view, encoding }.read(callback.outcome)),
        Some(Err(wrong)) => Some(Err(Failure::refused(wrong.message()))),
    };
    match converted {
        Some(Ok(value)) => Ok(value),
        Some(Err(Failure::Raised(raised))) => Err(raised),
        Some(Err(Failure::Refused(_, reason))) => {
            tracing::error!(
                script = %script.label,
                "the hub's result of vh.{}() cannot be read: {reason}",
                callback.text
            );
            failure(attached, callback.outcome)
        }
        None => failure(attached, callback.outcome),
    }
}

/// What a script gets when the callback has failed.
fn failure<'a>(attached: Attached<'a>, outcome: Outcome) -> Result<Obj<'a>, Raised> {
    match outcome {
        Outcome::Bool => Ok(attached.bool(false)),
        Outcome::Int
        | Outcome::Float
        | Outcome::Text
        | Outcome::Texts(_)
        | Outcome::RawNickList(_)
        | Outcome::Unused => Ok(attached.none()),
        Outcome::NickList(_) => attached.list(Vec::new()),
        Outcome::GeoIp | Outcome::Restrictions => attached.dict(),
        Outcome::Rows => {
            let rows = attached.list(Vec::new())?;
            attached.tuple(vec![attached.bool(false), rows])
        }
    }
}

struct Reader<'a, 'v> {
    attached: Attached<'a>,
    view: &'v View<'v>,
    encoding: &'v Encoding,
}

impl<'a> Reader<'a, '_> {
    fn read(&self, outcome: Outcome) -> Result<Obj<'a>, Failure> {
        let attached = self.attached;
        Ok(match outcome {
            Outcome::Bool => attached.bool(self.int(0)? != 0),
            Outcome::Int => attached.int(targs::signed(self.int(0)?))?,
            Outcome::Float => attached.float(self.float(0)?)?,
            Outcome::Text => self.text(0)?,
            Outcome::Texts(count) => {
                let texts: Result<Vec<_>, _> = (0..count).map(|index| self.text(index)).collect();
                attached.tuple(texts?)?
            }
            Outcome::NickList(prefix) => self.nicks(prefix.to_bytes())?,
            Outcome::RawNickList(prefix) => self.raw_nicks(prefix.to_bytes())?,
            Outcome::Rows => self.rows()?,
            Outcome::GeoIp => self.geo_ip()?,
            Outcome::Restrictions => self.restrictions()?,
            Outcome::Unused => attached.none(),
        })
    }

    fn item(&self, index: usize) -> Result<Item<'_>, Failure> {
        if index < self.view.length() { Ok(self.view.item(index)) } else { self.unexpected() }
    }

    fn unexpected<T>(&self) -> Result<T, Failure> {
        Err(Failure::refused(format!("its format is {}", plain::quoted(self.view.format()))))
    }

    fn int(&self, index: usize) -> Result<i64, Failure> {
        match self.item(index)? {
            Item::Int(number) => Ok(number),
            _ => self.unexpected(),
        }
    }

    fn float(&self, index: usize) -> Result<f64, Failure> {
        match self.item(index)? {
            Item::Float(number) => Ok(number),
            _ => self.unexpected(),
        }
    }

    fn bytes(&self, index: usize) -> Result<Option<&[u8]>, Failure> {
        match self.item(index)? {
            Item::Text(text) => Ok(text),
            _ => self.unexpected(),
        }
    }

    fn pointer(&self, index: usize) -> Result<*mut c_void, Failure> {
        match self.item(index)? {
            Item::Pointer(pointer) => Ok(pointer),
            _ => self.unexpected(),
        }
    }

    fn text(&self, index: usize) -> Result<Obj<'a>, Failure> {
        Ok(convert::from_hub_or_none(self.attached, self.bytes(index)?, self.encoding)?)
    }

    /// Reads nicks as a list, from a JSON array or from `$NickList a$$b$$`.
    fn nicks(&self, prefix: &[u8]) -> Result<Obj<'a>, Failure> {
        match self.item(0)? {
            item @ Item::Json(Some(_)) => {
                let from = JsonFrom::HubCallback;
                let nicks = convert::to_object(self.attached, &item, self.encoding, from)?;
                if !nicks.is_list() || !nicks.items().iter().all(Obj::is_str) {
                    return Err(Failure::refused("its JSON is no list of texts"));
                }
                Ok(nicks)
            }
            Item::Text(Some(text)) => {
                let nicks: Result<Vec<_>, _> = split_nicks(text, prefix)
                    .map(|nick| convert::from_hub(self.attached, nick, self.encoding))
                    .collect();
                Ok(self.attached.list(nicks?)?)
            }
            Item::Json(None) | Item::Text(None) => Ok(self.attached.list(Vec::new())?),
            _ => self.unexpected(),
        }
    }

    /// Reads nicks as the text `$NickList a$$b$$`.
    fn raw_nicks(&self, prefix: &[u8]) -> Result<Obj<'a>, Failure> {
        if let Item::Text(text) = self.item(0)? {
            return Ok(convert::from_hub_or_none(self.attached, text, self.encoding)?);
        }
        let nicks = self.nicks(prefix)?;
        let mut raw: Vec<u32> = prefix.iter().copied().map(u32::from).collect();
        for nick in nicks.items() {
            raw.extend(nick.code_points());
            raw.extend([u32::from('$'); 2]);
        }
        let raw = vh_core::text::Decoded::from_code_points(raw.into_iter());
        Ok(convert::from_decoded(self.attached, &raw)?)
    }

    /// Reads rows as `(ok, [[cell, …], …])`.
    fn rows(&self) -> Result<Obj<'a>, Failure> {
        let Some(found) = Table::take(self.view) else { return self.unexpected() };
        let mut table = Vec::new();
        for row in found.rows() {
            let row: Result<Vec<_>, _> = row
                .iter()
                .map(|cell| {
                    convert::from_hub_or_none(self.attached, cell.as_deref(), self.encoding)
                })
                .collect();
            table.push(self.attached.list(row?)?);
        }
        let table = self.attached.list(table)?;
        Ok(self.attached.tuple(vec![self.attached.bool(found.succeeded), table])?)
    }

    /// Reads four named numbers, then named texts in a C++ vector.
    fn geo_ip(&self) -> Result<Obj<'a>, Failure> {
        let attached = self.attached;
        // Taken first: it is ours to delete whatever else is wrong.
        // SAFETY: what the host promises of this callback: the pointer is NULL or a vector of strings made by
        // `new`, which nobody else deletes.
        let texts = unsafe { vectors::take_texts(self.pointer(8)?) };
        let found = attached.dict()?;
        let set = |key: Obj, value: Obj| found.set_dict_pair(&key, &value);
        for index in [0, 2] {
            set(self.text(index)?, attached.float(self.float(index + 1)?)?)?;
        }
        for index in [4, 6] {
            // The hub writes 16 bits and leaves the rest undefined.
            set(self.text(index)?, attached.int(self.int(index + 1)? & 0xFFFF)?)?;
        }
        for pair in texts.chunks_exact(2) {
            let [key, value] =
                [&pair[0], &pair[1]].map(|text| convert::from_hub(attached, text, self.encoding));
            set(key?, value?)?;
        }
        Ok(found)
    }

    fn restrictions(&self) -> Result<Obj<'a>, Failure> {
        let bits = targs::signed(self.int(0)?);
        let found = self.attached.dict()?;
        if bits >= 0 {
            for (bit, name) in [c"chat", c"pm", c"search", c"ctm"].iter().enumerate() {
                found.set_dict_item(name, &self.attached.bool(bits & (1 << bit) != 0))?;
            }
        }
        Ok(found)
    }
}
