//! Symbols that cross between Rust and the C parts linked into the library.
//!
//! rustc exports exactly its own `no_mangle` functions from a cdylib: C functions stay hidden, and
//! Rust functions that only our C code calls would be exported. Both are mended by a jump, which
//! keeps the caller's registers and stack, so that any signature passes through.

/// Exports hidden C functions under public names.
macro_rules! export_as_jump {
    ($($public:ident => $hidden:ident),*) => {$(
        #[doc = concat!("Exported name of the C function `", stringify!($hidden), "`.")]
        ///
        /// # Safety
        /// As the header says; the Rust signature is not the C one, never call it from Rust.
        #[unsafe(no_mangle)]
        #[unsafe(naked)]
        pub unsafe extern "C" fn $public() {
            $crate::abi::symbols::jump!($hidden);
        }
    )*};
}

/// The body of a naked function that goes on in another one.
macro_rules! jump {
    ($target:path) => {
        #[cfg(target_arch = "x86_64")]
        std::arch::naked_asm!("jmp {}", sym $target);
        #[cfg(target_arch = "aarch64")]
        std::arch::naked_asm!("b {}", sym $target);
    };
}

/// Makes Rust functions visible to the C parts, and to nobody outside the library.
macro_rules! visible_to_c {
    ($($symbol:literal => $function:ident),*) => {$(
        std::arch::global_asm!(
            concat!(".globl ", $symbol),
            concat!(".hidden ", $symbol),
            concat!(".type ", $symbol, ",@function"),
            concat!($symbol, ":"),
            #[cfg(target_arch = "x86_64")]
            "jmp {}",
            #[cfg(target_arch = "aarch64")]
            "b {}",
            sym $function,
        );
    )*};
}

pub(super) use {export_as_jump, jump, visible_to_c};
