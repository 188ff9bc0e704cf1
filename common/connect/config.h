/* SPDX-License-Identifier: Apache-2.0
 *
 * Where to find the servers, and under which name: a flag, else the environment, else the default.
 */
#pragma once

#include <stdbool.h>

#include "common/base/error.h"
#include "common/connect/log.h"

/* One setting's value, and the name under which the user gave it, for messages. */
struct setting {
    const char *value;  /* NULL: nowhere given, and without a default */
    const char *source; /* "--namespace", "TILL_NAMESPACE", "the default" */
};

/* All strings belong to the environment, the command line or the program. */
struct config {
    struct setting namespace;
    struct setting amqp_url;
    struct setting amqp_password_file;
    struct setting database_url; /* NULL: libpq's own PG* variables say it */
    struct setting log;
    enum log_level log_level;
};

/* What flags gave; NULL where none did. */
struct config_flags {
    const char *namespace;
    const char *amqp_url;
    const char *database_url;
    const char *log;
};

/* Looks settings up and checks what can be checked without a server: the namespace and the log's
 * level. Fails with ERROR_CONFIG, or with ERROR_USAGE when a flag is at fault. */
bool config_load(struct config *config, const struct config_flags *flags,
                 struct error *error) MUST_CHECK;

/* The rule of a namespace: [a-z][a-z0-9_]{0,30}, not pg_..., not amq... */
bool namespace_valid(const char *name);
