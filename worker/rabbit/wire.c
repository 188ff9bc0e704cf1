/* SPDX-License-Identifier: Apache-2.0
 *
 * Two buffers and a socket between them. */
#include "worker/rabbit/wire.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>

#include "common/connect/rabbit_error.h"

#define LOOK_AGAIN_MS 10 /* at the earliest: a look at the broker's silence is a system call */

int64_t wire_now_ms(void)
{
    struct timespec now;
    ENSURE(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int socket_of(const struct wire *wire)
{
    return amqp_get_sockfd(wire->rabbit.connection);
}

static int64_t heartbeat_ms(const struct wire *wire)
{
    return (int64_t)wire->rabbit.heartbeat_seconds * 1000;
}

/* A broker that takes no messages does not read: what was sent to it may wait for long, and the
 * kernel must not take that for a dead peer. The broker's own heartbeats go on. */
static void expect_silence(struct wire *wire, bool silence)
{
    const unsigned timeout = silence ? 0 : (unsigned)heartbeat_ms(wire) * AMQP_HEARTBEATS_MISSED;
    /* Fails only for a socket that is closed, which the next send or read finds too. */
    (void)setsockopt(socket_of(wire), IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout, sizeof timeout);
}

static enum port_answer lost(struct wire *wire, struct error *error)
{
    wire->rabbit.broken = true;
    error_wrap(error, "broker %s", wire->rabbit.address);
    return PORT_FAILED;
}

static enum port_answer lost_by(struct wire *wire, int status, struct error *error)
{
    rabbit_error_status(error, status);
    return lost(wire, error);
}

static enum port_answer lost_errno(struct wire *wire, int number, struct error *error)
{
    char reason[128];
    rabbit_error_status(error, AMQP_STATUS_SOCKET_ERROR);
    error_wrap(error, "%s", strerror_r(number, reason, sizeof reason));
    return lost(wire, error);
}

void wire_init(struct wire *wire, char *input, size_t input_size, char *output, size_t output_size)
{
    ENSURE(input_size >= AMQP_FRAME_MIN);
    *wire = (struct wire){
        .input = input,
        .input_capacity = input_size,
        .output = {.bytes = output, .capacity = output_size},
    };
}

/* Where to begin: anything that differs from name to name. */
static uint32_t host_first(const struct wire *wire, const char *name)
{
    uint32_t sum = 0;
    if (wire->known) {
        return wire->host + 1;
    }
    for (const char *c = name; *c != '\0'; c++) {
        sum = sum * 31 + (unsigned char)*c;
    }
    return sum;
}

bool wire_connect(struct wire *wire, const struct amqp_url *url, const char *name,
                  struct error *error)
{
    ENSURE(wire->rabbit.connection == NULL);
    ENSURE(wire->input_capacity >= url->frame_max);
    struct rabbit rabbit;
    if (!rabbit_open_from(&rabbit, url, host_first(wire, name), name, error)) {
        return false;
    }
    amqp_connection_state_t connection = rabbit.connection;
    char *input = wire->input;
    const struct frames output = {.bytes = wire->output.bytes, .capacity = wire->output.capacity};
    *wire = (struct wire){.rabbit = rabbit,
                          .input = input,
                          .input_capacity = wire->input_capacity,
                          .output = output,
                          .known = true,
                          .host = rabbit.host,
                          .silence = url->silence,
                          .sent_ms = wire_now_ms()};
    /* Nothing is said between the login and the first request but, rarely, a heartbeat. */
    if (amqp_frames_enqueued(connection) || amqp_data_in_buffer(connection) ||
        !amqp_release_buffers_ok(connection)) {
        error_set(error, ERROR_RETRY, "the broker spoke before it was asked");
        (void)lost(wire, error); /* PORT_FAILED, as ever */
        wire_drop(wire);
        return false;
    }
    return true;
}

bool wire_connected(const struct wire *wire)
{
    return wire->rabbit.connection != NULL && !wire->rabbit.broken;
}

void wire_drop(struct wire *wire)
{
    wire->rabbit.broken = true; /* or librabbitmq would speak into the middle of a frame */
    rabbit_close(&wire->rabbit);
    wire->input_begin = wire->input_end = 0;
    wire->output.size = wire->output_begin = 0;
}

bool wire_flush(struct wire *wire)
{
    struct frames *output = &wire->output;
    ENSURE(!output->full);
    while (output->size > wire->output_begin && !wire->unsendable) {
        wire->sends++;
        const ssize_t sent = rabbit_send(&wire->rabbit, output->bytes + wire->output_begin,
                                         output->size - wire->output_begin);
        if (sent > 0) {
            wire->output_begin += (size_t)sent;
            wire->sent_ms = wire_now_ms();
        } else if (sent == -EAGAIN) {
            return false;
        } else if (sent != -EINTR) {
            wire->unsendable = true;
        }
    }
    if (wire->unsendable) {
        return false;
    }
    output->size = wire->output_begin = 0;
    return true;
}

struct frames *wire_output(struct wire *wire, size_t room)
{
    struct frames *output = &wire->output;
    if (output->capacity - output->size < room && wire->output_begin > 0) {
        output->size -= wire->output_begin;
        memmove(output->bytes, output->bytes + wire->output_begin, output->size);
        wire->output_begin = 0;
    }
    return output->capacity - output->size < room ? NULL : output;
}

static enum port_answer refuse_connection(struct wire *wire, struct fields fields,
                                          struct error *error)
{
    const uint16_t code = fields_short(&fields);
    const struct span text = fields_short_text(&fields);
    const uint16_t class_id = fields_short(&fields);
    rabbit_error_reply(error, code, class_id,
                       (amqp_bytes_t){.len = text.size, .bytes = (void *)(uintptr_t)text.bytes});
    error_wrap(error, "connection closed by the broker");
    wire->rabbit.reply_code = code;

    struct frames *output = wire_output(wire, AMQP_FRAME_MIN);
    if (output != NULL) {
        frames_begin_method(output, 0, METHOD_CONNECTION_CLOSE_OK);
        frames_end(output);
        (void)wire_flush(wire); /* politeness only: nothing more is read */
    }
    return lost(wire, error);
}

static enum frame_answer find(const struct wire *wire, struct frame *frame, size_t *size)
{
    return frame_find(wire->input + wire->input_begin, wire->input_end - wire->input_begin,
                      wire->rabbit.frame_max, frame, size);
}

/* The connection is over; if the broker has said why, that counts. */
static enum port_answer end(struct wire *wire, int number, struct error *error)
{
    struct frame frame;
    size_t size = 0;
    for (; find(wire, &frame, &size) == FRAME_FOUND; wire->input_begin += size) {
        if (frame.channel == 0 && frame.method == METHOD_CONNECTION_CLOSE) {
            return refuse_connection(wire, frame.fields, error);
        }
    }
    return number == 0 ? lost_by(wire, AMQP_STATUS_CONNECTION_CLOSED, error)
                       : lost_errno(wire, -number, error);
}

/* PORT_DONE: something was received. */
static enum port_answer receive(struct wire *wire, struct error *error)
{
    if (wire->input_begin == wire->input_end) {
        wire->input_begin = wire->input_end = 0;
    } else if (wire->input_begin > wire->input_capacity / 2 ||
               wire->input_end == wire->input_capacity) {
        memmove(wire->input, wire->input + wire->input_begin, wire->input_end - wire->input_begin);
        wire->input_end -= wire->input_begin;
        wire->input_begin = 0;
    }
    const size_t room = wire->input_capacity - wire->input_end;
    if (room == 0) {
        return PORT_WAIT;
    }
    const ssize_t got = rabbit_receive(&wire->rabbit, wire->input + wire->input_end, room);
    if (got > 0) {
        wire->drained = (size_t)got < room && wire->rabbit.stream.session == NULL;
        wire->input_end += (size_t)got;
        return PORT_DONE;
    }
    if (got == -EINTR || (got == -EAGAIN && !wire->unsendable)) {
        return PORT_WAIT;
    }
    return end(wire, got == -EAGAIN ? -EPIPE : (int)got, error);
}

/* Frames of channel 0. */
static enum port_answer heed(struct wire *wire, const struct frame *frame, struct error *error)
{
    if (frame->method == METHOD_CONNECTION_CLOSE) {
        return refuse_connection(wire, frame->fields, error);
    }
    if (frame->method == METHOD_CONNECTION_CLOSE_OK) { /* to wire_close */
        return lost_by(wire, AMQP_STATUS_CONNECTION_CLOSED, error);
    }
    if (frame->method == METHOD_CONNECTION_BLOCKED ||
        frame->method == METHOD_CONNECTION_UNBLOCKED) {
        wire->rabbit.blocked = frame->method == METHOD_CONNECTION_BLOCKED;
        expect_silence(wire, wire->rabbit.blocked);
    }
    return PORT_DONE; /* heartbeats, too */
}

bool wire_has_frame(const struct wire *wire)
{
    struct frame frame;
    size_t size = 0;
    return wire_connected(wire) && find(wire, &frame, &size) != FRAME_INCOMPLETE;
}

/* One attempt: PORT_DONE with nothing in the frame means that another one is due. */
static enum port_answer advance(struct wire *wire, struct frame *frame, struct error *error)
{
    size_t size = 0;
    switch (find(wire, frame, &size)) {
    case FRAME_FOUND:
        wire->input_begin += size;
        return frame->channel == 0 ? heed(wire, frame, error) : PORT_DONE;
    case FRAME_BROKEN:
        return lost_by(wire, AMQP_STATUS_BAD_AMQP_DATA, error);
    case FRAME_INCOMPLETE:
        break;
    }
    frame->channel = 0;
    if (wire->drained) { /* who calls again has waited for the socket meanwhile */
        wire->drained = false;
        return wire->unsendable ? receive(wire, error) : PORT_WAIT;
    }
    return receive(wire, error);
}

enum port_answer wire_next(struct wire *wire, struct frame *frame, struct error *error)
{
    enum port_answer answer = PORT_DONE;
    ENSURE(wire_connected(wire));
    do {
        answer = advance(wire, frame, error);
    } while (answer == PORT_DONE && frame->channel == 0);
    return answer;
}

/* What was said lately is as good as a heartbeat, and what could not be sent is in its way. */
static void beat(struct wire *wire, int64_t now)
{
    if (now - wire->sent_ms < heartbeat_ms(wire) / 2 || wire->output.size > 0) {
        return;
    }
    struct frames *output = wire_output(wire, FRAME_OVERHEAD);
    frames_begin(output, FRAME_HEARTBEAT, 0);
    frames_end(output);
    (void)wire_flush(wire); /* or the next time */
}

/* After one silent interval the host is suspected, so that nobody dials it before others; after
 * AMQP_HEARTBEATS_MISSED of them the connection is dead. */
static bool judge(struct wire *wire, int64_t now, int64_t silent_ms)
{
    const int64_t suspect_ms = heartbeat_ms(wire);
    const int64_t dead_ms = suspect_ms * AMQP_HEARTBEATS_MISSED;
    const int64_t left_ms = (silent_ms < suspect_ms ? suspect_ms : dead_ms) - silent_ms;
    if (silent_ms >= suspect_ms) {
        silence_note(wire->silence, wire->host, now);
    }
    wire->look_ms = now + (left_ms < LOOK_AGAIN_MS ? LOOK_AGAIN_MS : left_ms);
    return silent_ms < dead_ms;
}

/* The kernel knows when something came last, also while nobody here read. What waits in it unread
 * is no silence: then we are slow, not the broker. */
static bool heard(struct wire *wire, int64_t now, struct error *error)
{
    struct tcp_info info = {0};
    socklen_t size = sizeof info;
    int unread = 0;
    if (now < wire->look_ms) {
        return true;
    }
    if (getsockopt(socket_of(wire), IPPROTO_TCP, TCP_INFO, &info, &size) != 0 ||
        ioctl(socket_of(wire), FIONREAD, &unread) != 0) {
        return lost_errno(wire, errno, error) == PORT_DONE;
    }
    if (judge(wire, now, unread > 0 ? 0 : info.tcpi_last_data_recv)) {
        return true;
    }
    return lost_by(wire, AMQP_STATUS_HEARTBEAT_TIMEOUT, error) == PORT_DONE;
}

bool wire_turn(struct wire *wire, struct error *error)
{
    const int64_t now = wire_now_ms();
    ENSURE(wire_connected(wire));
    (void)wire_flush(wire); /* or the next time */
    beat(wire, now);
    return heard(wire, now, error);
}

bool wire_fill(struct wire *wire, struct error *error)
{
    const enum port_answer answer = receive(wire, error);
    wire->drained = false; /* much may have come by the time that somebody reads */
    return answer != PORT_FAILED;
}

struct pollfd wire_interest(const struct wire *wire)
{
    const bool full = wire->input_end - wire->input_begin == wire->input_capacity;
    const bool waiting = wire->output.size > wire->output_begin;
    if (!wire_connected(wire) || (full && !waiting)) {
        return (struct pollfd){.fd = -1};
    }
    return (struct pollfd){
        .fd = socket_of(wire),
        .events = (short)((full ? 0 : POLLIN) | (waiting ? POLLOUT : 0)),
    };
}

/* While output waits for the socket no beat is due. */
int64_t wire_deadline(const struct wire *wire)
{
    const int64_t beat_ms =
        wire->output.size > 0 ? INT64_MAX : wire->sent_ms + heartbeat_ms(wire) / 2;
    return beat_ms < wire->look_ms ? beat_ms : wire->look_ms;
}

/* Until the broker has agreed: by then it has read all that we sent. */
static void await_end(struct wire *wire)
{
    const int64_t deadline = wire_now_ms() + RABBIT_CLOSE_TIMEOUT_MS;
    struct error ended = {0};
    for (int64_t now = 0; (now = wire_now_ms()) < deadline;) {
        struct frame frame;
        enum port_answer answer = PORT_DONE;
        (void)wire_flush(wire); /* or the next time */
        while (answer == PORT_DONE) {
            answer = wire_next(wire, &frame, &ended); /* what it still says is not wanted */
        }
        if (answer == PORT_FAILED) {
            return;
        }
        struct pollfd file = wire_interest(wire);
        (void)poll(&file, 1, (int)(deadline - now)); /* whatever it says, look again */
    }
}

void wire_close(struct wire *wire)
{
    if (wire_connected(wire) && !wire->rabbit.blocked && !wire->unsendable) {
        struct frames *output = wire_output(wire, AMQP_FRAME_MIN);
        if (output != NULL) {
            frames_begin_method(output, 0, METHOD_CONNECTION_CLOSE);
            frames_short(output, AMQP_REPLY_SUCCESS);
            frames_short_text(output, SPAN_OF(""));
            frames_short(output, 0);
            frames_short(output, 0);
            frames_end(output);
            await_end(wire);
        }
    }
    wire_drop(wire);
}
