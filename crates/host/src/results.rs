//! What the hub's answers are for scripts, by the outcome in the callback's row. What values are made of,
//! whoever runs the script knows ([`Make`]).

use std::ffi::c_void;

use crate::host_functions::Answer;
use crate::nick_list::split_nicks;
use crate::sql::Table;
use crate::targs::{self, Item, View};
use crate::vectors;
use vh_core::callbacks::{Callback, Outcome};
use vh_core::log::plain;

/// Makes values for a script.
pub trait Make {
    /// A value.
    type Value;
    /// Why there is none.
    type Failure;

    /// The failure that says that an answer cannot be read.
    fn unreadable(reason: String) -> Self::Failure;
    /// The reason of such a failure; any other one is given back.
    fn reason(failure: Self::Failure) -> Result<String, Self::Failure>;

    /// None.
    fn none(&self) -> Self::Value;
    /// True or False.
    fn bool(&self, value: bool) -> Self::Value;
    /// A number.
    fn int(&self, number: i64) -> Result<Self::Value, Self::Failure>;
    /// A number.
    fn float(&self, number: f64) -> Result<Self::Value, Self::Failure>;
    /// A text of the hub; None for NULL.
    fn text(&self, bytes: Option<&[u8]>) -> Result<Self::Value, Self::Failure>;
    /// A list.
    fn list(&self, items: Vec<Self::Value>) -> Result<Self::Value, Self::Failure>;
    /// A tuple.
    fn tuple(&self, items: Vec<Self::Value>) -> Result<Self::Value, Self::Failure>;
    /// A dict.
    fn dict(&self, pairs: Vec<(Self::Value, Self::Value)>) -> Result<Self::Value, Self::Failure>;
    /// The list of texts in JSON text of the hub.
    fn nicks_of_json(&self, text: &[u8]) -> Result<Self::Value, Self::Failure>;
    /// The text `$NickList a$$b$$`, of its first word and a list of nicks.
    fn raw_nicks(&self, prefix: &[u8], nicks: Self::Value) -> Result<Self::Value, Self::Failure>;
}

/// The value of an answer. An answer that does not fit its row is logged under the script's label and counts as a
/// failure.
#[inline]
pub fn of_callback<M: Make>(
    make: &M,
    script: &str,
    callback: &Callback,
    answer: &mut Answer,
) -> Result<M::Value, M::Failure> {
    if callback.outcome == Outcome::GeoIp {
        answer.expect_literals();
    }
    let read = match answer.view() {
        None => return failure(make, callback.outcome),
        Some(Ok(view)) => Reader { make, view: &view }.read(callback.outcome),
        Some(Err(wrong)) => Err(M::unreadable(wrong.message().to_owned())),
    };
    read.or_else(|why| {
        let reason = M::reason(why)?;
        tracing::error!(
            script,
            "the hub's result of vh.{}() cannot be read: {reason}",
            callback.text
        );
        failure(make, callback.outcome)
    })
}

/// What a script gets when the callback has failed.
fn failure<M: Make>(make: &M, outcome: Outcome) -> Result<M::Value, M::Failure> {
    match outcome {
        Outcome::Bool => Ok(make.bool(false)),
        Outcome::Int
        | Outcome::Float
        | Outcome::Text
        | Outcome::Texts(_)
        | Outcome::RawNickList(_)
        | Outcome::Unused => Ok(make.none()),
        Outcome::NickList(_) => make.list(Vec::new()),
        Outcome::GeoIp | Outcome::Restrictions => make.dict(Vec::new()),
        Outcome::Rows => make.tuple(vec![make.bool(false), make.list(Vec::new())?]),
    }
}

struct Reader<'v, M> {
    make: &'v M,
    view: &'v View<'v>,
}

impl<M: Make> Reader<'_, M> {
    #[inline]
    fn read(&self, outcome: Outcome) -> Result<M::Value, M::Failure> {
        let make = self.make;
        match outcome {
            Outcome::Bool => Ok(make.bool(self.int(0)? != 0)),
            Outcome::Int => make.int(targs::signed(self.int(0)?)),
            Outcome::Float => make.float(self.float(0)?),
            Outcome::Text => self.text(0),
            Outcome::Texts(count) => {
                let texts: Result<_, _> = (0..count).map(|index| self.text(index)).collect();
                make.tuple(texts?)
            }
            Outcome::NickList(prefix) => self.nicks(prefix.to_bytes()),
            Outcome::RawNickList(prefix) => self.raw_nicks(prefix.to_bytes()),
            Outcome::Rows => self.rows(),
            Outcome::GeoIp => self.geo_ip(),
            Outcome::Restrictions => self.restrictions(),
            Outcome::Unused => Ok(make.none()),
        }
    }

    fn item(&self, index: usize) -> Result<Item<'_>, M::Failure> {
        if index < self.view.length() { Ok(self.view.item(index)) } else { self.unexpected() }
    }

    fn unexpected<T>(&self) -> Result<T, M::Failure> {
        Err(M::unreadable(format!("its format is {}", plain::quoted(self.view.format()))))
    }

    fn int(&self, index: usize) -> Result<i64, M::Failure> {
        match self.item(index)? {
            Item::Int(number) => Ok(number),
            _ => self.unexpected(),
        }
    }

    fn float(&self, index: usize) -> Result<f64, M::Failure> {
        match self.item(index)? {
            Item::Float(number) => Ok(number),
            _ => self.unexpected(),
        }
    }

    fn pointer(&self, index: usize) -> Result<*mut c_void, M::Failure> {
        match self.item(index)? {
            Item::Pointer(pointer) => Ok(pointer),
            _ => self.unexpected(),
        }
    }

    fn text(&self, index: usize) -> Result<M::Value, M::Failure> {
        match self.item(index)? {
            Item::Text(text) => self.make.text(text),
            _ => self.unexpected(),
        }
    }

    /// Nicks as a list, from a JSON array or from `$NickList a$$b$$`.
    fn nicks(&self, prefix: &[u8]) -> Result<M::Value, M::Failure> {
        match self.item(0)? {
            Item::Json(Some(text)) => self.make.nicks_of_json(text),
            Item::Text(Some(text)) => {
                let nicks = split_nicks(text, prefix).map(|nick| self.make.text(Some(nick)));
                self.make.list(nicks.collect::<Result<_, _>>()?)
            }
            Item::Json(None) | Item::Text(None) => self.make.list(Vec::new()),
            _ => self.unexpected(),
        }
    }

    /// Nicks as the text `$NickList a$$b$$`.
    fn raw_nicks(&self, prefix: &[u8]) -> Result<M::Value, M::Failure> {
        match self.item(0)? {
            Item::Text(text) => self.make.text(text),
            _ => self.make.raw_nicks(prefix, self.nicks(prefix)?),
        }
    }

    /// Rows as `(ok, [[cell, …], …])`.
    fn rows(&self) -> Result<M::Value, M::Failure> {
        let Some(found) = Table::take(self.view) else { return self.unexpected() };
        let mut table = Vec::new();
        for row in found.rows() {
            let cells = row.iter().map(|cell| self.make.text(cell.as_deref()));
            table.push(self.make.list(cells.collect::<Result<_, _>>()?)?);
        }
        let table = self.make.list(table)?;
        self.make.tuple(vec![self.make.bool(found.succeeded), table])
    }

    /// Four named numbers, then named texts in a C++ vector.
    fn geo_ip(&self) -> Result<M::Value, M::Failure> {
        // Taken first: it is ours to delete whatever else is wrong.
        // SAFETY: what the host promises of this callback: the pointer is NULL or a vector of strings made by
        // `new`, which nobody else deletes.
        let texts = unsafe { vectors::take_texts(self.pointer(8)?) };
        let mut found = Vec::new();
        for index in [0, 2] {
            found.push((self.text(index)?, self.make.float(self.float(index + 1)?)?));
        }
        for index in [4, 6] {
            // The hub writes 16 bits and leaves the rest undefined.
            found.push((self.text(index)?, self.make.int(self.int(index + 1)? & 0xFFFF)?));
        }
        for pair in texts.chunks_exact(2) {
            found.push((self.make.text(Some(&pair[0]))?, self.make.text(Some(&pair[1]))?));
        }
        self.make.dict(found)
    }

    fn restrictions(&self) -> Result<M::Value, M::Failure> {
        let bits = targs::signed(self.int(0)?);
        let mut found = Vec::new();
        if bits >= 0 {
            for (bit, name) in ["chat", "pm", "search", "ctm"].iter().enumerate() {
                let is_set = self.make.bool(bits & (1 << bit) != 0);
                found.push((self.make.text(Some(name.as_bytes()))?, is_set));
            }
        }
        self.make.dict(found)
    }
}
