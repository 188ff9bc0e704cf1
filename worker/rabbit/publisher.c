/* SPDX-License-Identifier: Apache-2.0
 *
 * Messages into frames, and the broker's answers to them. */
#include "worker/rabbit/publisher.h"

#include <time.h>

#include <stdatomic.h>

#include "worker/rabbit/channel.h"

#define CHANNEL_PUBLISH 1u

static struct span text_of(const char *string)
{
    return (struct span){string, (uint32_t)strlen(string)};
}

static void count_up(_Atomic uint64_t *counter, uint64_t number)
{
    (void)atomic_fetch_add_explicit(counter, number, memory_order_relaxed); /* what it was before */
}

void publisher_init(struct publisher *publisher, const char *namespace)
{
    publisher->events = address_of(namespace, "events");
    publisher->dead = address_of(namespace, "dead");
    publisher->jobs = address_of(namespace, "jobs");
    publisher->stock = address_of(namespace, "stock");
    publisher->confirm_timeout_ms = CONFIRM_TIMEOUT_MS;
    publisher->refused_patience_ms = REFUSED_PATIENCE_MS;
    publisher->refused_since_ms = publisher->refused_last_ms = 0;
    atomic_init(&publisher->unheard, 0);
    atomic_init(&publisher->refused, 0);
    atomic_init(&publisher->published, 0);
    confirms_reset(&publisher->confirms);
    publisher_forget(publisher);
}

void publisher_begin(struct publisher *publisher)
{
    struct frames *output = wire_output(&publisher->wire, CHANNEL_REQUEST_SIZE);
    ENSURE(output != NULL); /* a new connection */
    channel_open(CHANNEL_PUBLISH, output);
    channel_select_confirms(CHANNEL_PUBLISH, output);
    confirms_reset(&publisher->confirms);
    publisher->begun_ms = wire_now_ms();
}

void publisher_forget(struct publisher *publisher)
{
    publisher->under_way = publisher->up_to_date = false;
    publisher->messages = NULL;
    publisher->count = publisher->next = 0;
    publisher->dead_unroutable = false;
    publisher->job_unroutable = false;
    publisher->give_up_ms = 0;
    confirms_forget(&publisher->confirms);
}

/* Comes before its confirm. Which message it is does not matter: an event is only counted, and a
 * dead letter or a job is published again with all the rest. */
static void note_return(struct publisher *publisher, struct fields fields)
{
    (void)fields_short(&fields);
    (void)fields_short_text(&fields);
    const struct span exchange = fields_short_text(&fields);
    if (span_equal(exchange, text_of(publisher->dead.text))) {
        publisher->dead_unroutable = true;
    } else if (span_equal(exchange, text_of(publisher->events.text))) {
        count_up(&publisher->unheard, 1);
    } else {
        publisher->job_unroutable = true;
    }
}

static bool note_confirm(struct publisher *publisher, struct fields fields, bool taken,
                         struct error *error)
{
    const uint64_t number = fields_long_long(&fields);
    const bool multiple = (fields_octet(&fields) & 1) != 0;
    publisher->progress_ms = wire_now_ms();
    if (confirms_settle(&publisher->confirms, number, multiple, taken, error)) {
        return true;
    }
    publisher->wire.rabbit.broken = true;
    return false;
}

/* Contents are those of returned messages, and not looked at. */
static bool take_frame(struct publisher *publisher, const struct frame *frame, struct error *error)
{
    if (frame->channel != CHANNEL_PUBLISH) {
        return true;
    }
    switch (frame->method) {
    case METHOD_BASIC_ACK:
        return note_confirm(publisher, frame->fields, true, error);
    case METHOD_BASIC_NACK:
        return note_confirm(publisher, frame->fields, false, error);
    case METHOD_BASIC_RETURN:
        note_return(publisher, frame->fields);
        return true;
    case METHOD_CHANNEL_CLOSE:
        (void)channel_refused(&publisher->wire, frame, error); /* false, as all that set an error */
        publisher->wire.rabbit.broken = true;                  /* the next publish connects anew */
        return false;
    default:
        return true;
    }
}

static bool take_frames(struct publisher *publisher, struct error *error)
{
    for (;;) {
        struct frame frame;
        const enum port_answer next = wire_next(&publisher->wire, &frame, error);
        if (next != PORT_DONE) {
            return next == PORT_WAIT;
        }
        if (!take_frame(publisher, &frame, error)) {
            return false;
        }
    }
}

static const struct address *exchange_of(const struct publisher *publisher,
                                         const struct message *message)
{
    switch (message->target) {
    case MESSAGE_DEAD:
        return &publisher->dead;
    case MESSAGE_JOB:
        return &publisher->jobs;
    case MESSAGE_STOCK_JOB:
        return &publisher->stock;
    case MESSAGE_EVENT:
    case MESSAGE_REPLY: /* goes another way */
        break;
    }
    return &publisher->events;
}

static struct envelope envelope_of(const struct publisher *publisher, const struct message *message)
{
    return (struct envelope){
        .channel = CHANNEL_PUBLISH,
        .frame_max = publisher->wire.rabbit.frame_max,
        .exchange = text_of(exchange_of(publisher, message)->text),
    };
}

/* Room for a message, if need be made by sending. NULL: not now. */
static struct frames *make_room(struct publisher *publisher, const struct message *message)
{
    struct wire *wire = &publisher->wire;
    const struct envelope envelope = envelope_of(publisher, message);
    const size_t size = envelope_size(&envelope, message);
    if (wire->rabbit.blocked) {
        return NULL;
    }
    struct frames *output = wire_output(wire, size);
    if (output == NULL) {
        (void)wire_flush(wire); /* whether it made room, the next line sees */
        output = wire_output(wire, size);
    }
    return output;
}

static instant clock_now(void)
{
    struct timespec now;
    ENSURE(clock_gettime(CLOCK_REALTIME, &now) == 0);
    return now.tv_sec * INSTANT_SECOND + now.tv_nsec / 1000;
}

/* What one queue refused, others may have. The lane has no clock, and of a job that is no job the
 * database was not asked: a dead letter is put aside when it is sent. */
static struct message as_sent(const struct message *message, uint8_t attempt)
{
    struct message sent = *message;
    sent.repeat |= attempt > 1;
    sent.time = message->target == MESSAGE_DEAD ? clock_now() : message->time;
    return sent;
}

static void send_one(struct publisher *publisher, struct frames *output, uint32_t index,
                     uint8_t attempt)
{
    const struct message message = as_sent(&publisher->messages[index], attempt);
    const struct envelope envelope = envelope_of(publisher, &message);
    envelope_write(&envelope, &message, output);
    confirms_sent(&publisher->confirms, index, attempt);
    count_up(&publisher->published, 1);
}

/* A dead letter that was refused is not given up. */
static bool refuse_dead(const struct publisher *publisher, const char *what, struct error *error)
{
    error_set(error, ERROR_RETRY, "exchange \"%s\": %s", publisher->dead.text, what);
    return error_advise(error,
                        "Look at the queue %s and its policies (rabbitmqctl list_queues name "
                        "messages policy), or run till setup.",
                        publisher->dead.text);
}

/* Nor is a job; it must not be sent again behind others, which would then be decided before it. */
static bool refuse_job(const struct publisher *publisher, const char *what, struct error *error)
{
    error_set(error, ERROR_RETRY, "exchanges \"%s\" and \"%s\": %s", publisher->jobs.text,
              publisher->stock.text, what);
    return error_advise(error, "Run till doctor: it says which lanes are missing or cut off.");
}

/* Whether another channel may take what this one refuses. */
static bool is_doubtful(struct publisher *publisher)
{
    const int64_t now = wire_now_ms();
    if (publisher->refused_since_ms == 0 || now - publisher->refused_last_ms > REFUSED_FORGET_MS) {
        publisher->refused_since_ms = now;
    }
    publisher->refused_last_ms = now;
    return now - publisher->refused_since_ms < publisher->refused_patience_ms ||
           now - publisher->begun_ms >= REFUSED_RENEW_MS;
}

static bool refuse_event(const struct publisher *publisher, struct error *error)
{
    error_set(error, ERROR_RETRY, "exchange \"%s\": the broker refuses an event",
              publisher->events.text);
    return error_advise(error, "If it stays so, look for a subscriber's queue that is full or has "
                               "lost its nodes: rabbitmqctl list_queues name messages policy "
                               "state.");
}

static bool refuse(struct publisher *publisher, enum message_target target, struct error *error)
{
    publisher->wire.rabbit.broken = true; /* the next attempt has another channel */
    count_up(&publisher->refused, 1);
    switch (target) {
    case MESSAGE_DEAD:
        return refuse_dead(publisher, "the broker refuses a dead letter", error);
    case MESSAGE_JOB:
    case MESSAGE_STOCK_JOB:
        return refuse_job(publisher, "the broker refuses a job", error);
    case MESSAGE_EVENT:
    case MESSAGE_REPLY: /* goes another way */
        break;
    }
    return refuse_event(publisher, error);
}

static bool is_time_to_give_up(struct publisher *publisher)
{
    const int64_t now = wire_now_ms();
    if (publisher->give_up_ms == 0) {
        publisher->give_up_ms = now + REFUSED_PAUSE_MS;
    }
    return now >= publisher->give_up_ms;
}

/* An event that was refused is sent again, up to a bound. */
static bool send_refused(struct publisher *publisher, struct error *error)
{
    struct confirm refused;
    while (confirms_peek(&publisher->confirms, &refused)) {
        const struct message *message = &publisher->messages[refused.message];
        if (message->target != MESSAGE_EVENT) {
            return refuse(publisher, message->target, error);
        }
        if (is_doubtful(publisher)) {
            return !is_time_to_give_up(publisher) || refuse(publisher, message->target, error);
        }
        publisher->give_up_ms = 0;
        const bool again = refused.attempt < PUBLISH_ATTEMPTS_MAX;
        struct frames *output = again ? make_room(publisher, message) : NULL;
        if (again && (output == NULL || confirms_full(&publisher->confirms))) {
            return true; /* later */
        }
        confirms_drop(&publisher->confirms);
        count_up(again ? &publisher->refused : &publisher->unheard, 1);
        if (again) {
            send_one(publisher, output, refused.message, (uint8_t)(refused.attempt + 1));
        }
    }
    return true;
}

/* Replies go another way. */
static void send_new(struct publisher *publisher)
{
    if (publisher->confirms.refused_count > 0) {
        return;
    }
    for (; publisher->next < publisher->count; publisher->next++) {
        const struct message *message = &publisher->messages[publisher->next];
        if (message->target == MESSAGE_REPLY) {
            continue;
        }
        if (confirms_full(&publisher->confirms)) {
            return;
        }
        struct frames *output = make_room(publisher, message);
        if (output == NULL) {
            return;
        }
        send_one(publisher, output, publisher->next, 1);
    }
}

/* A broker that is blocked is not late, and neither is one that has nothing to confirm. A confirm
 * of what was forgotten counts: one that never comes leaves no room in the end. */
static bool check_progress(struct publisher *publisher, struct error *error)
{
    struct wire *wire = &publisher->wire;
    const int64_t now = wire_now_ms();
    if (wire->rabbit.blocked || !confirms_owed(&publisher->confirms)) {
        publisher->progress_ms = now;
    }
    if (now - publisher->progress_ms < publisher->confirm_timeout_ms) {
        return true;
    }
    wire->rabbit.broken = true;
    error_set(error, ERROR_RETRY, "broker %s: no confirm within %u ms for %u messages",
              wire->rabbit.address, (unsigned)publisher->confirm_timeout_ms,
              (unsigned)(publisher->confirms.next - publisher->confirms.first));
    return error_advise(error,
                        "Check that the queues behind the exchange %s have their leaders: "
                        "rabbitmqctl list_queues name type state.",
                        publisher->events.text);
}

static enum port_answer fail(struct publisher *publisher)
{
    publisher_forget(publisher);
    return PORT_FAILED;
}

/* Whatever can be done now, for both calls of the port. */
static bool advance(struct publisher *publisher, struct error *error)
{
    const bool up_to_date = publisher->up_to_date;
    publisher->up_to_date = false;
    if ((!up_to_date && !take_frames(publisher, error)) || !send_refused(publisher, error)) {
        return false;
    }
    send_new(publisher);
    (void)wire_flush(&publisher->wire); /* or the next time */
    return check_progress(publisher, error);
}

enum port_answer publisher_publish(struct publisher *publisher, const struct message *messages,
                                   uint32_t count, struct error *error)
{
    if (!publisher->under_way) {
        publisher->under_way = true;
        publisher->messages = messages;
        publisher->count = count;
        publisher->progress_ms = wire_now_ms();
    }
    ENSURE(publisher->messages == messages && publisher->count == count);
    if (!advance(publisher, error)) {
        return fail(publisher);
    }
    return publisher->next == count && publisher->wire.output.size == 0 ? PORT_DONE : PORT_WAIT;
}

enum port_answer publisher_confirm(struct publisher *publisher, struct error *error)
{
    ENSURE(publisher->under_way);
    if (!advance(publisher, error)) {
        return fail(publisher);
    }
    if (publisher->next < publisher->count || publisher->confirms.waiting > 0 ||
        publisher->confirms.refused_count > 0) {
        return PORT_WAIT;
    }
    if (publisher->dead_unroutable) {
        (void)refuse_dead(publisher, "no queue takes dead letters", error); /* false, as ever */
        return fail(publisher);
    }
    if (publisher->job_unroutable) {
        (void)refuse_job(publisher, "one of them leads to no lanes", error); /* false, as ever */
        return fail(publisher);
    }
    publisher_forget(publisher);
    return PORT_DONE;
}

bool publisher_turn(struct publisher *publisher, bool readable, struct error *error)
{
    if (!wire_turn(&publisher->wire, error) || (readable && !take_frames(publisher, error))) {
        return false;
    }
    publisher->up_to_date = true;
    return true;
}

int64_t publisher_deadline(const struct publisher *publisher)
{
    const int64_t wire_ms = wire_deadline(&publisher->wire);
    const int64_t give_up_ms = publisher->give_up_ms;
    const int64_t deadline = give_up_ms != 0 && give_up_ms < wire_ms ? give_up_ms : wire_ms;
    const int64_t late = publisher->progress_ms + publisher->confirm_timeout_ms;
    const bool may_be_late = publisher->under_way && !publisher->wire.rabbit.blocked &&
                             confirms_owed(&publisher->confirms);
    return may_be_late && late < deadline ? late : deadline;
}
