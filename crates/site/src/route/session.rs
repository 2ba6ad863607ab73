//! The session for programs: who am I, a code, sign out.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use axum_extra::extract::cookie::CookieJar;
use hub::{
    Visitor,
    caller::MaybeCaller,
    person::phone_ending,
    phone::sending,
    steps::{account, codes, endings},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    answer::{
        problem::Problem,
        refusals::{
            AlreadyRegistered, AlreadySignedInOrTextFirst, Body, CodesOff, CodesOffOrInvitation, ForeignOrigin,
            Internal, NoSession, NoSessionOrCode, NotFound, ProviderUnavailable, TooMany,
        },
        view::{ApprovalView, Done, NoticeView},
    },
    request::{
        body::Json,
        caller::{confirmed_cookies, no_cookie},
        code::{TypedCode, WantedCode},
    },
    site::Site,
};

/// Who is asking, and how far they are.
#[derive(Serialize, ToSchema)]
#[schema(as = Session, examples(json!({
    "state": "confirmed",
    "user": { "full_name": "Ada Lovelace", "email": "ada@example.com", "phone": "+12015550123" },
    "new_password_needed": false,
    "notices": []
})))]
struct SessionView<'a> {
    state: Stage,
    user: UserView<'a>,
    /// Whether a new password has to be chosen before anything can be asked for.
    new_password_needed: bool,
    /// What a pending session waits for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    approval: Option<ApprovalView<'a>>,
    /// What the person should know, newest first; of a confirmed session only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    notices: Option<Vec<NoticeView>>,
}

/// How far a session is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SessionState)]
pub(crate) enum Stage {
    /// The password was right.
    Pending,
    /// A proof has confirmed it.
    Confirmed,
}

impl Stage {
    pub(super) const fn of(confirmed: bool) -> Self {
        if confirmed { Self::Confirmed } else { Self::Pending }
    }
}

/// Whose session it is.
#[derive(Serialize, ToSchema)]
#[schema(as = User)]
struct UserView<'a> {
    full_name: &'a str,
    email: &'a str,
    /// In E.164; all but the last two digits are hidden while the session of a sign-in is pending.
    #[schema(pattern = r"^(\+[0-9]+|•••• [0-9]{2})$")]
    phone: String,
}

/// Tells who is asking.
#[utoipa::path(
    get,
    path = "/api/session",
    operation_id = "show_session",
    tag = "session",
    security((), ("session" = [])),
    responses((status = OK, body = SessionView, description = "Somebody gave a password."), NotFound, Internal)
)]
pub(crate) async fn show(State(site): State<Site>, caller: MaybeCaller) -> Result<Response, Problem> {
    let caller = caller.current().ok_or_else(Problem::not_found)?;
    let session = &caller.session;
    let confirmed = caller.is_confirmed();
    let waiting = if confirmed { None } else { account::waits_for(&site.hub, &caller).await? };
    let notices = if confirmed { Some(account::notices(&site.hub, &caller).await?) } else { None };
    // A pending sign-up sees its own number in full.
    let phone = if confirmed || caller.is_sign_up() {
        session.phone.expose().to_owned()
    } else {
        format!("•••• {}", phone_ending(session.phone.expose()))
    };
    let view = SessionView {
        state: Stage::of(confirmed),
        new_password_needed: confirmed && session.password_doubted,
        user: UserView { full_name: &session.full_name, email: &session.email, phone },
        approval: waiting.as_ref().map(ApprovalView::from),
        notices: notices.map(|notices| notices.into_iter().map(NoticeView::from).collect()),
    };
    Ok(axum::Json(view).into_response())
}

/// Signs out.
///
/// Whatever the session still waited for is cancelled.
#[utoipa::path(
    delete,
    path = "/api/session",
    operation_id = "sign_out",
    tag = "session",
    security(("session" = [])),
    responses(
        (
            status = NO_CONTENT,
            description = "The session has ended.",
            headers(("set-cookie" = String, description = "Takes the cookie away."))
        ),
        NoSession, ForeignOrigin, TooMany, Internal
    )
)]
pub(crate) async fn end(State(site): State<Site>, caller: MaybeCaller) -> Result<Response, Problem> {
    endings::sign_out(&site.hub, &caller.required()?).await?;
    Ok((StatusCode::NO_CONTENT, CookieJar::new().add(no_cookie(&site))).into_response())
}

/// Confirms the session by a code.
///
/// From a text message, a call or the authenticator. A code counts once; the same again, after a lost answer, is
/// answered as before. After 5 wrong codes for one account or one phone within 10 minutes, no other is tried; after 100
/// in a row none is taken until something is approved on the phone.
#[utoipa::path(
    post,
    path = "/api/session/code",
    operation_id = "confirm_session",
    tag = "session",
    security(("session" = [])),
    request_body = TypedCode,
    responses(
        (
            status = OK,
            body = Done,
            description = "The session is confirmed.",
            headers((
                "set-cookie" = String,
                description = "The confirmed session, unless another request has confirmed and got it before."
            ))
        ),
        Body, NoSessionOrCode, CodesOffOrInvitation, AlreadyRegistered, TooMany, Internal, ProviderUnavailable
    )
)]
pub(crate) async fn code(
    State(site): State<Site>,
    caller: MaybeCaller,
    Json(typed): Json<TypedCode>,
) -> Result<Response, Problem> {
    let jar = confirmed_cookies(&site, &codes::check(&site.hub, caller, typed.code.expose()).await?);
    Ok((jar, axum::Json(Done::new())).into_response())
}

/// Sends a code to the phone of the session.
///
/// At most 5 within 10 minutes for one account and for one phone; one client address and one country have limits as
/// well. A sign-up can get a call a minute after a text message, and all sign-ups share an hourly limit of codes.
#[utoipa::path(
    post,
    path = "/api/session/code/send",
    operation_id = "send_session_code",
    tag = "session",
    security(("session" = [])),
    request_body = WantedCode,
    responses(
        (status = ACCEPTED, description = "The code is on its way."),
        Body, NoSession, CodesOff, AlreadySignedInOrTextFirst, TooMany, Internal, ProviderUnavailable
    )
)]
pub(crate) async fn send_code(
    State(site): State<Site>,
    caller: MaybeCaller,
    visitor: Visitor,
    Json(wanted): Json<WantedCode>,
) -> Result<Response, Problem> {
    sending::send(&site.hub, &caller.required()?, &visitor, wanted.channel).await?;
    Ok(StatusCode::ACCEPTED.into_response())
}
