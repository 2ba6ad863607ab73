//! Transactions: a person who is in has something approved on the phone, or by a code that is good for it alone.

use approval::{Approval, ApprovalId, Channel, Delivery, Details, Logo, Logos, Purpose, Shown, ShownError, Status};
use provider::Code;
use storage::{Asked, CodeApproved};

use crate::{
    begin::count_push, caller::Caller, codes, draft::Draft, follow, hub::Hub, person::FieldErrors, problem::Problem,
    proof::Proof, throttle, turn::in_turn, visitor::Visitor,
};

/// What somebody wants approved, as it was written.
#[derive(Debug)]
pub(crate) struct Typed {
    pub(crate) message: String,
    pub(crate) details: Details,
    pub(crate) logos: Vec<Logo>,
    pub(crate) expires_in: Option<u32>,
}

/// What somebody wants approved, as a phone can show it.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub(crate) shown: Shown,
    pub(crate) logos: Logos,
    /// Seconds until it expires; `None`: as configured.
    pub(crate) seconds: Option<u32>,
}

/// Seconds that a request may ask for.
pub(crate) const EXPIRES_IN: std::ops::RangeInclusive<u32> = 30..=600;

impl Wanted {
    /// Takes what a phone can show, exactly as it is written, or says beside which field what is wrong.
    ///
    /// # Errors
    /// The sentences for the fields.
    pub(crate) fn parse(typed: Typed) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::new();
        let mut wrong = |field, error: ShownError| errors.push((field, sentence(&error)));
        let message = Shown::new(typed.message.clone(), Details::default());
        message.map_or_else(|error| wrong("message", error), drop);
        let details = typed.details.unreserved().and_then(|details| Shown::new("…".into(), details));
        let details = details.map(|shown| shown.details().clone()).map_err(|error| wrong("details", error));
        let logos = Logos::new(typed.logos).map_err(|error| wrong("logos", error));
        if typed.expires_in.is_some_and(|seconds| !EXPIRES_IN.contains(&seconds)) {
            let (least, most) = EXPIRES_IN.into_inner();
            errors.push(("expires_in", format!("Please choose {least} to {most} seconds.")));
        }
        match (details, logos) {
            (Ok(details), Ok(logos)) if errors.is_empty() => {
                let shown = Shown::new(typed.message, details).map_err(|error| vec![("message", sentence(&error))])?;
                Ok(Self { shown, logos, seconds: typed.expires_in })
            }
            _ => Err(errors),
        }
    }

    /// Whether this is what `approval` shows already.
    pub(crate) fn is_shown_by(&self, approval: &Approval) -> bool {
        self.shown.numbered(approval.number) == approval.shown
    }
}

/// Asks the phone of whoever is in. The same form sent twice, by its `id`, asks once.
pub(crate) async fn begin(hub: &Hub, caller: &Caller, id: ApprovalId, wanted: Wanted) -> Result<Approval, Problem> {
    if !caller.is_confirmed() {
        return Err(Problem::no_session());
    }
    let session = &caller.session;
    if session.password_doubted {
        return Err(Problem::new_password_needed());
    }
    let attempt = count_push(hub, &throttle::phone(&session.provider_user, caller.is_sign_up())).await?;
    let draft = Draft::transaction(hub, caller, id, wanted).ok_or_else(Problem::no_session)?;
    match hub.storage.begin_transaction(id, session.user, session.id, |taken| draft.numbered(hub, taken)).await? {
        Asked::Withheld(why) => {
            hub.storage.forgive(attempt).await?;
            Err(throttle::withheld(why, hub.clock.now()))
        }
        Asked::Now(approval) if approval.delivery == Delivery::Unavailable => {
            follow::by_code_alone(hub, (*approval).clone());
            Ok(*approval)
        }
        Asked::Now(approval) => {
            follow::push_and_follow(hub, (*approval).clone());
            Ok(*approval)
        }
        Asked::Before(before) if before.session == session.id => Ok(*before),
        Asked::Before(_) => Err(Problem::not_found()),
        Asked::Ended => Err(Problem::no_session()),
    }
}

/// Sends a code that is good for this transaction alone.
pub(crate) async fn send_code(
    hub: &Hub,
    caller: &Caller,
    visitor: &Visitor,
    id: ApprovalId,
    channel: Channel,
) -> Result<(), Problem> {
    let approval = own(hub, caller, id).await?;
    if approval.status.is_final() {
        return Err(Problem::already_decided());
    }
    let attempt = codes::count_sending(hub, caller, visitor).await?;
    let sent = codes::deliver(hub, attempt, &approval.provider_user, channel, Some(&approval)).await;
    if let Some(now) = hub.storage.transaction_code_sent(id, channel, sent.is_ok()).await? {
        hub.changed(&now);
    }
    sent
}

/// Approves the transaction by a typed code, if the provider accepts it for this transaction and it never counted. The
/// same again, after a lost answer, finds it approved.
pub(crate) async fn approve_by_code(
    hub: &Hub,
    caller: &Caller,
    id: ApprovalId,
    text: &str,
) -> Result<Approval, Problem> {
    let before = approved_before(hub, caller, id).await?;
    let code = text.trim().parse::<Code>().map_err(|_| Problem::invalid_transaction_code())?;
    if let Some(approved) = before {
        return Ok(approved);
    }
    in_turn(hub, id, &Proof::by_code(hub, &code), async {
        // This may be a second click, and the first may just have approved it.
        if let Some(approved) = approved_before(hub, caller, id).await? {
            return Ok(approved);
        }
        let accepted = codes::accepted(hub, caller, &code, Some(id)).await?;
        let attempt = accepted.ok_or_else(Problem::invalid_transaction_code)?;
        match hub.storage.approve_by_code(&caller.session, id, hub.key.code_hash(code.expose())).await? {
            Some(CodeApproved::Fresh(now)) => {
                hub.changed(&now);
                codes::forgive_right(hub, attempt).await;
                if now.status == Status::Approved { Ok(*now) } else { Err(Problem::already_decided()) }
            }
            Some(CodeApproved::Used) => Err(Problem::invalid_transaction_code()),
            None => Err(Problem::not_found()),
        }
    })
    .await
}

/// The transaction, if it is approved already; `None` while it is pending.
async fn approved_before(hub: &Hub, caller: &Caller, id: ApprovalId) -> Result<Option<Approval>, Problem> {
    let approval = own(hub, caller, id).await?;
    match approval.status {
        Status::Pending => Ok(None),
        Status::Approved => Ok(Some(approval)),
        _ => Err(Problem::already_decided()),
    }
}

/// The transaction of this session, pending or not.
pub(crate) async fn own(hub: &Hub, caller: &Caller, id: ApprovalId) -> Result<Approval, Problem> {
    let approval = caller.own(hub, id).await?;
    if approval.purpose == Purpose::Transaction { Ok(approval) } else { Err(Problem::not_found()) }
}

fn sentence(error: &ShownError) -> String {
    match error {
        ShownError::Message => format!("Please write a message of 1 to {} plain characters.", Shown::MESSAGE_LIMIT),
        ShownError::TooMany => format!("Please write at most {} details.", Shown::DETAILS_LIMIT),
        ShownError::Label => {
            format!("Please give every detail a name of its own, of 1 to {} plain characters.", Shown::LABEL_LIMIT)
        }
        ShownError::Value => format!("Please give every detail 1 to {} plain characters.", Shown::VALUE_LIMIT),
        ShownError::Logos => "Please write a web address that begins with https:// or http://.".to_owned(),
        ShownError::Reserved => "Number, Email Address, Where and Browser are names that we add ourselves.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use approval::Resolution;

    use super::*;

    fn typed(message: &str, details: &[(&str, &str)]) -> Typed {
        let details = Details::new(details.iter().map(|(label, value)| ((*label).to_owned(), (*value).to_owned())));
        Typed { message: message.into(), details, logos: vec![], expires_in: None }
    }

    fn fields(typed: Typed) -> Vec<&'static str> {
        Wanted::parse(typed).unwrap_err().into_iter().map(|(field, _)| field).collect()
    }

    #[test]
    fn what_a_phone_can_show_is_taken_as_it_is_written() {
        let details = [("From", "Jarod"), ("Amount", "1,000,000"), ("Currency", "Galleons")];
        let wanted = Wanted::parse(typed("Request to send money to Jarod's vault", &details)).unwrap();
        assert_eq!(wanted.shown.message(), "Request to send money to Jarod's vault");
        assert_eq!(wanted.shown.details().iter().collect::<Vec<_>>(), details);
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once_beside_its_field() {
        let logos = vec![Logo { res: Resolution::High, url: "https://a.example/a.png".into() }];
        let all = Typed { logos, expires_in: Some(29), ..typed(&"m".repeat(145), &[("Amount", "")]) };
        assert_eq!(fields(all), ["message", "details", "logos", "expires_in"]);
    }

    #[test]
    fn the_labels_we_add_ourselves_are_refused() {
        for label in Shown::RESERVED {
            assert_eq!(fields(typed("m", &[(label, "47")])), ["details"], "{label}");
        }
    }
}
