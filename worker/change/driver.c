/* SPDX-License-Identifier: Apache-2.0
 *
 * Turns of both, and what comes of them. */
#include "worker/change/driver.h"

#define IDLE_MS   1000u /* between looks while there is nothing to do */
#define OTHERS_MS 500u  /* while somebody else sees to it */
#define TURN_MS   100u  /* while something is waited for */

void driver_init(struct driver *driver, const struct change_ops *change_ops,
                 const struct retirement_ops *retirement_ops, void *self)
{
    driver->failures = 0;
    change_driver_init(&driver->change, change_ops, self);
    retirement_driver_init(&driver->retirement, retirement_ops, self);
}

/* What fails of the one keeps the other from nothing. */
static enum change_progress join(enum change_progress changed, enum retirement_progress retired)
{
    if (changed == CHANGE_FAILED || retired == RETIREMENT_FAILED) {
        return CHANGE_FAILED;
    }
    if (retired == RETIREMENT_AGAIN) {
        return CHANGE_AGAIN;
    }
    return changed == CHANGE_NOTHING && retired == RETIREMENT_WAITS ? CHANGE_WAITS : changed;
}

static enum change_progress turn(struct driver *driver, struct error *error)
{
    struct error other = {0};
    const enum change_progress changed = change_turn(&driver->change, error);
    if (!change_is_settled(&driver->change)) {
        return changed; /* jobs may go astray meanwhile */
    }
    const enum retirement_progress retired = retirement_turn(&driver->retirement, &other);
    if (changed != CHANGE_FAILED && retired == RETIREMENT_FAILED) {
        *error = other;
    }
    return join(changed, retired);
}

enum change_progress driver_turn(struct driver *driver, struct error *error)
{
    const enum change_progress progress = turn(driver, error);
    driver->failures = progress == CHANGE_FAILED ? driver->failures + 1 : 0;
    return progress;
}

void driver_failed(struct driver *driver)
{
    driver->failures++;
}

static uint32_t failed_ms(const struct driver *driver)
{
    const uint32_t change_ms = change_failed_ms(&driver->change);
    const uint32_t retirement_ms = retirement_failed_ms(&driver->retirement);
    return change_ms > retirement_ms ? change_ms : retirement_ms;
}

uint32_t driver_pause_ms(const struct driver *driver, enum change_progress progress)
{
    switch (progress) {
    case CHANGE_NOTHING:
        return IDLE_MS;
    case CHANGE_OTHERS:
        return OTHERS_MS;
    case CHANGE_WAITS:
        return TURN_MS;
    case CHANGE_AGAIN:
        return 0;
    case CHANGE_FAILED:
        break;
    }
    return failed_ms(driver);
}
