//! The encodings, by their names and by numbers of ours.

use std::sync::OnceLock;

use super::single::Table;
use super::{Encoding, Kind, UTF8};

/// The number of UTF-8.
pub const UTF8_NUMBER: usize = 0;

/// The encodings that were asked for, by their labels, kept for the life of the process. There is room for
/// every known label. The first place stays empty, because UTF-8 has that number.
static NUMBERED: [OnceLock<(String, Encoding)>; 256] = [const { OnceLock::new() }; 256];

impl Encoding {
    /// The number of the encoding of this name, for `numbered`; None when no encoding has this name.
    pub fn number_of(name: &str) -> Option<usize> {
        let encoding = Encoding::named(name)?;
        if encoding.is_utf8() {
            return Some(UTF8_NUMBER);
        }
        let label = canonical(name.trim());
        let mut new = Some((label.clone(), encoding));
        let place = NUMBERED[1..].iter().position(|place| {
            // It gets the first free place, unless another thread is just filling that one.
            let (kept, _) = place.get_or_init(|| new.take().expect("taken once"));
            *kept == label
        });
        place.map(|index| index + 1)
    }

    /// The encoding of this number.
    pub fn numbered(number: usize) -> Option<&'static Encoding> {
        match number {
            UTF8_NUMBER => Some(&UTF8),
            _ => NUMBERED.get(number)?.get().map(|(_, encoding)| encoding),
        }
    }

    /// The encoding of this name (ICU's names: `CP1251`, `windows-1251`, `ISO-8859-2`, `GBK`, …). An empty
    /// name means UTF-8. None when no encoding has this name.
    pub fn named(name: &str) -> Option<Encoding> {
        let name = name.trim();
        let kind = match canonical(name).as_str() {
            "" | "utf-8" => Kind::Utf8,
            label => {
                let encoding = encoding_rs::Encoding::for_label(label.as_bytes())?;
                if encoding == encoding_rs::UTF_8 {
                    Kind::Utf8
                } else if encoding.is_single_byte() {
                    Kind::SingleByte(Box::new(Table::new(label, encoding)))
                } else if encoding.is_ascii_compatible() {
                    Kind::MultiByte(encoding, OnceLock::new(), OnceLock::new())
                } else {
                    return None;
                }
            }
        };
        Some(Encoding { kind })
    }
}

/// The label by which encoding_rs knows an ICU name: in lower case, and `cp125x` for the Windows code pages.
fn canonical(name: &str) -> String {
    let label = name.to_ascii_lowercase().replace('_', "-");
    match label.as_str() {
        "utf8" => "utf-8".into(),
        "gb2312" | "gb-2312" | "cp936" | "ms936" => "gbk".into(),
        "cp949" | "ms949" => "euc-kr".into(),
        "cp950" | "ms950" => "big5".into(),
        "cp932" | "ms932" => "shift-jis".into(),
        "cp866" | "ibm-866" => "ibm866".into(),
        "latin-1" | "iso8859-1" => "iso-8859-1".into(),
        _ => match label.strip_prefix("iso8859") {
            Some(part) => format!("iso-8859-{}", part.trim_start_matches('-')),
            None => label,
        },
    }
}
