/* SPDX-License-Identifier: Apache-2.0
 *
 * Writes the migrations as a script, for whoever wants to read them first, or may not let a program
 * change tables. */
#include "worker/postgres/migrate.h"

#include "worker/postgres/migrate_sql.h"

static void print_begin(const char *namespace, FILE *stream)
{
    (void)fprintf(stream, "BEGIN;\n");
    (void)fprintf(stream, "SELECT pg_catalog.pg_advisory_xact_lock(" MIGRATE_LOCK_KEY ");\n",
                  namespace);
}

void migrate_print(const char *namespace, const struct migration_list *list, FILE *stream)
{
    ENSURE(namespace_valid(namespace)); /* so that it can be quoted by quotes alone */
    (void)fprintf(stream,
                  "-- Till %s, schema \"%s\". Run with: psql -v ON_ERROR_STOP=1 -f FILE\n\n",
                  list->program, namespace);
    print_begin(namespace, stream);
    (void)fprintf(stream, "CREATE SCHEMA IF NOT EXISTS \"%s\";\n", namespace);
    (void)fprintf(stream, MIGRATE_TABLE_SQL ";\nCOMMIT;\n", namespace);
    for (size_t i = 0; i < list->count; i++) {
        const struct migration *migration = &list->items[i];
        (void)fprintf(stream, "\n-- Migration %04u: %s\n\n", migration->number, migration->name);
        print_begin(namespace, stream);
        (void)fprintf(stream, "SET LOCAL search_path = \"%s\", pg_temp;\n", namespace);
        /* First, so that a migration that has been applied fails here. */
        (void)fprintf(stream,
                      "INSERT INTO \"%s\".migration (number, name, checksum, oldest_program)\n"
                      "    VALUES (%u, '%s', '%s', '%s');\n\n",
                      namespace, migration->number, migration->name, migration->checksum,
                      migration->oldest_program);
        (void)fprintf(stream, "%s\n;COMMIT;\n", migration->sql);
    }
}
