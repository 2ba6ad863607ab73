-- What limits need: attempts whose outcome is not known yet, where a session was begun, how each factor of an account
-- stands, and what its owner should know.

-- A password is counted before it is hashed. Should the process end meanwhile, the attempt lapses.
ALTER TABLE attempts ADD COLUMN undecided INTEGER NOT NULL DEFAULT 0 CHECK (undecided IN (0, 1));

ALTER TABLE sessions ADD COLUMN network TEXT; -- the address of the browser; of an IPv6 address its /64
CREATE INDEX sessions_by_network ON sessions (user_id, network) WHERE confirmed_at IS NOT NULL;

-- How the factors of an account stand. An account without a row has never had trouble.
CREATE TABLE factors (
    user_id         TEXT    NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    wrong_codes     INTEGER NOT NULL DEFAULT 0, -- in a row, those under way among them
    codes_off_at    INTEGER,                    -- until something is approved on the phone
    refused_pushes  INTEGER NOT NULL DEFAULT 0, -- denied or unanswered, in a row
    push_refused_at INTEGER,                    -- when the last of them was asked for
    push_off_at     INTEGER                     -- until a code was accepted
) STRICT, WITHOUT ROWID;

-- What the owner of an account should know, until dismissed.
CREATE TABLE notices (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id      TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    kind         TEXT    NOT NULL CHECK (kind IN (
        'push_off', 'codes_off', 'codes_guessed', 'sign_in_denied', 'sign_in_unanswered'
    )),
    at           INTEGER NOT NULL,
    ended_at     INTEGER,  -- when what was switched off was switched on again
    dismissed_at INTEGER,
    session_id   TEXT,     -- the sign-in it is about; it may be swept out meanwhile
    browser      TEXT,
    place        TEXT
) STRICT;

CREATE INDEX notices_by_user ON notices (user_id) WHERE dismissed_at IS NULL;
