//! The faults of streams and consumer, and whether a retry may succeed. Reaches no server.

use std::sync::Arc;

use async_nats::jetstream::ErrorCode;
use async_nats::jetstream::context::{CreateStreamError, CreateStreamErrorKind};
use thiserror::Error;

use crate::Cause;

/// Why a stream or consumer cannot be used.
#[derive(Debug, Clone, Error)]
pub enum StreamError {
    /// The server has no `JetStream`.
    #[error("the NATS server has JetStream turned off; start it with --jetstream")]
    NoJetStream,
    /// The server has `JetStream`, but the account of this login has none.
    #[error("the NATS account of this login has no JetStream; give it some in the server's configuration")]
    NoJetStreamForAccount,
    /// A stream is missing, and cannot be created.
    #[error("the stream {0} cannot be created; run `countersign migrate` with a login that may create it")]
    CannotCreate(&'static str, #[source] Arc<CreateStreamError>),
    /// The account refuses streams without a size limit.
    #[error("the NATS account takes no stream without a limit of its size (max_bytes_required); set NATS_STREAM_MB")]
    SizeLimitRequired,
    /// A stream or consumer has settings under which events can be lost or held up.
    #[error("the stream or consumer {0} can lose or hold up events: {1}; run `countersign migrate`")]
    Unsafe(&'static str, &'static str),
    /// The consumer is missing, and this login perhaps may not create it.
    #[error("the consumer {0} is missing, and NATS did not answer the request to create it; run `countersign migrate`")]
    ConsumerMissing(&'static str),
    /// A stream is missing, and this login perhaps may not create it.
    #[error("the stream {0} is missing, and NATS did not answer the request to create it; run `countersign migrate`")]
    StreamMissing(&'static str),
    /// A stream or consumer has a setting, or a value of one, that is not known here.
    #[error(
        "the stream or consumer {0} has settings that this version of Countersign does not know ({1}); take them away, \
         or update Countersign"
    )]
    Unlisted(&'static str, String),
    /// The server did not return the settings of a stream or consumer.
    #[error("NATS did not return the settings of the stream or consumer {0}")]
    Unanswered(&'static str, #[source] Cause),
    /// The server refused to repair the settings of a stream or consumer.
    #[error(
        "NATS refused to change the stream or consumer {0} ({1}); stop the receivers, wait until no events are pending, \
         then delete it, and run `countersign migrate` again"
    )]
    Unchanged(&'static str, &'static str, #[source] Cause),
}

impl StreamError {
    /// The error for the server's answer that there is no `JetStream`; `None` for another answer.
    pub(super) fn without_jetstream(code: ErrorCode) -> Option<Self> {
        match code {
            ErrorCode::JETSTREAM_NOT_ENABLED => Some(Self::NoJetStream),
            ErrorCode::JETSTREAM_NOT_ENABLED_FOR_ACCOUNT => Some(Self::NoJetStreamForAccount),
            _ => None,
        }
    }

    /// True if a retry may succeed without another setting: somebody starts `JetStream` or runs `migrate`, or a cluster
    /// finds its leader.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::NoJetStream | Self::NoJetStreamForAccount | Self::StreamMissing(_) | Self::Unanswered(..) => true,
            Self::CannotCreate(_, error) => match error.kind() {
                CreateStreamErrorKind::Response => true,
                CreateStreamErrorKind::JetStream(answer) => PASSING.contains(&answer.error_code()),
                _ => false,
            },
            Self::SizeLimitRequired
            | Self::Unlisted(..)
            | Self::Unsafe(..)
            | Self::ConsumerMissing(_)
            | Self::Unchanged(..) => false,
        }
    }
}

/// Errors of the server that may end soon: a cluster has no leader or too few members yet, or no storage is free.
const PASSING: [ErrorCode; 9] = [
    ErrorCode::CLUSTER_NOT_AVAILABLE,
    ErrorCode::CLUSTER_NOT_ACTIVE,
    ErrorCode::CLUSTER_NOT_ASSIGNED,
    ErrorCode::CLUSTER_NOT_LEADER,
    ErrorCode::CLUSTER_INCOMPLETE,
    ErrorCode::CLUSTER_NO_PEERS,
    ErrorCode::INSUFFICIENT_RESOURCES,
    ErrorCode::STORAGE_RESOURCES_EXCEEDED,
    ErrorCode::ACCOUNT_RESOURCES_EXCEEDED,
];
