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

static uint64_t mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * 0x9fb21c651e98df25;
    return hash ^ (hash >> 29);
}

uint64_t sim_hash(const void *bytes, uint32_t size)
{
    const char *at = bytes;
    uint64_t hash = mix(0x2545f4914f6cdd1d, size);
    for (; size >= 8; size -= 8, at += 8) {
        uint64_t word;
        memcpy(&word, at, sizeof word);
        hash = mix(hash, word);
    }
    if (size > 0) {
        uint64_t word = 0;
        memcpy(&word, at, size);
        hash = mix(hash, word);
    }
    return hash;
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

void sim_trace_put(struct sim_trace *trace, struct sim_record record)
{
    uint64_t hash = mix(trace->hash, (uint64_t)record.at);
    hash = mix(hash, (uint64_t)record.what << 48 | (uint64_t)record.actor << 32 | record.a);
    trace->hash = mix(hash, record.b);
    trace->last[trace->count++ % SIM_RECORDS_MAX] = record;
    if (trace->printed) {
        print_record(&record);
    }
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
