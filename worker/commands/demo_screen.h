/* SPDX-License-Identifier: Apache-2.0
 *
 * What a demonstration says while it goes on, on stderr: on a terminal one line that is drawn again
 * and again under the things that have happened, elsewhere plain lines, one a second at most. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* How far the sale is. */
struct demo_progress {
    uint32_t buyers;
    uint32_t sent;
    uint32_t told;
    uint32_t confirmed;
    uint32_t sold_out;
    uint32_t units;
};

struct demo_screen {
    int64_t began_us;
    int64_t drawn_us;
    uint32_t drawn_told; /* what the last plain line said */
    bool live;           /* a terminal that understands being drawn on */
    bool colours;
    bool blocks; /* it shows more than ASCII */
    bool drawn;  /* the live line is there */
};

void demo_screen_init(struct demo_screen *screen);

/* Something has happened: a line that stays. */
void demo_screen_say(struct demo_screen *screen, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The same, of what must not be overlooked. */
void demo_screen_warn(struct demo_screen *screen, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Shows how far the sale is, unless it did so a moment ago. */
void demo_screen_show(struct demo_screen *screen, const struct demo_progress *progress);

/* The live line is no longer needed. */
void demo_screen_clear(struct demo_screen *screen);

/* 19,000: for people. Into memory of at least 32 bytes, which it returns. */
char *demo_grouped(int64_t number, char memory[32]);

/* 1.24 s, 103 ms: likewise. */
char *demo_duration(int64_t us, char memory[32]);
