//! From Python 3.15 on: a thread-local variable of libpython. If it were not set, a thread would keep the
//! address of a thread state that another thread has deleted, and would write there the next time.

use std::ffi::{c_int, c_ulong, c_void};
use std::sync::OnceLock;

use pyo3_ffi as ffi;
use pyo3_ffi::PyThreadState;

use super::is_empty;

/// How the dynamic linker names a thread-local variable: the ABI's `tls_index`.
#[repr(C)]
struct Variable {
    module: c_ulong,
    offset: c_ulong,
}

unsafe extern "C" {
    /// The address of this thread's instance of a variable.
    fn __tls_get_addr(variable: *const Variable) -> *mut c_void;
}

static VARIABLE: OnceLock<Variable> = OnceLock::new();

/// This thread's instance of the thread-local variables of libpython.
#[derive(Default)]
struct Block {
    module: c_ulong,
    words: Vec<*mut *mut PyThreadState>,
}

pub fn find(current: *mut PyThreadState) {
    let mut block = Block::default();
    // SAFETY: the callback is given the block, which outlives the call.
    unsafe { libc::dl_iterate_phdr(Some(look_at), (&raw mut block).cast()) };
    let holds = |word: &&*mut *mut PyThreadState| {
        // SAFETY: a word of this thread's own variables; what is changed is put back at once, and
        // the function asked meanwhile only reads.
        unsafe {
            word.read() == current && {
                word.write(std::ptr::null_mut());
                let gone = is_empty();
                word.write(current);
                gone
            }
        }
    };
    let Some(word) = block.words.iter().find(holds) else { return };
    let start = Variable { module: block.module, offset: 0 };
    // SAFETY: the module is loaded and has such variables.
    let start = unsafe { __tls_get_addr(&raw const start) } as c_ulong;
    let offset = (*word as c_ulong).wrapping_sub(start);
    VARIABLE.get_or_init(|| Variable { module: block.module, offset });
}

/// Keeps the block of libpython, which is the module in which a function of CPython lies.
unsafe extern "C" fn look_at(
    module: *mut libc::dl_phdr_info,
    _: libc::size_t,
    block: *mut c_void,
) -> c_int {
    let function = ffi::PyGILState_GetThisThreadState as *const () as u64;
    // SAFETY: the dynamic linker gives a module with its headers, and `find` the block.
    let (module, block) = unsafe { (&*module, &mut *block.cast::<Block>()) };
    // SAFETY: as above.
    let headers = unsafe { std::slice::from_raw_parts(module.dlpi_phdr, module.dlpi_phnum.into()) };
    let has_function = headers.iter().any(|header| {
        let start = module.dlpi_addr.wrapping_add(header.p_vaddr);
        header.p_type == libc::PT_LOAD
            && (start..start.wrapping_add(header.p_memsz)).contains(&function)
    });
    let variables = headers.iter().find(|header| header.p_type == libc::PT_TLS);
    let (true, Some(variables)) = (has_function, variables) else { return 0 };
    let start = module.dlpi_tls_data.cast::<*mut PyThreadState>();
    if !start.is_null() {
        let count = variables.p_memsz as usize / size_of::<*mut PyThreadState>();
        block.module = module.dlpi_tls_modid as c_ulong;
        block.words = (0..count).map(|index| start.wrapping_add(index)).collect();
    }
    1
}

fn variable() -> Option<*mut *mut PyThreadState> {
    let variable = VARIABLE.get()?;
    // SAFETY: libpython is never unloaded.
    Some(unsafe { __tls_get_addr(variable) }.cast())
}

/// The thread state the PyGILState functions see on this thread.
pub fn get() -> *mut PyThreadState {
    // SAFETY: the variable of CPython, as `find` proved; this thread's own.
    variable().map_or(std::ptr::null_mut(), |variable| unsafe { variable.read() })
}

/// Makes the PyGILState functions see this thread state.
pub fn set(thread_state: *mut PyThreadState) {
    if let Some(variable) = variable() {
        // SAFETY: as above; the value is of the kind it keeps.
        unsafe { variable.write(thread_state) };
    }
}
