-- SPDX-License-Identifier: Apache-2.0
-- works with: 0.1.0
--
-- Stock: what can be sold, of which SKU, from which pool, and who has how much of it.
--
-- A stock row is the hottest row of a shop. It leaves half of its page free and no index covers
-- what a sale changes, so that every update is a HOT update: no index is written, and dead versions
-- are cleaned up on the way.

-- Ends a transaction from within a statement: in a pipeline the COMMIT is on its way already when
-- the client learns that a statement has not done what it should.
CREATE FUNCTION refuse(code text, reason text) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', reason USING ERRCODE = code;
END
$$;

CREATE TABLE stock (
    pool text COLLATE "C" NOT NULL,
    sku text COLLATE "C" NOT NULL,
    unsold integer NOT NULL DEFAULT 0,
    held integer NOT NULL DEFAULT 0,      -- the part of unsold that is under active holds
    version bigint NOT NULL DEFAULT 0,    -- number of the last change of unsold or held: 1, 2 ...
    known boolean NOT NULL DEFAULT false, -- false: the row only stands there to be locked
    per_customer integer,
    round text COLLATE "C",
    opens_at timestamptz,
    closes_at timestamptz,
    PRIMARY KEY (pool, sku),
    CONSTRAINT stock_pool_size CHECK (octet_length(pool) BETWEEN 1 AND 64),
    CONSTRAINT stock_sku_size CHECK (octet_length(sku) BETWEEN 1 AND 128),
    CONSTRAINT stock_not_oversold CHECK (unsold >= 0),
    CONSTRAINT stock_capacity CHECK (unsold <= 1000000000),
    CONSTRAINT stock_held_not_negative CHECK (held >= 0),
    CONSTRAINT stock_held_within_unsold CHECK (held <= unsold),
    CONSTRAINT stock_version_not_negative CHECK (version >= 0),
    CONSTRAINT stock_limit_range CHECK (per_customer BETWEEN 1 AND 1000000),
    CONSTRAINT stock_round_size CHECK (octet_length(round) BETWEEN 1 AND 64),
    CONSTRAINT stock_unknown_is_empty CHECK (known OR (unsold = 0 AND version = 0))
) WITH (fillfactor = 50);

-- Tells in one look that nobody counts a SKU, whatever its pool. A sale changes nothing in it.
CREATE INDEX stock_limited ON stock (sku) WHERE per_customer IS NOT NULL;

-- From which pool a store sells. The store '' stands for all that are not named.
CREATE TABLE store_pools (
    store text COLLATE "C" PRIMARY KEY,
    pool text COLLATE "C" NOT NULL,
    CONSTRAINT store_form CHECK (store = '' OR store ~ '^[A-Za-z0-9_-]{1,64}$'),
    CONSTRAINT store_pool_form CHECK (pool ~ '^[A-Za-z0-9_-]{1,64}$')
);

-- What a customer bought plus holds of a SKU, in one round, while a limit was set. The round '' is
-- the one without a name.
CREATE TABLE customer_counts (
    customer text COLLATE "C" NOT NULL,
    pool text COLLATE "C" NOT NULL,
    sku text COLLATE "C" NOT NULL,
    round text COLLATE "C" NOT NULL,
    taken integer NOT NULL,
    PRIMARY KEY (customer, sku, pool, round),
    CONSTRAINT customer_count_not_negative CHECK (taken >= 0)
) WITH (fillfactor = 70);
