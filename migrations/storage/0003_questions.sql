-- Questions to the provider about approvals that no callback came for: each is asked by one hub of all.

CREATE TABLE questions (
    approval_id TEXT    NOT NULL REFERENCES approvals (id) ON DELETE CASCADE,
    nth         INTEGER NOT NULL, -- the first, the second… about this approval
    asked_at    INTEGER NOT NULL,
    PRIMARY KEY (approval_id, nth)
) STRICT, WITHOUT ROWID;

CREATE INDEX questions_by_time ON questions (asked_at);
