/* SPDX-License-Identifier: Apache-2.0
 *
 * Plays shop and subscriber by librabbitmq's own calls. */
#include "tests/support/corner.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <amqp_framing.h>

#include "tests/support/test.h"
#include "worker/rabbit/topology.h"

#define CHANNEL_SHOP      2u /* with confirms */
#define CHANNEL_LOOK      3u
#define PATIENCE_MS       60000 /* of a busy machine; nothing waits for it in vain */
#define HEARTBEAT_SECONDS 600   /* nobody turns this connection while a test is busy */
#define LOOK_MS           20
#define UNCONFIRMED_MAX   2000u

static void expect(struct corner *corner, amqp_rpc_reply_t reply, uint16_t channel)
{
    struct error error = {0};
    if (!rabbit_reply(&corner->rabbit, channel, reply, "the test's own connection", &error)) {
        fail_msg("%s", error.text);
    }
}

void corner_open(struct corner *corner, uint32_t lanes)
{
    struct error error = {0};
    struct timespec now;
    const char *url = getenv("TILL_AMQP_URL");
    assert_non_null(url);
    *corner = (struct corner){.lanes = lanes};
    assert_int_equal(clock_gettime(CLOCK_REALTIME, &now), 0);
    (void)snprintf(corner->namespace, sizeof corner->namespace, "t%d_%08lx", (int)getpid(),
                   (unsigned long)now.tv_nsec);
    assert_true(amqp_url_parse(url, &corner->url, &error));
    struct amqp_url own = corner->url;
    own.heartbeat_seconds = HEARTBEAT_SECONDS;
    if (!rabbit_open(&corner->rabbit, &own, "test", &error)) {
        fail_msg("%s", error.text);
    }
    const struct topology topology = {
        .namespace = corner->namespace, .generation = 1, .lanes = lanes};
    if (!topology_declare(&corner->rabbit, &topology, &error)) {
        fail_msg("%s", error.text);
    }
    assert_true(rabbit_channel_open(&corner->rabbit, CHANNEL_SHOP, &error));
    assert_true(rabbit_channel_open(&corner->rabbit, CHANNEL_LOOK, &error));
    amqp_confirm_select(corner->rabbit.connection, CHANNEL_SHOP);
    expect(corner, amqp_get_rpc_reply(corner->rabbit.connection), CHANNEL_SHOP);
}

void corner_close(struct corner *corner)
{
    struct error error = {0};
    if (!topology_remove(&corner->rabbit, corner->namespace, 1, &error)) {
        fail_msg("%s", error.text);
    }
    rabbit_close(&corner->rabbit);
}

static void send_one(struct corner *corner, const char *exchange, const char *key,
                     const amqp_basic_properties_t *properties, struct span body)
{
    assert_int_equal(amqp_basic_publish(
                         corner->rabbit.connection, CHANNEL_SHOP, amqp_cstring_bytes(exchange),
                         amqp_cstring_bytes(key), 0, 0, properties,
                         (amqp_bytes_t){.len = body.size, .bytes = (void *)(uintptr_t)body.bytes}),
                     AMQP_STATUS_OK);
    corner->published++;
}

/* Confirms of quorum queues come in any order: so as many as were sent are counted. */
static void await_confirms(struct corner *corner, uint64_t first, uint64_t last)
{
    static bool confirmed[1u << 20];
    uint64_t low = first;
    assert_in_range(last - first, 0, sizeof confirmed - 1);
    memset(confirmed, 0, (size_t)(last - first) + 1);
    while (low <= last) {
        amqp_frame_t frame;
        const struct timeval patience = {.tv_sec = PATIENCE_MS / 1000};
        amqp_maybe_release_buffers(corner->rabbit.connection);
        assert_int_equal(
            amqp_simple_wait_frame_noblock(corner->rabbit.connection, &frame, &patience),
            AMQP_STATUS_OK);
        assert_int_equal(frame.frame_type, AMQP_FRAME_METHOD);
        assert_int_equal(frame.payload.method.id, AMQP_BASIC_ACK_METHOD);
        const amqp_basic_ack_t *ack = frame.payload.method.decoded;
        for (uint64_t tag = ack->multiple ? low : ack->delivery_tag; tag <= ack->delivery_tag;
             tag++) {
            confirmed[tag - first] = true;
        }
        while (low <= last && confirmed[low - first]) {
            low++;
        }
    }
}

void corner_publish(struct corner *corner, const char *exchange, const char *key,
                    const amqp_basic_properties_t *properties, struct span body)
{
    const amqp_basic_properties_t none = {0};
    send_one(corner, exchange, key, properties == NULL ? &none : properties, body);
    await_confirms(corner, corner->published, corner->published);
}

void corner_fill(struct corner *corner, uint32_t lane, uint32_t count, uint32_t size)
{
    static char body[JOB_SIZE_MAX];
    const struct address queue = address_lane(corner->namespace, 1, lane);
    const amqp_basic_properties_t properties = {._flags = AMQP_BASIC_DELIVERY_MODE_FLAG,
                                                .delivery_mode = 2};
    assert_in_range(size, 32, sizeof body);
    memset(body, ' ', sizeof body);
    for (uint32_t i = 0; i < count; i++) {
        const int written = snprintf(body, sizeof body, "{\"n\":%u}", i);
        body[written] = ' ';
        send_one(corner, "", queue.text, &properties, (struct span){body, size});
        if ((i + 1) % UNCONFIRMED_MAX == 0 || i + 1 == count) {
            const uint64_t sent = i % UNCONFIRMED_MAX + 1;
            await_confirms(corner, corner->published - sent + 1, corner->published);
        }
    }
}

struct address corner_queue(struct corner *corner, const char *what, int32_t limit)
{
    char name[ADDRESS_MAX];
    (void)snprintf(name, sizeof name, "sub.%s", what);
    const struct address queue = address_of(corner->namespace, name);
    amqp_table_entry_t arguments[] = {
        {.key = amqp_cstring_bytes("x-max-length"),
         .value = {.kind = AMQP_FIELD_KIND_I32, .value.i32 = limit}},
        {.key = amqp_cstring_bytes("x-overflow"),
         .value = {.kind = AMQP_FIELD_KIND_UTF8,
                   .value.bytes = amqp_cstring_bytes("reject-publish")}},
    };
    amqp_queue_declare(corner->rabbit.connection, CHANNEL_LOOK, amqp_cstring_bytes(queue.text), 0,
                       0, 1, 0, (amqp_table_t){limit == 0 ? 0 : 2, arguments});
    expect(corner, amqp_get_rpc_reply(corner->rabbit.connection), CHANNEL_LOOK);
    return queue;
}

void corner_bind(struct corner *corner, struct address queue, const char *exchange, const char *key)
{
    const struct address source = address_of(corner->namespace, exchange);
    amqp_queue_bind(corner->rabbit.connection, CHANNEL_LOOK, amqp_cstring_bytes(queue.text),
                    amqp_cstring_bytes(source.text), amqp_cstring_bytes(key), amqp_empty_table);
    expect(corner, amqp_get_rpc_reply(corner->rabbit.connection), CHANNEL_LOOK);
}

uint32_t corner_count(struct corner *corner, const char *queue)
{
    const amqp_queue_declare_ok_t *found =
        amqp_queue_declare(corner->rabbit.connection, CHANNEL_LOOK, amqp_cstring_bytes(queue), 1, 0,
                           0, 0, amqp_empty_table);
    expect(corner, amqp_get_rpc_reply(corner->rabbit.connection), CHANNEL_LOOK);
    return found->message_count;
}

void corner_await_count(struct corner *corner, const char *queue, uint32_t count)
{
    for (int waited = 0; corner_count(corner, queue) != count; waited += LOOK_MS) {
        if (waited > PATIENCE_MS) {
            fail_msg("%u messages in %s, not %u", corner_count(corner, queue), queue, count);
        }
        (void)poll(NULL, 0, LOOK_MS); /* between two looks */
    }
}

static const amqp_field_value_t *header(const amqp_basic_properties_t *properties, const char *name)
{
    for (int i = 0; i < properties->headers.num_entries; i++) {
        const amqp_table_entry_t *entry = &properties->headers.entries[i];
        if (entry->key.len == strlen(name) && memcmp(entry->key.bytes, name, entry->key.len) == 0) {
            return &entry->value;
        }
    }
    return NULL;
}

static void copy(char *target, size_t capacity, amqp_bytes_t source)
{
    const size_t size = source.len < capacity - 1 ? source.len : capacity - 1;
    memcpy(target, source.bytes, size);
    target[size] = '\0';
}

static void read_headers(const amqp_basic_properties_t *properties, struct got *got)
{
    const amqp_field_value_t *reason = header(properties, "till-reason");
    const amqp_field_value_t *text = header(properties, "till-error");
    const amqp_field_value_t *size = header(properties, "till-size");
    const amqp_field_value_t *repeat = header(properties, "till-repeat");
    got->repeat = repeat != NULL && repeat->value.boolean;
    got->till_size = size == NULL ? 0 : size->value.i64;
    if (reason != NULL) {
        copy(got->reason, sizeof got->reason, reason->value.bytes);
    }
    if (text != NULL) {
        copy(got->error_text, sizeof got->error_text, text->value.bytes);
    }
}

bool corner_get(struct corner *corner, const char *queue, struct got *got)
{
    amqp_connection_state_t connection = corner->rabbit.connection;
    const amqp_rpc_reply_t reply =
        amqp_basic_get(connection, CHANNEL_LOOK, amqp_cstring_bytes(queue), 1);
    expect(corner, reply, CHANNEL_LOOK);
    if (reply.reply.id == AMQP_BASIC_GET_EMPTY_METHOD) {
        return false;
    }
    amqp_message_t message;
    expect(corner, amqp_read_message(connection, CHANNEL_LOOK, &message, 0), CHANNEL_LOOK);
    *got = (struct got){.size = message.body.len};
    copy(got->body, sizeof got->body, message.body);
    if ((message.properties._flags & AMQP_BASIC_MESSAGE_ID_FLAG) != 0) {
        copy(got->message_id, sizeof got->message_id, message.properties.message_id);
    }
    if ((message.properties._flags & AMQP_BASIC_HEADERS_FLAG) != 0) {
        read_headers(&message.properties, got);
    }
    amqp_destroy_message(&message);
    amqp_maybe_release_buffers(connection);
    return true;
}

void corner_delete_queue(struct corner *corner, const char *queue)
{
    amqp_queue_delete(corner->rabbit.connection, CHANNEL_LOOK, amqp_cstring_bytes(queue), 0, 0);
    expect(corner, amqp_get_rpc_reply(corner->rabbit.connection), CHANNEL_LOOK);
}
