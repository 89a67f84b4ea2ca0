//! The registry with a runtime that needs no Python.
