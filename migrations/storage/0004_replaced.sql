-- Sweeping out an approval looks for those that it replaced.

CREATE INDEX approvals_by_replacement ON approvals (replaced_by) WHERE replaced_by IS NOT NULL;
