-- SPDX-License-Identifier: Apache-2.0
--
-- A shop without lanes, in the schema that the variable names: made anew for each measurement.
SET client_min_messages = warning;
DROP SCHEMA IF EXISTS :"schema" CASCADE;
CREATE SCHEMA :"schema";
CREATE TABLE :"schema".stock (sku text PRIMARY KEY, unsold integer NOT NULL CHECK (unsold >= 0))
  WITH (fillfactor = 50);
CREATE TABLE :"schema".orders (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  customer text NOT NULL,
  sku text NOT NULL,
  qty integer NOT NULL,
  at timestamptz NOT NULL DEFAULT clock_timestamp()
);
INSERT INTO :"schema".stock VALUES ('SKU-0', 500000000);
