/* SPDX-License-Identifier: Apache-2.0
 *
 * Where the tests of decisions begin: a shop, and a hold in one of the states that the contract's
 * table names. */
#pragma once

#include "tests/support/shop.h"

enum situation {
    ACTIVE,
    PAST_ITS_END, /* not yet expired */
    EXPIRED,
    RELEASED,
    COMMITTED,
    CANCELLED,
    UNKNOWN,
    ANOTHERS, /* another customer's */
};

/* cmocka's setup and teardown of a test whose state is a shop. */
int open_shop(void **state);
int close_shop(void **state);

#define IN_A_SHOP(test) cmocka_unit_test_setup_teardown(test, open_shop, close_shop)

/* 10 PS5, and unless UNKNOWN a hold "h" of two of them; "end" ended it, "back" cancelled it. */
void bring_about(struct shop *shop, enum situation situation);

/* Waits for the hold's end and expires it. */
void expire_hold(struct shop *shop, const char *hold);

void assert_span(struct span actual, const char *expected); /* NULL: absent */
