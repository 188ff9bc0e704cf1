-- SPDX-License-Identifier: Apache-2.0
-- works with: 0.1.0
--
-- Lanes: who may decide, and what is known of the workers.

-- One set of lanes; a change of their number makes the next one.
CREATE TABLE generations (
    generation integer PRIMARY KEY,
    lanes integer NOT NULL,
    state text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT generation_positive CHECK (generation >= 1),
    CONSTRAINT generation_lanes CHECK (lanes BETWEEN 1 AND 1024),
    CONSTRAINT generation_state CHECK (state IN ('current', 'draining', 'retired'))
);

-- Publishers' jobs lead to one generation at a time.
CREATE UNIQUE INDEX generation_current ON generations (state) WHERE state = 'current';

-- The fence. Whoever takes a lane over raises its epoch; every batch locks the row and compares. It
-- also counts the lane's decisions, which is why it is written in every batch.
CREATE TABLE lanes (
    generation integer NOT NULL REFERENCES generations ON DELETE CASCADE,
    lane smallint NOT NULL,
    epoch bigint NOT NULL DEFAULT 0,
    decided bigint NOT NULL DEFAULT 0, -- n of the last decision
    PRIMARY KEY (generation, lane),
    CONSTRAINT lane_range CHECK (lane BETWEEN 0 AND 1023),
    CONSTRAINT lane_epoch_not_negative CHECK (epoch >= 0),
    CONSTRAINT lane_decided_not_negative CHECK (decided >= 0)
) WITH (fillfactor = 50);

-- Workers that announced themselves: for sharing lanes out and for status, never for safety.
CREATE TABLE workers (
    name text COLLATE "C" PRIMARY KEY,
    run text NOT NULL, -- another one after each start
    version text NOT NULL,
    lanes_max integer,
    started_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    CONSTRAINT worker_name_size CHECK (octet_length(name) BETWEEN 1 AND 128),
    CONSTRAINT worker_lanes_max CHECK (lanes_max BETWEEN 1 AND 1024)
) WITH (fillfactor = 50);

-- How often a job was begun alone because it had come back again and again. A job that is decided
-- leaves; one that was begun too often without an end is parked.
CREATE TABLE lonely_beginnings (
    job text COLLATE "C" PRIMARY KEY,
    begun integer NOT NULL,
    last_at timestamptz NOT NULL,
    CONSTRAINT lonely_beginning_positive CHECK (begun >= 1)
) WITH (fillfactor = 70);

-- How many decisions of a lane were forgotten: where they are, n has gaps.
CREATE TABLE prunings (
    generation integer NOT NULL,
    lane smallint NOT NULL,
    forgotten bigint NOT NULL,
    PRIMARY KEY (generation, lane),
    CONSTRAINT pruning_positive CHECK (forgotten >= 1)
);
