-- A sign-up is no push, and a turn no code: each has a kind of its own. A CHECK cannot be changed, so the table is made anew.

CREATE TABLE attempts_by_kind (
    seq       INTEGER PRIMARY KEY,
    kind      TEXT    NOT NULL CHECK (kind IN ('password', 'code', 'code_sent', 'push', 'sign_up', 'turn')),
    subject   TEXT    NOT NULL,
    at        INTEGER NOT NULL,
    undecided INTEGER NOT NULL DEFAULT 0 CHECK (undecided IN (0, 1)) -- a password that is being hashed
) STRICT;

INSERT INTO attempts_by_kind (seq, kind, subject, at, undecided)
SELECT
    seq,
    CASE WHEN kind = 'push' AND subject LIKE 'sign-up:network:%' THEN 'sign_up'
         WHEN kind = 'code' AND subject LIKE 'turn:%' THEN 'turn'
         ELSE kind END,
    CASE WHEN kind = 'push' AND subject LIKE 'sign-up:network:%' THEN substr(subject, length('sign-up:') + 1)
         WHEN kind = 'code' AND subject LIKE 'turn:%' THEN substr(subject, length('turn:') + 1)
         ELSE subject END,
    at,
    undecided
FROM attempts;

DROP TABLE attempts;
ALTER TABLE attempts_by_kind RENAME TO attempts;
CREATE INDEX attempts_by_subject ON attempts (kind, subject, at);
CREATE INDEX attempts_by_time ON attempts (at);
