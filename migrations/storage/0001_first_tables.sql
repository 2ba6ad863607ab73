-- Times are Unix milliseconds. Ids are UUIDs as text. Words are those of the approval crate.

CREATE TABLE users (
    id            TEXT    NOT NULL PRIMARY KEY,
    full_name     TEXT    NOT NULL,
    email         TEXT    NOT NULL, -- in lower case
    phone         TEXT    NOT NULL, -- E.164
    password_hash TEXT    NOT NULL, -- PHC string
    provider_user TEXT    NOT NULL, -- the provider's id; one per phone number, so accounts may share it
    created_at    INTEGER NOT NULL,
    active_at     INTEGER           -- null while the phone is not proven
) STRICT;

-- A sign-up that is still pending reserves no address.
CREATE UNIQUE INDEX users_by_email ON users (email) WHERE active_at IS NOT NULL;
CREATE INDEX users_by_creation ON users (created_at) WHERE active_at IS NULL;

CREATE TABLE sessions (
    id                  TEXT    NOT NULL PRIMARY KEY,
    user_id             TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    token_hash          BLOB    NOT NULL UNIQUE, -- SHA-256; the token itself is never stored
    replaced_token_hash BLOB    UNIQUE,          -- the token before, good only for repeating its proof
    replaced_until      INTEGER,
    proof               TEXT,                    -- what confirmed it: an approval's id or a code's hash
    confirmed_by        TEXT CHECK (confirmed_by IN ('approval', 'code')),
    browser             TEXT    NOT NULL,
    place               TEXT    NOT NULL,
    code_sent_by        TEXT CHECK (code_sent_by IN ('sms', 'call')),
    code_trouble        INTEGER NOT NULL DEFAULT 0 CHECK (code_trouble IN (0, 1)), -- the last code could not be sent
    created_at          INTEGER NOT NULL,
    confirmed_at        INTEGER,
    expires_at          INTEGER NOT NULL,
    ended_at            INTEGER
) STRICT;

CREATE INDEX sessions_by_user ON sessions (user_id, confirmed_at);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE approvals (
    id            TEXT    NOT NULL PRIMARY KEY,
    version       INTEGER NOT NULL,
    user_id       TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    session_id    TEXT    NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    provider_user TEXT    NOT NULL,
    request       TEXT    UNIQUE, -- the provider's id of the request, once known
    purpose       TEXT    NOT NULL CHECK (purpose IN ('sign_up', 'sign_in', 'transaction')),
    status        TEXT    NOT NULL CHECK (status IN ('pending', 'approved', 'denied', 'expired', 'cancelled')),
    delivery      TEXT    NOT NULL CHECK (delivery IN ('sending', 'sent', 'no_app', 'unavailable', 'unknown')),
    message       TEXT    NOT NULL,
    details       TEXT    NOT NULL, -- a JSON object, in the order shown
    number        TEXT    NOT NULL,
    created_at    INTEGER NOT NULL,
    expires_at    INTEGER NOT NULL,
    decided_at    INTEGER,
    replaced_by   TEXT    REFERENCES approvals (id) DEFERRABLE INITIALLY DEFERRED,
    completed_at  INTEGER,
    CHECK ((status = 'pending') = (decided_at IS NULL))
) STRICT;

CREATE INDEX approvals_pending ON approvals (expires_at) WHERE status = 'pending';
CREATE INDEX approvals_by_user ON approvals (user_id, created_at);
CREATE INDEX approvals_by_session ON approvals (session_id);

-- A decision is final, whatever the code above believes.
CREATE TRIGGER a_decision_is_final
BEFORE UPDATE OF status ON approvals
WHEN old.status <> 'pending' AND new.status <> old.status
BEGIN
    SELECT RAISE(ABORT, 'a decision is final');
END;

-- Codes that were accepted, by keyed hash: each counts once.
CREATE TABLE used_codes (
    provider_user TEXT    NOT NULL,
    code_hash     BLOB    NOT NULL,
    used_at       INTEGER NOT NULL,
    PRIMARY KEY (provider_user, code_hash)
) STRICT, WITHOUT ROWID;

-- Attempts that count against a limit, each written before it is tried.
CREATE TABLE attempts (
    seq     INTEGER PRIMARY KEY,
    kind    TEXT    NOT NULL CHECK (kind IN ('password', 'code', 'code_sent', 'push')),
    subject TEXT    NOT NULL,
    at      INTEGER NOT NULL
) STRICT;

CREATE INDEX attempts_by_subject ON attempts (kind, subject, at);
CREATE INDEX attempts_by_time ON attempts (at);

-- Announcements not made yet: written with the change they announce.
CREATE TABLE outbox (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT,
    approval_id TEXT NOT NULL
) STRICT;

-- No change of an approval goes without its announcement.
CREATE TRIGGER a_change_is_announced
AFTER UPDATE OF version ON approvals
BEGIN
    INSERT INTO outbox (approval_id) VALUES (new.id);
END;

CREATE TABLE audit (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT,
    at          INTEGER NOT NULL,
    kind        TEXT    NOT NULL,
    user_id     TEXT,
    session_id  TEXT,
    approval_id TEXT,
    note        TEXT
) STRICT;

CREATE INDEX audit_by_approval ON audit (approval_id);
CREATE INDEX audit_by_user ON audit (user_id);

-- Keys that all processes on this database share.
CREATE TABLE server_keys (
    name TEXT NOT NULL PRIMARY KEY,
    key  BLOB NOT NULL CHECK (length(key) = 32)
) STRICT;
