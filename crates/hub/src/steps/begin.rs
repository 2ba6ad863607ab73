//! The first step of both roads: somebody proves a password, or gives a new one, and a session begins, pending. The
//! answer never waits for the provider's push.

use approval::{Approval, ApprovalId, Purpose, Secret, SessionId, UserId};
use provider::ProviderError;
use storage::{Attempt, AttemptKind, LimitName, LinkHash, NewSession, NewUser, Replaced, Subject, Withheld};

use crate::{
    caller::{Caller, MaybeCaller},
    hub::Hub,
    password::strength::OwnWords,
    person::{Person, Typed},
    phone::follow,
    refusal::Refusal,
    settings::PENDING_SESSION,
    steps::{
        draft::{self, Whose},
        endings,
        guess::{self, account_of},
        invitations,
    },
    text::address::{Email, EmailError, WantedEmail},
    throttle::{self, PUSHES},
    token::Token,
    visitor::Visitor,
};

/// A session that waits for its proof.
#[derive(Debug)]
pub struct Begun {
    /// Whether the phone is asked.
    pub phone: PushOutcome,
    /// The token of the session.
    pub token: Token,
}

/// Whether the phone is asked.
#[derive(Debug)]
pub enum PushOutcome {
    /// It is, by this approval.
    Asked(Box<Approval>),
    /// It is not, and the session waits for a code.
    Left(Withheld),
}

/// A sign-up as it was typed.
#[derive(Debug)]
pub struct SignUp<'a> {
    /// The person's fields.
    pub person: Typed<'a>,
    /// The key of an invitation, or its whole link; `None` if none was typed.
    pub invitation: Option<&'a Secret>,
}

/// Signs somebody up, if the operator allows it. The pending sign-up or the session that the browser had before ends.
///
/// # Errors
/// A [`Refusal`], which names the fields that are not allowed.
pub async fn sign_up(hub: &Hub, wanted: &SignUp<'_>, before: MaybeCaller, visitor: &Visitor) -> Result<Begun, Refusal> {
    let invitation = invitations::of_request(hub, wanted.invitation, wanted.person.email, &before).await?;
    invitations::allowed(hub, invitation.is_some())?;
    let person = Person::parse(&wanted.person).map_err(Refusal::Fields)?;
    let begun = register(hub, person, invitation, visitor).await?;
    // By the token in force alone: the one before may only repeat its proof.
    if let Some(before) = before.current() {
        endings::sign_out(hub, &before).await?;
    }
    Ok(begun)
}

/// Signs somebody up: only the attempt is written before the provider accepts the phone, and the account stays pending
/// until the phone is proven. Answers alike whether the address is known or not.
async fn register(
    hub: &Hub,
    person: Person,
    invitation: Option<LinkHash>,
    visitor: &Visitor,
) -> Result<Begun, Refusal> {
    let counted = count_sign_up(hub, visitor).await?;
    let invitation = match invitations::checked(hub, invitation, &person.email).await {
        // A good invitation and another address: a slip, and no guess at invitations.
        Err(refusal @ Refusal::Fields(_)) => {
            hub.storage.limits().take_back(counted).await?;
            return Err(refusal);
        }
        checked => checked?,
    };
    let own = OwnWords::of(&person.full_name, person.email.shown(), &hub.settings.product);
    let client = guess::pool_client(hub, visitor).await?;
    let hashed = hub.passwords.hash(person.password, own, client, &hub.entropy, guess::gives_up(hub)).await;
    if !matches!(hashed, Ok(Ok(_))) {
        // The sign-up is not counted, but the new password is.
        hub.storage.limits().take_back(counted).await?;
    }
    let password_hash = hashed?.map_err(|weak| field("password", &weak.to_string()))?;
    let registered =
        hub.provider.register(person.email.as_str(), person.phone.country_code, person.phone.national.expose()).await;
    let provider_user = registered.map_err(refused_by_provider)?;
    let push = count_push(hub, Subject::phone(&provider_user, true)).await?;
    let user = NewUser {
        id: UserId::new(&hub.clock, &hub.entropy),
        full_name: person.full_name,
        email: person.email.shown().to_owned(),
        email_key: person.email.as_str().to_owned(),
        phone: person.phone.e164,
        password_hash,
        provider_user,
        invitation,
    };
    let (session, token) = new_session(hub, user.id, visitor);
    let whose = Whose { user: user.id, session: session.id, provider_user: &user.provider_user, email: &user.email };
    let draft = draft::sign_up(hub, whose, visitor)?;
    match hub.storage.sign_ups().begin(&user, &session, |taken| draft::numbered(draft, hub, taken)).await? {
        storage::Begun::Asked(approval) => Ok(asked(hub, *approval, token)),
        storage::Begun::Withheld(why) => {
            hub.storage.limits().take_back(push).await?;
            Ok(left(why, token))
        }
    }
}

/// Signs somebody in as far as a password goes. One answer for an unknown address and a wrong password, and the same
/// work for both. The session that the browser had before ends with it.
///
/// # Errors
/// [`Refusal::InvalidCredentials`], [`Refusal::HiddenInAddress`], or a limit that is reached.
pub async fn sign_in(
    hub: &Hub,
    email: &str,
    password: Secret,
    before: MaybeCaller,
    visitor: &Visitor,
) -> Result<Begun, Refusal> {
    let email = email_for_sign_in(hub, email).await?;
    let account = account_of(hub, &email, password, visitor).await?.ok_or(Refusal::InvalidCredentials)?;
    count_sign_in(hub, account.id, visitor).await?;
    let (session, token) = new_session(hub, account.id, visitor);
    let whose =
        Whose { user: account.id, session: session.id, provider_user: &account.provider_user, email: &account.email };
    let draft = draft::sign_in(hub, whose, visitor)?;
    // By the token in force alone: the one before may only repeat its proof.
    let before = before.current();
    let (before, password) = (before.as_ref().map(|before| &before.session), &account.password_hash);
    let begun =
        hub.storage.sessions().begin(&session, before, password, |taken| draft::numbered(draft, hub, taken)).await?;
    // The password was changed while it was being checked.
    let (begun, cancelled) = begun.ok_or(Refusal::InvalidCredentials)?;
    endings::tell(hub, &cancelled);
    match begun {
        storage::Begun::Asked(approval) => Ok(asked(hub, *approval, token)),
        storage::Begun::Withheld(why) => Ok(left(why, token)),
    }
}

/// The address under which a sign-in is looked up and counted: the stored one of the account, in whatever spelling it
/// was typed, or the canonical form if there is no account.
async fn email_for_sign_in(hub: &Hub, typed: &str) -> Result<String, Refusal> {
    let wanted = WantedEmail::parse(typed).ok_or_else(|| match Email::parse(typed) {
        Err(EmailError::Hidden) => Refusal::HiddenInAddress,
        _ => Refusal::InvalidCredentials,
    })?;
    match hub.storage.accounts().stored_email(&wanted.spelling, &wanted.key).await? {
        Some(email) => Ok(email),
        None if wanted.error == Some(EmailError::Hidden) => Err(Refusal::HiddenInAddress),
        None => Ok(wanted.key),
    }
}

/// Asks the phone again: the approval is cancelled and another takes its place, with a number of its own.
///
/// # Errors
/// [`Refusal::NoSession`], [`Refusal::NotFound`], [`Refusal::AlreadyDecided`], [`Refusal::NewPasswordNeeded`], [`Refusal::Withheld`], or a limit that is reached.
pub async fn again(hub: &Hub, caller: &Caller, id: ApprovalId) -> Result<Approval, Refusal> {
    let old = caller.own(hub, id).await?;
    if caller.is_confirmed() && old.purpose != Purpose::Transaction {
        return Err(Refusal::AlreadyDecided);
    }
    if caller.session.password_doubted && old.purpose == Purpose::Transaction {
        return Err(Refusal::NewPasswordNeeded);
    }
    invitations::still_allowed(hub, &caller.session)?;
    let draft = draft::again(hub, &old, caller.session.expires_at).ok_or(Refusal::NoSession)?;
    let attempt = count_push(hub, Subject::phone(&old.provider_user, caller.is_sign_up())).await?;
    let replaced = hub.storage.approvals().replace(id, |_, taken| draft::numbered(draft, hub, taken)).await?;
    if !matches!(replaced, Replaced::Now(_)) {
        // Nothing is sent: whoever has only the password uses up nothing of the owner's.
        hub.storage.limits().take_back(attempt).await?;
    }
    match replaced {
        Replaced::Now(both) => {
            hub.changed(&both.0);
            follow::push_and_follow(hub, both.1.clone());
            Ok(both.1)
        }
        Replaced::Before(new) => Ok(*new),
        Replaced::No => Err(Refusal::AlreadyDecided),
        Replaced::Withheld(why) => Err(throttle::withheld(why, hub.clock.now())),
    }
}

/// Counts a sign-in whose password was right, before its session is written.
async fn count_sign_in(hub: &Hub, user: UserId, visitor: &Visitor) -> Result<(), Refusal> {
    let limits = throttle::sign_ins(&hub.settings.limits, user, visitor.network);
    let counted = hub.storage.limits().count(AttemptKind::Password, &limits).await?;
    counted.map_err(|limited| throttle::reached(LimitName::SignIns, limited))?;
    Ok(())
}

/// Counts a sign-up and its new password, before any costly work. Returns the sign-up's attempt, which is given back if
/// the password is refused.
async fn count_sign_up(hub: &Hub, visitor: &Visitor) -> Result<Attempt, Refusal> {
    let limits = &hub.settings.limits;
    let counted = hub.storage.limits().count(AttemptKind::SignUp, &throttle::sign_ups(limits, visitor.network)).await?;
    // First, so that a refused sign-up uses up no new password.
    let sign_up = counted.map_err(|limited| throttle::reached(LimitName::SignUps, limited))?;
    match guess::count_new_password(hub, &throttle::new_passwords(limits, visitor.network)).await {
        Ok(()) => Ok(sign_up),
        Err(refused) => {
            hub.storage.limits().take_back(sign_up).await?;
            Err(refused)
        }
    }
}

/// Counts a request that will be sent to a phone.
pub(crate) async fn count_push(hub: &Hub, phone: Subject) -> Result<Attempt, Refusal> {
    let counted = hub.storage.limits().count(AttemptKind::Push, &[(phone, PUSHES)]).await?;
    counted.map_err(|limited| throttle::reached(LimitName::Pushes, limited))
}

fn asked(hub: &Hub, approval: Approval, token: Token) -> Begun {
    follow::push_and_follow(hub, approval.clone());
    Begun { phone: PushOutcome::Asked(Box::new(approval)), token }
}

fn left(why: Withheld, token: Token) -> Begun {
    throttle::note(why);
    Begun { phone: PushOutcome::Left(why), token }
}

fn new_session(hub: &Hub, user: UserId, visitor: &Visitor) -> (NewSession, Token) {
    let token = Token::random(&hub.entropy);
    let session = NewSession {
        id: SessionId::new(&hub.clock, &hub.entropy),
        user,
        token: token.hash(),
        browser: visitor.browser.clone(),
        place: visitor.place.clone(),
        network: visitor.network_name(),
        expires_at: hub.clock.now() + PENDING_SESSION,
    };
    (session, token)
}

fn refused_by_provider(error: ProviderError) -> Refusal {
    match error {
        ProviderError::PhoneRefused => {
            field("phone", "The phone service does not accept this number. Please check it.")
        }
        ProviderError::EmailRefused => {
            field("email", "The phone service does not accept this address. Please check it.")
        }
        error => error.into(),
    }
}

fn field(name: &'static str, error: &str) -> Refusal {
    Refusal::Fields(vec![(name, error.to_owned())])
}
