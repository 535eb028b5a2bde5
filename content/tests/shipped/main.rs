//! Tests over everything that ships.

mod accuracy;
mod catalogue;
mod shared;
