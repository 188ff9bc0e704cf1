/* SPDX-License-Identifier: Apache-2.0
 *
 * Opens shops and brings their holds into states. */
#include "tests/support/situation.h"

#include <stdlib.h>

#include "tests/support/test.h"

int open_shop(void **state)
{
    struct shop *shop = malloc(sizeof *shop);
    assert_non_null(shop);
    shop_init(shop);
    *state = shop;
    return 0;
}

int close_shop(void **state)
{
    free(*state);
    return 0;
}

void assert_span(struct span actual, const char *expected)
{
    assert_true(span_equal(actual, span_of(expected)));
}

void expire_hold(struct shop *shop, const char *hold)
{
    shop->now = shop_hold(shop, hold).expires_at;
    assert_int_equal(shop_on_hold(shop, KIND_EXPIRE, "till:expire:h", hold)->outcome,
                     OUTCOME_EXPIRED);
}

void bring_about(struct shop *shop, enum situation situation)
{
    shop_adjust(shop, "stock", "PS5", 10);
    if (situation == UNKNOWN) {
        return;
    }
    struct job job = job_cart(shop, KIND_RESERVE, "h", "PS5", 2);
    job.customer = situation == ANOTHERS ? SPAN_OF("c-2") : SPAN_OF("c-1");
    assert_int_equal(shop_decide(shop, job)->outcome, OUTCOME_HELD);
    switch (situation) {
    case ACTIVE:
    case ANOTHERS:
    case UNKNOWN:
        return;
    case PAST_ITS_END:
        shop->now = shop_hold(shop, "h").expires_at;
        return;
    case EXPIRED:
        expire_hold(shop, "h");
        return;
    case RELEASED:
        shop_on_hold(shop, KIND_RELEASE, "end", "h");
        return;
    case COMMITTED:
        shop_on_hold(shop, KIND_COMMIT, "end", "h");
        return;
    case CANCELLED:
        shop_on_hold(shop, KIND_COMMIT, "end", "h");
        shop_cancel(shop, "back", "end");
        return;
    }
}
