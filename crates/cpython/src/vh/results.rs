//! Converts results of hub callbacks to Python objects.

use crate::convert::{self, JsonFrom};
use crate::json::Failure;
use crate::object::{Attached, Obj, Raised};
use vh_core::callbacks::Callback;
use vh_core::text::{Decoded, Encoding};
use vh_guard::script::ScriptInfo;
use vh_host::host_functions::Answer;
use vh_host::results::{self, Make};
use vh_host::targs::Item;

/// The Python value of an answer. An answer that does not fit its row is logged and counts as a failure.
#[inline]
pub fn of_callback<'a>(
    attached: Attached<'a>,
    script: &ScriptInfo,
    callback: &Callback,
    answer: &mut Answer,
    encoding: &Encoding,
) -> Result<Obj<'a>, Raised> {
    let objects = Objects { attached, encoding };
    results::of_callback(&objects, &script.label, callback, answer).map_err(|failure| match failure
    {
        Failure::Raised(raised) => raised,
        // It would have been logged, and something else given.
        Failure::Refused(kind, reason) => attached.raise(kind, &reason),
    })
}

/// Makes Python objects of what the hub answers.
struct Objects<'a, 'e> {
    attached: Attached<'a>,
    encoding: &'e Encoding,
}

impl<'a> Make for Objects<'a, '_> {
    type Value = Obj<'a>;
    type Failure = Failure;

    fn unreadable(reason: String) -> Failure {
        Failure::refused(reason)
    }

    fn reason(failure: Failure) -> Result<String, Failure> {
        match failure {
            Failure::Refused(_, reason) => Ok(*reason),
            raised @ Failure::Raised(_) => Err(raised),
        }
    }

    #[inline]
    fn none(&self) -> Obj<'a> {
        self.attached.none()
    }

    #[inline]
    fn bool(&self, value: bool) -> Obj<'a> {
        self.attached.bool(value)
    }

    #[inline]
    fn int(&self, number: i64) -> Result<Obj<'a>, Failure> {
        Ok(self.attached.int(number)?)
    }

    fn float(&self, number: f64) -> Result<Obj<'a>, Failure> {
        Ok(self.attached.float(number)?)
    }

    #[inline]
    fn text(&self, bytes: Option<&[u8]>) -> Result<Obj<'a>, Failure> {
        Ok(convert::from_hub_or_none(self.attached, bytes, self.encoding)?)
    }

    fn list(&self, items: Vec<Obj<'a>>) -> Result<Obj<'a>, Failure> {
        Ok(self.attached.list(items)?)
    }

    fn tuple(&self, items: Vec<Obj<'a>>) -> Result<Obj<'a>, Failure> {
        Ok(self.attached.tuple(items)?)
    }

    fn dict(&self, pairs: Vec<(Obj<'a>, Obj<'a>)>) -> Result<Obj<'a>, Failure> {
        let dict = self.attached.dict()?;
        for (key, value) in pairs {
            dict.set_dict_pair(&key, &value)?;
        }
        Ok(dict)
    }

    fn nicks_of_json(&self, text: &[u8]) -> Result<Obj<'a>, Failure> {
        let (item, from) = (Item::Json(Some(text)), JsonFrom::HubCallback);
        let nicks = convert::to_object(self.attached, &item, self.encoding, from)?;
        if !nicks.is_list() || !nicks.items().iter().all(Obj::is_str) {
            return Err(Failure::refused("its JSON is no list of texts"));
        }
        Ok(nicks)
    }

    fn raw_nicks(&self, prefix: &[u8], nicks: Obj<'a>) -> Result<Obj<'a>, Failure> {
        let mut raw: Vec<u32> = prefix.iter().copied().map(u32::from).collect();
        for nick in nicks.items() {
            raw.extend(nick.code_points());
            raw.extend([u32::from('$'); 2]);
        }
        let raw = Decoded::from_code_points(raw.into_iter());
        Ok(convert::from_decoded(self.attached, &raw)?)
    }
}
