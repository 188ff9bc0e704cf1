/* SPDX-License-Identifier: Apache-2.0
 *
 * Least privilege: three roles without login, to be granted to those who log in.
 *
 *     NS_worker   reads and writes the tables; cannot change them
 *     NS_page     the views that a shop's page shows: availability, store
 *     NS_reader   all stable views, and nothing that changes anything */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "common/base/error.h"
#include "common/connect/postgres.h"

#define ROLES_COUNT    3u
#define ROLES_NAME_MAX (IDENTIFIER_MAX + 1) /* bytes, with the NUL */

/* Writes "NS_worker", "NS_page", "NS_reader". */
void roles_name(const char *namespace, size_t index, char name[ROLES_NAME_MAX]);

/* Creates what is missing and grants everything anew, so that it is to be called after each
 * migration. Opened with POSTGRES_SETUP; after migrate_apply. */
bool roles_apply(struct postgres *postgres, const char *namespace, struct error *error) MUST_CHECK;

/* Writes what roles_apply does, for psql. */
void roles_print(const char *namespace, FILE *stream);
