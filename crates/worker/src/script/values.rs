//! Values on the wire between the host and a script in a child: what stands for an item of a block, and the
//! pieces of blocks that are made of what the script sends.
//!
//! Texts, whole numbers and NULL stand for themselves. Everything else is a map whose key says what it is. Bytes
//! that were no text in the hub's encoding travel as lone surrogates, as scripts see them.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::{Deserializer, Visitor};
use serde_json::value::RawValue;
use vh_core::json::{write_escaped, write_text};
use vh_core::text::{Decoded, Encoding};
use vh_host::targs::{Item, Piece};

/// Where the JSON of an item comes from, which decides its encoding.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum JsonFrom {
    /// From a caller of our interface: it is UTF-8.
    Caller,
    /// From a callback of the hub: it is in the hub's encoding.
    HubCallback,
}

/// Writes a text of the hub, or null.
pub fn write_hub_text(out: &mut Vec<u8>, bytes: Option<&[u8]>, encoding: &Encoding) {
    let Some(bytes) = bytes else { return out.extend_from_slice(b"null") };
    match std::str::from_utf8(bytes) {
        Ok(text) if encoding.is_utf8() || text.is_ascii() => write_text(out, text),
        _ => write_escaped(out, &encoding.decode(bytes)),
    }
}

/// Writes a float.
pub fn write_float(out: &mut Vec<u8>, number: f64) {
    out.extend_from_slice(format!("{{\"f\":\"{number:?}\"}}").as_bytes());
}

/// Writes what stands for an item.
pub fn write_item(out: &mut Vec<u8>, item: &Item, encoding: &Encoding, json_from: JsonFrom) {
    match item {
        Item::Int(number) => out.extend_from_slice(number.to_string().as_bytes()),
        Item::Float(number) => write_float(out, *number),
        Item::Text(text) => write_hub_text(out, *text, encoding),
        Item::Pointer(pointer) if !pointer.is_null() => {
            out.extend_from_slice((*pointer as i64).to_string().as_bytes());
        }
        Item::List(Some(texts)) => {
            write_list(out, texts.iter(), |out, text| write_hub_text(out, Some(text), encoding));
        }
        Item::Json(Some(text)) => {
            out.extend_from_slice(b"{\"j\":");
            match json_from {
                JsonFrom::HubCallback => write_hub_text(out, Some(text), encoding),
                JsonFrom::Caller => write_hub_text(out, Some(text), &vh_core::text::UTF8),
            }
            out.push(b'}');
        }
        // Its address in the script's own process, which the script has told the host.
        Item::Object(object) if !object.is_null() => {
            out.extend_from_slice(format!("{{\"o\":{}}}", *object as usize).as_bytes());
        }
        Item::List(None)
        | Item::Json(None)
        | Item::Unsupported
        | Item::Pointer(_)
        | Item::Object(_) => out.extend_from_slice(b"null"),
    }
}

/// Writes a list.
pub fn write_list<T>(
    out: &mut Vec<u8>,
    items: impl Iterator<Item = T>,
    write: impl Fn(&mut Vec<u8>, T),
) {
    out.push(b'[');
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(out, item);
    }
    out.push(b']');
}

/// A text of a script, in WTF-8.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Text(Vec<u8>);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Text, D::Error> {
        struct Bytes;
        impl Visitor<'_> for Bytes {
            type Value = Text;

            fn expecting(&self, out: &mut std::fmt::Formatter) -> std::fmt::Result {
                out.write_str("a text")
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Text, E> {
                Ok(Text(bytes.to_vec()))
            }
        }
        // As bytes, because a lone surrogate is no str.
        deserializer.deserialize_bytes(Bytes)
    }
}

impl Text {
    /// The text in the hub's encoding.
    pub fn to_hub(&self, encoding: &Encoding) -> Vec<u8> {
        match std::str::from_utf8(&self.0) {
            Ok(text) if encoding.is_utf8() || text.is_ascii() => self.0.clone(),
            Ok(text) => encoding.encode(text),
            Err(_) => {
                let decoded = Decoded::from_wtf8(self.0.clone(), true);
                encoding.encode_code_points(decoded.code_points())
            }
        }
    }

    /// Writes it as JSON text.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        match std::str::from_utf8(&self.0) {
            Ok(text) => write_text(out, text),
            Err(_) => write_escaped(out, &Decoded::from_wtf8(self.0.clone(), true)),
        }
    }

    /// The text for messages.
    pub fn shown(&self) -> String {
        String::from_utf8_lossy(&self.0).into_owned()
    }
}

/// A value that a script sends.
#[derive(Clone, PartialEq, Debug)]
pub enum Value {
    /// None.
    None,
    /// An int that fits 64 bits.
    Int(i64),
    /// Any int of SQL.
    Large(i128),
    /// A float.
    Float(f64),
    /// A str.
    Text(Text),
    /// Bytes of SQL.
    Bytes(Vec<u8>),
    /// A container as JSON text, the name of its type, and its items when all of them are texts.
    Json(Text, String, Option<Vec<Text>>),
    /// The items of a tuple, for hosts that know it.
    Tab(Vec<Value>),
    /// A list of texts, for such hosts.
    Texts(Vec<Text>),
    /// An item of such a tuple that has no form in C.
    Unsupported,
    /// What has no form in C: why, its type, and the exception that says so.
    Refused(String, String, String),
}

/// The map that stands for a value.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Form<'a> {
    f: Option<String>,
    i: Option<String>,
    b: Option<Vec<u8>>,
    j: Option<Text>,
    is: String,
    texts: Option<Vec<Text>>,
    #[serde(borrow)]
    t: Option<Vec<&'a RawValue>>,
    #[serde(rename = "L")]
    list: Option<Vec<Text>>,
    u: Option<u8>,
    x: Option<String>,
    e: String,
}

impl Value {
    /// Reads what stands for a value. None when it stands for nothing.
    pub fn read(raw: &RawValue) -> Option<Value> {
        let text = raw.get();
        match text.as_bytes().first()? {
            b'n' => Some(Value::None),
            b'"' => serde_json::from_str(text).ok().map(Value::Text),
            b'{' => Value::of_form(serde_json::from_str(text).ok()?),
            _ => text.parse().ok().map(Value::Int),
        }
    }

    fn of_form(form: Form) -> Option<Value> {
        if let Some(float) = form.f {
            return float.parse().ok().map(Value::Float);
        }
        if let Some(number) = form.i {
            return number.parse().ok().map(Value::Large);
        }
        if let Some(text) = form.j {
            return Some(Value::Json(text, form.is, form.texts));
        }
        if let Some(items) = form.t {
            return items.into_iter().map(Value::read).collect::<Option<_>>().map(Value::Tab);
        }
        if let Some(reason) = form.x {
            return Some(Value::Refused(reason, form.is, form.e));
        }
        let others = [form.b.map(Value::Bytes), form.list.map(Value::Texts)];
        let unsupported = form.u.map(|_| Value::Unsupported);
        others.into_iter().flatten().next().or(unsupported)
    }

    /// Its type, as Python calls it.
    pub fn type_name(&self) -> &str {
        match self {
            Value::None => "NoneType",
            Value::Int(_) | Value::Large(_) => "int",
            Value::Float(_) => "float",
            Value::Text(_) => "str",
            Value::Bytes(_) => "bytes",
            Value::Tab(_) => "tuple",
            Value::Texts(_) => "list",
            Value::Unsupported => "object",
            Value::Json(_, name, _) | Value::Refused(_, name, _) => name,
        }
    }

    /// The piece of a block.
    pub fn piece(&self, encoding: &Encoding) -> Piece<'static> {
        match self {
            Value::None => Piece::Text(None),
            Value::Int(number) => Piece::Int(*number),
            Value::Float(number) => Piece::Float(*number),
            Value::Text(text) => Piece::Text(Some(Cow::Owned(text.to_hub(encoding)))),
            // JSON text is UTF-8: its lone surrogates are escapes.
            Value::Json(text, ..) => Piece::Json(text.0.clone()),
            Value::Texts(texts) => {
                Piece::List(texts.iter().map(|text| text.to_hub(encoding)).collect())
            }
            Value::Large(_)
            | Value::Bytes(_)
            | Value::Tab(_)
            | Value::Unsupported
            | Value::Refused(..) => Piece::Unsupported,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vh_core::text::UTF8;

    fn read(text: &str) -> Option<Value> {
        let raw: Box<RawValue> = serde_json::from_str(text).unwrap();
        Value::read(&raw)
    }

    fn text(text: &[u8]) -> Text {
        Text(text.to_vec())
    }

    #[test]
    fn values_are_told_apart() {
        for (form, value) in [
            ("null", Value::None),
            ("-7", Value::Int(-7)),
            ("\"a\"", Value::Text(text(b"a"))),
            ("{\"f\":\"1.5\"}", Value::Float(1.5)),
            ("{\"f\":\"inf\"}", Value::Float(f64::INFINITY)),
            ("{\"i\":\"18446744073709551615\"}", Value::Large(u64::MAX.into())),
            ("{\"b\":[0,255]}", Value::Bytes(vec![0, 255])),
            ("{\"t\":[1,{\"u\":1}]}", Value::Tab(vec![Value::Int(1), Value::Unsupported])),
            ("{\"L\":[\"a\"]}", Value::Texts(vec![text(b"a")])),
            ("{\"j\":\"{}\",\"is\":\"dict\"}", Value::Json(text(b"{}"), "dict".into(), None)),
            ("{\"x\":\"why\",\"is\":\"A\",\"e\":\"E\"}", {
                Value::Refused("why".into(), "A".into(), "E".into())
            }),
        ] {
            assert_eq!(read(form), Some(value), "{form}");
        }
        for nothing in ["{}", "[]", "1.5", "true", "9223372036854775808"] {
            assert_eq!(read(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_come_through_both_ways() {
        let mut out = Vec::new();
        write_hub_text(&mut out, Some(b"a\xFF\"\xC3\xA4"), &UTF8);
        assert_eq!(out, b"\"a\\udcff\\\"\\u00e4\"");
        let Some(Value::Text(text)) = read(std::str::from_utf8(&out).unwrap()) else { panic!() };
        assert_eq!(text.to_hub(&UTF8), b"a\xFF\"\xC3\xA4");
        let latin = Encoding::named("ISO-8859-1").unwrap();
        assert_eq!(Text("ä".as_bytes().to_vec()).to_hub(&latin), b"\xE4");
    }
}
