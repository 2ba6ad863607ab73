//! What the process asks of its machine before it begins.

use approval::told;
use rustix::fs::Mode;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit, umask};

/// Files from now on are for their owner alone: they hold phone numbers, password hashes and keys. And as many
/// descriptors as the machine allows, for each waiting browser is one.
pub(crate) fn prepare() {
    umask(Mode::RWXG | Mode::RWXO);
    let limit = getrlimit(Resource::Nofile);
    let all = Rlimit { current: limit.maximum, ..limit };
    if let Err(error) = setrlimit(Resource::Nofile, all) {
        tracing::warn!(error = %told(&error), "the limit of open files could not be raised");
    }
}
