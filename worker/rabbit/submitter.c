/* SPDX-License-Identifier: Apache-2.0
 *
 * A front end's side of the contract: confirms, returns and direct replies on one channel. */
#include "worker/rabbit/submitter.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#include <amqp.h>
#include <amqp_framing.h>

#include "common/contract/names.h"

#define CHANNEL_SUBMIT 1u

#define CONFIRM_TIMEOUT_MS 20000 /* without any confirm */

#define DIRECT_REPLY_TO "amq.rabbitmq.reply-to"

static const char again[] =
    "Nothing is lost and nothing happens twice if the same jobs are sent again: their ids see to "
    "that.";

/* Behind what is already advised: whoever lost a connection must know both. Returns false. */
static bool advise_again(struct error *error)
{
    char first[ERROR_REMEDY_MAX];
    memcpy(first, error->remedy, sizeof first);
    error->remedy[0] = '\0';
    return error_advise(error, "%s%s%s", first, first[0] == '\0' ? "" : " ", again);
}

static int64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* this clock is always there */
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static struct submission *submission_at(struct submitter *submitter, uint64_t number)
{
    ENSURE(number >= submitter->first && number < submitter->next);
    return &submitter->window[number % SUBMITTER_WINDOW];
}

static struct span id_of(const struct submission *submission)
{
    return (struct span){submission->id, submission->id_size};
}

/* What is done makes room. */
static void advance(struct submitter *submitter)
{
    while (submitter->first < submitter->next) {
        const struct submission *oldest = submission_at(submitter, submitter->first);
        if (!oldest->confirmed || !oldest->decided) {
            return;
        }
        submitter->first++;
    }
}

static bool prepare_channel(struct submitter *submitter, struct error *error)
{
    struct rabbit *rabbit = &submitter->rabbit;
    if (!rabbit_channel_open(rabbit, CHANNEL_SUBMIT, error)) {
        return false;
    }
    (void)amqp_confirm_select(rabbit->connection, CHANNEL_SUBMIT); /* asked below */
    if (!rabbit_reply(rabbit, CHANNEL_SUBMIT, amqp_get_rpc_reply(rabbit->connection),
                      "ask for confirms", error)) {
        return false;
    }
    if (submitter->wait_ms == 0) {
        return true;
    }
    (void)amqp_basic_consume(rabbit->connection, CHANNEL_SUBMIT,
                             amqp_cstring_bytes(DIRECT_REPLY_TO), amqp_empty_bytes, 0, 1, 0,
                             amqp_empty_table); /* asked below */
    return rabbit_reply(rabbit, CHANNEL_SUBMIT, amqp_get_rpc_reply(rabbit->connection),
                        "ask for replies", error);
}

bool submitter_open(struct submitter *submitter, const struct amqp_url *url, const char *namespace,
                    int64_t wait_ms, const struct submitter_sink *sink, struct error *error)
{
    *submitter = (struct submitter){
        .jobs = address_of(namespace, "jobs"),
        .stock = address_of(namespace, "stock"),
        .sink = *sink,
        .wait_ms = wait_ms,
        .first = 1,
        .next = 1,
    };
    if (!rabbit_open(&submitter->rabbit, url, "till submit", error)) {
        return false;
    }
    if (!prepare_channel(submitter, error)) {
        submitter_close(submitter);
        return false;
    }
    return true;
}

void submitter_close(struct submitter *submitter)
{
    rabbit_close(&submitter->rabbit);
}

bool submitter_full(const struct submitter *submitter)
{
    return submitter->next - submitter->first >= SUBMITTER_WINDOW;
}

uint64_t submitter_pending(const struct submitter *submitter)
{
    return submitter->next - submitter->first;
}

int submitter_file(const struct submitter *submitter)
{
    return amqp_get_sockfd(submitter->rabbit.connection);
}

static amqp_bytes_t bytes_of(struct span span)
{
    /* librabbitmq does not write to what it sends. */
    union {
        const char *bytes;
        void *memory;
    } what = {.bytes = span.bytes};
    return (amqp_bytes_t){.len = span.size, .bytes = what.memory};
}

bool submitter_send(struct submitter *submitter, const struct job *job, struct span body,
                    uint32_t slot, struct error *error)
{
    char key[sizeof "4294967295"];
    const struct address *exchange =
        kind_is_stock(job->kind) ? &submitter->stock : &submitter->jobs;
    ENSURE(!submitter_full(submitter));
    ENSURE(job->id.size <= JOB_EXPIRE_ID_MAX);
    (void)snprintf(key, sizeof key, "%" PRIu32, slot);
    amqp_basic_properties_t properties = {
        ._flags = AMQP_BASIC_CONTENT_TYPE_FLAG | AMQP_BASIC_DELIVERY_MODE_FLAG |
                  AMQP_BASIC_MESSAGE_ID_FLAG,
        .content_type = amqp_cstring_bytes("application/json"),
        .delivery_mode = 2,
        .message_id = bytes_of(job->id),
    };
    if (submitter->wait_ms != 0) {
        properties._flags |= AMQP_BASIC_REPLY_TO_FLAG;
        properties.reply_to = amqp_cstring_bytes(DIRECT_REPLY_TO);
    }
    const int status = amqp_basic_publish(
        submitter->rabbit.connection, CHANNEL_SUBMIT, amqp_cstring_bytes(exchange->text),
        amqp_cstring_bytes(key), 1, 0, &properties, bytes_of(body));
    if (!rabbit_status(&submitter->rabbit, status, "publish a job", error)) {
        return advise_again(error);
    }
    const uint64_t number = submitter->next++;
    struct submission *submission = submission_at(submitter, number);
    *submission = (struct submission){
        .decided = submitter->wait_ms == 0, .sent_ms = now_ms(), .id_size = job->id.size};
    memcpy(submission->id, job->id.bytes, job->id.size);
    if (submitter->unconfirmed++ == 0) {
        submitter->progress_ms = submission->sent_ms;
    }
    return true;
}

/* A job that came back is confirmed too: the broker has dealt with it, by not keeping it. */
static bool confirm_one(struct submitter *submitter, uint64_t number, struct error *error)
{
    struct submission *submission = submission_at(submitter, number);
    if (submission->confirmed) {
        return true;
    }
    if (submission->returned) {
        error_set(error, ERROR_CONFIG, "broker %s: no lane takes job \"%.*s\"",
                  submitter->rabbit.address, SPAN_ARGUMENTS(id_of(submission)));
        return error_advise(error, "Set up the lanes (till setup), then send it again.");
    }
    submission->confirmed = true;
    submitter->unconfirmed--;
    submitter->progress_ms = now_ms();
    submitter->sink.accepted(submitter->sink.self, id_of(submission));
    return true;
}

static bool confirm(struct submitter *submitter, uint64_t number, bool multiple,
                    struct error *error)
{
    if (number < submitter->first || number >= submitter->next) {
        return multiple && number < submitter->first
                   ? true
                   : error_set(error, ERROR_RETRY, "broker %s: it confirms what was not sent",
                               submitter->rabbit.address);
    }
    for (uint64_t i = multiple ? submitter->first : number; i <= number; i++) {
        if (!confirm_one(submitter, i, error)) {
            return false;
        }
    }
    advance(submitter);
    return true;
}

static bool refuse(struct submitter *submitter, uint64_t number, struct error *error)
{
    const bool known = number >= submitter->first && number < submitter->next;
    const struct span id = known ? id_of(submission_at(submitter, number)) : SPAN_OF("?");
    error_set(error, ERROR_RETRY, "broker %s: it does not take job \"%.*s\"",
              submitter->rabbit.address, SPAN_ARGUMENTS(id));
    return error_advise(error, "Its queue may be full or without a leader: till doctor. %s", again);
}

/* The oldest that still waits under this id. NULL: none does. */
static struct submission *waiting(struct submitter *submitter, struct span id)
{
    for (uint64_t i = submitter->first; i < submitter->next; i++) {
        struct submission *submission = submission_at(submitter, i);
        if (!submission->decided && span_equal(id_of(submission), id)) {
            return submission;
        }
    }
    return NULL;
}

static void finish_content(struct submitter *submitter)
{
    const struct span id = {submitter->id, submitter->id_size};
    if (submitter->content == CONTENT_REPLY) {
        struct submission *submission = waiting(submitter, id);
        if (submission != NULL) {
            submission->decided = true;
            submitter->sink.decided(submitter->sink.self, id_of(submission),
                                    (struct span){submitter->body, submitter->body_size});
            advance(submitter);
        }
    } else {
        for (uint64_t i = submitter->first; i < submitter->next; i++) {
            struct submission *submission = submission_at(submitter, i);
            submission->returned |= !submission->confirmed && span_equal(id_of(submission), id);
        }
    }
    submitter->content = CONTENT_NONE;
}

/* A reply is known by its correlation_id, what came back by its message_id: both are the job's id.
 */
static void take_header(struct submitter *submitter, const amqp_frame_t *frame)
{
    const amqp_basic_properties_t *properties = frame->payload.properties.decoded;
    const bool reply = submitter->content == CONTENT_REPLY;
    const amqp_flags_t wanted = reply ? AMQP_BASIC_CORRELATION_ID_FLAG : AMQP_BASIC_MESSAGE_ID_FLAG;
    const amqp_bytes_t id = reply ? properties->correlation_id : properties->message_id;
    submitter->id_size = 0;
    if ((properties->_flags & wanted) != 0 && id.len <= sizeof submitter->id) {
        memcpy(submitter->id, id.bytes, id.len);
        submitter->id_size = (uint32_t)id.len;
    }
    submitter->body_size = 0;
    submitter->body_left = frame->payload.properties.body_size;
    submitter->has_header = true;
    if (submitter->body_left == 0) {
        finish_content(submitter);
    }
}

/* A body that is too large for an event is none; what is kept of it no reader will take. */
static void take_body(struct submitter *submitter, amqp_bytes_t part)
{
    const size_t room = sizeof submitter->body - submitter->body_size;
    const size_t kept = part.len < room ? part.len : room;
    memcpy(submitter->body + submitter->body_size, part.bytes, kept);
    submitter->body_size += (uint32_t)kept;
    submitter->body_left -= part.len < submitter->body_left ? part.len : submitter->body_left;
    if (submitter->body_left == 0) {
        finish_content(submitter);
    }
}

static bool take_method(struct submitter *submitter, const amqp_method_t *method, uint16_t channel,
                        struct error *error)
{
    switch (method->id) {
    case AMQP_BASIC_ACK_METHOD: {
        const amqp_basic_ack_t *ack = method->decoded;
        return confirm(submitter, ack->delivery_tag, ack->multiple != 0, error);
    }
    case AMQP_BASIC_NACK_METHOD: {
        const amqp_basic_nack_t *nack = method->decoded;
        return refuse(submitter, nack->delivery_tag, error);
    }
    case AMQP_BASIC_DELIVER_METHOD:
        submitter->content = CONTENT_REPLY;
        submitter->has_header = false;
        return true;
    case AMQP_BASIC_RETURN_METHOD:
        submitter->content = CONTENT_RETURN;
        submitter->has_header = false;
        return true;
    default: {
        const amqp_rpc_reply_t reply = {.reply_type = AMQP_RESPONSE_SERVER_EXCEPTION,
                                        .reply = *method};
        return rabbit_reply(&submitter->rabbit, channel, reply, "publish jobs", error);
    }
    }
}

static bool take_frame(struct submitter *submitter, const amqp_frame_t *frame, struct error *error)
{
    if (rabbit_notice(&submitter->rabbit, frame)) {
        submitter->progress_ms = now_ms();
        return true;
    }
    switch (frame->frame_type) {
    case AMQP_FRAME_METHOD:
        return take_method(submitter, &frame->payload.method, frame->channel, error);
    case AMQP_FRAME_HEADER:
        if (submitter->content != CONTENT_NONE && !submitter->has_header) {
            take_header(submitter, frame);
        }
        return true;
    case AMQP_FRAME_BODY:
        if (submitter->content != CONTENT_NONE && submitter->has_header) {
            take_body(submitter, frame->payload.body_fragment);
        }
        return true;
    default:
        return true;
    }
}

/* Gives up what has waited too long for its decision, and the whole if nothing is confirmed. */
static bool watch_time(struct submitter *submitter, struct error *error)
{
    const int64_t now = now_ms();
    for (uint64_t i = submitter->first; submitter->wait_ms != 0 && i < submitter->next; i++) {
        struct submission *submission = submission_at(submitter, i);
        if (now - submission->sent_ms < submitter->wait_ms) {
            break; /* those behind were sent later */
        }
        if (submission->confirmed && !submission->decided) {
            submission->decided = true;
            submitter->sink.undecided(submitter->sink.self, id_of(submission));
        }
    }
    advance(submitter);
    if (submitter->unconfirmed == 0 || now - submitter->progress_ms < CONFIRM_TIMEOUT_MS) {
        return true;
    }
    error_set(error, ERROR_RETRY, "broker %s: it has not confirmed %" PRIu32 " jobs within %d s%s",
              submitter->rabbit.address, submitter->unconfirmed, CONFIRM_TIMEOUT_MS / 1000,
              submitter->rabbit.blocked ? ": it is short of memory or disk" : "");
    return advise_again(error);
}

bool submitter_turn(struct submitter *submitter, int timeout_ms, struct error *error)
{
    struct timeval wait = {.tv_sec = timeout_ms / 1000,
                           .tv_usec = (suseconds_t)(timeout_ms % 1000) * 1000};
    for (;;) {
        amqp_frame_t frame;
        amqp_maybe_release_buffers(submitter->rabbit.connection);
        const int status =
            amqp_simple_wait_frame_noblock(submitter->rabbit.connection, &frame, &wait);
        if (status == AMQP_STATUS_TIMEOUT) {
            return watch_time(submitter, error);
        }
        if (!rabbit_status(&submitter->rabbit, status, "publish jobs", error) ||
            !take_frame(submitter, &frame, error)) {
            return submitter->unconfirmed == 0 ? false : advise_again(error);
        }
        wait = (struct timeval){0};
    }
}
