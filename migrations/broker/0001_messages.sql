-- Times are Unix milliseconds.

CREATE TABLE messages (
    seq          INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    id           TEXT    NOT NULL UNIQUE, -- SHA-256 of what was signed, in hexadecimal
    subject      TEXT    NOT NULL,
    payload      BLOB    NOT NULL, -- emptied once dealt with; the id stays behind for a while
    attempts     INTEGER NOT NULL, -- how often it was handed out
    published_at INTEGER NOT NULL,
    due_at       INTEGER NOT NULL, -- handed out from then on; while a consumer has it, the end of its lease
    settled_at   INTEGER,          -- when it was dealt with or given up on
    reason       TEXT,             -- why it was given up on: such a row is a dead letter
    CHECK (reason IS NULL OR settled_at IS NOT NULL)
) STRICT;

CREATE INDEX messages_due ON messages (due_at) WHERE settled_at IS NULL;
CREATE INDEX messages_done ON messages (settled_at) WHERE settled_at IS NOT NULL AND reason IS NULL;
CREATE INDEX messages_dead ON messages (seq) WHERE reason IS NOT NULL;
