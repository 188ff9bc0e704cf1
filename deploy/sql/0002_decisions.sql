-- SPDX-License-Identifier: Apache-2.0
-- works with: 0.1.0
--
-- Decisions: one row a job, with all that its event says, so that the event can be written again
-- byte for byte. Movements of stock stand on the row of the decision that made them.
--
-- Nearly every decision has one line, one SKU. That line is a set of plain columns; the further
-- lines of a cart are a JSON array. (Measured with batches of 400: a table of movements with its
-- unique key costs 1.33 times the time of this, a stored event 1.23 times. What a unique key of
-- movements would guard is guarded by the stock row instead: it is locked, and updated only from
-- the version that was read.)
--
-- A line in JSON: {"sku", "qty", "version", "available", "unsold", "held", "taken", "round"};
-- version and what follows only if the line moved stock, round only if units were counted for the
-- customer.

CREATE FUNCTION kind_name(kind smallint) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
    RETURN (ARRAY['checkout', 'reserve', 'commit', 'release', 'extend', 'cancel',
                  'adjust', 'set', 'define', 'expire'])[kind + 1];

CREATE FUNCTION outcome_name(outcome smallint) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
    RETURN (ARRAY['confirmed', 'held', 'sold_out', 'released', 'extended', 'cancelled', 'expired',
                  'stocked', 'late', 'rejected'])[outcome + 1];

CREATE FUNCTION reason_name(reason smallint) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
    RETURN (ARRAY['unknown_store', 'unknown_hold', 'unknown_sale', 'hold_released', 'hold_expired',
                  'already_committed', 'already_cancelled', 'not_cancellable', 'unknown_sku',
                  'not_on_sale', 'over_limit', 'version_changed', 'below_held',
                  'over_capacity'])[reason];

CREATE FUNCTION hold_state_name(state smallint) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
    RETURN (ARRAY['active', 'expired', 'released', 'committed', 'cancelled'])[state + 1];

CREATE TABLE decisions (
    -- Fixed sizes first: no padding between them.
    decided_at timestamptz NOT NULL,
    meaning bigint NOT NULL, -- digest of the job, to know an id that is used again for another
    n bigint NOT NULL,       -- 1, 2, 3 ... in this lane of this generation
    version bigint,          -- of the first line, as all to taken_delta; NULL: it moved nothing
    expires_at timestamptz,
    generation integer NOT NULL,
    qty integer,
    available integer,
    unsold_delta integer,
    held_delta integer,
    taken_delta integer,     -- counted for the customer, in the round of this line
    lane smallint NOT NULL,
    slot smallint NOT NULL,
    kind smallint NOT NULL,
    outcome smallint NOT NULL,
    reason smallint NOT NULL, -- 0: none
    form smallint NOT NULL,   -- of the event
    retaken boolean NOT NULL DEFAULT false,
    id text COLLATE "C" NOT NULL,
    sku text COLLATE "C",    -- of the first line
    round text COLLATE "C",
    customer text COLLATE "C",
    store text COLLATE "C",
    pool text COLLATE "C",
    ref text COLLATE "C",
    hold text COLLATE "C",   -- the hold or sale that the job is on; its own id is not repeated here
    sale text COLLATE "C",
    by text COLLATE "C",
    replaces text COLLATE "C",
    more json,               -- lines behind the first
    released json,           -- lines of the hold that was replaced
    faults json,
    meta json,               -- the publisher's bytes: json keeps them, jsonb would not
    CONSTRAINT decision_once PRIMARY KEY (id),
    CONSTRAINT decision_n_positive CHECK (n >= 1),
    CONSTRAINT decision_slot_range CHECK (slot BETWEEN 0 AND 1023),
    CONSTRAINT decision_version_positive CHECK (version >= 1),
    CONSTRAINT decision_movement_whole CHECK (
        num_nonnulls(version, available, unsold_delta, held_delta) IN (0, 4)),
    CONSTRAINT decision_counted_round CHECK ((round IS NULL) = (taken_delta IS NULL))
);

-- A cursor for whoever polls; and no lane counts twice.
CREATE UNIQUE INDEX decision_cursor ON decisions (generation, lane, n);
CREATE INDEX decision_ref ON decisions (ref) WHERE ref IS NOT NULL;
CREATE INDEX decision_on_hold ON decisions (hold) WHERE hold IS NOT NULL;
CREATE INDEX decision_on_sale ON decisions (sale) WHERE sale IS NOT NULL;
CREATE INDEX decision_time ON decisions USING brin (decided_at);

-- Units that customers hold until they commit, release, or time is over. Lines as in decisions; a
-- line's round is there if its units are counted for the customer.
CREATE TABLE holds (
    expires_at timestamptz NOT NULL,
    qty integer NOT NULL,
    slot smallint NOT NULL,
    state smallint NOT NULL,
    id text COLLATE "C" NOT NULL,
    sku text COLLATE "C" NOT NULL,
    round text COLLATE "C",
    customer text COLLATE "C" NOT NULL,
    store text COLLATE "C" NOT NULL,
    pool text COLLATE "C" NOT NULL,
    ref text COLLATE "C",
    sale text COLLATE "C",     -- the commit that sold it, also once all of it was cancelled
    ended_by text COLLATE "C", -- the job; NULL while it is active
    more json,
    CONSTRAINT hold_once PRIMARY KEY (id),
    CONSTRAINT hold_state_range CHECK (state BETWEEN 0 AND 4),
    CONSTRAINT hold_ended_by_somebody CHECK ((state = 0) = (ended_by IS NULL)),
    CONSTRAINT hold_sold_by_commit CHECK ((state IN (3, 4)) = (sale IS NOT NULL)),
    CONSTRAINT hold_qty_positive CHECK (qty >= 1)
) WITH (fillfactor = 70);

-- The sweeper's list of what is overdue, and the audit's of what is held.
CREATE INDEX hold_end ON holds (expires_at) WHERE state = 0;

-- Units of a sale that were cancelled. The sale is the id of the checkout or commit that sold.
CREATE TABLE returns (
    sale text COLLATE "C" NOT NULL,
    sku text COLLATE "C" NOT NULL,
    qty integer NOT NULL,
    last_by text COLLATE "C" NOT NULL,   -- the job that cancelled last
    ends boolean NOT NULL DEFAULT false, -- after that job nothing was left of the sale
    CONSTRAINT return_once PRIMARY KEY (sale, sku),
    CONSTRAINT return_positive CHECK (qty >= 1)
) WITH (fillfactor = 70);
