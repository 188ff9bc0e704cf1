/* SPDX-License-Identifier: Apache-2.0
 *
 * till slot: where a SKU belongs. The slot needs no server; the lane is asked of the database, or
 * computed for a given number of lanes. */
#include <stdio.h>
#include <string.h>

#include "common/base/text.h"
#include "common/base/utf8.h"
#include "common/connect/postgres.h"
#include "common/contract/address.h"
#include "common/contract/job_text.h"
#include "common/contract/json_write.h"
#include "common/contract/slot.h"
#include "worker/commands/command.h"
#include "worker/postgres/generation.h"

static const struct option options[] = {
    {"lanes", "N", "compute for N lanes, without asking the database"},
    {"json", NULL, "a JSON object a line"},
    {0},
};

/* Lanes of 0: not known. */
static void print_slot(const char *sku, struct generation generation)
{
    const uint32_t slot = till_slot(sku, strlen(sku));
    if (generation.lanes == 0) {
        (void)printf("%s  slot %u\n", sku, slot);
    } else {
        (void)printf("%s  slot %u  lane %u of %u\n", sku, slot, slot_lane(slot, generation.lanes),
                     generation.lanes);
    }
}

static void print_slot_json(const char *sku, struct generation generation)
{
    char memory[4096];
    struct text text;
    text_init(&text, memory, sizeof memory);
    struct json json = json_on(&text);
    const uint32_t slot = till_slot(sku, strlen(sku));
    json_object(&json);
    json_member_string(&json, "sku", sku);
    json_member_integer(&json, "slot", slot);
    json_key(&json, "lane");
    if (generation.lanes == 0) {
        json_null(&json);
    } else {
        json_integer(&json, slot_lane(slot, generation.lanes));
    }
    json_object_end(&json);
    ENSURE(!text.full);
    (void)printf("%s\n", text.bytes);
}

static bool ask_database(const struct config *config, struct generation *generation,
                         struct error *error)
{
    struct postgres postgres;
    if (!postgres_open(&postgres, config, POSTGRES_COMMAND, "slot", error)) {
        return false;
    }
    const bool known = generation_current(&postgres, generation, error);
    postgres_close(&postgres);
    return known;
}

static bool is_utf8(const char *bytes, size_t size)
{
    size_t at = 0;
    while (at < size) {
        const size_t character = utf8_size(bytes + at, size - at);
        if (character == 0) {
            return false;
        }
        at += character;
    }
    return true;
}

static bool check_skus(const struct invocation *invocation, struct error *error)
{
    for (size_t i = 0; i < invocation->operand_count; i++) {
        const char *sku = invocation->operands[i];
        const size_t size = strlen(sku);
        if (size > JOB_TEXT_MAX || !is_utf8(sku, size) ||
            !job_sku_valid((struct span){sku, (uint32_t)size})) {
            error_set(error, ERROR_USAGE, "\"%s\" is no SKU", sku);
            return error_advise(error,
                                "A SKU has 1 to %u bytes of UTF-8, no control characters, "
                                "and no space at either end.",
                                JOB_TEXT_MAX);
        }
    }
    return true;
}

static bool run(const struct invocation *invocation, enum exit_status *status, struct error *error)
{
    struct generation generation = {0};
    if (!check_skus(invocation, error) ||
        !invocation_number(invocation, "lanes", 1, LANES_MAX, &generation.lanes, error)) {
        return false;
    }
    struct error unknown = {0};
    if (generation.lanes == 0 && !ask_database(invocation->config, &generation, &unknown)) {
        /* The slot is the same whether or not there is a database. */
        (void)fprintf(stderr, "till slot: the lane is not known: %s\n", unknown.text);
    }
    for (size_t i = 0; i < invocation->operand_count; i++) {
        if (invocation_value(invocation, "json") != NULL) {
            print_slot_json(invocation->operands[i], generation);
        } else {
            print_slot(invocation->operands[i], generation);
        }
    }
    *status = STATUS_DONE;
    return true;
}

const struct command command_slot = {
    .name = "slot",
    .operands = "SKU ...",
    .operands_min = 1,
    .operands_max = SIZE_MAX,
    .summary = "the slot of a SKU, and the lane that serves it",
    .description =
        "A publisher sets the slot as the routing key of a job. It is the CRC-32 of the SKU's "
        "bytes,\n"
        "modulo 1024, and never changes; the lane follows from it and the number of lanes.",
    .options = options,
    .needs_config = true,
    .run = run,
};
