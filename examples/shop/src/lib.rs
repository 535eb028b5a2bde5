//! A deliberately vulnerable sample shop, loopback only, for the demo and the tests, and the people at its door.
//!
//! [`Shop::bind`] opens the shop. [`session`] is what an honest customer does, [`attacks`] what others try, both as
//! lists of requests with what must come back; [`Visitor`] sends them. [`demo::play`] performs all of it at once
//! for `sekisho demo`.
//!
//! The holes are real (SQL injection, cross-site scripting, path traversal) and so are the attacks; therefore
//! everything here refuses any address but a loopback one. Nothing here knows the checkpoint.

mod catalogue;
mod loopback;

mod database;
mod files;
mod login;
mod luhn;
mod page;

mod counter;
mod server;
mod stream;

pub mod attacks;
pub mod demo;
mod request;
pub mod session;
mod visitor;

pub use catalogue::{PRODUCTS, Product};
pub use database::{CUSTOMERS, Customer};
pub use files::{PUBLIC_FILES, SECRET};
pub use loopback::{Loopback, LoopbackError};
pub use request::{BROWSER, Expect, Request, Step};
pub use server::{Shop, ShopError};
pub use visitor::{Reply, VisitError, Visitor};
