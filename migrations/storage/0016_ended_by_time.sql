-- An expired session is marked as ended, once, so that a clock that is set back does not revive it. Likewise, an
-- expired previous token is deleted.

CREATE INDEX sessions_to_end ON sessions (expires_at) WHERE ended_at IS NULL;
CREATE INDEX sessions_replaced ON sessions (replaced_until) WHERE replaced_until IS NOT NULL;
