//! What the hub's answers are on the wire to a script in a child.

use vh_core::json::write_text;
use vh_core::text::Encoding;
use vh_host::results::Make;
use vh_host::targs::Item;

use super::values::{JsonFrom, write_float, write_hub_text, write_item, write_list};

/// Makes JSON text of what the hub answers.
#[derive(Debug)]
pub struct Texts<'e> {
    /// How the hub's texts are read.
    pub encoding: &'e Encoding,
}

type Written = Result<Vec<u8>, Unreadable>;

/// An answer that cannot be read, and why.
#[derive(Debug)]
pub struct Unreadable(pub String);

impl Make for Texts<'_> {
    type Value = Vec<u8>;
    type Failure = Unreadable;

    fn unreadable(reason: String) -> Unreadable {
        Unreadable(reason)
    }

    fn reason(failure: Unreadable) -> Result<String, Unreadable> {
        Ok(failure.0)
    }

    fn none(&self) -> Vec<u8> {
        b"null".to_vec()
    }

    fn bool(&self, value: bool) -> Vec<u8> {
        value.to_string().into_bytes()
    }

    fn int(&self, number: i64) -> Written {
        Ok(number.to_string().into_bytes())
    }

    fn float(&self, number: f64) -> Written {
        written(|out| write_float(out, number))
    }

    fn text(&self, bytes: Option<&[u8]>) -> Written {
        written(|out| write_hub_text(out, bytes, self.encoding))
    }

    fn list(&self, items: Vec<Vec<u8>>) -> Written {
        written(|out| write_list(out, items.iter(), |out, item| out.extend_from_slice(item)))
    }

    fn tuple(&self, items: Vec<Vec<u8>>) -> Written {
        form("t", &self.list(items)?)
    }

    fn dict(&self, pairs: Vec<(Vec<u8>, Vec<u8>)>) -> Written {
        let pairs: Result<_, _> =
            pairs.into_iter().map(|(key, value)| self.list(vec![key, value])).collect();
        form("m", &self.list(pairs?)?)
    }

    /// The child looks whether it is a list of texts.
    fn nicks_of_json(&self, text: &[u8]) -> Written {
        let item = Item::Json(Some(text));
        form("nicks", &written(|out| write_item(out, &item, self.encoding, JsonFrom::HubCallback))?)
    }

    fn raw_nicks(&self, prefix: &[u8], nicks: Vec<u8>) -> Written {
        let prefix = written(|out| write_text(out, &String::from_utf8_lossy(prefix)))?;
        form("raw", &self.list(vec![prefix, nicks])?)
    }
}

fn written(write: impl FnOnce(&mut Vec<u8>)) -> Written {
    let mut out = Vec::new();
    write(&mut out);
    Ok(out)
}

/// A map whose key says what its content is.
fn form(key: &str, content: &[u8]) -> Written {
    Ok([format!("{{\"{key}\":").as_bytes(), content, b"}"].concat())
}
