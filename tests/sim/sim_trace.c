/* SPDX-License-Identifier: Apache-2.0
 *
 * Records, their hash, and their lines. */
#include "tests/sim/sim_trace.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* What an event is called, and what its figures are. */
static const struct {
    const char *name;
    const char *a;
    const char *b;
} events_known[EVENTS] = {
    [EVENT_STEP] = {"step", "progress", "phases"},
    [EVENT_STARTED] = {"worker started", "run", NULL},
    [EVENT_CRASHED] = {"worker crashed", "silently", NULL},
    [EVENT_FROZEN] = {"worker frozen", "ms", NULL},
    [EVENT_WOKE] = {"worker woke", NULL, NULL},
    [EVENT_DRAINING] = {"worker drains", NULL, NULL},
    [EVENT_CUT] = {"worker cut off", "from", "ms"},
    [EVENT_GONE] = {"worker gone for ever", "how", NULL},
    [EVENT_FAILED] = {"failed", "kind", "text"},
    [EVENT_PUBLISHED] = {"job published", "copy", "job"},
    [EVENT_SUBSCRIBED] = {"subscribed", "consumer", NULL},
    [EVENT_ACTIVE] = {"consumer active", "consumer", NULL},
    [EVENT_RETURNED] = {"window returned", "consumer", "jobs"},
    [EVENT_DELIVERED] = {"delivered", "copy", "before"},
    [EVENT_ACKED] = {"acknowledged", "consumer", "tag"},
    [EVENT_ACK_IGNORED] = {"acknowledgement ignored", "consumer", "tag"},
    [EVENT_SENT] = {"messages sent", "messages", "first"},
    [EVENT_ROUTED] = {"message routed", "number", "hash"},
    [EVENT_CONFIRMED] = {"confirm", "form", "number"},
    [EVENT_LOST] = {"connection lost", "which", NULL},
    [EVENT_BLOCKED] = {"publishing blocked", "ms", NULL},
    [EVENT_CONNECTED] = {"database connected", "session", NULL},
    [EVENT_STATEMENT] = {"statement", "step", "session"},
    [EVENT_WAITING] = {"waits for row", "row", "session"},
    [EVENT_COMMITTED] = {"committed", "decisions", "hash"},
    [EVENT_ROLLED_BACK] = {"rolled back", "session", NULL},
    [EVENT_REFUSED] = {"database refuses", "errand", "kind"},
    [EVENT_DOWN] = {"database away", "ms", "read-only"},
    [EVENT_JUMPED] = {"database's clock jumps", NULL, "to"},
    [EVENT_DUTY] = {"duty", "progress", NULL},
    [EVENT_DRIVEN] = {"driver", "step", "progress"},
    [EVENT_SCALED] = {"scale", "generation", NULL},
    [EVENT_CALM] = {"calm", NULL, NULL},
    [EVENT_DONE] = {"done", "copies", "decisions"},
};

static inline uint64_t word_at(const char *bytes)
{
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    return word;
}

/* Two words at once: both halves of a product take part. */
static inline uint64_t hash_pair(uint64_t hash, uint64_t first, uint64_t second)
{
    const unsigned __int128 product =
        (unsigned __int128)(hash ^ first) * (second ^ 0x9e3779b97f4a7c15);
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Fewer bytes than a word has. */
static uint64_t hash_short(uint64_t hash, const char *bytes, uint32_t size)
{
    uint64_t word = 0;
    if (size > 0) {
        memcpy(&word, bytes, size);
    }
    return sim_hash_word(hash, word);
}

uint64_t sim_hash(const void *bytes, uint32_t size)
{
    const uint32_t word = sizeof(uint64_t);
    const char *at = bytes;
    uint64_t hash = sim_hash_word(0x2545f4914f6cdd1d, size);
    if (size < word) {
        return hash_short(hash, at, size);
    }
    for (; size > 2 * word; size -= 2 * word, at += 2 * word) {
        hash = hash_pair(hash, word_at(at), word_at(at + word));
    }
    /* The last two may overlap; of less than two the second one is all that there is. */
    const char *second = at + size - word;
    return hash_pair(hash, word_at(size < word ? second : at), word_at(second));
}

static void print_record(const struct sim_record *record)
{
    const char *a = events_known[record->what].a;
    const char *b = events_known[record->what].b;
    (void)printf("%10" PRId64 " us ", record->at);
    if (record->actor == SIM_ACTOR_NONE) {
        (void)printf("   -  ");
    } else {
        (void)printf("  %2u  ", record->actor);
    }
    (void)printf("%s", events_known[record->what].name);
    if (a != NULL) {
        (void)printf("  %s %" PRIu32, a, record->a);
    }
    if (b != NULL) {
        (void)printf("  %s %" PRIx64, b, record->b);
    }
    (void)printf("\n");
}

void sim_trace_init(struct sim_trace *trace, bool printed)
{
    trace->hash = 0;
    trace->count = 0;
    trace->printed = printed;
}

void sim_trace_print_last(const struct sim_trace *trace)
{
    print_record(&trace->last[(trace->count - 1) % SIM_RECORDS_MAX]);
}

void sim_trace_print(const struct sim_trace *trace, uint32_t lines)
{
    uint64_t first = trace->count > SIM_RECORDS_MAX ? trace->count - SIM_RECORDS_MAX : 0;
    if (trace->count - first > lines) {
        first = trace->count - lines;
    }
    for (uint64_t i = first; i < trace->count; i++) {
        print_record(&trace->last[i % SIM_RECORDS_MAX]);
    }
}
