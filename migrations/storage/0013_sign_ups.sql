-- Sign-ups: invitations, addresses used with a phone, and refused requests of sign-ups with one phone.

-- An account's address is proven only by an invitation. Null: never proven.
ALTER TABLE users ADD COLUMN email_proven_at INTEGER;
-- The token hash of a pending sign-up's invitation, which is used up when the phone is proven.
ALTER TABLE users ADD COLUMN invitation BLOB;

-- One invitation for an address, made by an operator, used once.
CREATE TABLE invitations (
    email      TEXT    NOT NULL PRIMARY KEY, -- in lower case
    token_hash BLOB    NOT NULL UNIQUE,      -- SHA-256; the token itself is never stored
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The addresses for which a proven phone learned whether they have an account: a few a day.
CREATE TABLE checked_addresses (
    provider_user TEXT    NOT NULL,
    email         TEXT    NOT NULL,
    at            INTEGER NOT NULL,
    PRIMARY KEY (provider_user, email)
) STRICT, WITHOUT ROWID;

CREATE INDEX checked_addresses_by_time ON checked_addresses (at);

-- Refused requests and text messages of all sign-ups with one phone. The owner's sign-ins have `factors`.
CREATE TABLE sign_up_phones (
    provider_user   TEXT    NOT NULL PRIMARY KEY,
    refused_pushes  INTEGER NOT NULL DEFAULT 0, -- denied, unanswered or taken back, in a row
    push_refused_at INTEGER,                    -- when the last one that starts a wait was sent
    texted_at       INTEGER,                    -- the first text message of the last hour
    changed_at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX sign_up_phones_by_time ON sign_up_phones (changed_at);

-- The requests on one phone, of all accounts and sign-ups: each shows a different number.
CREATE INDEX approvals_on_phone ON approvals (provider_user) WHERE status = 'pending';
