//! The constants of the `vh` module.

use std::ffi::CString;

use crate::object::{Obj, Raised};
use vh_core::constants;

/// Adds the constants to a module.
pub fn add(module: &Obj) -> Result<(), Raised> {
    for (name, value) in constants::all() {
        let name = CString::new(name).expect("no NUL in the tables");
        module.set_attribute(&name, &module.attached().int(value)?)?;
    }
    add_version(module)
}

fn add_version(module: &Obj) -> Result<(), Raised> {
    let attached = module.attached();
    let numbers: Result<Vec<_>, _> =
        constants::version_numbers().map(|number| attached.int(number)).into_iter().collect();
    module.set_attribute(c"__version__", &attached.tuple(numbers?)?)?;
    module.set_attribute(c"__version_string__", &attached.str(constants::VERSION)?)
}
