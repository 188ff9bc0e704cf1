/* SPDX-License-Identifier: Apache-2.0
 *
 * Compares timelines. */
#include "common/connect/postgres_choice.h"

#include <stdlib.h>
#include <string.h>

#define TIMELINE_DIGITS  8u
#define FILE_NAME_DIGITS 24u /* timeline, and where in the log: eight digits, three times */

uint32_t postgres_choice_timeline(const char *file)
{
    char digits[TIMELINE_DIGITS + 1] = "";
    if (strlen(file) != FILE_NAME_DIGITS || strspn(file, "0123456789ABCDEF") != FILE_NAME_DIGITS) {
        return TIMELINE_NONE;
    }
    memcpy(digits, file, TIMELINE_DIGITS);
    return (uint32_t)strtoul(digits, NULL, 16);
}

bool postgres_choice_offer(struct postgres_choice *choice, size_t host, uint32_t timeline)
{
    if (timeline <= choice->timeline) {
        return false;
    }
    *choice = (struct postgres_choice){.timeline = timeline, .host = host};
    return true;
}
