-- SPDX-License-Identifier: Apache-2.0
--
-- The first tables and views.
--
-- works with: 0.1.0

CREATE TABLE stock (
    pool text COLLATE "C" NOT NULL,
    sku text COLLATE "C" NOT NULL,
    unsold integer NOT NULL CHECK (unsold >= 0),
    PRIMARY KEY (pool, sku)
);

CREATE VIEW availability AS SELECT pool, sku, unsold FROM stock;
CREATE VIEW decision AS SELECT sku AS id FROM stock;
CREATE VIEW movement AS SELECT pool, sku FROM stock;
CREATE VIEW hold AS SELECT sku AS id FROM stock;
CREATE VIEW store AS SELECT DISTINCT pool FROM stock;
