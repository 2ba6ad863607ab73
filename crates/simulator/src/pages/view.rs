//! What the pages show. One state gives one text, byte for byte: the script replaces what differs.

use askama::Template;
use time::{OffsetDateTime, format_description::well_known::Rfc3339, macros::format_description};
use uuid::Uuid;

use approval::Status;

use crate::{
    code::SentCode,
    param::Param,
    phone::{Phone, Switches},
    request::Request,
    settings::Settings,
    state::{CallbackHealth, State},
};

/// How many codes and answered requests a page shows.
const SHOWN: usize = 5;

#[derive(Template)]
#[template(path = "list.html")]
pub(super) struct ListPage {
    name: String,
    pub(super) phones: Vec<PhoneLink>,
}

pub(super) struct PhoneLink {
    pub(super) authy_id: u32,
    number: String,
    email: String,
}

#[derive(Template)]
#[template(path = "phone.html")]
pub(super) struct PhonePage {
    name: String,
    phone: PhoneLink,
    alone: bool,
    switches: Switches,
    delays: Vec<Delay>,
    slownesses: Vec<Delay>,
    pending: Vec<RequestCard>,
    answered: Vec<RequestCard>,
    sms: Vec<CodeCard>,
    calls: Vec<CodeCard>,
    mail: Vec<CodeCard>,
    code: String,
    code_ends: Moment,
    callback: Callback,
}

struct RequestCard {
    uuid: Uuid,
    message: String,
    details: Vec<(String, String)>,
    logo: Option<String>,
    ends: Option<Moment>,
    outcome: Status,
}

struct CodeCard {
    code: String,
    words: Option<String>,
    sent: Moment,
    used: bool,
}

struct Callback {
    url: Option<String>,
    method: &'static str,
    health: CallbackHealth,
}

/// One choice of how long something takes.
struct Delay {
    millis: u32,
    words: String,
    chosen: bool,
}

/// A time for machines and for people.
struct Moment {
    exact: String,
    clock: String,
}

impl ListPage {
    pub(super) fn of(state: &State, settings: &Settings) -> Self {
        Self { name: settings.name.clone(), phones: state.phones.iter().map(PhoneLink::of).collect() }
    }
}

impl PhonePage {
    pub(super) fn of(state: &State, authy_id: u32, settings: &Settings, now: OffsetDateTime) -> Option<Self> {
        let phone = state.phones.iter().find(|phone| phone.authy_id == authy_id)?;
        let (code, code_ends) = phone.authenticator.shown(now);
        let newest_first = phone.requests.iter().rev().map(|request| RequestCard::of(request, now));
        let (pending, mut answered): (Vec<_>, Vec<_>) = newest_first.partition(|card| card.outcome == Status::Pending);
        answered.truncate(SHOWN);
        Some(Self {
            name: settings.name.clone(),
            phone: PhoneLink::of(phone),
            alone: state.phones.len() == 1,
            switches: phone.switches,
            delays: Delay::listed([0, 2, 10, 60], phone.switches.delay_ms),
            slownesses: Delay::listed([0, 2, 4, 10], phone.switches.slow_ms),
            pending,
            answered,
            sms: CodeCard::newest(&phone.sms),
            calls: CodeCard::newest(&phone.calls),
            mail: CodeCard::newest(&phone.mail),
            code,
            code_ends: Moment::of(code_ends),
            callback: Callback {
                url: settings.callback_url.as_ref().map(|url| url.target().to_string()),
                method: settings.callback_method.as_str(),
                health: state.callback,
            },
        })
    }
}

impl PhoneLink {
    fn of(phone: &Phone) -> Self {
        let email = phone.emails.last().cloned().unwrap_or_else(|| "Nobody’s yet".into());
        Self { authy_id: phone.authy_id, number: phone.number.grouped(), email }
    }
}

impl RequestCard {
    fn of(request: &Request, now: OffsetDateTime) -> Self {
        let logo = request.logos.iter().find(|logo| logo.res == "default").or(request.logos.first());
        Self {
            uuid: request.uuid,
            message: request.message.clone(),
            details: details(&request.details),
            logo: logo.map(|logo| logo.url.clone()).filter(|url| is_web(url)),
            ends: request.expires_at().map(Moment::of),
            outcome: request.status(now),
        }
    }
}

impl CodeCard {
    fn newest(codes: &[SentCode]) -> Vec<Self> {
        let card = |sent: &SentCode| Self {
            code: sent.code.clone(),
            words: sent.action_message.clone(),
            sent: Moment::of(sent.sent_at),
            used: sent.used,
        };
        codes.iter().rev().take(SHOWN).map(card).collect()
    }
}

impl Delay {
    /// These seconds, and what a program may have set beside them.
    fn listed<const N: usize>(seconds: [u32; N], chosen: u32) -> Vec<Self> {
        let mut all = seconds.map(|seconds| seconds * 1_000).to_vec();
        if !all.contains(&chosen) {
            all.push(chosen);
            all.sort_unstable();
        }
        let choice = |millis| Self { millis, words: waiting(millis), chosen: millis == chosen };
        all.into_iter().map(choice).collect()
    }
}

impl Moment {
    fn of(at: OffsetDateTime) -> Self {
        let clock = format_description!("[hour]:[minute]:[second] UTC");
        Self { exact: at.format(&Rfc3339).unwrap_or_default(), clock: at.format(clock).unwrap_or_default() }
    }
}

fn waiting(millis: u32) -> String {
    match millis {
        0 => "at once".into(),
        whole if whole % 1_000 == 0 => format!("after {} s", whole / 1_000),
        odd => format!("after {odd} ms"),
    }
}

/// A client may write anything for a logo; a page fetches only what the web has.
fn is_web(url: &str) -> bool {
    url.starts_with("https://") || url.starts_with("http://")
}

/// Label and value; details that are no map stand without a label.
fn details(details: &Param) -> Vec<(String, String)> {
    let text = |param: &Param| param.text().or_else(|| serde_json::to_string(param).ok()).unwrap_or_default();
    match details {
        Param::Map(fields) => fields.iter().map(|(label, value)| (label.clone(), text(value))).collect(),
        other if other.is_empty() => Vec::new(),
        other => vec![("Details".into(), text(other))],
    }
}
