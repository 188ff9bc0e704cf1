/* SPDX-License-Identifier: Apache-2.0
 *
 * The statements that applying and printing share; the namespace is filled in. */
#pragma once

/* A lock of this database, held until the transaction's end; setup and teardown of one namespace
 * exclude each other. */
#define MIGRATE_LOCK_KEY "pg_catalog.hashtextextended('till setup %s', 0)"

#define MIGRATE_TABLE_SQL                                                         \
    "CREATE TABLE \"%s\".migration (\n"                                           \
    "    number integer PRIMARY KEY CHECK (number > 0),\n"                        \
    "    name text NOT NULL,\n"                                                   \
    "    checksum text NOT NULL,\n"                                               \
    "    oldest_program text NOT NULL,\n"                                         \
    "    applied_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),\n" \
    "    applied_by text NOT NULL DEFAULT SESSION_USER\n"                         \
    ")"
