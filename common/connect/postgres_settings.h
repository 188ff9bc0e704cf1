/* SPDX-License-Identifier: Apache-2.0
 *
 * What connections to PostgreSQL are made with: the user's own settings, merged with ours.
 *
 * libpq tries several hosts by itself, but only its blocking calls give up on one that is silent.
 * So the list is taken apart here and each host is an attempt of its own, with its own deadline. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <libpq-fe.h>

#include "common/base/error.h"
#include "common/connect/config.h"

#define POSTGRES_HOSTS_MAX    16u
#define POSTGRES_HOST_MAX     256u /* bytes of a name or of a socket's folder, with the NUL */
#define POSTGRES_PORT_MAX     6u   /* digits, with the NUL */
#define POSTGRES_KEYWORDS_MAX 80u  /* libpq 15 knows 43 */

/* Empty texts: libpq's own default. */
struct postgres_host {
    char name[POSTGRES_HOST_MAX];
    char address[POSTGRES_HOST_MAX];
    char port[POSTGRES_PORT_MAX];
};

struct postgres_settings {
    PQconninfoOption *options; /* what the URL says, and nothing else; ours */
    struct postgres_host hosts[POSTGRES_HOSTS_MAX];
    size_t hosts_count; /* at least 1 */
    int connect_timeout_ms;
};

/* Arguments of PQconnectStartParams. The strings belong to the settings. */
struct postgres_parameters {
    const char *keywords[POSTGRES_KEYWORDS_MAX];
    const char *values[POSTGRES_KEYWORDS_MAX];
    size_t count;
};

/* Reads a URL or a list of keyword=value; NULL as value: the PG* variables say everything. No error
 * repeats any part of what was given, since any part may be a password in a wrong place. */
bool postgres_settings_read(struct postgres_settings *settings, const struct setting *url,
                            struct error *error) MUST_CHECK;
void postgres_settings_free(struct postgres_settings *settings);

/* The parameters for one host. The name must live as long as they do. */
void postgres_settings_parameters(const struct postgres_settings *settings, size_t host,
                                  const char *name, struct postgres_parameters *parameters);
