/* SPDX-License-Identifier: Apache-2.0
 *
 * till prune: forgets old refusals and ended holds. */
#include <stdio.h>
#include <string.h>

#include "common/connect/postgres.h"
#include "worker/commands/ask.h"
#include "worker/commands/command.h"
#include "worker/commands/commands.h"
#include "worker/postgres/prune.h"

#define DAYS_DEFAULT "90d"

static const struct option options[] = {
    {"older-than", "AGE", "days or hours: 90d, 36h; at least 24h (90d)"},
    {"yes", NULL, "do not ask"},
    {0},
};

/* 90d, 36h */
static bool read_age(const char *text, uint32_t *hours, struct error *error)
{
    const size_t digits = strspn(text, "0123456789");
    uint64_t number = 0;
    for (size_t i = 0; i < digits && number <= PRUNE_HOURS_MAX; i++) {
        number = number * 10 + (uint64_t)(text[i] - '0');
    }
    const bool days = strcmp(text + digits, "d") == 0;
    number *= days ? 24 : 1;
    if (digits == 0 || (!days && strcmp(text + digits, "h") != 0) || number < PRUNE_HOURS_MIN ||
        number > PRUNE_HOURS_MAX) {
        error_set(error, ERROR_USAGE, "--older-than: \"%s\" is no age that can be pruned", text);
        return error_advise(error,
                            "Say it in days or hours, at least %uh and at most %ud: "
                            "--older-than 90d",
                            PRUNE_HOURS_MIN, PRUNE_HOURS_MAX / 24);
    }
    *hours = (uint32_t)number;
    return true;
}

static bool run(const struct invocation *invocation, enum exit_status *status, struct error *error)
{
    const char *age = invocation_value(invocation, "older-than");
    const char *namespace = invocation->config->namespace.value;
    struct postgres postgres;
    struct prune prune;
    char question[256];
    uint32_t hours = 0;
    if (!read_age(age == NULL ? DAYS_DEFAULT : age, &hours, error)) {
        return false;
    }
    (void)snprintf(question, sizeof question,
                   "This forgets refusals, and holds that were released or have expired, older "
                   "than %u hours, of the namespace \"%s\". Their ids will be new.",
                   hours, namespace);
    if (invocation_value(invocation, "yes") == NULL && !ask_for(question, namespace, error)) {
        return false;
    }
    if (!postgres_open(&postgres, invocation->config, POSTGRES_COMMAND, "prune", error)) {
        return false;
    }
    const bool pruned = prune_apply(&postgres, hours, &prune, error);
    postgres_close(&postgres);
    if (pruned || prune.refusals > 0 || prune.holds > 0) {
        (void)printf("%lld refusals and %lld ended holds are forgotten\n",
                     (long long)prune.refusals, (long long)prune.holds);
    }
    *status = STATUS_DONE;
    return pruned;
}

const struct command command_prune = {
    .name = "prune",
    .operands = "",
    .summary = "forgets old refusals and ended holds",
    .description =
        "Refusals, and holds that were released or have expired, make way; what sold, held or "
        "moved\n"
        "stock is remembered for ever. The id of a refusal that is forgotten is new again. How "
        "many are\n"
        "forgotten is recorded for each lane, and the audit knows of it. Lanes do not wait for "
        "it.\n"
        "Asks on a terminal; elsewhere it needs --yes.",
    .options = options,
    .needs_config = true,
    .run = run,
};
