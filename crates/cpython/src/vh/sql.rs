//! `vh.SQL` and `vh.quote`: queries that contain values of scripts.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use pyo3_ffi as ffi;

use super::arguments::{self, Given, Pieces};
use super::{calls, results};
use crate::convert;
use crate::object::{Attached, Exception, Obj, Raised};
use vh_core::callbacks::{CALLBACKS, Callback, SQL};
use vh_core::error::Code;
use vh_core::text::Encoding;
use vh_guard::script::ScriptInfo;
use vh_host::hub;
use vh_host::sql::{self, Dialect, Value};
use vh_host::targs::{Block, Piece, Storage};

/// `SQL(query, params=None, limit=100)`. A number as the second argument is the limit.
pub fn run<'a>(
    attached: Attached<'a>,
    script: &ScriptInfo,
    callback: &'static Callback,
    given: &Given<'_, 'a>,
) -> Result<Obj<'a>, Raised> {
    let encoding = calls::encoding(attached, script)?;
    let mut values = given.of_row(callback)?;
    let parameters = parameters(attached, &mut values)?;
    let mut pieces = arguments::pieces_of(attached, callback, &values, encoding)?;
    if let Some(parameters) = parameters {
        fill(attached, script, &parameters, encoding, &mut pieces)?;
    }
    let changes_reading =
        matches!(&pieces[0], Piece::Text(Some(query)) if sql::may_change_reading(query));
    let block = Block::new(&pieces, Storage::Inside)
        .ok_or_else(|| attached.raise(Exception::Memory, "no memory for the arguments"))?;
    let answer = calls::send(attached, script, callback, block)?;
    let mut answer = answer.ok_or_else(|| calls::not_offered(attached, callback))?;
    let found = results::of_callback(attached, script, callback, &mut answer, encoding)?;
    // After a failure too, because the database may be another one by now, or may have been restarted.
    if changes_reading || !found.item(0).is_some_and(|succeeded| succeeded.is_true()) {
        sql::forget();
    }
    Ok(found)
}

/// `quote(value)`.
pub fn quote<'a>(
    attached: Attached<'a>,
    script: &ScriptInfo,
    given: &Given<'_, 'a>,
) -> Result<Obj<'a>, Raised> {
    let [value] = given.named("quote", ["value"], 1)?;
    let value = value.expect("it is required");
    let encoding = calls::encoding(attached, script)?;
    let place = || "quote() argument 1 (value)".to_owned();
    // An error in the value is raised before the hub is asked anything.
    let value = value_of(value, encoding, &place)?;
    let dialect = dialect(attached, script)?;
    convert::from_hub(attached, &literal(attached, &value, dialect, &place)?, encoding)
}

/// Takes the values for the places of `?` out of `values`, which keeps the query and the limit.
fn parameters<'a>(
    attached: Attached<'a>,
    values: &mut arguments::Values<'_, 'a>,
) -> Result<Option<Vec<Obj<'a>>>, Raised> {
    let Some(second) = values[1].filter(|second| !second.is_none()) else { return Ok(None) };
    if second.is_tuple() || second.is_list() {
        return Ok(Some(second.items()));
    }
    // SAFETY: attached.
    if unsafe { ffi::PyIndex_Check(second.as_ptr()) } != 0 {
        if values[2].is_some() {
            let message = "SQL() argument 2 (params) must be a tuple or list when argument 3 (limit) \
                           is given";
            return Err(attached.raise(Exception::Type, message));
        }
        values[2] = values[1].take();
        return Ok(None);
    }
    let message = format!(
        "SQL() argument 2 (params) must be a tuple or list, not {}: one value is written (value,)",
        second.type_name()
    );
    Err(attached.raise(Exception::Type, &message))
}

/// Puts the values into the query, which is the first piece.
fn fill(
    attached: Attached<'_>,
    script: &ScriptInfo,
    parameters: &[Obj],
    encoding: &Encoding,
    pieces: &mut Pieces,
) -> Result<(), Raised> {
    let place = |index: usize| move || format!("SQL() parameter {}", index + 1);
    let values: Result<Vec<_>, _> = parameters
        .iter()
        .enumerate()
        .map(|(index, parameter)| value_of(parameter, encoding, &place(index)))
        .collect();
    let values = values?;
    let dialect = dialect(attached, script)?;
    let literals: Result<Vec<_>, _> = values
        .iter()
        .enumerate()
        .map(|(index, value)| literal(attached, value, dialect, &place(index)))
        .collect();
    if let Piece::Text(Some(query)) = &mut pieces[0] {
        let filled = sql::fill(query, &literals?, dialect)
            .map_err(|reason| attached.raise(Exception::Value, &format!("SQL(): {reason}")))?;
        *query = Cow::Owned(filled);
    }
    Ok(())
}

/// What the hub's database is. If that is not known, the database is asked, in the name of the script.
fn dialect(attached: Attached<'_>, script: &ScriptInfo) -> Result<Dialect, Raised> {
    if let Some(dialect) = sql::known() {
        return Ok(dialect);
    }
    let callback = &CALLBACKS[SQL];
    if !hub::offers(callback) {
        return Err(calls::not_offered(attached, callback));
    }
    let (id, found) = (script.id, Arc::new(OnceLock::new()));
    let place = Arc::clone(&found);
    calls::host_call(attached, script, callback.text, move || {
        place.get_or_init(|| sql::find_out(id));
        None
    })?;
    match found.get() {
        Some(Ok(dialect)) => Ok(*dialect),
        Some(Err(reason)) => Err(attached.raise(Exception::Runtime, reason)),
        None => Err(calls::not_offered(attached, callback)),
    }
}

fn literal(
    attached: Attached<'_>,
    value: &Value,
    dialect: Dialect,
    place: &impl Fn() -> String,
) -> Result<Vec<u8>, Raised> {
    sql::literal(value, dialect).map_err(|wrong| {
        let kind = match wrong.code() {
            Code::TooLarge => Exception::Overflow,
            _ => Exception::Value,
        };
        attached.raise(kind, &format!("{} {}", place(), wrong.message()))
    })
}

/// The SQL value of an object; `place` says where the object was given.
fn value_of<'o>(
    object: &'o Obj,
    encoding: &Encoding,
    place: &impl Fn() -> String,
) -> Result<Value<'o>, Raised> {
    let attached = object.attached();
    if object.is_none() {
        Ok(Value::Null)
    } else if object.is_str() {
        convert::to_hub(object, encoding).map(Value::Text).ok_or_else(|| {
            let message = format!("{} holds a NUL character, which no query can", place());
            attached.raise(Exception::Value, &message)
        })
    } else if object.is_bytes() {
        Ok(Value::Bytes(object.as_bytes()))
    } else if object.is_float() {
        Ok(Value::Float(object.as_f64()))
    } else {
        int_of(object, place).map(Value::Int)
    }
}

fn int_of(object: &Obj, place: &impl Fn() -> String) -> Result<i128, Raised> {
    let attached = object.attached();
    // SAFETY: attached.
    if unsafe { ffi::PyIndex_Check(object.as_ptr()) } == 0 {
        let advice = if object.is_tuple() || object.is_list() {
            "each of its values needs a ? of its own"
        } else {
            "give it as one of these, such as str(value)"
        };
        let message = format!(
            "{} must be str, bytes, int, float, bool or None, not {}: {advice}",
            place(),
            object.type_name()
        );
        return Err(attached.raise(Exception::Type, &message));
    }
    // SAFETY: attached; gives an int, or raises what the object's own __index__ raised.
    let number = unsafe { attached.take(ffi::PyNumber_Index(object.as_ptr()))? };
    match (number.as_i64(), number.as_u64()) {
        (Some(number), _) => Ok(number.into()),
        (None, Some(number)) => Ok(number.into()),
        (None, None) => {
            let message = format!("{} does not fit 64 bits", place());
            Err(attached.raise(Exception::Overflow, &message))
        }
    }
}
