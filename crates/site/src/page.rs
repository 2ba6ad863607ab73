//! The pages as a browser gets them: one view struct for each template of `web/templates`, and the assets.
//! Owns what a page shows; does not ask the hub for it. Of the hub it knows words: the kinds of notices.

mod account;
mod assets;
mod code;
mod country;
mod devices;
mod form;
mod landing;
mod moment;
mod password;
mod phone;
mod problem;
mod shell;
mod sign_in;
mod sign_up;
mod transaction_code;
mod transfer;
mod waiting;

pub(crate) use account::{Account, Noted, SignedIn};
pub(crate) use assets::asset;
pub(crate) use code::{Code, Reason};
pub(crate) use devices::{Device, Devices};
pub(crate) use form::{Field, shown_again};
pub(crate) use landing::Landing;
pub(crate) use moment::Moment;
pub(crate) use password::{Password, Reset, ResetDone};
pub(crate) use phone::ShownPhone;
pub(crate) use problem::Problem;
pub(crate) use shell::{Shell, respond};
pub(crate) use sign_in::SignIn;
pub(crate) use sign_up::SignUp;
pub(crate) use transaction_code::TransactionCode;
pub(crate) use transfer::{Listed, Transfer};
pub(crate) use waiting::Waiting;
