/* SPDX-License-Identifier: Apache-2.0
 *
 * What is done with a generation that goes. */
#include "worker/change/retirement.h"

#include "worker/change/change.h"

/* Queues in one turn: a lease must not end meanwhile. */
#define LOOK_AT_ONCE   64u
#define CHANGE_AT_ONCE 4u

/* | state    | its queues have      | then                                                   |
 * | draining | a job                | wait: its lanes will decide it                         |
 * |          | none                 | retire it                                              |
 * | retired  | a job                | declare all queues again, make it draining again       |
 * |          | a consumer, no job   | wait: it will notice that it may not decide            |
 * |          | neither              | look at each once more and delete it, then forget it   |
 *
 * A job does not wait for consumers to leave: one may have only the broker, and notice nothing.
 *
 * A job that comes between the last look at its queue and the deleting is lost: it would have been
 * on its way from its publisher for longer than a whole change took. */

static enum retirement_progress go(struct retirement_driver *driver, enum retirement_phase phase)
{
    driver->phase = phase;
    driver->position = 0;
    return RETIREMENT_AGAIN;
}

static enum retirement_progress wait_and_find(struct retirement_driver *driver)
{
    (void)go(driver, RETIREMENT_FINDS); /* not again at once */
    return RETIREMENT_WAITS;
}

static uint32_t next_count(const struct retirement_driver *driver, uint32_t at_once)
{
    const uint32_t left = driver->retirement.lanes - driver->position;
    return left < at_once ? left : at_once;
}

static bool find(struct retirement_driver *driver, enum retirement_progress *progress,
                 struct error *error)
{
    if (!driver->ops->find(driver->self, &driver->retirement, error)) {
        return false;
    }
    if (driver->retirement.generation == 0) {
        *progress = RETIREMENT_NONE;
        return true;
    }
    driver->looked = (struct retirement_look){0};
    *progress = go(driver, RETIREMENT_LOOKS);
    return true;
}

/* All queues were looked at. */
static enum retirement_progress judge(struct retirement_driver *driver)
{
    const struct retirement_look *looked = &driver->looked;
    if (driver->retirement.state == RETIREMENT_DRAINING) {
        return looked->ready == 0 ? go(driver, RETIREMENT_RETIRES) : wait_and_find(driver);
    }
    if (looked->ready > 0) {
        return go(driver, RETIREMENT_RESTORES);
    }
    return looked->consumers > 0 ? wait_and_find(driver) : go(driver, RETIREMENT_REMOVES);
}

static bool look(struct retirement_driver *driver, enum retirement_progress *progress,
                 struct error *error)
{
    const uint32_t count = next_count(driver, LOOK_AT_ONCE);
    struct retirement_look look = {0};
    if (!driver->ops->look(driver->self, &driver->retirement, driver->position, count, &look,
                           error)) {
        return false;
    }
    driver->looked.ready += look.ready;
    driver->looked.consumers += look.consumers;
    driver->position += count;
    *progress = driver->position < driver->retirement.lanes ? RETIREMENT_AGAIN : judge(driver);
    return true;
}

static bool retire(struct retirement_driver *driver, enum retirement_progress *progress,
                   struct error *error)
{
    *progress = go(driver, RETIREMENT_FINDS);
    return driver->ops->retire(driver->self, &driver->retirement, error);
}

static bool remove_some(struct retirement_driver *driver, enum retirement_progress *progress,
                        struct error *error)
{
    const uint32_t count = next_count(driver, CHANGE_AT_ONCE);
    bool left = false;
    if (!driver->ops->remove(driver->self, &driver->retirement, driver->position, count, &left,
                             error)) {
        return false;
    }
    driver->position += count;
    *progress = RETIREMENT_AGAIN;
    if (left) {
        *progress = go(driver, RETIREMENT_FINDS);
    } else if (driver->position == driver->retirement.lanes) {
        *progress = go(driver, RETIREMENT_FORGETS);
    }
    return true;
}

static bool restore(struct retirement_driver *driver, enum retirement_progress *progress,
                    struct error *error)
{
    const uint32_t count = next_count(driver, CHANGE_AT_ONCE);
    if (!driver->ops->restore(driver->self, &driver->retirement, driver->position, count, error)) {
        return false;
    }
    driver->position += count;
    *progress = driver->position < driver->retirement.lanes ? RETIREMENT_AGAIN
                                                            : go(driver, RETIREMENT_REVIVES);
    return true;
}

static bool revive(struct retirement_driver *driver, enum retirement_progress *progress,
                   struct error *error)
{
    *progress = wait_and_find(driver);
    return driver->ops->revive(driver->self, &driver->retirement, error);
}

static bool forget(struct retirement_driver *driver, enum retirement_progress *progress,
                   struct error *error)
{
    *progress = go(driver, RETIREMENT_FINDS);
    return driver->ops->forget(driver->self, &driver->retirement, error);
}

static bool (*const acts[])(struct retirement_driver *driver, enum retirement_progress *progress,
                            struct error *error) = {
    [RETIREMENT_FINDS] = find,       [RETIREMENT_LOOKS] = look,
    [RETIREMENT_RETIRES] = retire,   [RETIREMENT_REMOVES] = remove_some,
    [RETIREMENT_RESTORES] = restore, [RETIREMENT_REVIVES] = revive,
    [RETIREMENT_FORGETS] = forget,
};

void retirement_driver_init(struct retirement_driver *driver, const struct retirement_ops *ops,
                            void *self)
{
    *driver = (struct retirement_driver){.ops = ops, .self = self};
}

enum retirement_progress retirement_turn(struct retirement_driver *driver, struct error *error)
{
    const bool finds = driver->phase == RETIREMENT_FINDS;
    enum retirement_progress progress = RETIREMENT_FAILED;
    if (!acts[driver->phase](driver, &progress, error)) {
        driver->failures++;
        (void)go(driver, RETIREMENT_FINDS); /* not again at once */
        return RETIREMENT_FAILED;
    }
    driver->failures = finds && driver->retirement.generation != 0 ? driver->failures : 0;
    return progress;
}

uint32_t retirement_failed_ms(const struct retirement_driver *driver)
{
    return driver->failures < 2 ? 0 : CHANGE_LEASE_MS + CHANGE_GIVE_WAY_MS;
}
