-- Sign-ups: invitations, addresses that a phone has asked about, and how sign-ups with one phone went.

-- An account's address is proven only by an invitation. Null: never proven.
ALTER TABLE users ADD COLUMN email_proven_at INTEGER;
-- The token hash of the invitation that a pending sign-up brought; the sign-up uses it up when its phone is proven.
ALTER TABLE users ADD COLUMN invitation BLOB;

-- One invitation for an address, made by an operator, used once.
CREATE TABLE invitations (
    email      TEXT    NOT NULL PRIMARY KEY, -- in lower case
    token_hash BLOB    NOT NULL UNIQUE,      -- SHA-256; the token itself is never stored
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The addresses for which a proven phone learned whether there is an account: few a day.
CREATE TABLE checked_addresses (
    provider_user TEXT    NOT NULL,
    email         TEXT    NOT NULL,
    at            INTEGER NOT NULL,
    PRIMARY KEY (provider_user, email)
) STRICT, WITHOUT ROWID;

CREATE INDEX checked_addresses_by_time ON checked_addresses (at);

-- How sign-ups with one phone went, whoever made them. The owner's sign-ins have `factors`.
CREATE TABLE sign_up_phones (
    provider_user   TEXT    NOT NULL PRIMARY KEY,
    refused_pushes  INTEGER NOT NULL DEFAULT 0, -- denied, unanswered or taken back, in a row
    push_refused_at INTEGER,                    -- when the last of them that makes a phone rest was asked for
    texted_at       INTEGER,                    -- the first text message of the last hour
    changed_at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX sign_up_phones_by_time ON sign_up_phones (changed_at);

-- The requests on one phone, whichever account or sign-up asked: all of them show different numbers.
CREATE INDEX approvals_on_phone ON approvals (provider_user) WHERE status = 'pending';
