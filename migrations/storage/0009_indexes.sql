-- Indexes for what reads a part of a table that grows: looking for it in the whole table kept everybody who writes waiting.

-- Sessions that nobody confirmed are swept out earlier than others.
CREATE INDEX sessions_unconfirmed ON sessions (expires_at) WHERE confirmed_at IS NULL;

-- Notices are swept out by age, and looked for by account also when they are dismissed: with the account they go, too.
DROP INDEX notices_by_user;
CREATE INDEX notices_by_user ON notices (user_id);
CREATE INDEX notices_by_time ON notices (at);

-- Pending approvals are read in the order of their ids.
DROP INDEX approvals_pending;
CREATE INDEX approvals_pending ON approvals (id) WHERE status = 'pending';
