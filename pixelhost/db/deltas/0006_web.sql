-- Reports of abuse, as visitors have made them: an address reports a file once. It is kept in the clear, an IPv6 one by
-- its network of 64 bits, so that who reports in bad faith can be told from the others.
CREATE TABLE abuse_reports (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    file_id text NOT NULL REFERENCES files ON DELETE CASCADE,
    type text NOT NULL,
    description text NOT NULL CHECK (char_length(description) <= 500),
    reporter_ip text NOT NULL,
    reporter_id uuid REFERENCES users ON DELETE SET NULL,          -- null = without an account
    reported_at timestamptz NOT NULL,
    UNIQUE (file_id, reporter_ip)
);
CREATE INDEX abuse_reports_reported_at ON abuse_reports (reported_at);
CREATE INDEX abuse_reports_reporter ON abuse_reports (reporter_id) WHERE reporter_id IS NOT NULL;

-- Of a credit: the random key of the form it was given by, which counts once however often the form is sent.
ALTER TABLE ledger ADD COLUMN given_by uuid UNIQUE CHECK (given_by IS NULL OR kind = 'credit');

-- When each background job ran last, for administrators to look at. `failure` is empty when it went well.
CREATE TABLE job_runs (
    name text PRIMARY KEY,
    begun_at timestamptz NOT NULL,
    ended_at timestamptz NOT NULL,
    dealt_with bigint NOT NULL,
    failure text NOT NULL
);

-- Slots come in the order of time, so this finds those of a month for the whole instance and costs next to nothing.
CREATE INDEX account_usage_slot ON account_usage USING brin (slot);
