/* SPDX-License-Identifier: Apache-2.0
 *
 * Writes the names of exchanges and queues. */
#include "common/contract/address.h"

#include <stdio.h>
#include <string.h>

#include "common/base/ensure.h"
#include "common/base/limits.h"
#include "common/base/text.h"

static bool is_visible(struct span text)
{
    for (uint32_t i = 0; i < text.size; i++) {
        if (text.bytes[i] <= ' ' || text.bytes[i] > '~') {
            return false;
        }
    }
    return true;
}

/* And goes on behind it. */
static bool begins_with(struct span text, const char *prefix, struct span *rest)
{
    const size_t size = strlen(prefix);
    if (text.size <= size || memcmp(text.bytes, prefix, size) != 0) {
        return false;
    }
    *rest = (struct span){text.bytes + size, text.size - (uint32_t)size};
    return true;
}

struct address address_of(const char *namespace, const char *what)
{
    struct address address;
    struct text text;
    ENSURE(strlen(namespace) <= NAMESPACE_MAX);
    text_init(&text, address.text, sizeof address.text);
    text_put(&text, namespace);
    text_put(&text, ".");
    text_put(&text, what);
    ENSURE(!text.full);
    return address;
}

struct address address_lanes(const char *namespace, uint32_t generation)
{
    char what[sizeof "lanes.g4294967295"];
    struct text text;
    text_init(&text, what, sizeof what);
    text_put(&text, "lanes.g");
    text_put_integer(&text, generation);
    return address_of(namespace, what);
}

struct address address_lane(const char *namespace, uint32_t generation, uint32_t lane)
{
    char what[sizeof "lane.g4294967295.0000"];
    ENSURE(lane < LANES_MAX);
    (void)snprintf(what, sizeof what, "lane.g%u.%04u", generation, lane);
    return address_of(namespace, what);
}

bool address_takes_replies(const char *namespace, struct span queue)
{
    struct span rest;
    if (span_absent(queue) || queue.size > QUEUE_NAME_MAX || !is_visible(queue)) {
        return false;
    }
    return begins_with(queue, "amq.rabbitmq.reply-to.", &rest) ||
           (begins_with(queue, namespace, &rest) && begins_with(rest, ".reply.", &rest));
}
