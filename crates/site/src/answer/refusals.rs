//! What the API answers instead of what it was asked for, as its OpenAPI document tells it: one type for each answer,
//! with the very problems that handlers return as its examples. Nobody makes a value of these types. Knows no handler.

#![expect(dead_code, reason = "the types stand for answers in the document")]

use approval::Shown;
use hub::Limited;
use time::Duration;
use utoipa::IntoResponses;

use crate::answer::problem::Problem;

/// `wait` or `since` is no number that this address takes.
#[derive(IntoResponses)]
#[response(
    status = 400,
    content_type = "application/problem+json",
    example = json!(Problem::bad_request("wait is 0 to 30 seconds."))
)]
pub(crate) struct UnreadableQuery(Problem);

/// The request asks for no WebSocket.
#[derive(IntoResponses)]
#[response(
    status = 400,
    content_type = "application/problem+json",
    example = json!(Problem::bad_request("This address takes a WebSocket."))
)]
pub(crate) struct NoUpgrade(Problem);

/// What can be wrong with a body, whatever it says.
#[derive(IntoResponses)]
pub(crate) enum Body {
    /// The body is not the JSON that is described here; fields that are not described are refused.
    #[response(
        status = 400,
        content_type = "application/problem+json",
        example = json!(Problem::bad_request("The body must be the JSON that this address describes."))
    )]
    Unreadable(Problem),
    /// The body is larger than 16 KiB.
    #[response(status = 413, content_type = "application/problem+json", example = json!(Problem::too_large()))]
    TooLarge(Problem),
    /// The body is not sent as `application/json`.
    #[response(status = 415, content_type = "application/problem+json", example = json!(Problem::unsupported_type()))]
    UnsupportedType(Problem),
}

/// The cookie names no session that may do this.
#[derive(IntoResponses)]
#[response(status = 401, content_type = "application/problem+json", example = json!(Problem::no_session()))]
pub(crate) struct NoSession(Problem);

/// The cookie names no session that may do this, or the code is wrong, was used before, or is too old.
#[derive(IntoResponses)]
#[response(
    status = 401,
    content_type = "application/problem+json",
    examples(
        ("no-session" = (value = json!(Problem::no_session()))),
        ("invalid-code" = (value = json!(Problem::invalid_code()))),
        ("malformed-code" = (value = json!(Problem::malformed_code())))
    )
)]
pub(crate) struct NoSessionOrCode(Problem);

/// The request comes from another site.
#[derive(IntoResponses)]
#[response(status = 403, content_type = "application/problem+json", example = json!(Problem::foreign_origin()))]
pub(crate) struct ForeignOrigin(Problem);

/// The cookie names no session that may do this, or the code was not sent for this transaction, is wrong, was used
/// before, or is too old.
#[derive(IntoResponses)]
#[response(
    status = 401,
    content_type = "application/problem+json",
    examples(
        ("no-session" = (value = json!(Problem::no_session()))),
        ("invalid-code" = (value = json!(Problem::invalid_transaction_code()))),
        ("malformed-code" = (value = json!(Problem::malformed_code())))
    )
)]
pub(crate) struct NoSessionOrTransactionCode(Problem);

/// The request comes from another site, or codes are switched off for the account until the phone approved something.
#[derive(IntoResponses)]
#[response(
    status = 403,
    content_type = "application/problem+json",
    examples(
        ("foreign-origin" = (value = json!(Problem::foreign_origin()))),
        ("codes-off" = (value = json!(Problem::codes_off())))
    )
)]
pub(crate) struct CodesOff(Problem);

/// The request comes from another site, push is switched off for the account until a code was used, sign-ups are closed
/// or need an invitation now, or, for a transaction, whoever is in has to choose a new password first.
#[derive(IntoResponses)]
#[response(
    status = 403,
    content_type = "application/problem+json",
    examples(
        ("foreign-origin" = (value = json!(Problem::foreign_origin()))),
        ("push-off" = (value = json!(Problem::push_off()))),
        ("sign-up-closed" = (value = json!(Problem::sign_up_closed()))),
        ("new-password-needed" = (value = json!(Problem::new_password_needed())))
    )
)]
pub(crate) struct PushOff(Problem);

/// Email or password is wrong, and nobody learns which; or the request comes from another site.
#[derive(IntoResponses)]
#[response(
    status = 403,
    content_type = "application/problem+json",
    examples(
        ("invalid-credentials" = (value = json!(Problem::invalid_credentials()))),
        ("hidden-in-address" = (value = json!(Problem::hidden_in_address()))),
        ("foreign-origin" = (value = json!(Problem::foreign_origin())))
    )
)]
pub(crate) struct InvalidCredentials(Problem);

/// The old password is wrong, or the request comes from another site.
#[derive(IntoResponses)]
#[response(
    status = 403,
    content_type = "application/problem+json",
    examples(
        ("wrong-password" = (value = json!(Problem::wrong_password()))),
        ("foreign-origin" = (value = json!(Problem::foreign_origin())))
    )
)]
pub(crate) struct WrongPassword(Problem);

/// The link is used, expired or unknown, or the request comes from another site.
#[derive(IntoResponses)]
#[response(
    status = 403,
    content_type = "application/problem+json",
    examples(
        ("invalid-link" = (value = json!(Problem::invalid_link()))),
        ("foreign-origin" = (value = json!(Problem::foreign_origin())))
    )
)]
pub(crate) struct InvalidLink(Problem);

/// Whoever is in has to choose a new password first, or the request comes from another site.
#[derive(IntoResponses)]
#[response(
    status = 403,
    content_type = "application/problem+json",
    examples(
        ("new-password-needed" = (value = json!(Problem::new_password_needed()))),
        ("foreign-origin" = (value = json!(Problem::foreign_origin())))
    )
)]
pub(crate) struct NewPasswordNeeded(Problem);

/// There is nothing here, or nothing that this session may know of.
#[derive(IntoResponses)]
#[response(status = 404, content_type = "application/problem+json", example = json!(Problem::not_found()))]
pub(crate) struct NotFound(Problem);

/// The approval was decided or cancelled before.
#[derive(IntoResponses)]
#[response(status = 409, content_type = "application/problem+json", example = json!(Problem::already_decided()))]
pub(crate) struct AlreadyDecided(Problem);

/// The approval is not approved; or its phone is proven, and its owner has an account with this address already.
#[derive(IntoResponses)]
#[response(
    status = 409,
    content_type = "application/problem+json",
    examples(
        ("not-approved" = (value = json!(Problem::not_approved()))),
        ("already-registered" = (value = json!(Problem::already_registered())))
    )
)]
pub(crate) struct NotApproved(Problem);

/// The request comes from another site, sign-ups are closed or need an invitation, or the invitation is used, expired,
/// replaced or unknown.
#[derive(IntoResponses)]
#[response(
    status = 403,
    content_type = "application/problem+json",
    examples(
        ("foreign-origin" = (value = json!(Problem::foreign_origin()))),
        ("sign-up-closed" = (value = json!(Problem::sign_up_closed()))),
        ("invalid-invitation" = (value = json!(Problem::invalid_invitation())))
    )
)]
pub(crate) struct NoSignUp(Problem);

/// The request comes from another site, or the sign-up's invitation was used, replaced, or has expired meanwhile, or
/// sign-ups are closed or need an invitation now.
#[derive(IntoResponses)]
#[response(
    status = 403,
    content_type = "application/problem+json",
    examples(
        ("foreign-origin" = (value = json!(Problem::foreign_origin()))),
        ("sign-up-closed" = (value = json!(Problem::sign_up_closed()))),
        ("invalid-invitation" = (value = json!(Problem::invalid_invitation())))
    )
)]
pub(crate) struct InvalidInvitation(Problem);

/// The request comes from another site, codes are switched off for the account until the phone approved something, or
/// the sign-up's invitation was used, replaced, or has expired meanwhile, or sign-ups are closed or need an invitation now.
#[derive(IntoResponses)]
#[response(
    status = 403,
    content_type = "application/problem+json",
    examples(
        ("foreign-origin" = (value = json!(Problem::foreign_origin()))),
        ("codes-off" = (value = json!(Problem::codes_off()))),
        ("sign-up-closed" = (value = json!(Problem::sign_up_closed()))),
        ("invalid-invitation" = (value = json!(Problem::invalid_invitation())))
    )
)]
pub(crate) struct CodesOffOrInvitation(Problem);

/// The phone is proven, and its owner has an account with this address already.
#[derive(IntoResponses)]
#[response(status = 409, content_type = "application/problem+json", example = json!(Problem::already_registered()))]
pub(crate) struct AlreadyRegistered(Problem);

/// The session is confirmed already; or a call was requested for a sign-up whose phone got no text message at least a
/// minute ago.
#[derive(IntoResponses)]
#[response(
    status = 409,
    content_type = "application/problem+json",
    examples(
        ("already-signed-in" = (value = json!(Problem::already_signed_in()))),
        ("text-first" = (value = json!(Problem::text_first(None))))
    )
)]
pub(crate) struct AlreadySignedInOrTextFirst(Problem);

/// Some fields hold what cannot be taken; `errors` says which and why.
#[derive(IntoResponses)]
#[response(status = 422, content_type = "application/problem+json", example = json!(Problem::invalid(wrong_fields())))]
pub(crate) struct InvalidInput(Problem);

/// A limit is reached; whatever was asked for was not done.
#[derive(IntoResponses)]
#[response(
    status = 429,
    content_type = "application/problem+json",
    headers(("retry-after" = u32, description = "Seconds until another try makes sense.")),
    example = json!(too_many())
)]
pub(crate) struct TooMany(Problem);

/// More pages wait than one session, or one address, may have.
#[derive(IntoResponses)]
#[response(
    status = 429,
    content_type = "application/problem+json",
    headers(("retry-after" = u32, description = "Seconds until another try makes sense.")),
    example = json!(Problem::too_many_sockets())
)]
pub(crate) struct TooManySockets(Problem);

/// Our own fault; the cause is in the log of the server.
#[derive(IntoResponses)]
#[response(status = 500, content_type = "application/problem+json", example = json!(Problem::internal()))]
pub(crate) struct Internal(Problem);

/// The provider cannot be reached or does not take our requests; where its limit is reached, `Retry-After` says when to
/// try again.
#[derive(IntoResponses)]
#[response(
    status = 503,
    content_type = "application/problem+json",
    headers(("retry-after" = u32, description = "Seconds until another try makes sense.")),
    example = json!(Problem::provider_unavailable())
)]
pub(crate) struct ProviderUnavailable(Problem);

/// More people sign in than this machine can check passwords for, or more pages wait than it may serve.
#[derive(IntoResponses)]
#[response(
    status = 503,
    content_type = "application/problem+json",
    headers(("retry-after" = u32, description = "Seconds until another try makes sense.")),
    example = json!(Problem::busy())
)]
pub(crate) struct Busy(Problem);

/// Another program has the database locked; `Retry-After` says when to try again.
#[derive(IntoResponses)]
#[response(
    status = 503,
    content_type = "application/problem+json",
    headers(("retry-after" = u32, description = "Seconds until another try makes sense.")),
    example = json!(Problem::database_busy())
)]
pub(crate) struct DatabaseBusy(Problem);

/// The provider cannot be reached, or more people sign in than this machine can check passwords for; then, and where the
/// provider's limit is reached, `Retry-After` says when to try again.
#[derive(IntoResponses)]
#[response(
    status = 503,
    content_type = "application/problem+json",
    headers(("retry-after" = u32, description = "Seconds until another try makes sense.")),
    examples(
        ("provider-unavailable" = (value = json!(Problem::provider_unavailable()))),
        ("busy" = (value = json!(Problem::busy())))
    )
)]
pub(crate) struct ProviderUnavailableOrBusy(Problem);

fn wrong_fields() -> Vec<(&'static str, String)> {
    vec![("message", format!("Please write a message of 1 to {} plain characters.", Shown::MESSAGE_LIMIT))]
}

fn too_many() -> Problem {
    Problem::too_many("attempts", Limited { retry_after: Duration::seconds(59) })
}
