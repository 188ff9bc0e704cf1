-- SPDX-License-Identifier: Apache-2.0
-- works with: 0.1.0
--
-- Who serves which lane, and how the number of lanes changes.

-- A change of the number of lanes is the generation that is coming, and the step that is to be done
-- next. Whoever drives it says so, that others leave it alone; it is safe without.
ALTER TABLE generations
    DROP CONSTRAINT generation_state,
    ADD CONSTRAINT generation_state CHECK (state IN ('coming', 'current', 'draining', 'retired')),
    ADD COLUMN step text,
    ADD COLUMN step_since timestamptz,
    ADD COLUMN driver text,
    ADD COLUMN driver_seen_at timestamptz,
    ADD COLUMN removed_at timestamptz, -- of a retired one: its queues are gone since then
    ADD CONSTRAINT generation_step CHECK (
        step IN ('retire', 'declare', 'bind', 'unbind', 'mark', 'drain')),
    ADD CONSTRAINT generation_comes_by_steps CHECK ((state = 'coming') = (step IS NOT NULL));

-- One change at a time.
CREATE UNIQUE INDEX generation_coming ON generations (state) WHERE state = 'coming';

ALTER TABLE lanes
    ADD COLUMN worker text, -- who claimed it last
    ADD COLUMN run text,
    ADD COLUMN claimed_at timestamptz,
    ADD COLUMN saved_at timestamptz, -- of the last batch
    ADD COLUMN drained boolean NOT NULL DEFAULT false, -- its marker is recorded
    ADD COLUMN stragglers bigint NOT NULL DEFAULT 0; -- jobs that were decided after it

-- Which lanes a worker consumes from, active or standing by, as it said itself.
CREATE TABLE servings (
    generation integer NOT NULL,
    lane smallint NOT NULL,
    worker text COLLATE "C" NOT NULL REFERENCES workers ON DELETE CASCADE,
    run text NOT NULL,
    subscribed_at timestamptz NOT NULL, -- when the broker let it
    reported_at timestamptz NOT NULL,
    in_hand integer NOT NULL DEFAULT 0, -- jobs
    oldest_at timestamptz, -- when the oldest of them was published, if it says so
    jobs_per_second real NOT NULL DEFAULT 0,
    PRIMARY KEY (generation, lane, worker),
    CONSTRAINT serving_lane_range CHECK (lane BETWEEN 0 AND 1023)
) WITH (fillfactor = 50);
