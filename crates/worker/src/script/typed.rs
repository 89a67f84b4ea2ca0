//! The arguments of a function that the host registered: with a format they are checked letter by letter, without
//! one they are packed as they come.

use vh_core::text::Encoding;
use vh_host::host_functions::{wanted, wrong_count};
use vh_host::targs::Piece;

use super::requests::Raised;
use super::values::Value;

/// The pieces of the arguments. The exception says which one does not fit.
pub fn pack(
    name: &str,
    format: Option<&[u8]>,
    values: &[Value],
    encoding: &Encoding,
) -> Result<Vec<Piece<'static>>, Raised> {
    let Some(format) = format else { return as_they_come(name, values, encoding) };
    if values.len() != format.len() {
        let message = wrong_count(name, format.len(), values.len());
        return Err(Raised::new("TypeError", message));
    }
    let letters = format.iter().zip(values).enumerate();
    letters
        .map(|(index, (&letter, value))| {
            piece(letter, value, encoding).map_err(|(kind, reason)| {
                Raised::new(&kind, format!("{name}() argument {}{reason}", index + 1))
            })
        })
        .collect()
}

fn as_they_come(
    name: &str,
    values: &[Value],
    encoding: &Encoding,
) -> Result<Vec<Piece<'static>>, Raised> {
    let pack = |(index, value): (usize, &Value)| match value {
        Value::Refused(reason, _, kind) => {
            Err(Raised::new(kind, format!("{name}() argument {}: {reason}", index + 1)))
        }
        value => Ok(value.piece(encoding)),
    };
    values.iter().enumerate().map(pack).collect()
}

/// The class of an exception, and what is wrong, to be read after the number of the argument.
type Wrong = (String, String);

fn piece(letter: u8, value: &Value, encoding: &Encoding) -> Result<Piece<'static>, Wrong> {
    match (letter, value) {
        (b'D', value) => json(value),
        (b'L', Value::Json(_, _, Some(texts))) => {
            let has_nul = |text: &super::values::Text| text.shown().contains('\0');
            if texts.iter().any(has_nul) {
                return Err(("ValueError".into(), ": a str holds a NUL character".into()));
            }
            Ok(Piece::List(texts.iter().map(|text| text.to_hub(encoding)).collect()))
        }
        (b'p', Value::None) => Ok(Piece::Pointer(std::ptr::null_mut())),
        (b'p', Value::Int(number)) => Ok(Piece::Pointer(*number as *mut _)),
        (b'd', Value::Float(_)) | (b's', Value::Text(_) | Value::None) | (b'l', Value::Int(_)) => {
            Ok(value.piece(encoding))
        }
        // Python itself takes an int for a float too.
        (b'd', Value::Int(number)) => Ok(Piece::Float(*number as f64)),
        (b's', Value::Refused(reason, name, kind)) if name == "str" => {
            Err((kind.clone(), format!(": {reason}")))
        }
        (b'l' | b'd' | b'p', Value::Refused(reason, _, kind)) if kind == "OverflowError" => {
            Err((kind.clone(), format!(": {reason}")))
        }
        (b'O', _) => Err((
            "TypeError".into(),
            " is an object of the host's own Python, which a script in another process cannot give"
                .into(),
        )),
        (letter, value) => {
            let message = format!(" must be {}, not {}", wanted(letter), value.type_name());
            Err(("TypeError".into(), message))
        }
    }
}

fn json(value: &Value) -> Result<Piece<'static>, Wrong> {
    let mut out = Vec::new();
    match value {
        Value::None => out.extend_from_slice(b"null"),
        Value::Int(number) => out.extend_from_slice(number.to_string().as_bytes()),
        Value::Float(number) if number.is_finite() => {
            out.extend_from_slice(format!("{number:?}").as_bytes());
        }
        Value::Float(number) => {
            return Err((
                "TypeError".into(),
                format!(" is no JSON: {number} in it has no JSON form"),
            ));
        }
        Value::Text(text) => text.write_json(&mut out),
        Value::Refused(reason, ..) => {
            return Err(("TypeError".into(), format!(" is no JSON: {reason}")));
        }
        value => return Ok(value.piece(&vh_core::text::UTF8)),
    }
    Ok(Piece::Json(out))
}
