-- A session whose time is over is marked as ended, once, so that a clock that is set back does not bring it back. Likewise
-- the token before the confirmed one is forgotten when its minute is over.

CREATE INDEX sessions_to_end ON sessions (expires_at) WHERE ended_at IS NULL;
CREATE INDEX sessions_replaced ON sessions (replaced_until) WHERE replaced_until IS NOT NULL;
