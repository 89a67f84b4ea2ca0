//! Checks the arguments of a function that the host registered with a format, letter by letter, so that the
//! function gets what it asked for or is not called.

use crate::convert;
use crate::json::{self, Failure};
use crate::object::{Attached, Exception, Obj, Raised};
use vh_core::text::Encoding;
use vh_host::host_functions::{wanted, wrong_count};
use vh_host::targs::Piece;

/// The pieces of the arguments, one for each letter. Raises an exception when an argument does not fit.
pub fn pack<'o>(
    attached: Attached<'_>,
    name: &str,
    format: &[u8],
    arguments: &'o [Obj],
    encoding: &Encoding,
) -> Result<Vec<Piece<'o>>, Raised> {
    if arguments.len() != format.len() {
        let message = wrong_count(name, format.len(), arguments.len());
        return Err(attached.raise(Exception::Type, &message));
    }
    let letters = format.iter().zip(arguments).enumerate();
    letters
        .map(|(index, (&letter, argument))| {
            piece(letter, argument, encoding).map_err(|failure| match failure {
                Failure::Raised(raised) => raised,
                Failure::Refused(kind, reason) => {
                    let message = format!("{name}() argument {}{reason}", index + 1);
                    attached.raise(kind, &message)
                }
            })
        })
        .collect()
}

fn piece<'o>(letter: u8, argument: &'o Obj, encoding: &Encoding) -> Result<Piece<'o>, Failure> {
    match letter {
        b'O' => Ok(Piece::Object(argument.as_ptr().cast())),
        b'D' => json::dump(argument).map(Piece::Json).map_err(|failure| match failure {
            Failure::Refused(_, reason) => {
                Failure::refused_with(Exception::Type, format!(" is no JSON: {reason}"))
            }
            raised @ Failure::Raised(_) => raised,
        }),
        b'L' => texts(argument, encoding),
        b'd' if argument.is_float() => Ok(Piece::Float(argument.as_f64())),
        b'p' if argument.is_none() => Ok(Piece::Pointer(std::ptr::null_mut())),
        b's' if argument.is_str() || argument.is_none() => scalar(argument, encoding),
        b'l' | b'd' | b'p' if argument.is_int() => {
            Ok(match (letter, scalar(argument, encoding)?) {
                // Python itself takes an int for a float too.
                (b'd', Piece::Int(number)) => Piece::Float(number as f64),
                (b'p', Piece::Int(number)) => Piece::Pointer(number as *mut _),
                (_, piece) => piece,
            })
        }
        _ => refuse(argument, wanted(letter)),
    }
}

fn refuse<'o>(argument: &Obj, wanted: &str) -> Result<Piece<'o>, Failure> {
    let reason = format!(" must be {wanted}, not {}", argument.type_name());
    Err(Failure::refused_with(Exception::Type, reason))
}

fn scalar<'o>(argument: &'o Obj, encoding: &Encoding) -> Result<Piece<'o>, Failure> {
    convert::to_piece(argument, encoding).map_err(|failure| match failure {
        Failure::Refused(kind, reason) => Failure::refused_with(kind, format!(": {reason}")),
        raised @ Failure::Raised(_) => raised,
    })
}

fn texts<'o>(argument: &Obj, encoding: &Encoding) -> Result<Piece<'o>, Failure> {
    let items = argument.items();
    if (!argument.is_list() && !argument.is_tuple()) || !items.iter().all(Obj::is_str) {
        return refuse(argument, wanted(b'L'));
    }
    convert::texts(argument, encoding)
        .map(Piece::List)
        .ok_or_else(|| Failure::refused_with(Exception::Value, ": a str holds a NUL character"))
}
