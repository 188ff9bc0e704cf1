/* SPDX-License-Identifier: Apache-2.0
 *
 * The steps of a change, in their order. */
#include "worker/change/change.h"

#include <string.h>

#define RETIRE_MAX_MS 5000u   /* what is older and not quiet by then goes another time */
#define GRACE_MS      1000u   /* from the unbinding to the markers */
#define LOST_MS       300000u /* without an end of the draining: then they are published again */

#define DECLARE_AT_ONCE 4u /* parts in one turn: a lease must not end meanwhile */
#define MARK_AT_ONCE    256u

enum act {
    ACT_DONE,
    ACT_MORE, /* some of it is done */
    ACT_WAIT,
    ACT_FAILED,
};

static enum act act_of(bool done)
{
    return done ? ACT_DONE : ACT_FAILED;
}

/* Generations before the source are retired by retirement.c, at once while this is the step. A
 * change does not wait for one in which jobs still come in: it goes another time. */
static enum act retire(struct change_driver *driver, struct error *error)
{
    (void)error; /* nothing here can fail */
    return driver->change.older == 0 || driver->change.step_ms >= RETIRE_MAX_MS ? ACT_DONE
                                                                                : ACT_WAIT;
}

/* The next few of so many. */
static enum act some_of(struct change_driver *driver, uint32_t parts, uint32_t at_once,
                        bool (*act)(void *self, const struct lanes_change *change, uint32_t first,
                                    uint32_t count, struct error *error),
                        struct error *error)
{
    const uint32_t left = parts - driver->position;
    const uint32_t count = left < at_once ? left : at_once;
    if (!act(driver->self, &driver->change, driver->position, count, error)) {
        return ACT_FAILED;
    }
    driver->position += count;
    return driver->position == parts ? ACT_DONE : ACT_MORE;
}

static enum act declare(struct change_driver *driver, struct error *error)
{
    return some_of(driver, CHANGE_PARTS(driver->change.lanes), DECLARE_AT_ONCE,
                   driver->ops->declare, error);
}

static enum act bind(struct change_driver *driver, struct error *error)
{
    return act_of(driver->ops->bind(driver->self, &driver->change, error));
}

static enum act unbind(struct change_driver *driver, struct error *error)
{
    return act_of(driver->ops->unbind(driver->self, &driver->change, error));
}

/* Promise 3: a job that was published before the unbinding is in its queue when the marker comes.
 */
static enum act mark(struct change_driver *driver, struct error *error)
{
    if (driver->change.step_ms < GRACE_MS) {
        return ACT_WAIT;
    }
    return some_of(driver, driver->change.source_lanes, MARK_AT_ONCE, driver->ops->mark, error);
}

static bool is_drained(const struct lanes_change *change)
{
    return change->drained == change->source_lanes;
}

static enum act drain(struct change_driver *driver, struct error *error)
{
    (void)error; /* nothing here can fail */
    return is_drained(&driver->change) || driver->change.step_ms >= LOST_MS ? ACT_DONE : ACT_WAIT;
}

/* The whole of a change. A job in a publisher's hand goes to the source until bind, to both until
 * unbind (the second copy will find its decision), then to the coming generation, whose lanes begin
 * when the source's are drained. A marker whose queue was lost or emptied by hand comes again. */
static const struct {
    const char *name;
    enum act (*act)(struct change_driver *driver, struct error *error);
    enum change_step next;
} steps[CHANGE_STEPS] = {
    [CHANGE_RETIRE] = {"retire", retire, CHANGE_DECLARE},
    [CHANGE_DECLARE] = {"declare", declare, CHANGE_BIND},
    [CHANGE_BIND] = {"bind", bind, CHANGE_UNBIND},
    [CHANGE_UNBIND] = {"unbind", unbind, CHANGE_MARK},
    [CHANGE_MARK] = {"mark", mark, CHANGE_DRAIN},
    [CHANGE_DRAIN] = {"drain", drain, CHANGE_MARK}, /* drained, it is finished instead */
};

static enum change_progress look(struct change_driver *driver, struct error *error)
{
    const struct lanes_change *change = &driver->change;
    if (!driver->ops->look(driver->self, &driver->change, error)) {
        return CHANGE_FAILED;
    }
    if (change->generation == 0) {
        return CHANGE_NOTHING;
    }
    if (!change->ours) {
        return CHANGE_OTHERS;
    }
    if (driver->generation != change->generation || driver->step != change->step) {
        driver->generation = change->generation;
        driver->step = change->step;
        driver->position = 0;
    }
    driver->phase = CHANGE_ACTS;
    return CHANGE_AGAIN;
}

/* Whether or not the broker's answer came, a binding may be there. */
static enum change_phase phase_after(const struct change_driver *driver, enum act done)
{
    if (driver->step == CHANGE_BIND) {
        return CHANGE_CHECKS;
    }
    return done == ACT_DONE ? CHANGE_RECORDS : CHANGE_LOOKS;
}

static enum change_progress act(struct change_driver *driver, struct error *error)
{
    const enum act done = steps[driver->step].act(driver, error);
    driver->phase = phase_after(driver, done);
    driver->bound = done == ACT_DONE;
    driver->failures = done == ACT_FAILED ? driver->failures + 1 : 0;
    switch (done) {
    case ACT_DONE:
    case ACT_MORE:
        return CHANGE_AGAIN;
    case ACT_WAIT:
        return CHANGE_WAITS;
    case ACT_FAILED:
        break;
    }
    return CHANGE_FAILED;
}

/* Whoever was frozen for so long that the change is over must not lead jobs astray. Until this is
 * known nothing else is done, and the lease is not renewed. */
static enum change_progress check(struct change_driver *driver, struct error *error)
{
    bool leads = false;
    if (!driver->ops->leads(driver->self, &driver->change, &leads, error)) {
        return CHANGE_FAILED;
    }
    if (!leads) {
        driver->phase = CHANGE_TAKES_BACK;
    } else {
        driver->phase = driver->bound ? CHANGE_RECORDS : CHANGE_LOOKS;
    }
    return CHANGE_AGAIN;
}

static enum change_progress take_back(struct change_driver *driver, struct error *error)
{
    if (!driver->ops->take_back(driver->self, &driver->change, error)) {
        return CHANGE_FAILED;
    }
    driver->phase = CHANGE_LOOKS;
    return CHANGE_AGAIN;
}

static enum change_progress record(struct change_driver *driver, struct error *error)
{
    const struct lanes_change *change = &driver->change;
    const bool recorded =
        driver->step == CHANGE_DRAIN && is_drained(change)
            ? driver->ops->finish(driver->self, change, error)
            : driver->ops->record(driver->self, change, steps[driver->step].next, error);
    driver->phase = CHANGE_LOOKS;
    driver->position = 0; /* what comes may be the same step once more */
    driver->failures = recorded ? 0 : driver->failures + 1;
    return recorded ? CHANGE_AGAIN : CHANGE_FAILED;
}

void change_driver_init(struct change_driver *driver, const struct change_ops *ops, void *self)
{
    *driver = (struct change_driver){.ops = ops, .self = self};
}

enum change_progress change_turn(struct change_driver *driver, struct error *error)
{
    switch (driver->phase) {
    case CHANGE_LOOKS:
        return look(driver, error);
    case CHANGE_ACTS:
        return act(driver, error);
    case CHANGE_CHECKS:
        return check(driver, error);
    case CHANGE_TAKES_BACK:
        return take_back(driver, error);
    case CHANGE_RECORDS:
        return record(driver, error);
    }
    ENSURE(!"a phase is one of these");
    return CHANGE_FAILED;
}

bool change_is_settled(const struct change_driver *driver)
{
    return driver->phase != CHANGE_CHECKS && driver->phase != CHANGE_TAKES_BACK;
}

uint32_t change_failed_ms(const struct change_driver *driver)
{
    return driver->failures < 2 ? 0 : CHANGE_LEASE_MS + CHANGE_GIVE_WAY_MS;
}

const char *change_step_name(enum change_step step)
{
    return steps[step].name;
}

bool change_step_find(const char *name, enum change_step *step)
{
    for (uint32_t i = 0; i < CHANGE_STEPS; i++) {
        if (strcmp(steps[i].name, name) == 0) {
            *step = (enum change_step)i;
            return true;
        }
    }
    return false;
}
