-- Sessions that end when nobody uses them; passwords that are set anew, and links for whoever forgot theirs.

ALTER TABLE sessions ADD COLUMN last_used_at INTEGER NOT NULL DEFAULT 0; -- written at most once a minute
ALTER TABLE sessions ADD COLUMN idle_for INTEGER; -- a confirmed one ends when it is not used for this long
ALTER TABLE sessions ADD COLUMN ends_at INTEGER;  -- and then, however much it is used; expires_at is whichever comes first
UPDATE sessions SET last_used_at = coalesce(confirmed_at, created_at);

ALTER TABLE users ADD COLUMN password_set_at INTEGER;     -- null: with the sign-up
ALTER TABLE users ADD COLUMN password_doubted_at INTEGER; -- somebody who is in said "this wasn't me"; a new password ends it

-- What sets a password without the old one, made by an operator: one for an account, used once.
CREATE TABLE reset_links (
    user_id    TEXT    NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    token_hash BLOB    NOT NULL UNIQUE, -- SHA-256; the token itself is never stored
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
