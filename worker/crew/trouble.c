/* SPDX-License-Identifier: Apache-2.0
 *
 * Remembers what was said of failures. */
#include "worker/crew/trouble.h"

#include <sys/random.h>
#include <time.h>

#include "common/connect/log.h"

#define SAY_AGAIN_MS 60000u

void trouble_init(struct trouble *trouble, const char *who)
{
    *trouble = (struct trouble){.who = who};
}

void trouble_note(struct trouble *trouble, const struct error *error, uint64_t now_ms)
{
    const bool person_needed = error->kind == ERROR_CONFIG || error->kind == ERROR_FATAL;
    ENSURE(error->kind != ERROR_NONE);
    if (trouble->said_ms == 0 || trouble->said != error->kind ||
        now_ms - trouble->said_ms >= SAY_AGAIN_MS) {
        trouble->said_ms = now_ms;
        trouble->said = error->kind;
        log_write(person_needed ? LOG_LEVEL_ERROR : LOG_LEVEL_WARN, "%s: %s%s%s", trouble->who,
                  error->text, error->remedy[0] == '\0' ? "" : " -> ", error->remedy);
    }
}

void trouble_over(struct trouble *trouble)
{
    if (trouble->said_ms != 0) {
        log_write(LOG_LEVEL_INFO, "%s: goes on", trouble->who);
    }
    trouble->said_ms = 0;
}

uint64_t trouble_seed(void)
{
    uint64_t seed = 0;
    (void)!getrandom(&seed, sizeof seed, 0); /* any number will do */
    return seed;
}

uint64_t trouble_now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* this clock is always there */
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000 + 1;
}
