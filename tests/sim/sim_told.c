/* SPDX-License-Identifier: Apache-2.0
 *
 * What workers tell, held against what is committed: no event without its decision, all copies of
 * one the same, nothing acknowledged before what it says was confirmed. */
#include <string.h>

#include "common/contract/event.h"
#include "tests/sim/sim_account.h"

#define EVENTS_CHECKED 4 /* one in so many: writing an event again takes long */

static bool span_is(struct span span, const char *text)
{
    return span.size == strlen(text) && memcmp(span.bytes, text, span.size) == 0;
}

static uint64_t hash_of(const struct message *message)
{
    return sim_hash(message->body.bytes, message->body.size) ^
           sim_hash(message->routing_key.bytes, message->routing_key.size) * 3 ^
           sim_hash(message->id.bytes, message->id.size) * 5;
}

/* ---- Published ---- */

/* Who has decided may tell of it unmarked, once; every other copy may be a second one. */
static void check_mark(struct sim_account *account, struct sim_job *original,
                       const struct message *message)
{
    if (!message->repeat && original->event_unmarked) {
        sim_break(account->core, "a second event of \"%.*s\" does not say that it is one",
                  SPAN_ARGUMENTS(message->id));
    }
    original->event_unmarked |= !message->repeat;
    if (message->time != original->decision->decided_at) {
        sim_break(account->core, "the event of \"%.*s\" has another time than its decision",
                  SPAN_ARGUMENTS(message->id));
    }
}

/* The first copy is held against what is recorded, of some jobs; the others against the first. */
static void check_event(struct sim_account *account, struct sim_job *original,
                        const struct message *message, uint64_t hash)
{
    static char scratch[EVENT_MEMORY_MAX];
    struct arena arena;
    struct event event;
    if (original->event != 0) {
        if (original->event != hash) {
            sim_break(account->core, "two events of \"%.*s\" differ", SPAN_ARGUMENTS(message->id));
        }
        return;
    }
    original->event = hash;
    if ((original - account->jobs) % EVENTS_CHECKED != 0) {
        return;
    }
    arena_init(&arena, scratch, sizeof scratch);
    if (!event_of_decision("till", original->decision, &arena, &event) ||
        !span_equal(event.body, message->body) ||
        !span_equal(event.routing_key, message->routing_key) ||
        !span_equal(event.id, message->id)) {
        sim_break(account->core, "the event of \"%.*s\" is not what was decided",
                  SPAN_ARGUMENTS(message->id));
    }
}

static struct sim_news news_of_decision(struct sim_account *account, uint32_t copy,
                                        const struct message *message)
{
    struct sim_news news = {.kind = NEWS_DECISION, .about = copy, .hash = hash_of(message)};
    struct sim_job *original = &account->jobs[account->jobs[account->copies[copy].job].original];
    if (!span_equal(message->id, original->job.id) || original->decision == NULL) {
        sim_break(account->core, "an event of \"%.*s\", which is not decided",
                  SPAN_ARGUMENTS(message->id));
        return news;
    }
    check_mark(account, original, message);
    check_event(account, original, message, news.hash);
    return news;
}

/* Whether this answer may be given to a job. */
static bool answer_is_due(const struct sim_account *account, const struct sim_copy *copy,
                          struct span type)
{
    const struct sim_job *job = &account->jobs[copy->job];
    const struct sim_job *original = &account->jobs[job->original];
    const bool stock = kind_is_stock(job->job.kind) || job->job.kind == KIND_EXPIRE;
    if (span_is(type, "job.malformed")) {
        return job->class == CLASS_MALFORMED;
    }
    if (span_is(type, "job.not_allowed")) {
        return job->class != CLASS_MALFORMED && stock && !copy->from_stock_exchange;
    }
    if (span_is(type, "job.id_reused")) {
        return original->decision != NULL && original->decision->meaning != job->meaning;
    }
    return span_is(type, "job.parked"); /* whether it may be is asked of its dead letter */
}

static struct sim_news news_of_answer(struct sim_account *account, uint32_t number,
                                      const struct message *message)
{
    struct sim_news news = {.kind = NEWS_ANSWER, .about = number, .hash = hash_of(message)};
    struct sim_copy *copy = &account->copies[number];
    const bool parked = span_is(message->type, "job.parked");
    if (!answer_is_due(account, copy, message->type)) {
        sim_break(account->core, "\"%.*s\" is answered \"%.*s\" without reason",
                  SPAN_ARGUMENTS(message->id), SPAN_ARGUMENTS(message->type));
    }
    if (copy->answer != 0 && copy->answer != news.hash && !parked) {
        sim_break(account->core, "two answers \"%.*s\" differ", SPAN_ARGUMENTS(message->id));
    }
    /* Parked for one reason or another, or before its id was used up by another job. */
    copy->answer = parked ? copy->answer : news.hash;
    if (span_is(message->type, "job.malformed")) {
        SIM_MARK(account->core->marks, MARK_MALFORMED_ANSWERED);
    }
    return news;
}

/* How often the job of a copy was begun alone: under its id, or under what its bytes are. */
static uint32_t begun_alone(const struct sim_account *account, const struct sim_job *job)
{
    const struct sim_known *known = sim_rows_known(account->rows, job->job.id);
    return known == NULL ? UINT32_MAX : known->lonely_most;
}

static bool dead_is_due(const struct sim_account *account, const struct sim_copy *copy,
                        enum dead_reason reason)
{
    const struct sim_job *job = &account->jobs[copy->job];
    switch (reason) {
    case DEAD_MALFORMED:
        return job->class == CLASS_MALFORMED;
    case DEAD_FAILED:
        return job->class == CLASS_POISON;
    case DEAD_CRASHING:
        return copy->delivery_count >= DELIVERIES_SUSPECT &&
               begun_alone(account, job) > LONELY_BEGINNINGS;
    case DEAD_DELIVERY_LIMIT:
        break;
    }
    return false;
}

static struct sim_news news_of_dead(struct sim_account *account, uint32_t number,
                                    const struct message *message)
{
    static const enum sim_mark seen[] = {MARK_MALFORMED, MARK_PARKED_FAILED, MARK_PARKED_CRASHING,
                                         MARK_MALFORMED};
    const struct sim_copy *copy = &account->copies[number];
    const enum dead_reason reason = message->dead->reason;
    if (!dead_is_due(account, copy, reason)) {
        sim_break(account->core, "\"%.*s\" is put aside as %s without reason",
                  SPAN_ARGUMENTS(message->id), dead_reason_text(reason));
    }
    if (!span_equal(message->body, account->jobs[copy->job].body)) {
        sim_break(account->core, "a dead letter of other bytes than the job's");
    }
    SIM_MARK(account->core->marks, seen[reason]);
    return (struct sim_news){.kind = NEWS_DEAD, .about = number, .form = reason};
}

/* pool/sku@version, pool/sku@version/out */
static struct sim_news news_of_stock(struct sim_account *account, const struct message *message)
{
    struct sim_news news = {.kind = NEWS_STOCK, .about = UINT32_MAX, .hash = hash_of(message)};
    news.form = span_is(message->type, "stock.changed") ? STOCK_CHANGED
                : span_is(message->type, "stock.out")   ? STOCK_OUT
                                                        : STOCK_BACK;
    uint32_t pool = 0;
    uint32_t sku = 0;
    for (uint32_t i = 0; i < message->id.size; i++) {
        const char byte = message->id.bytes[i];
        if (byte == '/' && pool == 0) {
            pool = i;
        } else if (byte == '@') {
            sku = i;
        } else if (sku > 0 && byte >= '0' && byte <= '9') {
            news.version = news.version * 10 + (uint32_t)(byte - '0');
        }
    }
    news.about = sim_rows_find(account->rows, (struct span){message->id.bytes, pool},
                               (struct span){message->id.bytes + pool + 1, sku - pool - 1});
    if (news.about == UINT32_MAX || news.version == 0 ||
        news.version > account->rows->rows[news.about].stock.version) {
        sim_break(account->core, "news \"%.*s\" of what is not committed",
                  SPAN_ARGUMENTS(message->id));
        news.about = UINT32_MAX;
        return news;
    }
    struct sim_version *version = sim_account_version(account, news.about, news.version);
    if (news.form == STOCK_CHANGED) {
        if (version->changed != 0 && version->changed != news.hash) {
            sim_break(account->core, "two news \"%.*s\" differ", SPAN_ARGUMENTS(message->id));
        }
        version->changed = news.hash;
    }
    return news;
}

static struct sim_news news_of_reply(struct sim_account *account, const struct message *message)
{
    const uint32_t number = sim_account_copy(account, message->traceparent);
    struct sim_copy *copy = number == SIM_COPY_NONE ? NULL : &account->copies[number];
    if (copy == NULL || !copy->reply_due || !span_equal(message->routing_key, copy->reply_to)) {
        sim_break(account->core, "a reply to \"%.*s\", where none is due",
                  SPAN_ARGUMENTS(message->routing_key));
    } else {
        copy->reply_due = false;
    }
    return (struct sim_news){.kind = NEWS_REPLY};
}

static uint32_t number_of(struct span digits)
{
    uint32_t number = 0;
    for (uint32_t i = 0; i < digits.size && number < SLOTS; i++) {
        number = number * 10 + (uint32_t)(digits.bytes[i] - '0');
    }
    return number;
}

/* A sorter passes a copy on; a sweeper's expire is a new one. */
static struct sim_news news_of_job(struct sim_account *account, const struct message *message)
{
    const uint32_t copy = sim_account_copy(account, message->traceparent);
    const uint32_t job = copy != SIM_COPY_NONE ? account->copies[copy].job
                                               : sim_account_original(account, message->id);
    const uint32_t slot = number_of(message->routing_key);
    if (job == SIM_JOB_NONE || slot >= SLOTS ||
        !span_equal(message->body, account->jobs[job].body)) {
        sim_break(account->core, "\"%.*s\" is passed on, which nobody has sent so",
                  SPAN_ARGUMENTS(message->id));
        return (struct sim_news){.kind = NEWS_REPLY};
    }
    if (copy != SIM_COPY_NONE) {
        const bool stock = message->target == MESSAGE_STOCK_JOB;
        if (stock != account->copies[copy].from_stock_exchange) {
            sim_break(account->core, "\"%.*s\" is passed on by another way than it came",
                      SPAN_ARGUMENTS(message->id));
        }
        SIM_MARK(account->core->marks,
                 account->copies[copy].passed_on ? MARK_SORTED_AGAIN : MARK_SORTED);
    } else if (account->jobs[job].first_copy != SIM_COPY_NONE) {
        SIM_MARK(account->core->marks, MARK_EXPIRE_REPEATED);
    }
    return (struct sim_news){
        .kind = NEWS_JOB, .about = job, .version = copy, .form = slot, .hash = job * 1031u + slot};
}

void sim_account_passed_on(const struct sim_account *account, const struct sim_news *news,
                           struct sim_copy *copy)
{
    const bool sorted = news->version != SIM_COPY_NONE;
    const struct sim_copy *from = sorted ? &account->copies[news->version] : NULL;
    *copy = (struct sim_copy){.job = news->about,
                              .next = SIM_COPY_NONE,
                              .slot = news->form,
                              .publisher = sorted ? from->publisher : SIM_PUBLISHERS_MAX,
                              .sequence = sorted ? from->sequence : 0,
                              .sorted = sorted,
                              .from_stock_exchange = sorted ? from->from_stock_exchange : true,
                              .reply_to = sorted ? from->reply_to : SPAN_NONE,
                              .reply_allowed = sorted && from->reply_allowed};
    struct text key;
    text_init(&key, copy->key, sizeof copy->key);
    text_put_integer(&key, copy->slot);
    copy->key_size = (uint32_t)key.size;
}

struct sim_news sim_account_published(struct sim_account *account, const struct message *message)
{
    static const char stock[] = "stock.";
    static const char answer[] = "job.";
    if (message->target == MESSAGE_REPLY) {
        return news_of_reply(account, message);
    }
    if (message->target == MESSAGE_JOB || message->target == MESSAGE_STOCK_JOB) {
        return news_of_job(account, message);
    }
    if (message->target == MESSAGE_EVENT && message->type.size > sizeof stock &&
        memcmp(message->type.bytes, stock, sizeof stock - 1) == 0) {
        return news_of_stock(account, message);
    }
    const uint32_t copy = sim_account_copy(account, message->traceparent);
    if (copy == SIM_COPY_NONE) {
        sim_break(account->core, "a message \"%.*s\" about nothing that was sent",
                  SPAN_ARGUMENTS(message->id));
        return (struct sim_news){.kind = NEWS_REPLY};
    }
    if (message->target == MESSAGE_DEAD) {
        return news_of_dead(account, copy, message);
    }
    account->copies[copy].reply_due = account->copies[copy].reply_allowed;
    if (message->type.size > sizeof answer &&
        memcmp(message->type.bytes, answer, sizeof answer - 1) == 0) {
        return news_of_answer(account, copy, message);
    }
    return news_of_decision(account, copy, message);
}

/* ---- Routed, confirmed, acknowledged ---- */

/* All copies of the id in the lane that decided it: only then its lane alone tells of it. */
static bool is_of_one_lane(const struct sim_account *account, const struct sim_job *original)
{
    for (uint32_t i = original->original; i != SIM_JOB_NONE; i = account->jobs[i].reused) {
        for (uint32_t k = account->jobs[i].first_copy; k != SIM_COPY_NONE;
             k = account->copies[k].next) {
            const uint32_t lane = account->copies[k].lane;
            if (lane != original->decided_lane && lane != SIM_QUEUE_SORT) {
                return false;
            }
        }
    }
    return true;
}

void sim_account_routed(struct sim_account *account, const struct sim_news *news)
{
    if (news->kind != NEWS_DECISION) {
        return;
    }
    struct sim_job *original =
        &account->jobs[account->jobs[account->copies[news->about].job].original];
    if (original->event_routed || original->decision == NULL) {
        return;
    }
    original->event_routed = true;
    if (original->job.kind == KIND_EXPIRE || original->put_aside ||
        !is_of_one_lane(account, original)) {
        return; /* what was put aside is told of when somebody sends it again */
    }
    uint32_t *told = &account->told_place[original->decided_lane];
    if (original->decided_place < *told) {
        sim_break(account->core,
                  "the event of \"%.*s\", the %u. that lane %u decided, came after that of the %u.",
                  SPAN_ARGUMENTS(original->job.id), original->decided_place, original->decided_lane,
                  *told);
    }
    *told = original->decided_place;
}

void sim_account_settled(struct sim_account *account, const struct sim_news *news)
{
    switch (news->kind) {
    case NEWS_DECISION:
        account->jobs[account->jobs[account->copies[news->about].job].original].event_settled =
            true;
        return;
    case NEWS_ANSWER:
        account->copies[news->about].told |= TOLD_ANSWER;
        return;
    case NEWS_DEAD:
        account->copies[news->about].told |= TOLD_DEAD;
        account->jobs[account->jobs[account->copies[news->about].job].original].put_aside = true;
        return;
    case NEWS_STOCK:
        if (news->about != UINT32_MAX) {
            sim_account_version(account, news->about, news->version)->settled |=
                (uint8_t)(1u << news->form);
        }
        return;
    case NEWS_JOB:
        if (news->version != SIM_COPY_NONE) {
            account->copies[news->version].passed_on = true;
        }
        return;
    case NEWS_REPLY:
        return;
    }
}

/* What an acknowledged job has come to. NULL: all is well. */
static const char *fate_of(const struct sim_account *account, const struct sim_copy *copy)
{
    const struct sim_job *job = &account->jobs[copy->job];
    const struct sim_job *original = &account->jobs[job->original];
    const bool answered = (copy->told & TOLD_ANSWER) != 0;
    const bool dead = (copy->told & TOLD_DEAD) != 0;
    const bool has_id = !span_absent(job->job.id);
    if (copy->lane == SIM_QUEUE_SORT) {
        return copy->passed_on ? NULL : "not passed on";
    }
    if (dead) {
        return answered || !has_id ? NULL : "put aside, but not answered";
    }
    if (job->class == CLASS_MALFORMED) {
        return "malformed, but not put aside";
    }
    if (answered) {
        return NULL;
    }
    if (job->job.kind == KIND_EXPIRE) {
        return NULL; /* it had nothing to do; another copy may have had, and that is looked at last
                      */
    }
    if (original->decision == NULL) {
        return "neither decided nor answered nor put aside";
    }
    return original->event_settled ? NULL : "decided, but its event was not confirmed";
}

/* All that came before it is done with. */
void sim_account_marked(struct sim_account *account, uint32_t lane)
{
    for (uint32_t i = 0; i < account->copy_count; i++) {
        const struct sim_copy *copy = &account->copies[i];
        const bool before = copy->lane == lane && copy->place != 0 &&
                            (account->marked[lane] == 0 || copy->place < account->marked[lane]);
        const char *wrong = before && !copy->acknowledged ? fate_of(account, copy) : NULL;
        if (wrong != NULL) {
            sim_break(account->core, "lane %u records its marker, and \"%.*s\", before it, is %s",
                      lane, SPAN_ARGUMENTS(account->jobs[copy->job].job.id), wrong);
        }
    }
}

void sim_account_acknowledged(struct sim_account *account, uint32_t number)
{
    struct sim_copy *copy = &account->copies[number];
    const char *wrong = copy->reply_due ? "nobody replied" : fate_of(account, copy);
    if (wrong != NULL) {
        const struct span id = account->jobs[copy->job].job.id;
        sim_break(account->core, "copy %u of \"%.*s\" was acknowledged: %s", number,
                  SPAN_ARGUMENTS(id), wrong);
    }
    copy->acknowledged = true;
    account->acknowledged++;
}
