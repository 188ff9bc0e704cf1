/* SPDX-License-Identifier: Apache-2.0
 *
 * Events, for programs that subscribe to them: decisions, answers, and news of stock.
 *
 *     static struct till_event event;
 *     if (till_event_read(body, size, &event) && strcmp(event.outcome, "confirmed") == 0) {
 *         printf("%s is sold\n", event.job);
 *     }
 *
 * Drop an event whose source and id you have had: copies are the same, byte for byte. The version
 * of an item is the proof of order: of one SKU in one pool, the highest is the latest. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TILL_EVENT_ITEMS_MAX 100

struct till_event_item {
    char sku[129];
    int64_t qty;       /* 0 in news of stock */
    int64_t version;   /* the number of this change; 0: this SKU did not move */
    int64_t available; /* after the change; 0 if it did not move */
};

/* A SKU that stood in the way. */
struct till_event_fault {
    char sku[129];
    char reason[32];
    int64_t wanted;
    int64_t available; /* this and the figures below: -1 where it is not said */
    int64_t held;
    int64_t limit;
    int64_t taken;
    int64_t version;
    char opens_at[28];
    char closes_at[28];
};

/* Texts end in a NUL and are empty where the event has none or null. Some 45 KiB: keep it off small
 * stacks. */
struct till_event {
    char source[64]; /* "/till": a decision; "/till/answers"; "/till/stock" */
    char id[256];
    char type[64]; /* "till.reserve.held" */
    char time[28]; /* of a decision */
    char job[141]; /* its id; empty in news of stock */
    char kind[32];
    char outcome[32]; /* of a decision */
    char reason[32];  /* of a rejection or an answer */
    char ref[129];
    char customer[129];
    char store[65];
    char pool[65];
    char routing_key[8]; /* for later jobs on this hold or sale */
    char hold[129];
    char sale[129];
    char by[141]; /* the job that did already what this one wanted to do */
    char expires_at[28];
    char pointer[1025]; /* of an answer: what is wrong, and where */
    char text[256];
    uint32_t item_count;
    struct till_event_item items[TILL_EVENT_ITEMS_MAX];
    uint32_t fault_count;
    struct till_event_fault faults[TILL_EVENT_ITEMS_MAX];
};

/* False: not an event of Till's, or one that does not fit; the event is then not to be used. What
 * is not known here is passed over, as the contract asks of every reader. */
bool till_event_read(const char *body, size_t size, struct till_event *event);

#ifdef __cplusplus
}
#endif
