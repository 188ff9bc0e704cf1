/* SPDX-License-Identifier: Apache-2.0
 *
 * Counts dead letters by reason. Whatever stands in them was written by strangers. */
#include <stdio.h>
#include <string.h>

#include "worker/commands/status_parts.h"
#include "worker/rabbit/note.h"
#include "worker/rabbit/pile.h"
#include "worker/rabbit/properties.h"

#define LOOK_MAX 10000u /* letters: of more, only their number is told */
#define LOOK_MS  10000  /* the same number of letters may be others after a while */

static void add(struct status_dead *dead, const char *reason, uint32_t letters)
{
    uint32_t place = 0;
    while (place < dead->reason_count && strcmp(dead->reasons[place].text, reason) != 0) {
        place++;
    }
    if (place == STATUS_REASONS_MAX) {
        place--;
    } else if (place == dead->reason_count) {
        (void)snprintf(dead->reasons[place].text, sizeof dead->reasons[place].text, "%s", reason);
        dead->reasons[place].letters = 0;
        dead->reason_count++;
    }
    dead->reasons[place].letters += letters;
}

static bool count(struct pile *pile, struct status_dead *dead, struct error *error)
{
    for (;;) {
        const struct letter *letter = NULL;
        struct note note;
        char reason[sizeof dead->reasons[0].text];
        if (!pile_next(pile, &letter, error)) {
            return false;
        }
        if (letter == NULL) {
            return true;
        }
        note_read(properties_headers(letter->head), &note);
        (void)snprintf(reason, sizeof reason, "%.*s", SPAN_ARGUMENTS(note.reason));
        add(dead, reason, 1);
    }
}

static bool look(const struct amqp_url *url, const char *namespace, struct status_dead *dead,
                 struct error *error)
{
    static struct pile pile; /* large */
    bool busy = false;
    pile = (struct pile){0};
    if (!pile_open(&pile, url, namespace, 0, &busy, error)) {
        return false;
    }
    if (busy) {
        add(dead, STATUS_REASON_BUSY, dead->letters);
        return true;
    }
    const bool counted = count(&pile, dead, error);
    pile_close(&pile);
    return counted;
}

bool status_count_dead(const struct amqp_url *url, const char *namespace, uint32_t letters,
                       struct status_dead *dead, struct error *error)
{
    const int64_t now_ms = wire_now_ms();
    if (dead->counted_ms != 0 && dead->letters == letters && now_ms - dead->counted_ms < LOOK_MS) {
        return true;
    }
    *dead = (struct status_dead){.letters = letters, .counted_ms = now_ms};
    if (letters > LOOK_MAX) {
        add(dead, STATUS_REASON_MANY, letters);
        return true;
    }
    return letters == 0 || look(url, namespace, dead, error);
}
