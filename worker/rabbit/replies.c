/* SPDX-License-Identifier: Apache-2.0
 *
 * A ring of frames that are written already, and the thread that sends them. */
#include "worker/rabbit/replies.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <unistd.h>

#include "common/connect/log.h"
#include "common/contract/address.h"
#include "worker/rabbit/channel.h"
#include "worker/rabbit/envelope.h"

#define CHANNEL_REPLIES  1u
#define FRAME_SMALLEST   4096u /* what any broker takes: the connection may not be there yet */
#define SUSPECT_MS       2000  /* longer the others do not wait for one name's confirm */
#define CONFIRM_MS       10000 /* without any confirm, though one is owed */
#define LEAVE_MS         1000
#define RETRY_MS_MIN     50
#define RETRY_MS_MAX     5000
#define WARN_INTERVAL_MS 60000

/* Stands in front of each entry's frames. */
struct queued {
    uint64_t name; /* the hash of it, never 0 */
    uint32_t size; /* of the frames; 0: nothing more up to the end of the ring */
};

static size_t padded(size_t size)
{
    const size_t unit = sizeof(struct queued);
    return (size + unit - 1) / unit * unit;
}

static void count_up(_Atomic uint64_t *counter)
{
    (void)atomic_fetch_add_explicit(counter, 1, memory_order_relaxed); /* what it was before */
}

/* With a key, or strangers could make a bad name that falls together with a good one. */
static uint64_t hash_of(const struct replies *replies, struct span name)
{
    const uint64_t hash = hash_bytes(replies->key, name.bytes, name.size);
    return hash == 0 ? 1 : hash;
}

/* A place for so many bytes in one piece; NULL: the ring is full. One byte at least stays free, or
 * a full ring would look empty. */
static char *ring_reserve(struct replies *replies, size_t size)
{
    if (replies->head >= replies->tail) {
        if (size < REPLIES_RING_SIZE - replies->head) {
            return replies->ring + replies->head;
        }
        if (size >= replies->tail) {
            return NULL;
        }
        const struct queued rest = {0};
        memcpy(replies->ring + replies->head, &rest, sizeof rest);
        replies->head = 0;
    }
    return size < replies->tail - replies->head ? replies->ring + replies->head : NULL;
}

static void write_entry(struct replies *replies, const struct message *message)
{
    const struct envelope envelope = {
        .channel = CHANNEL_REPLIES, .frame_max = FRAME_SMALLEST, .exchange = SPAN_OF("")};
    const size_t room = envelope_size(&envelope, message);
    if (replies->head == replies->tail) {
        replies->head = replies->tail = 0;
    }
    char *place = ring_reserve(replies, sizeof(struct queued) + padded(room));
    if (place == NULL) {
        count_up(&replies->dropped);
        return;
    }
    struct frames frames = {.bytes = place + sizeof(struct queued), .capacity = room};
    envelope_write(&envelope, message, &frames);
    const struct queued entry = {hash_of(replies, message->routing_key), (uint32_t)frames.size};
    memcpy(place, &entry, sizeof entry);
    replies->head += sizeof entry + padded(frames.size);
}

static void wake(struct replies *replies)
{
    const uint64_t one = 1;
    const ssize_t written = write(replies->wake, &one, sizeof one);
    (void)written; /* fails only when it is set already, many times over */
}

void replies_offer(struct replies *replies, const struct message *message)
{
    if (!address_takes_replies(replies->namespace, message->routing_key)) {
        return;
    }
    (void)pthread_mutex_lock(&replies->mutex); /* cannot fail: an ordinary mutex, not held here */
    const bool sleeping = replies->head == replies->tail;
    write_entry(replies, message);
    (void)pthread_mutex_unlock(&replies->mutex);
    if (sleeping) {
        wake(replies);
    }
}

static uint64_t *place_of(struct replies *replies, uint64_t name)
{
    return &replies->names[name % REPLY_NAMES_MAX];
}

static void begin(struct replies *replies)
{
    struct frames *output = wire_output(&replies->wire, CHANNEL_REQUEST_SIZE);
    ENSURE(output != NULL); /* a new connection */
    channel_open(CHANNEL_REPLIES, output);
    channel_select_confirms(CHANNEL_REPLIES, output);
    confirms_reset(&replies->confirms);
    replies->suspect = 0;
    replies->progress_ms = wire_now_ms();
}

/* Moves one entry to the output; the mutex is held. False: not now. */
static bool move_entry(struct replies *replies)
{
    struct queued entry = {0};
    if (replies->head == replies->tail) {
        return false;
    }
    memcpy(&entry, replies->ring + replies->tail, sizeof entry);
    if (entry.size == 0) {
        replies->tail = 0;
        return replies->head != 0;
    }
    const bool suspect = *place_of(replies, entry.name) != entry.name;
    struct frames *output = wire_output(&replies->wire, entry.size);
    if (output == NULL || replies->suspect != 0 || confirms_full(&replies->confirms) ||
        (suspect && replies->confirms.waiting > 0)) {
        return false;
    }
    if (!confirms_owed(&replies->confirms)) {
        replies->progress_ms = wire_now_ms();
    }
    frames_bytes(output, (struct span){replies->ring + replies->tail + sizeof entry, entry.size});
    confirms_sent(&replies->confirms, 0, 1);
    count_up(&replies->sent);
    replies->tail += sizeof entry + padded(entry.size);
    if (suspect) {
        replies->suspect = entry.name;
        replies->suspect_ms = wire_now_ms();
    }
    return true;
}

/* Whether the ring is empty now. */
static bool move_entries(struct replies *replies)
{
    (void)pthread_mutex_lock(&replies->mutex); /* cannot fail: an ordinary mutex, not held here */
    while (!replies->wire.rabbit.blocked && move_entry(replies)) {
    }
    const bool empty = replies->head == replies->tail;
    (void)pthread_mutex_unlock(&replies->mutex);
    return empty;
}

static bool take_confirm(struct replies *replies, struct fields fields, struct error *error)
{
    const uint64_t number = fields_long_long(&fields);
    const bool multiple = (fields_octet(&fields) & 1) != 0;
    if (!confirms_settle(&replies->confirms, number, multiple, true, error)) {
        return false;
    }
    replies->failures = 0;
    replies->progress_ms = wire_now_ms();
    if (replies->suspect != 0 && replies->confirms.waiting == 0) {
        *place_of(replies, replies->suspect) = replies->suspect;
        replies->suspect = 0;
    }
    return true;
}

static bool take_frame(struct replies *replies, const struct frame *frame, struct error *error)
{
    switch (frame->method) {
    case METHOD_BASIC_ACK:
    case METHOD_BASIC_NACK: /* a queue that is full: the customer's own */
        return take_confirm(replies, frame->fields, error);
    case METHOD_CHANNEL_CLOSE:
        return channel_refused(&replies->wire, frame, error);
    default:
        return true;
    }
}

static bool take_frames(struct replies *replies, struct error *error)
{
    for (;;) {
        struct frame frame;
        const enum port_answer next = wire_next(&replies->wire, &frame, error);
        if (next != PORT_DONE) {
            return next == PORT_WAIT;
        }
        if (!take_frame(replies, &frame, error)) {
            return false;
        }
    }
}

/* What was under way is lost; what is in the ring waits for the next connection. */
static void lose(struct replies *replies, const struct error *error)
{
    const int64_t now = wire_now_ms();
    const uint32_t doublings = replies->failures < 7 ? replies->failures : 7;
    const int64_t pause = (int64_t)RETRY_MS_MIN << doublings;
    replies->retry_ms = now + (pause < RETRY_MS_MAX ? pause : RETRY_MS_MAX);
    replies->failures++;
    wire_drop(&replies->wire);
    if (replies->warned_ms == 0 || now - replies->warned_ms >= WARN_INTERVAL_MS) {
        replies->warned_ms = now;
        log_write(LOG_LEVEL_WARN, "replies: %s", error->text);
    }
}

/* Whoever asked hears nothing of it, so the operator does. */
static void tell_dropped(struct replies *replies)
{
    const uint64_t dropped = atomic_load_explicit(&replies->dropped, memory_order_relaxed);
    const int64_t now = wire_now_ms();
    if (dropped == replies->told ||
        (replies->told_ms != 0 && now - replies->told_ms < WARN_INTERVAL_MS)) {
        return;
    }
    log_write(LOG_LEVEL_WARN,
              "replies: %" PRIu64
              " did not fit and were dropped; their jobs are decided -> Whoever "
              "heard nothing sends the same job again, or asks: till show ID",
              dropped - replies->told);
    replies->told = dropped;
    replies->told_ms = now;
}

static void connect_wire(struct replies *replies)
{
    struct error error = {0};
    if (wire_connect(&replies->wire, replies->url, replies->name, &error)) {
        begin(replies);
    } else {
        lose(replies, &error);
    }
}

/* A confirm that never comes is in the way of whoever is suspect, and in the end of all. */
static bool check_progress(struct replies *replies, struct error *error)
{
    const int64_t now = wire_now_ms();
    if (replies->wire.rabbit.blocked || !confirms_owed(&replies->confirms)) {
        replies->progress_ms = now;
    }
    return now - replies->progress_ms < replies->confirm_timeout_ms ||
           error_set(error, ERROR_RETRY, "broker %s: no confirm of a reply within %u ms",
                     replies->wire.rabbit.address, (unsigned)replies->confirm_timeout_ms);
}

/* One turn on an open connection. Returns whether all replies are sent and confirmed. */
static bool turn(struct replies *replies)
{
    struct error error = {0};
    struct wire *wire = &replies->wire;
    if (!wire_turn(wire, &error) || !take_frames(replies, &error) ||
        !check_progress(replies, &error)) {
        lose(replies, &error);
        return false;
    }
    if (replies->suspect != 0 && wire_now_ms() - replies->suspect_ms >= SUSPECT_MS) {
        confirms_forget(&replies->confirms);
        replies->suspect = 0;
    }
    const bool empty = move_entries(replies);
    return wire_flush(wire) && empty && replies->confirms.waiting == 0;
}

/* Until when to wait, at most. */
static int64_t deadline_of(const struct replies *replies, bool idle)
{
    if (!wire_connected(&replies->wire)) {
        return idle ? INT64_MAX : replies->retry_ms;
    }
    const int64_t suspect_ms = replies->suspect_ms + SUSPECT_MS;
    const int64_t late_ms = replies->progress_ms + replies->confirm_timeout_ms;
    int64_t deadline = wire_deadline(&replies->wire);
    if (replies->suspect != 0 && suspect_ms < deadline) {
        deadline = suspect_ms;
    }
    if (confirms_owed(&replies->confirms) && !replies->wire.rabbit.blocked && late_ms < deadline) {
        deadline = late_ms;
    }
    return deadline;
}

static void wait_for_work(struct replies *replies, int64_t deadline)
{
    uint64_t count = 0;
    const int64_t now = wire_now_ms();
    const int64_t left = deadline - now;
    struct pollfd files[] = {
        {.fd = replies->wake, .events = POLLIN},
        wire_interest(&replies->wire),
    };
    const int timeout = left <= 0 ? 0 : left > LEAVE_MS * 60 ? LEAVE_MS * 60 : (int)left;
    (void)poll(files, 2, timeout); /* whatever it says, all is looked at next */
    if (files[0].revents != 0) {
        const ssize_t got = read(replies->wake, &count, sizeof count);
        (void)got; /* the count does not matter */
    }
}

static bool stopping(struct replies *replies, bool *empty)
{
    (void)pthread_mutex_lock(&replies->mutex); /* cannot fail: an ordinary mutex, not held here */
    const bool stop = replies->stop;
    *empty = replies->head == replies->tail;
    (void)pthread_mutex_unlock(&replies->mutex);
    return stop;
}

static void *work(void *self)
{
    struct replies *replies = self;
    int64_t leave_ms = INT64_MAX;
    for (;;) {
        bool idle = true; /* nothing to send, nothing to be confirmed */
        const bool stop = stopping(replies, &idle);
        const int64_t now = wire_now_ms();
        leave_ms = stop && leave_ms == INT64_MAX ? now + LEAVE_MS : leave_ms;
        if (!wire_connected(&replies->wire) && !idle && now >= replies->retry_ms) {
            connect_wire(replies);
        }
        if (wire_connected(&replies->wire)) {
            idle = turn(replies);
        }
        tell_dropped(replies);
        if (stop && (idle || now >= leave_ms)) {
            wire_close(&replies->wire);
            return NULL;
        }
        const int64_t deadline = deadline_of(replies, idle);
        wait_for_work(replies, deadline < leave_ms ? deadline : leave_ms);
    }
}

bool replies_open(struct replies *replies, const struct amqp_url *url, const char *namespace,
                  struct error *error)
{
    const size_t input_size = url->frame_max;
    *replies = (struct replies){
        .url = url, .namespace = namespace, .wake = -1, .confirm_timeout_ms = CONFIRM_MS};
    (void)snprintf(replies->name, sizeof replies->name, "%s replies", namespace);
    ENSURE(getrandom(&replies->key, sizeof replies->key, 0) ==
           sizeof replies->key); /* so few come */
    confirms_reset(&replies->confirms);
    replies->memory = malloc(input_size + PUBLISHER_OUTPUT_SIZE + REPLIES_RING_SIZE);
    if (replies->memory == NULL) {
        return error_set(error, ERROR_FATAL, "no memory for replies");
    }
    wire_init(&replies->wire, replies->memory, input_size, replies->memory + input_size,
              PUBLISHER_OUTPUT_SIZE);
    replies->ring = replies->memory + input_size + PUBLISHER_OUTPUT_SIZE;
    replies->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (replies->wake == -1) {
        free(replies->memory);
        return error_set(error, ERROR_FATAL, "eventfd: %m");
    }
    (void)pthread_mutex_init(&replies->mutex, NULL); /* cannot fail with these attributes */
    const int number = pthread_create(&replies->thread, NULL, work, replies);
    if (number != 0) {
        (void)close(replies->wake); /* nothing to be done about it */
        free(replies->memory);
        errno = number;
        return error_set(error, ERROR_FATAL, "thread for replies: %m");
    }
    return true;
}

void replies_close(struct replies *replies)
{
    (void)pthread_mutex_lock(&replies->mutex); /* cannot fail: an ordinary mutex, not held here */
    replies->stop = true;
    (void)pthread_mutex_unlock(&replies->mutex);
    wake(replies);
    (void)pthread_join(replies->thread, NULL); /* cannot fail: our own, joined once */
    (void)pthread_mutex_destroy(&replies->mutex);
    (void)close(replies->wake); /* nothing to be done about it */
    free(replies->memory);
}
