/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads settings from flags and environment. */
#include "common/connect/config.h"

#include <stdlib.h>
#include <string.h>

#define AMQP_URL_DEFAULT "amqp://guest:guest@localhost:5672"

/* An empty variable counts as one that is not set: that is how shells and compose files unset. */
static const char *environment(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

struct source {
    const char *flag_name;
    const char *flag;
    const char *names[2]; /* of variables, the first that is set counts; NULL: none */
    const char *otherwise;
};

static struct setting look_up(const struct source *source)
{
    if (source->flag != NULL) {
        return (struct setting){source->flag, source->flag_name};
    }
    for (size_t i = 0; i < 2 && source->names[i] != NULL; i++) {
        const char *value = environment(source->names[i]);
        if (value != NULL) {
            return (struct setting){value, source->names[i]};
        }
    }
    return (struct setting){source->otherwise, "the default"};
}

static enum error_kind kind_of(const struct setting *setting)
{
    return strncmp(setting->source, "--", 2) == 0 ? ERROR_USAGE : ERROR_CONFIG;
}

bool namespace_valid(const char *name)
{
    const size_t size = strlen(name);
    return size >= 1 && size <= NAMESPACE_MAX && name[0] >= 'a' && name[0] <= 'z' &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == size &&
           strncmp(name, "pg_", 3) != 0 && strncmp(name, "amq", 3) != 0;
}

bool config_load(struct config *config, const struct config_flags *flags, struct error *error)
{
    const struct source namespace = {
        "--namespace", flags->namespace, {"TILL_NAMESPACE"}, NAMESPACE_DEFAULT};
    const struct source amqp_url = {
        "--amqp-url", flags->amqp_url, {"TILL_AMQP_URL", "AMQP_URL"}, AMQP_URL_DEFAULT};
    const struct source amqp_password_file = {NULL, NULL, {"TILL_AMQP_PASSWORD_FILE"}, NULL};
    const struct source database_url = {
        "--database-url", flags->database_url, {"TILL_DATABASE_URL", "DATABASE_URL"}, NULL};
    const struct source log = {"--log", flags->log, {"TILL_LOG"}, "info"};

    struct config found = {
        .namespace = look_up(&namespace),
        .amqp_url = look_up(&amqp_url),
        .amqp_password_file = look_up(&amqp_password_file),
        .database_url = look_up(&database_url),
        .log = look_up(&log),
    };
    if (!namespace_valid(found.namespace.value)) {
        error_set(error, kind_of(&found.namespace), "%s: \"%s\" is no namespace",
                  found.namespace.source, found.namespace.value);
        return error_advise(error,
                            "Use 1 to %u of a-z, 0-9 and _, beginning with a letter, and "
                            "neither with pg_ nor with amq.",
                            NAMESPACE_MAX);
    }
    if (!log_level_parse(found.log.value, &found.log_level)) {
        error_set(error, kind_of(&found.log), "%s: \"%s\" is no level", found.log.source,
                  found.log.value);
        return error_advise(error, "Use one of debug, info, warn, error.");
    }
    *config = found;
    return true;
}
