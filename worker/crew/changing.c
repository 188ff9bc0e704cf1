/* SPDX-License-Identifier: Apache-2.0
 *
 * Joins what a change needs of the database and of the broker. */
#include "worker/crew/changing.h"

#include <stdio.h>

#include "common/connect/log.h"
#include "worker/postgres/retirement.h"
#include "worker/rabbit/lanes.h"
#include "worker/rabbit/marker.h"
#include "worker/rabbit/permission.h"

static const char *namespace_of(const struct changing *changing)
{
    return changing->config->namespace.value;
}

static struct topology coming_of(const struct changing *changing, const struct lanes_change *change)
{
    return (struct topology){.namespace = namespace_of(changing),
                             .generation = change->generation,
                             .lanes = change->lanes};
}

/* Nothing is kept of a connection that a request has failed on. */
static bool refused(struct changing *changing, struct error *error)
{
    (void)permission_advise(&changing->rabbit, namespace_of(changing), error); /* false: as we */
    rabbit_close(&changing->rabbit);
    return false;
}

/* A connection, and its channel for lanes. */
static bool open(struct changing *changing, struct error *error)
{
    struct error silent = {0};
    if (changing->rabbit.connection != NULL && !rabbit_pump(&changing->rabbit, &silent)) {
        rabbit_close(&changing->rabbit); /* it was lost while nothing was asked of it */
    }
    if (changing->rabbit.connection == NULL &&
        !rabbit_open(&changing->rabbit, changing->url, changing->name, error)) {
        return false;
    }
    return rabbit_channel_open(&changing->rabbit, CHANNEL_LANES, error) || refused(changing, error);
}

static bool closed(struct changing *changing, bool done, struct error *error)
{
    return (done && rabbit_channel_close(&changing->rabbit, CHANNEL_LANES, error)) ||
           refused(changing, error);
}

/* ---- A change ---- */

static bool look(void *self, struct lanes_change *change, struct error *error)
{
    struct changing *changing = self;
    return change_take(changing->postgres, changing->name, change, error);
}

/* The exchange, then the queues, then the slots. */
static bool declare_part(struct changing *changing, const struct topology *topology, uint32_t part,
                         struct error *error)
{
    if (part == 0) {
        return lanes_declare_exchange(&changing->rabbit, topology, error);
    }
    if (part <= topology->lanes) {
        return lanes_declare_queue(
            &changing->rabbit, topology->namespace,
            address_lane(topology->namespace, topology->generation, part - 1), error);
    }
    return lanes_bind_slots(&changing->rabbit, topology, error);
}

static bool declare_parts(struct changing *changing, const struct topology *topology,
                          uint32_t first, uint32_t count, struct error *error)
{
    for (uint32_t part = first; part < first + count; part++) {
        if (!declare_part(changing, topology, part, error)) {
            return false;
        }
    }
    return true;
}

static bool declare(void *self, const struct lanes_change *change, uint32_t first, uint32_t count,
                    struct error *error)
{
    struct changing *changing = self;
    const struct topology coming = coming_of(changing, change);
    return open(changing, error) &&
           closed(changing, declare_parts(changing, &coming, first, count, error), error);
}

static bool bind(void *self, const struct lanes_change *change, struct error *error)
{
    struct changing *changing = self;
    const struct topology coming = coming_of(changing, change);
    return open(changing, error) &&
           closed(changing, lanes_bind_entries(&changing->rabbit, &coming, error), error);
}

static bool may_lead(void *self, const struct lanes_change *change, bool *leads,
                     struct error *error)
{
    struct changing *changing = self;
    return change_leads_to(changing->postgres, change->generation, leads, error);
}

/* What came to the old lanes meanwhile was decided there at once, although jobs that were sent
 * before it may have been waiting in newer ones. */
static bool take_back(void *self, const struct lanes_change *change, struct error *error)
{
    struct changing *changing = self;
    if (!open(changing, error) ||
        !closed(changing,
                lanes_unbind_entries(&changing->rabbit, namespace_of(changing), change->generation,
                                     error),
                error)) {
        return false;
    }
    log_write(LOG_LEVEL_WARN,
              "led jobs to old lanes for a moment, as the change to them was over when it got on: "
              "some of these jobs may be out of order generation=%u",
              change->generation);
    return true;
}

static bool unbind_all(struct changing *changing, const uint32_t *generations, uint32_t count,
                       struct error *error)
{
    for (uint32_t i = 0; i < count; i++) {
        if (!lanes_unbind_entries(&changing->rabbit, namespace_of(changing), generations[i],
                                  error)) {
            return false;
        }
    }
    return true;
}

static bool unbind(void *self, const struct lanes_change *change, struct error *error)
{
    struct changing *changing = self;
    uint32_t older[GENERATIONS_MAX];
    uint32_t count = 0;
    return change_older(changing->postgres, change->generation, older, &count, error) &&
           open(changing, error) &&
           closed(changing, unbind_all(changing, older, count, error), error);
}

static bool mark(void *self, const struct lanes_change *change, uint32_t first, uint32_t count,
                 struct error *error)
{
    struct changing *changing = self;
    const struct topology source = {.namespace = namespace_of(changing),
                                    .generation = change->source,
                                    .lanes = change->source_lanes};
    return open(changing, error) && closed(changing,
                                           marker_publish(&changing->rabbit, &source,
                                                          change->generation, first, count, error),
                                           error);
}

static bool record(void *self, const struct lanes_change *change, enum change_step next,
                   struct error *error)
{
    struct changing *changing = self;
    return change_record(changing->postgres, change, next, error);
}

static bool finish(void *self, const struct lanes_change *change, struct error *error)
{
    struct changing *changing = self;
    return change_finish(changing->postgres, change, error);
}

static const struct change_ops change_ops = {
    .look = look,
    .declare = declare,
    .bind = bind,
    .leads = may_lead,
    .take_back = take_back,
    .unbind = unbind,
    .mark = mark,
    .record = record,
    .finish = finish,
};

/* ---- What is older ---- */

static struct address lane_of(const struct changing *changing, const struct retirement *retirement,
                              uint32_t lane)
{
    return address_lane(namespace_of(changing), retirement->generation, lane);
}

static bool find_retiring(void *self, struct retirement *retirement, struct error *error)
{
    struct changing *changing = self;
    return retirement_find(changing->postgres, changing->name, retirement, error);
}

static bool look_at_all(struct changing *changing, const struct retirement *retirement,
                        uint32_t first, uint32_t count, struct retirement_look *look,
                        struct error *error)
{
    for (uint32_t lane = first; lane < first + count; lane++) {
        struct lanes_queue queue = {.there = false};
        if (!lanes_look(&changing->rabbit, lane_of(changing, retirement, lane), &queue, error)) {
            return false;
        }
        look->ready += queue.ready;
        look->consumers += queue.consumers;
    }
    return true;
}

static bool look_at_queues(void *self, const struct retirement *retirement, uint32_t first,
                           uint32_t count, struct retirement_look *look, struct error *error)
{
    struct changing *changing = self;
    return open(changing, error) &&
           closed(changing, look_at_all(changing, retirement, first, count, look, error), error);
}

static bool retire(void *self, const struct retirement *retirement, struct error *error)
{
    struct changing *changing = self;
    return retirement_retire(changing->postgres, retirement->generation, error);
}

/* The broker says "nothing" also of a queue whose leader does not answer it within 250 ms, or is
 * just being elected (RabbitMQ 3.10.8). So a message of our own is put there, as a marker that ends
 * nothing, which a lane would drop: only where that alone is seen, there was nothing. */
static bool is_empty(struct changing *changing, const struct retirement *retirement, uint32_t lane,
                     bool *empty, struct error *error)
{
    const struct topology old = {.namespace = namespace_of(changing),
                                 .generation = retirement->generation,
                                 .lanes = retirement->lanes};
    struct lanes_queue queue = {.there = false};
    if (!marker_publish(&changing->rabbit, &old, 0, lane, 1, error) ||
        !lanes_look(&changing->rabbit, lane_of(changing, retirement, lane), &queue, error)) {
        return false;
    }
    *empty = queue.there && queue.ready == 1 && queue.consumers == 0;
    return true;
}

static bool remove_one(struct changing *changing, const struct retirement *retirement,
                       uint32_t lane, bool *left, struct error *error)
{
    const struct address name = lane_of(changing, retirement, lane);
    struct lanes_queue queue = {.there = false};
    bool empty = false;
    if (!lanes_look(&changing->rabbit, name, &queue, error)) {
        return false;
    }
    *left = queue.ready > 0 || queue.consumers > 0;
    if (!queue.there || *left) {
        return true;
    }
    if (!is_empty(changing, retirement, lane, &empty, error)) {
        return false;
    }
    *left = !empty;
    return *left || lanes_delete_queue(&changing->rabbit, name, error);
}

static bool remove_all(struct changing *changing, const struct retirement *retirement,
                       uint32_t first, uint32_t count, bool *left, struct error *error)
{
    for (uint32_t lane = first; lane < first + count && !*left; lane++) {
        if (!remove_one(changing, retirement, lane, left, error)) {
            return false;
        }
    }
    return true;
}

static bool remove_queues(void *self, const struct retirement *retirement, uint32_t first,
                          uint32_t count, bool *left, struct error *error)
{
    struct changing *changing = self;
    bool goes_on = false;
    if (!retirement_goes_on(changing->postgres, changing->name, retirement->generation, &goes_on,
                            error)) {
        return false;
    }
    *left = !goes_on;
    return *left ||
           (open(changing, error) &&
            closed(changing, remove_all(changing, retirement, first, count, left, error), error));
}

static bool restore_all(struct changing *changing, const struct retirement *retirement,
                        uint32_t first, uint32_t count, struct error *error)
{
    for (uint32_t lane = first; lane < first + count; lane++) {
        const struct address name = lane_of(changing, retirement, lane);
        struct lanes_queue queue = {.there = false};
        if (!lanes_look(&changing->rabbit, name, &queue, error) ||
            (!queue.there &&
             !lanes_declare_queue(&changing->rabbit, namespace_of(changing), name, error))) {
            return false;
        }
    }
    return true;
}

/* What is there may be an older version's, with other properties, and stays as it is. Whoever was
 * frozen brings nothing back that is gone for good. */
static bool restore(void *self, const struct retirement *retirement, uint32_t first, uint32_t count,
                    struct error *error)
{
    struct changing *changing = self;
    bool goes_on = false;
    return retirement_goes_on(changing->postgres, changing->name, retirement->generation, &goes_on,
                              error) &&
           (!goes_on ||
            (open(changing, error) &&
             closed(changing, restore_all(changing, retirement, first, count, error), error)));
}

static bool revive(void *self, const struct retirement *retirement, struct error *error)
{
    struct changing *changing = self;
    return retirement_revive(changing->postgres, retirement->generation, error);
}

static bool forget(void *self, const struct retirement *retirement, struct error *error)
{
    struct changing *changing = self;
    const struct address lanes = address_lanes(namespace_of(changing), retirement->generation);
    return open(changing, error) &&
           closed(changing, lanes_delete_exchange(&changing->rabbit, lanes, error), error) &&
           retirement_record(changing->postgres, retirement->generation, error);
}

static const struct retirement_ops retirement_ops = {
    .find = find_retiring,
    .look = look_at_queues,
    .retire = retire,
    .remove = remove_queues,
    .restore = restore,
    .revive = revive,
    .forget = forget,
};

void changing_init(struct changing *changing, const struct config *config,
                   const struct amqp_url *url, struct postgres *postgres, const char *name)
{
    *changing = (struct changing){.config = config, .url = url, .postgres = postgres};
    (void)snprintf(changing->name, sizeof changing->name, "%s", name);
    driver_init(&changing->driver, &change_ops, &retirement_ops, changing);
}

void changing_close(struct changing *changing)
{
    rabbit_close(&changing->rabbit);
}
