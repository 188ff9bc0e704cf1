/* SPDX-License-Identifier: Apache-2.0
 *
 * A ring of messages by their number on the channel. */
#include "worker/rabbit/confirms.h"

#include <inttypes.h>
#include <stddef.h>

static struct confirm *confirm_at(struct confirms *confirms, uint64_t number)
{
    return &confirms->ring[number % CONFIRMS_MAX];
}

void confirms_reset(struct confirms *confirms)
{
    confirms->first = confirms->next = 1;
    confirms->waiting = confirms->refused_first = confirms->refused_count = 0;
}

bool confirms_owed(const struct confirms *confirms)
{
    return confirms->first < confirms->next;
}

bool confirms_full(const struct confirms *confirms)
{
    return confirms->next - confirms->first >= CONFIRMS_MAX;
}

void confirms_sent(struct confirms *confirms, uint32_t message, uint8_t attempt)
{
    ENSURE(!confirms_full(confirms));
    *confirm_at(confirms, confirms->next) =
        (struct confirm){.message = message, .attempt = attempt, .open = true, .wanted = true};
    confirms->next++;
    confirms->waiting++;
}

static void settle_one(struct confirms *confirms, struct confirm *confirm, bool taken)
{
    confirm->open = false;
    if (!confirm->wanted) {
        return;
    }
    ENSURE(confirms->waiting > 0);
    confirms->waiting--;
    if (!taken) {
        ENSURE(confirms->refused_count < CONFIRMS_MAX);
        const uint32_t place = confirms->refused_first + confirms->refused_count++;
        confirms->refused[place % CONFIRMS_MAX] = *confirm;
    }
}

static void settle_up_to(struct confirms *confirms, uint64_t last, bool taken)
{
    for (uint64_t number = confirms->first; number <= last; number++) {
        struct confirm *confirm = confirm_at(confirms, number);
        if (confirm->open) {
            settle_one(confirms, confirm, taken);
        }
    }
}

bool confirms_settle(struct confirms *confirms, uint64_t number, bool multiple, bool taken,
                     struct error *error)
{
    const uint64_t last = multiple && number == 0 ? confirms->next - 1 : number;
    if (last >= confirms->next || (!multiple && number < confirms->first) ||
        (!multiple && !confirm_at(confirms, number)->open)) {
        return error_set(error, ERROR_RETRY,
                         "the broker confirmed message %" PRIu64 " of the channel, and %" PRIu64
                         " to %" PRIu64 " are without confirm",
                         number, confirms->first, confirms->next - 1);
    }
    if (multiple) {
        settle_up_to(confirms, last, taken);
    } else {
        settle_one(confirms, confirm_at(confirms, number), taken);
    }
    while (confirms->first < confirms->next && !confirm_at(confirms, confirms->first)->open) {
        confirms->first++;
    }
    return true;
}

/* The earliest first: a subscriber had better see events in order. */
bool confirms_peek(const struct confirms *confirms, struct confirm *refused)
{
    if (confirms->refused_count == 0) {
        return false;
    }
    *refused = confirms->refused[confirms->refused_first];
    return true;
}

void confirms_drop(struct confirms *confirms)
{
    ENSURE(confirms->refused_count > 0);
    confirms->refused_first = (confirms->refused_first + 1) % CONFIRMS_MAX;
    confirms->refused_count--;
}

void confirms_forget(struct confirms *confirms)
{
    for (uint64_t number = confirms->first; number < confirms->next; number++) {
        confirm_at(confirms, number)->wanted = false;
    }
    confirms->waiting = confirms->refused_count = 0;
}
