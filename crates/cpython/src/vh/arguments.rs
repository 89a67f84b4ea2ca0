//! Matches the arguments of a `vh` function with the parameters of its row, and packs them.

use std::borrow::Cow;

use pyo3_ffi as ffi;
use pyo3_ffi::PyObject;
use smallvec::SmallVec;

use crate::convert;
use crate::object::{Attached, Exception, Obj, Raised};
use vh_core::callbacks::{Callback, Default, Kind, Param};
use vh_core::text::Encoding;
use vh_host::targs::{Block, Piece, Storage};

/// The arguments that a script passed. The objects belong to the caller.
pub struct Given<'g, 'a> {
    attached: Attached<'a>,
    positional: &'g [Obj<'a>],
    /// The values of the keywords, in the order of their names.
    named: &'g [Obj<'a>],
    keywords: &'g [Obj<'a>],
}

/// The values of a row's parameters, in their order; None for those that were left out.
pub type Values<'g, 'a> = SmallVec<[Option<&'g Obj<'a>>; 8]>;
/// The pieces of a full row, ready to be packed.
pub type Pieces<'g> = SmallVec<[Piece<'g>; 8]>;
type PlainTexts<'g> = SmallVec<[&'g [u8]; 8]>;

/// The parameters with which arguments are matched.
struct Parameters<'p, Name, Find> {
    function: &'p str,
    count: usize,
    /// How many of them, counted from the first, must be given.
    required: usize,
    /// Gives the name of a parameter.
    name: Name,
    /// Finds the parameter that a keyword means.
    find: Find,
}

impl<'g, 'a> Given<'g, 'a> {
    /// # Safety
    /// `arguments` is a vector of `count` objects and one more for each name in the tuple
    /// `keywords`, which may be NULL; all are alive for `'g`.
    #[inline]
    pub unsafe fn new(
        attached: Attached<'a>,
        arguments: *const *mut PyObject,
        count: ffi::Py_ssize_t,
        keywords: *mut PyObject,
    ) -> Given<'g, 'a> {
        // SAFETY: as many objects lie in a row, alive for `'g`, as the caller promises. An `Obj` is nothing but its
        // pointer, and behind a shared reference it is not dropped. The items of a tuple lie in a row and do not
        // change.
        unsafe {
            let objects = |first: *const *mut PyObject, count: usize| match count {
                0 => &[],
                _ => std::slice::from_raw_parts(first.cast::<Obj<'a>>(), count),
            };
            let names =
                if keywords.is_null() { 0 } else { ffi::PyTuple_GET_SIZE(keywords) as usize };
            let first_name = if names == 0 {
                std::ptr::null()
            } else {
                (&raw const (*keywords.cast::<ffi::PyTupleObject>()).ob_item).cast()
            };
            let count = count as usize;
            Given {
                attached,
                positional: objects(arguments, count),
                named: objects(arguments.wrapping_add(count), names),
                keywords: objects(first_name, names),
            }
        }
    }

    /// The arguments of a function with these parameters, in their order; None for those that were left out.
    pub fn named<const N: usize>(
        &self,
        function: &str,
        names: [&str; N],
        required: usize,
    ) -> Result<[Option<&'g Obj<'a>>; N], Raised> {
        let parameters = Parameters {
            function,
            count: N,
            required,
            name: |index: usize| names[index],
            find: |keyword: &str| names.iter().position(|name| *name == keyword),
        };
        let values = self.matched(&parameters)?;
        Ok(std::array::from_fn(|index| values[index]))
    }

    /// The argument `name`, and those after it, which have no names.
    pub fn named_and_more(
        &self,
        function: &str,
        name: &str,
    ) -> Result<(&'g Obj<'a>, &'g [Obj<'a>]), Raised> {
        if let Some(keyword) = self.keywords.iter().find(|keyword| keyword.to_text() != name) {
            return Err(self.unexpected(function, &keyword.to_text()));
        }
        match (self.positional, self.named) {
            ([first, more @ ..], []) => Ok((first, more)),
            ([], [first]) => Ok((first, &[])),
            ([], _) => self.count_error(function, 0, 1, usize::MAX),
            _ => Err(self.twice(function, name)),
        }
    }

    /// The values of a row's parameters, in their order; None for those that were left out.
    pub fn of_row(&self, callback: &Callback) -> Result<Values<'g, 'a>, Raised> {
        self.matched(&Parameters {
            function: callback.text,
            count: callback.params.len(),
            required: callback.required(),
            name: |index: usize| callback.params[index].name,
            find: |keyword: &str| callback.params.iter().position(|param| is_named(param, keyword)),
        })
    }

    fn matched<'n>(
        &self,
        parameters: &Parameters<'_, impl Fn(usize) -> &'n str, impl Fn(&str) -> Option<usize>>,
    ) -> Result<Values<'g, 'a>, Raised> {
        let &Parameters { function, count, required, .. } = parameters;
        if self.positional.len() > count {
            let given = self.positional.len() + self.named.len();
            return self.count_error(function, given, required, count);
        }
        let mut values: Values = self.positional.iter().map(Some).collect();
        values.resize(count, None);
        for (keyword, argument) in self.keywords.iter().zip(self.named) {
            let keyword = keyword.to_text();
            let Some(index) = (parameters.find)(&keyword) else {
                return Err(self.unexpected(function, &keyword));
            };
            if values[index].replace(argument).is_some() {
                return Err(self.twice(function, &keyword));
            }
        }
        match values.iter().take(required).position(Option::is_none) {
            None => Ok(values),
            Some(_) if self.named.is_empty() => {
                self.count_error(function, self.positional.len(), required, count)
            }
            Some(index) => {
                let (number, name) = (index + 1, (parameters.name)(index));
                let message = format!("{function}() is missing argument {number} ({name})");
                Err(self.attached.raise(Exception::Type, &message))
            }
        }
    }

    fn twice(&self, function: &str, keyword: &str) -> Raised {
        let message = format!("{function}() got argument '{keyword}' twice");
        self.attached.raise(Exception::Type, &message)
    }

    fn unexpected(&self, name: &str, keyword: &str) -> Raised {
        let message = format!("{name}() has no argument named '{keyword}'");
        self.attached.raise(Exception::Type, &message)
    }

    fn count_error<T>(
        &self,
        name: &str,
        given: usize,
        least: usize,
        most: usize,
    ) -> Result<T, Raised> {
        let takes = match (least, most) {
            (_, usize::MAX) => format!("at least {least}"),
            _ if least == most => format!("exactly {least}"),
            _ => format!("{least} to {most}"),
        };
        let message = format!("{name}() takes {takes} arguments ({given} given)");
        Err(self.attached.raise(Exception::Type, &message))
    }

    /// The block of a full row, with defaults for optional arguments that were left out.
    #[inline]
    pub fn pack(&self, callback: &Callback, encoding: &Encoding) -> Result<Block, Raised> {
        let mut texts = PlainTexts::new();
        let block = if self.has_plain_texts(callback, encoding, &mut texts) {
            Block::texts(&texts)
        } else {
            Block::new(&self.pieces(callback, encoding)?, Storage::Inside)
        };
        block.ok_or_else(|| self.attached.raise(Exception::Memory, "no memory for the arguments"))
    }

    /// Collects the texts of a full row, if it has nothing but texts that need no conversion, as is nearly
    /// always the case. Otherwise false.
    #[inline]
    fn has_plain_texts(
        &self,
        callback: &Callback,
        encoding: &Encoding,
        texts: &mut PlainTexts<'g>,
    ) -> bool {
        self.named.is_empty()
            && self.positional.len() == callback.params.len()
            && self.positional.iter().zip(callback.params).all(|(value, param)| {
                match convert::plain_text(value, encoding) {
                    Some(text) if param.kind == Kind::Text => texts.push(text),
                    _ => return false,
                }
                true
            })
    }

    #[inline(never)]
    fn pieces(&self, callback: &Callback, encoding: &Encoding) -> Result<Pieces<'g>, Raised> {
        pieces_of(self.attached, callback, &self.of_row(callback)?, encoding)
    }
}

/// The pieces of a row with these values, without those that are not packed.
pub fn pieces_of<'g>(
    attached: Attached<'_>,
    callback: &Callback,
    values: &[Option<&'g Obj>],
    encoding: &Encoding,
) -> Result<Pieces<'g>, Raised> {
    let mut pieces = Pieces::new();
    for (index, value) in values.iter().enumerate() {
        if callback.params[index].kind != Kind::Values {
            Place { callback, index }.pack(attached, *value, encoding, &mut pieces)?;
        }
    }
    Ok(pieces)
}

fn is_named(param: &Param, keyword: &str) -> bool {
    param.name == keyword || (!param.alias.is_empty() && param.alias == keyword)
}

/// One parameter of a function, for packing and messages.
struct Place<'c> {
    callback: &'c Callback,
    index: usize,
}

impl Place<'_> {
    fn pack<'g>(
        &self,
        attached: Attached<'_>,
        value: Option<&'g Obj>,
        encoding: &Encoding,
        pieces: &mut Pieces<'g>,
    ) -> Result<(), Raised> {
        let param = &self.callback.params[self.index];
        if let Some(value) = value.filter(|value| !value.is_none()) {
            return self.pack_given(value, param.kind, encoding, pieces);
        }
        pieces.push(match param.default {
            Default::Null => Piece::Text(None),
            Default::Empty => Piece::Text(Some(Cow::Borrowed(b""))),
            Default::Number(number) => Piece::Int(number),
            Default::Required => return Err(self.type_error(attached, param.kind, "None")),
        });
        Ok(())
    }

    fn pack_given<'g>(
        &self,
        value: &'g Obj,
        kind: Kind,
        encoding: &Encoding,
        pieces: &mut Pieces<'g>,
    ) -> Result<(), Raised> {
        let attached = value.attached();
        match kind {
            Kind::Text if value.is_str() => match convert::to_hub(value, encoding) {
                Some(text) => pieces.push(Piece::Text(Some(text))),
                None => {
                    let message = format!("{} holds a NUL character", self.described());
                    return Err(attached.raise(Exception::Value, &message));
                }
            },
            Kind::Int => pieces.push(Piece::Int(self.int(value)?)),
            Kind::Text | Kind::Values => {
                return Err(self.type_error(attached, kind, &value.type_name()));
            }
        }
        Ok(())
    }

    fn int(&self, value: &Obj) -> Result<i64, Raised> {
        let attached = value.attached();
        // SAFETY: attached.
        if unsafe { ffi::PyIndex_Check(value.as_ptr()) } == 0 {
            return Err(self.type_error(attached, Kind::Int, &value.type_name()));
        }
        // SAFETY: attached; gives an int, or raises what the object's own __index__ raised.
        let value = unsafe { attached.take(ffi::PyNumber_Index(value.as_ptr()))? };
        match value.as_i64() {
            Some(number) => Ok(number),
            None => Err(attached
                .raise(Exception::Overflow, &format!("{} does not fit 64 bits", self.described()))),
        }
    }

    fn described(&self) -> String {
        let Place { callback, index } = self;
        format!("{}() argument {} ({})", callback.text, index + 1, callback.params[*index].name)
    }

    fn type_error(&self, attached: Attached<'_>, kind: Kind, given: &str) -> Raised {
        let wanted = match kind {
            Kind::Text => "str",
            Kind::Int => "int",
            Kind::Values => "a tuple or list",
        };
        let message = format!("{} must be {wanted}, not {given}", self.described());
        attached.raise(Exception::Type, &message)
    }
}
