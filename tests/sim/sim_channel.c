/* SPDX-License-Identifier: Apache-2.0
 *
 * Publishing: messages on their way, and the confirms that come back. Which confirm belongs to what
 * is found by the worker's own code (worker/rabbit/confirms.h). */
#include "common/base/ensure.h"
#include "tests/sim/sim_broker.h"

static struct sim_core *core_of(const struct sim_plug *plug)
{
    return plug->broker->core;
}

static void wake(struct sim_plug *plug, int64_t at)
{
    sim_wake(core_of(plug), plug->serving, at);
}

void sim_channel_init(struct sim_channel *channel)
{
    channel->open = false;
    channel->lost = false;
    channel->under_way = false;
    channel->dead_unroutable = false;
    channel->hole = false;
    channel->asked_at = SIM_NEVER;
    channel->blocked_until = 0;
    channel->refused_until = 0;
    channel->flight_first = 0;
    channel->flight_count = 0;
    channel->frame_count = 0;
    channel->frames_at = SIM_NEVER;
    confirms_reset(&channel->confirms);
}

void sim_channel_forget(struct sim_plug *plug)
{
    struct sim_channel *channel = &plug->channel;
    channel->under_way = false;
    channel->dead_unroutable = false;
    channel->lost = false;
    channel->messages = NULL;
    channel->count = 0;
    confirms_forget(&channel->confirms);
}

static enum port_answer failed(struct sim_plug *plug, const char *why, struct error *error)
{
    sim_channel_forget(plug);
    error_set(error, ERROR_RETRY, "%s", why);
    return PORT_FAILED;
}

/* ---- The broker's side ---- */

static void put_frame(struct sim_channel *channel, struct sim_frame frame)
{
    ENSURE(channel->frame_count < SIM_FLIGHTS);
    channel->frames[channel->frame_count++] = frame;
    channel->frames_at = frame.at < channel->frames_at ? frame.at : channel->frames_at;
}

/* A lane's queue that refuses a job, refuses all that is on its way behind it: it has no bound of
 * its own, so it is its node that is in trouble. */
static bool is_job_refused(struct sim_plug *plug, uint64_t number)
{
    struct sim_channel *channel = &plug->channel;
    if (number > channel->refused_until && sim_strikes(core_of(plug), FAULT_CONFIRM_NEGATIVE)) {
        channel->refused_until = channel->confirms.next - 1;
    }
    return number <= channel->refused_until;
}

static bool is_refused(struct sim_plug *plug, const struct sim_flight *flight)
{
    const enum sim_news_kind kind = flight->news.kind;
    if (kind == NEWS_JOB) {
        return is_job_refused(plug, flight->number);
    }
    return (kind != NEWS_DEAD && plug->broker->nacks_events) ||
           sim_strikes(core_of(plug), FAULT_CONFIRM_NEGATIVE);
}

/* A message comes to its exchange. */
static void route(struct sim_plug *plug, const struct sim_flight *flight)
{
    struct sim_core *core = core_of(plug);
    struct sim_copy copy;
    sim_note(core, EVENT_ROUTED, plug->serving, (uint32_t)flight->number,
             flight->news.hash + flight->news.kind);
    sim_account_routed(plug->broker->account, &flight->news);
    if (flight->news.kind == NEWS_DEAD && sim_strikes(core, FAULT_DEAD_UNROUTABLE)) {
        plug->channel.dead_unroutable = plug->channel.under_way;
        return;
    }
    if (flight->news.kind == NEWS_JOB) {
        sim_account_passed_on(plug->broker->account, &flight->news, &copy);
        sim_exchange_publish(plug->broker, &copy);
    } else if (flight->news.kind != NEWS_DEAD && sim_strikes(core, FAULT_RETURNED)) {
        SIM_MARK(core->marks, MARK_RETURNED);
    }
    sim_account_settled(plug->broker->account, &flight->news);
}

static int64_t confirm_at(struct sim_core *core, int64_t usual)
{
    if (sim_strikes(core, FAULT_CONFIRM_LATE)) {
        SIM_MARK(core->marks, MARK_CONFIRM_LATE);
        return usual + sim_between(core, SIM_MS, 20 * SIM_SECOND);
    }
    return sim_strikes(core, FAULT_CONFIRM_REORDERED) ? usual + sim_between(core, 0, 500) : usual;
}

/* One message is routed; its confirm begins its way, never comes, or is left to one for all. */
static void settle(struct sim_plug *plug, const struct sim_flight *flight, bool multiple,
                   int64_t usual)
{
    struct sim_channel *channel = &plug->channel;
    struct sim_core *core = core_of(plug);
    if (is_refused(plug, flight)) { /* by some queue; the others took it */
        sim_account_routed(plug->broker->account, &flight->news);
        put_frame(channel, (struct sim_frame){usual, flight->number, false, false});
        return;
    }
    route(plug, flight);
    if (sim_strikes(core, FAULT_CONFIRM_LOST)) {
        channel->hole = true;
    } else if (!multiple) {
        put_frame(channel,
                  (struct sim_frame){confirm_at(core, usual), flight->number, false, true});
    }
}

/* All messages that have come by now. */
void sim_broker_channel_turn(struct sim_broker *broker, uint32_t serving)
{
    struct sim_plug *plug = &broker->plugs[serving];
    struct sim_channel *channel = &plug->channel;
    struct sim_core *core = broker->core;
    const int64_t usual = core->now + sim_between(core, 30, 400);
    const bool alone = channel->frame_count == 0 && !channel->hole;
    const bool multiple = alone && sim_strikes(core, FAULT_CONFIRM_MULTIPLE);
    uint64_t last = 0;
    while (channel->flight_count > 0 &&
           channel->flights[channel->flight_first % SIM_FLIGHTS].at <= core->now) {
        const struct sim_flight *flight = &channel->flights[channel->flight_first % SIM_FLIGHTS];
        last = flight->number;
        settle(plug, flight, multiple && prng_below(&core->chance, 8) != 0, usual);
        channel->flight_first++;
        channel->flight_count--;
    }
    if (multiple && last > 0 && !channel->hole) {
        /* After each confirm of its own: it is the last that is sent. */
        int64_t at = usual;
        for (uint32_t i = 0; i < channel->frame_count; i++) {
            at = channel->frames[i].at > at ? channel->frames[i].at : at;
        }
        put_frame(channel, (struct sim_frame){at, last, true, true});
    } else if (multiple) {
        channel->hole = true;
    }
    sim_timers_set(&core->timers, ACTOR_CHANNEL + serving,
                   channel->flight_count == 0
                       ? SIM_NEVER
                       : channel->flights[channel->flight_first % SIM_FLIGHTS].at);
    if (channel->frame_count > 0) {
        wake(plug, channel->frames_at);
    }
}

void sim_channel_lose(struct sim_plug *plug)
{
    struct sim_channel *channel = &plug->channel;
    struct sim_core *core = core_of(plug);
    if (!channel->open) {
        return;
    }
    const uint32_t come =
        channel->flight_count == 0 ? 0 : prng_below(&core->chance, channel->flight_count + 1);
    if (channel->flight_count > 0) {
        SIM_MARK(core->marks, MARK_PUBLISH_CUT);
    }
    for (uint32_t i = 0; i < come && !plug->broker->cut[plug->worker]; i++) {
        const struct sim_flight *flight =
            &channel->flights[(channel->flight_first + i) % SIM_FLIGHTS];
        if (is_refused(plug, flight)) {
            sim_account_routed(plug->broker->account, &flight->news);
        } else {
            route(plug, flight);
        }
    }
    sim_note(core, EVENT_LOST, plug->serving, 1, come);
    channel->open = false;
    channel->lost = channel->under_way;
    channel->hole = false;
    channel->asked_at = SIM_NEVER;
    channel->flight_count = 0;
    channel->frame_count = 0;
    channel->frames_at = SIM_NEVER;
    confirms_reset(&channel->confirms);
    sim_timers_set(&core->timers, ACTOR_CHANNEL + plug->serving, SIM_NEVER);
    wake(plug, core->now);
}

/* ---- The worker's side ---- */

static void send_one(struct sim_plug *plug, uint32_t index, uint8_t attempt, int64_t at)
{
    struct sim_channel *channel = &plug->channel;
    confirms_sent(&channel->confirms, index, attempt);
    if (plug->broker->cut[plug->worker]) {
        return;
    }
    ENSURE(channel->flight_count < SIM_FLIGHTS);
    const uint32_t place = (channel->flight_first + channel->flight_count++) % SIM_FLIGHTS;
    channel->flights[place] =
        (struct sim_flight){at, channel->confirms.next - 1, channel->news[index]};
    sim_timers_advance(&core_of(plug)->timers, ACTOR_CHANNEL + plug->serving, at);
}

/* On one channel nothing overtakes. */
static int64_t arrival(struct sim_plug *plug)
{
    const struct sim_channel *channel = &plug->channel;
    const int64_t at = core_of(plug)->now + sim_between(core_of(plug), 20, 300);
    if (channel->flight_count == 0) {
        return at;
    }
    const int64_t last =
        channel->flights[(channel->flight_first + channel->flight_count - 1) % SIM_FLIGHTS].at;
    return last > at ? last : at;
}

static enum port_answer open_channel(struct sim_plug *plug, struct error *error)
{
    struct sim_channel *channel = &plug->channel;
    struct sim_core *core = core_of(plug);
    if (channel->asked_at == SIM_NEVER) {
        channel->asked_at = core->now;
        wake(plug, core->now + sim_between(core, 100, 2000));
        return PORT_WAIT;
    }
    if (plug->broker->cut[plug->worker]) {
        if (core->now - channel->asked_at < 10 * SIM_SECOND) {
            wake(plug, channel->asked_at + 10 * SIM_SECOND);
            return PORT_WAIT;
        }
        channel->asked_at = SIM_NEVER;
        return failed(plug, "the broker cannot be reached", error);
    }
    channel->open = true;
    channel->refused_until = 0;
    channel->asked_at = SIM_NEVER;
    confirms_reset(&channel->confirms);
    return PORT_DONE;
}

static bool is_blocked(struct sim_plug *plug)
{
    struct sim_channel *channel = &plug->channel;
    struct sim_core *core = core_of(plug);
    if (core->now >= channel->blocked_until && !channel->under_way &&
        sim_strikes(core, FAULT_BLOCKED)) {
        channel->blocked_until = core->now + sim_between(core, SIM_MS, 10 * SIM_SECOND);
        SIM_MARK(core->marks, MARK_BLOCKED);
        sim_note(core, EVENT_BLOCKED, plug->serving,
                 (uint32_t)((channel->blocked_until - core->now) / SIM_MS), 0);
    }
    if (core->now < channel->blocked_until) {
        wake(plug, channel->blocked_until);
        return true;
    }
    return false;
}

/* Confirms that never come of what was forgotten leave none in the end. The worker waits for them
 * first; here the time-out comes at once. */
static bool has_room(const struct sim_channel *channel, uint32_t count)
{
    return channel->confirms.next + count <= channel->confirms.first + CONFIRMS_MAX;
}

static void begin(struct sim_plug *plug, const struct message *messages, uint32_t count)
{
    struct sim_channel *channel = &plug->channel;
    ENSURE(count <= SIM_MESSAGES_MAX);
    channel->under_way = true;
    channel->messages = messages;
    channel->count = count;
    channel->progress_at = core_of(plug)->now;
    for (uint32_t i = 0; i < count; i++) {
        channel->news[i] = sim_account_published(plug->broker->account, &messages[i]);
    }
}

enum port_answer sim_channel_publish(void *self, const struct message *messages, uint32_t count,
                                     struct error *error)
{
    struct sim_plug *plug = self;
    struct sim_channel *channel = &plug->channel;
    if (channel->lost) {
        return failed(plug, "the publishing connection is lost", error);
    }
    if (!channel->open) {
        const enum port_answer answer = open_channel(plug, error);
        if (answer != PORT_DONE) {
            return answer;
        }
    }
    if (is_blocked(plug)) {
        return PORT_WAIT;
    }
    ENSURE(!channel->under_way); /* one batch at a time */
    if (!has_room(channel, count)) {
        SIM_MARK(core_of(plug)->marks, MARK_CONFIRM_TIMEOUT);
        sim_channel_lose(plug);
        return failed(plug, "no confirm has come of what was forgotten", error);
    }
    begin(plug, messages, count);
    const int64_t at = arrival(plug);
    for (uint32_t i = 0; i < count; i++) {
        if (messages[i].target != MESSAGE_REPLY) {
            send_one(plug, i, 1, at);
        }
    }
    sim_note(core_of(plug), EVENT_SENT, plug->serving, count, channel->news[0].hash);
    return PORT_DONE;
}

/* Frames that have come by now. */
static bool take_frames(struct sim_plug *plug, struct error *error)
{
    struct sim_channel *channel = &plug->channel;
    struct sim_core *core = core_of(plug);
    if (channel->frames_at > core->now || plug->broker->cut[plug->worker]) {
        return true;
    }
    uint32_t left = 0;
    channel->frames_at = SIM_NEVER;
    for (uint32_t i = 0; i < channel->frame_count; i++) {
        const struct sim_frame frame = channel->frames[i];
        if (frame.at > core->now) {
            channel->frames[left++] = frame;
            channel->frames_at = frame.at < channel->frames_at ? frame.at : channel->frames_at;
            continue;
        }
        const uint32_t waiting = channel->confirms.waiting;
        sim_note(core, EVENT_CONFIRMED, plug->serving, (frame.multiple ? 2u : 0) + frame.taken,
                 frame.number);
        if (!confirms_settle(&channel->confirms, frame.number, frame.multiple, frame.taken,
                             error)) {
            sim_break(core, "%s", error->text);
            return false;
        }
        channel->progress_at = core->now;
        if (channel->confirms.waiting == waiting) {
            SIM_MARK(core->marks, MARK_CONFIRM_STALE);
        }
    }
    channel->frame_count = left;
    return true;
}

/* An event that was refused is sent again, up to a bound. False: this channel is at its end, for a
 * dead letter or a job is not given up. */
static bool send_refused(struct sim_plug *plug)
{
    struct sim_channel *channel = &plug->channel;
    struct sim_core *core = core_of(plug);
    struct confirm refused;
    const int64_t at = arrival(plug);
    while (confirms_peek(&channel->confirms, &refused)) {
        const struct sim_news *news = &channel->news[refused.message];
        if (news->kind == NEWS_DEAD || news->kind == NEWS_JOB) {
            SIM_MARK(core->marks, news->kind == NEWS_DEAD ? MARK_DEAD_REFUSED : MARK_JOB_REFUSED);
            return false;
        }
        confirms_drop(&channel->confirms);
        if (refused.attempt < SIM_PUBLISH_ATTEMPTS) {
            if (!has_room(channel, 1)) {
                return false;
            }
            SIM_MARK(core->marks, MARK_CONFIRM_REFUSED);
            send_one(plug, refused.message, (uint8_t)(refused.attempt + 1), at);
        } else {
            SIM_MARK(core->marks, MARK_CONFIRM_GIVEN_UP);
            sim_account_settled(plug->broker->account, news);
        }
    }
    return true;
}

enum port_answer sim_channel_confirm(void *self, struct error *error)
{
    struct sim_plug *plug = self;
    struct sim_channel *channel = &plug->channel;
    struct sim_core *core = core_of(plug);
    if (channel->open && sim_strikes(core, FAULT_PUBLISHER_LOST)) {
        sim_channel_lose(plug);
    }
    if (channel->lost || !channel->open) {
        return failed(plug, "the publishing connection is lost", error);
    }
    ENSURE(channel->under_way);
    if (!take_frames(plug, error)) {
        return failed(plug, "the broker confirms what was not sent", error);
    }
    if (!send_refused(plug)) {
        sim_channel_lose(plug); /* the next attempt has another channel */
        return failed(plug, "the broker refuses a message", error);
    }
    if (channel->confirms.waiting > 0) {
        if (core->now - channel->progress_at >= SIM_CONFIRM_US) {
            SIM_MARK(core->marks, MARK_CONFIRM_TIMEOUT);
            sim_channel_lose(plug);
            return failed(plug, "no confirm has come", error);
        }
        if (!plug->broker->cut[plug->worker]) {
            wake(plug, channel->frames_at);
        }
        wake(plug, channel->progress_at + SIM_CONFIRM_US);
        return PORT_WAIT;
    }
    if (channel->dead_unroutable) {
        return failed(plug, "no queue takes dead letters", error);
    }
    sim_channel_forget(plug);
    return PORT_DONE;
}
