/* SPDX-License-Identifier: Apache-2.0
 *
 * What the contract promises of the broker: entry exchanges that fan out into the current
 * generation of lanes, a queue for each lane, and the queues beside them.
 *
 * All queues are quorum queues: a classic one with a single active consumer can lose its standby
 * when the active one dies (RabbitMQ 3.10.8), and confirms before it has written. */
#include "worker/rabbit/topology.h"

#include <stdio.h>

#include <amqp.h>
#include <amqp_framing.h>

#include "common/base/limits.h"
#include "common/connect/rabbit.h"
#include "worker/rabbit/lanes.h"
#include "worker/rabbit/permission.h"

#define DEAD_DELIVERY_LIMIT 1000000000 /* every look at a dead letter counts as a delivery */

/* Exchanges and queues, as one numbered list: everything that this file does, it does with each. */
enum part_kind {
    PART_EXCHANGE,
    PART_LANES_EXCHANGE, /* its keys are slots; what has none goes on to the sorter */
    PART_DEAD_QUEUE,
    PART_JOB_QUEUE, /* a lane's, or the sorter's */
};

struct part {
    enum part_kind kind;
    const char *type; /* of an exchange */
    struct address name;
};

static const struct {
    const char *what;
    const char *type;
} exchanges[] = {
    {"jobs", "fanout"},     {"stock", "fanout"}, {"events", "topic"},
    {"unrouted", "fanout"}, {"dead", "fanout"},
};
enum { EXCHANGES = sizeof exchanges / sizeof exchanges[0] };

/* The order of the list: exchanges, then these, then the lanes. */
enum {
    POSITION_LANES_EXCHANGE = EXCHANGES,
    POSITION_DEAD_QUEUE,
    POSITION_SORT_QUEUE,
    PARTS_BESIDE_LANES,
};

static uint32_t part_count(const struct topology *topology)
{
    return PARTS_BESIDE_LANES + topology->lanes;
}

static struct part part_at(const struct topology *topology, uint32_t position)
{
    const char *namespace = topology->namespace;
    ENSURE(position < part_count(topology));
    if (position < EXCHANGES) {
        return (struct part){PART_EXCHANGE, exchanges[position].type,
                             address_of(namespace, exchanges[position].what)};
    }
    switch (position) {
    case POSITION_LANES_EXCHANGE:
        return (struct part){PART_LANES_EXCHANGE, "direct",
                             address_lanes(namespace, topology->generation)};
    case POSITION_DEAD_QUEUE:
        return (struct part){PART_DEAD_QUEUE, NULL, address_of(namespace, "dead")};
    case POSITION_SORT_QUEUE:
        return (struct part){PART_JOB_QUEUE, NULL, address_of(namespace, "sort")};
    default:
        return (struct part){
            PART_JOB_QUEUE, NULL,
            address_lane(namespace, topology->generation, position - PARTS_BESIDE_LANES)};
    }
}

static const char *part_noun(const struct part *part)
{
    return part->type == NULL ? "queue" : "exchange";
}

static void declare_exchange(struct rabbit *rabbit, const struct part *part)
{
    amqp_exchange_declare(rabbit->connection, CHANNEL_LANES, amqp_cstring_bytes(part->name.text),
                          amqp_cstring_bytes(part->type), 0, 1, 0, 0, amqp_empty_table);
}

/* Kept to a size by a policy, which an operator can change. */
static void declare_dead_queue(struct rabbit *rabbit, const struct part *part)
{
    amqp_table_entry_t arguments[] = {
        {.key = amqp_cstring_bytes("x-queue-type"),
         .value = {.kind = AMQP_FIELD_KIND_UTF8, .value.bytes = amqp_cstring_bytes("quorum")}},
        {.key = amqp_cstring_bytes("x-delivery-limit"),
         .value = {.kind = AMQP_FIELD_KIND_I32, .value.i32 = DEAD_DELIVERY_LIMIT}},
    };
    amqp_queue_declare(rabbit->connection, CHANNEL_LANES, amqp_cstring_bytes(part->name.text), 0, 1,
                       0, 0, (amqp_table_t){sizeof arguments / sizeof arguments[0], arguments});
}

static bool declare_part(struct rabbit *rabbit, const struct topology *topology,
                         const struct part *part, struct error *error)
{
    switch (part->kind) {
    case PART_EXCHANGE:
        declare_exchange(rabbit, part);
        break;
    case PART_LANES_EXCHANGE:
        return lanes_declare_exchange(rabbit, topology, error);
    case PART_DEAD_QUEUE:
        declare_dead_queue(rabbit, part);
        break;
    case PART_JOB_QUEUE:
        return lanes_declare_queue(rabbit, topology->namespace, part->name, error);
    }
    return lanes_answered(rabbit, part_noun(part), part->name.text, error);
}

static bool bind_queue(struct rabbit *rabbit, struct address queue, struct address exchange,
                       struct error *error)
{
    amqp_queue_bind(rabbit->connection, CHANNEL_LANES, amqp_cstring_bytes(queue.text),
                    amqp_cstring_bytes(exchange.text), amqp_empty_bytes, amqp_empty_table);
    return lanes_answered(rabbit, "binding of queue", queue.text, error);
}

/* The entries come last: nothing can arrive before it has a place to go. */
static bool bind_parts(struct rabbit *rabbit, const struct topology *topology, struct error *error)
{
    const char *namespace = topology->namespace;
    return lanes_bind_slots(rabbit, topology, error) &&
           bind_queue(rabbit, address_of(namespace, "dead"), address_of(namespace, "dead"),
                      error) &&
           bind_queue(rabbit, address_of(namespace, "sort"), address_of(namespace, "unrouted"),
                      error) &&
           (topology->entries_elsewhere || lanes_bind_entries(rabbit, topology, error));
}

static bool declare_all(struct rabbit *rabbit, const struct topology *topology, struct error *error)
{
    for (uint32_t i = 0; i < part_count(topology); i++) {
        const struct part part = part_at(topology, i);
        if (!declare_part(rabbit, topology, &part, error)) {
            return false;
        }
    }
    return bind_parts(rabbit, topology, error);
}

/* Present, with the right properties: asked for without being made, then declared, which compares.
 */
static bool inspect_part(struct rabbit *rabbit, const struct topology *topology,
                         const struct part *part, struct topology_state *state, struct error *error)
{
    state->parts++;
    if (part->type == NULL) {
        amqp_queue_declare(rabbit->connection, CHANNEL_LANES, amqp_cstring_bytes(part->name.text),
                           1, 1, 0, 0, amqp_empty_table);
    } else {
        amqp_exchange_declare(rabbit->connection, CHANNEL_LANES,
                              amqp_cstring_bytes(part->name.text), amqp_cstring_bytes(part->type),
                              1, 1, 0, 0, amqp_empty_table);
    }
    if (lanes_answered(rabbit, part_noun(part), part->name.text, error)) {
        return declare_part(rabbit, topology, part, error);
    }
    if (rabbit->reply_code != AMQP_NOT_FOUND) {
        return false;
    }
    if (state->missing++ == 0) {
        state->first_missing = part->name;
    }
    return rabbit_channel_open(rabbit, CHANNEL_LANES, error);
}

static bool inspect_all(struct rabbit *rabbit, const struct topology *topology,
                        struct topology_state *state, struct error *error)
{
    for (uint32_t i = 0; i < part_count(topology); i++) {
        const struct part part = part_at(topology, i);
        if (!inspect_part(rabbit, topology, &part, state, error)) {
            return false;
        }
    }
    return true;
}

static bool remove_part(struct rabbit *rabbit, const struct part *part, struct error *error)
{
    return part->type == NULL ? lanes_delete_queue(rabbit, part->name, error)
                              : lanes_delete_exchange(rabbit, part->name, error);
}

/* Whether any exchange of lanes of this generation is there. */
static bool generation_exists(struct rabbit *rabbit, struct address lanes, bool *exists,
                              struct error *error)
{
    amqp_exchange_declare(rabbit->connection, CHANNEL_LANES, amqp_cstring_bytes(lanes.text),
                          amqp_cstring_bytes("direct"), 1, 1, 0, 0, amqp_empty_table);
    if (lanes_answered(rabbit, "exchange", lanes.text, error)) {
        *exists = true;
        return true;
    }
    if (rabbit->reply_code != AMQP_NOT_FOUND) {
        return false;
    }
    *exists = false;
    return rabbit_channel_open(rabbit, CHANNEL_LANES, error);
}

static bool remove_parts(struct rabbit *rabbit, const struct topology *topology, uint32_t first,
                         uint32_t count, struct error *error)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct part part = part_at(topology, first + i);
        if (!remove_part(rabbit, &part, error)) {
            return false;
        }
    }
    return true;
}

static bool remove_generation(struct rabbit *rabbit, const struct topology *topology,
                              struct error *error)
{
    const struct address lanes = address_lanes(topology->namespace, topology->generation);
    bool exists = false;
    if (!generation_exists(rabbit, lanes, &exists, error)) {
        return false;
    }
    return !exists || (remove_parts(rabbit, topology, PARTS_BESIDE_LANES, topology->lanes, error) &&
                       remove_parts(rabbit, topology, POSITION_LANES_EXCHANGE, 1, error));
}

/* From the entries inwards, so that nothing new arrives in a queue that is about to go. A
 * generation's exchange goes after its lanes: while it is there, another attempt knows where to
 * look. */
static bool remove_all(struct rabbit *rabbit, const char *namespace, uint32_t generation_last,
                       struct error *error)
{
    struct topology topology = {.namespace = namespace, .lanes = LANES_MAX};
    if (!remove_parts(rabbit, &topology, 0, EXCHANGES, error) ||
        !remove_parts(rabbit, &topology, POSITION_DEAD_QUEUE, 2, error)) {
        return false;
    }
    for (topology.generation = 1; topology.generation <= generation_last; topology.generation++) {
        if (!remove_generation(rabbit, &topology, error)) {
            return false;
        }
    }
    return true;
}

bool topology_declare(struct rabbit *rabbit, const struct topology *topology, struct error *error)
{
    return (rabbit_channel_open(rabbit, CHANNEL_LANES, error) &&
            declare_all(rabbit, topology, error) &&
            rabbit_channel_close(rabbit, CHANNEL_LANES, error)) ||
           permission_advise(rabbit, topology->namespace, error);
}

bool topology_unbind(struct rabbit *rabbit, const struct topology *topology, struct error *error)
{
    return (rabbit_channel_open(rabbit, CHANNEL_LANES, error) &&
            lanes_unbind_entries(rabbit, topology->namespace, topology->generation, error) &&
            rabbit_channel_close(rabbit, CHANNEL_LANES, error)) ||
           permission_advise(rabbit, topology->namespace, error);
}

bool topology_inspect(struct rabbit *rabbit, const struct topology *topology,
                      struct topology_state *state, struct error *error)
{
    struct topology_state found = {0};
    if (!rabbit_channel_open(rabbit, CHANNEL_LANES, error) ||
        !inspect_all(rabbit, topology, &found, error) ||
        !rabbit_channel_close(rabbit, CHANNEL_LANES, error)) {
        return permission_advise(rabbit, topology->namespace, error);
    }
    *state = found;
    return true;
}

bool topology_remove(struct rabbit *rabbit, const char *namespace, uint32_t generation_last,
                     struct error *error)
{
    return (rabbit_channel_open(rabbit, CHANNEL_LANES, error) &&
            remove_all(rabbit, namespace, generation_last, error) &&
            rabbit_channel_close(rabbit, CHANNEL_LANES, error)) ||
           permission_advise(rabbit, namespace, error);
}
