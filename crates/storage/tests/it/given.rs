//! What tests start from: an empty database, an account, a session that waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use approval::{
    Approval, Callback, Clock, Delivery, Details, Draft, Echo, Entropy, Id, Logos, Number, Purpose, RequestId, Secret,
    SessionId, Shown, UserId,
};
use sqlx::{Connection as _, SqliteConnection};
use storage::{
    Begun, Completed, Heard, LinkHash, NewSession, NewToken, NewUser, Session, Storage, TokenHash, Withheld,
};
use tempfile::TempDir;
use time::{Duration, OffsetDateTime};

/// A database and its surroundings.
pub(crate) struct Given {
    pub(crate) storage: Storage,
    pub(crate) clock: Clock,
    pub(crate) entropy: Entropy,
    pub(crate) folder: TempDir,
    millis: Arc<AtomicI64>,
}

/// A session that waits for its approval.
#[derive(Clone)]
pub(crate) struct Waiting {
    pub(crate) session: Session,
    pub(crate) token: TokenHash,
    pub(crate) approval: Approval,
}

/// When every test begins.
const BEGIN: i64 = 1_795_000_000_000;

impl Given {
    pub(crate) async fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let millis = Arc::new(AtomicI64::new(BEGIN));
        let hand = Arc::clone(&millis);
        let clock = Clock::telling(move || {
            OffsetDateTime::from_unix_timestamp_nanos(i128::from(hand.load(Ordering::SeqCst)) * 1_000_000).unwrap()
        });
        let url = format!("sqlite:{}", folder.path().join("test.db").display());
        let storage = Storage::open(&url, clock.clone()).await.unwrap();
        Self { storage, clock, entropy: Entropy::system(), folder, millis }
    }

    /// The same database, opened once more.
    pub(crate) async fn another_process(&self) -> Storage {
        Storage::open(&self.url(), self.clock.clone()).await.unwrap()
    }

    pub(crate) fn url(&self) -> String {
        format!("sqlite:{}", self.folder.path().join("test.db").display())
    }

    pub(crate) fn pass(&self, time: Duration) {
        self.millis.fetch_add(i64::try_from(time.whole_milliseconds()).unwrap(), Ordering::SeqCst);
    }

    pub(crate) fn token(&self) -> TokenHash {
        TokenHash(self.entropy.bytes())
    }

    /// A sign-up that waits for its approval.
    pub(crate) async fn sign_up(&self, email: &str) -> Waiting {
        self.try_sign_up(email, None).await.unwrap()
    }

    /// A sign-up, with or without an invitation. Returns the reason if its request is withheld.
    pub(crate) async fn try_sign_up(&self, email: &str, invitation: Option<LinkHash>) -> Result<Waiting, Withheld> {
        let user = NewUser {
            id: Id::new(&self.clock, &self.entropy),
            full_name: "Ada Lovelace".into(),
            email: email.into(),
            email_key: email.into(),
            phone: Secret::new("+12015550123"),
            password_hash: Secret::new("$argon2id$"),
            provider_user: "688611".parse().unwrap(),
            invitation,
        };
        let session = self.new_session(user.id);
        let begun = self
            .storage
            .sign_ups()
            .begin(&user, &session, |taken| self.approval(&session, Purpose::SignUp, taken))
            .await;
        match begun.unwrap() {
            Begun::Asked(approval) => Ok(self.waiting(session.token, *approval).await),
            Begun::Withheld(why) => Err(why),
        }
    }

    /// An active account's id.
    pub(crate) async fn account(&self, email: &str) -> UserId {
        let waiting = self.sign_up(email).await;
        let request = self.sent(&waiting).await;
        self.storage.approvals().decide(&callback(&request, "approved"), Heard::Callback).await.unwrap();
        let completed = self.complete(&waiting, self.new_token(&waiting)).await;
        assert_eq!(completed, Completed::Confirmed);
        waiting.session.user
    }

    /// Completes the approval for its own session.
    pub(crate) async fn complete(&self, waiting: &Waiting, token: NewToken) -> Completed {
        self.storage.sessions().complete(&waiting.session, waiting.approval.id, "proof", token).await.unwrap()
    }

    /// A sign-in that waits for its approval.
    pub(crate) async fn sign_in(&self, user: UserId) -> Waiting {
        let session = self.new_session(user);
        match self.begin(&session, None).await.0 {
            Begun::Asked(approval) => self.waiting(session.token, *approval).await,
            Begun::Withheld(why) => panic!("the phone is not asked: {why:?}"),
        }
    }

    /// A sign-in in a browser that had this session; what came of it, and what was cancelled.
    pub(crate) async fn begin(&self, session: &NewSession, before: Option<&Session>) -> (Begun, Vec<Approval>) {
        let password = self.password_hash(session.user).await;
        let make = |taken: &[Number]| self.approval(session, Purpose::SignIn, taken);
        let begun = self.storage.sessions().begin(session, before, &password, make).await.unwrap();
        begun.expect("the password is the account's")
    }

    /// The hash of an account's password.
    pub(crate) async fn password_hash(&self, user: UserId) -> Secret {
        let mut db = SqliteConnection::connect(&self.url()).await.unwrap();
        let hash = sqlx::query_scalar("SELECT password_hash FROM users WHERE id = $1").bind(user.to_string());
        let hash: String = hash.fetch_one(&mut db).await.unwrap();
        Secret::new(hash)
    }

    /// Stores a request id for the approval, as after a push.
    pub(crate) async fn sent(&self, waiting: &Waiting) -> RequestId {
        let request: RequestId = format!("request-of-{}", waiting.approval.id).parse().unwrap();
        self.storage
            .approvals()
            .record_delivery(waiting.approval.id, Delivery::Sent, Some(request.clone()))
            .await
            .unwrap();
        request
    }

    pub(crate) fn new_token(&self, waiting: &Waiting) -> NewToken {
        NewToken {
            old: waiting.token,
            new: self.token(),
            ends_at: self.clock.now() + Duration::hours(12),
            idle_for: Duration::hours(1),
        }
    }

    /// The approval as it stands now.
    pub(crate) async fn now(&self, waiting: &Waiting) -> Approval {
        self.storage.approvals().find(waiting.approval.id).await.unwrap().unwrap()
    }

    /// The kinds in the approval's audit trail.
    pub(crate) async fn audited(&self, waiting: &Waiting) -> Vec<String> {
        let rows = self.storage.audit().of_approval(waiting.approval.id).await.unwrap();
        rows.into_iter().map(|row| row.kind).collect()
    }

    pub(crate) fn new_session(&self, user: UserId) -> NewSession {
        NewSession {
            id: Id::new(&self.clock, &self.entropy),
            user,
            token: self.token(),
            browser: "Firefox on Linux".into(),
            place: "This computer".into(),
            network: "loopback".into(),
            expires_at: self.clock.now() + Duration::minutes(15),
        }
    }

    fn approval(&self, session: &NewSession, purpose: Purpose, taken: &[Number]) -> Approval {
        self.asked_by(session.user, session.id, purpose, taken)
    }

    /// An approval that a session there is asks for.
    pub(crate) fn approval_of(&self, session: &Session, purpose: Purpose, taken: &[Number]) -> Approval {
        self.asked_by(session.user, session.id, purpose, taken)
    }

    fn asked_by(&self, user: UserId, session: SessionId, purpose: Purpose, taken: &[Number]) -> Approval {
        let details = Details::new([("Email Address".into(), "ada@example.com".into())]);
        let draft = Draft {
            id: Id::new(&self.clock, &self.entropy),
            user,
            session,
            provider_user: "688611".parse().unwrap(),
            purpose,
            shown: Shown::new("Sign in to Countersign?".into(), details).unwrap(),
            logos: Logos::default(),
            created_at: self.clock.now(),
            expires_at: self.clock.now() + Duration::seconds(120),
        };
        Approval::pending(draft, Number::random(&self.entropy, taken))
    }

    async fn waiting(&self, token: TokenHash, approval: Approval) -> Waiting {
        let session = self.storage.sessions().find(token).await.unwrap().unwrap();
        Waiting { session, token, approval }
    }
}

/// A callback that echoes nothing.
pub(crate) fn callback(request: &RequestId, status: &str) -> Callback {
    Callback {
        request: request.clone(),
        provider_user: "688611".parse().unwrap(),
        status: status.into(),
        echo: Echo::default(),
        received_at: OffsetDateTime::UNIX_EPOCH,
    }
}

/// A callback that echoes everything we asked to show.
pub(crate) fn echoing(waiting: &Waiting, request: &RequestId, status: &str) -> Callback {
    let echo = Echo {
        message: Some(waiting.approval.shown.message().into()),
        details: Some(waiting.approval.shown.details().to_flat()),
        hidden: Some(waiting.approval.hidden()),
    };
    Callback { echo, ..callback(request, status) }
}
