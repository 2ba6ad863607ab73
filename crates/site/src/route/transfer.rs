//! The form on the account page that asks for a transaction: read, asked for once, and shown again with what is wrong.

use std::collections::BTreeMap;

use ::approval::{ApprovalId, Details, Logo, Resolution};
use axum::{
    extract::State,
    response::{IntoResponse as _, Redirect, Response},
};
use hub::{caller::Caller, steps::transaction, wanted};

use super::{
    account::{Which, account_page},
    frame::refused,
};
use crate::{
    answer::problem::Problem,
    page::{Field, Transfer},
    request::{body::Form, confirmed::ConfirmedCaller},
    site::Site,
};

/// The form, filled in.
pub(crate) async fn submit(
    State(site): State<Site>,
    ConfirmedCaller(caller): ConfirmedCaller,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let written = Written::read(pairs).ok_or(Problem::bad_request("This form is not ours."))?;
    match begin(&site, &caller, &written).await {
        Ok(approval) => Ok(Redirect::to(&format!("/approvals/{approval}")).into_response()),
        Err(problem) if problem.status.is_client_error() => {
            let page = account_page(&site, &caller, written.again(&site, &problem), Which::default()).await?;
            Ok(refused(&problem, &page))
        }
        Err(problem) => Err(problem),
    }
}

/// The account page's form as a browser sends it.
struct Written {
    id: Option<ApprovalId>,
    message: String,
    rows: Vec<(String, String)>,
    logo: String,
}

impl Written {
    /// Labels and values come in turn, all else once. `None`: this is not our form.
    fn read(pairs: Vec<(String, String)>) -> Option<Self> {
        let (mut once, mut rows) = (BTreeMap::new(), Vec::new());
        for (name, text) in pairs {
            let text = text.trim().to_owned();
            match name.as_str() {
                "label" => rows.push((text, None)),
                "value" => rows.last_mut().filter(|(_, value)| value.is_none())?.1 = Some(text),
                "id" | "message" | "logo" => once.insert(name, text).is_none().then_some(())?,
                _ => return None,
            }
        }
        let rows = rows.into_iter().map(|(label, value)| (label, value.unwrap_or_default())).collect();
        let id = once.remove("id").map(|id| id.parse()).transpose().ok()?;
        let mut text = |name| once.remove(name).unwrap_or_default();
        Some(Self { id, message: text("message"), rows, logo: text("logo") })
    }

    /// Rows that nothing was written into ask for nothing. A name alone is refused: it is not what was meant.
    fn typed(&self) -> wanted::Typed {
        let written =
            |(label, value): &&(String, String)| !value.is_empty() || !Transfer::NAMES.contains(&label.as_str());
        let details = self.rows.iter().filter(written).cloned();
        let logo = (!self.logo.is_empty()).then(|| Logo { res: Resolution::Default, url: self.logo.clone() });
        let logos = logo.into_iter().collect();
        wanted::Typed { message: self.message.clone(), details: Details::new(details), logos, expires_in: None }
    }

    /// The form again, with what is wrong.
    fn again(self, site: &Site, problem: &Problem) -> Transfer {
        let error =
            |name: &str| problem.errors.iter().find(|(field, _)| *field == name).map(|(_, error)| error.clone());
        Transfer {
            id: site.hub.new_approval_id(),
            message: Field { value: self.message, error: error("message") },
            rows: self.rows,
            details_error: error("details"),
            logo: Field { value: self.logo, error: error("logos") },
            error: problem.errors.is_empty().then(|| problem.detail.clone()),
        }
    }
}

/// Asks for what was written; a form that comes back with other content asks anew.
async fn begin(site: &Site, caller: &Caller, written: &Written) -> Result<ApprovalId, Problem> {
    let wanted = wanted::Wanted::parse(written.typed(), site.hub.product()).map_err(Problem::invalid)?;
    Ok(transaction::begin_by_form(&site.hub, caller, written.id, wanted).await?.id)
}
