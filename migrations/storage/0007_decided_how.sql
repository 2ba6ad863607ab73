-- How an approval came to its final status. The audit row of a decision is written by the same statement as the decision.

ALTER TABLE approvals ADD COLUMN decided_how TEXT; -- in words, as in "by a callback"

CREATE TRIGGER a_decision_is_audited
AFTER UPDATE OF status ON approvals
WHEN old.status = 'pending' AND new.status <> 'pending'
BEGIN
    INSERT INTO audit (at, kind, user_id, session_id, approval_id, note)
    VALUES (
        new.decided_at, 'approval_decided', new.user_id, new.session_id, new.id, new.status || ', ' || new.decided_how
    );
END;
