//! Terraform: files of a module in HCL, and what `terraform show -json` prints of a state or a plan.
//!
//! What Terraform alone can work out (other modules, data sources, most functions, `for`, `count`) is refused by name;
//! the way out is always the same: let Terraform work it out, and read its answer.

mod evaluate;
mod module;
mod reference;
mod resource;
mod show;
mod template;
mod write;

pub(super) use self::module::Module;
pub(super) use self::show::{is_show, read_show};
pub(super) use self::write::write;

/// The way out of everything that only Terraform can resolve.
const SHOW_HELP: &str = "let Terraform work it out: `terraform show -json` prints every value, and loads here too";
