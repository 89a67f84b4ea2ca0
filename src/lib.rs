pub mod hooks;
pub mod callbacks;
