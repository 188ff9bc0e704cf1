/* SPDX-License-Identifier: Apache-2.0
 *
 * Writes down. */
#include "tests/conformance/sim_book.h"

#include <string.h>

#include "common/base/ensure.h"
#include "tests/conformance/database_side.h"

static struct sim_book book;

struct sim_book *sim_book_begin(void)
{
    memset(&book, 0, sizeof book);
    return &book;
}

void sim_account_marked(struct sim_account *account, uint32_t lane)
{
    (void)account;
    (void)lane;
}

void sim_account_passed_on(const struct sim_account *account, const struct sim_news *news,
                           struct sim_copy *copy)
{
    (void)account;
    (void)news;
    (void)copy;
    ENSURE(!"a script sends one");
}

void sim_account_claimed(struct sim_account *account, uint32_t lane, uint32_t serving)
{
    (void)account;
    (void)lane;
    (void)serving;
}

bool sim_account_refuses(struct sim_account *account, const struct sim_change *change)
{
    (void)account;
    for (uint32_t i = 0; i < change->entry_count; i++) {
        const struct result *result = &change->entries[i].result;
        if (result->kind == RESULT_DECISION &&
            span_equal(result->decision.ref, SPAN_OF(REF_POISON))) {
            return true;
        }
    }
    return false;
}

void sim_account_committed(struct sim_account *account, const struct sim_change *change)
{
    (void)account;
    (void)change;
}

struct sim_news sim_account_published(struct sim_account *account, const struct message *message)
{
    static const enum sim_news_kind kinds[] = {
        [MESSAGE_EVENT] = NEWS_DECISION, [MESSAGE_DEAD] = NEWS_DEAD, [MESSAGE_REPLY] = NEWS_REPLY};
    (void)account;
    ENSURE(book.published < BOOK_MAX && message->body.size < BODY_MAX);
    memcpy(book.bodies[book.published], message->body.bytes, message->body.size);
    return (struct sim_news){.kind = kinds[message->target], .about = book.published++};
}

void sim_account_routed(struct sim_account *account, const struct sim_news *news)
{
    (void)account;
    if (news->kind == NEWS_DECISION && book.listened) {
        ENSURE(book.heard_count < BOOK_MAX);
        book.heard[book.heard_count++] = news->about;
    }
}

void sim_account_settled(struct sim_account *account, const struct sim_news *news)
{
    (void)account;
    book.dead += news->kind == NEWS_DEAD ? 1 : 0;
}

void sim_account_acknowledged(struct sim_account *account, uint32_t number)
{
    (void)account;
    (void)number;
    book.acknowledged++;
}
