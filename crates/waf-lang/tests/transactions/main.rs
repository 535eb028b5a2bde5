//! What rules do to a transaction, from their text to what logs say.
//!
//! Where a test names no other source, what it expects is what nginx with libmodsecurity 3.0.9 did with the same rules and
//! the same request.

mod collections;
mod control;
mod effects;
mod expressions;
mod logs;
mod matched;
mod order;
mod site;
mod stops;
mod xml_path;
