/* SPDX-License-Identifier: Apache-2.0
 *
 * till audit: every figure proved from the database alone. */
#include <stdio.h>

#include "common/connect/postgres.h"
#include "common/contract/json_write.h"
#include "worker/commands/command.h"
#include "worker/commands/commands.h"
#include "worker/postgres/audit.h"

static const struct option options[] = {
    {"json", NULL, "a JSON object a line, one for each invariant"},
    {0},
};

struct audit {
    uint32_t invariants;
    uint32_t broken;
};

static void print(void *self, const struct audit_finding *finding)
{
    struct audit *audit = self;
    audit->invariants++;
    audit->broken += finding->broken > 0;
    (void)printf("%-6s  %-9s %10lld %-8s %s\n", finding->broken == 0 ? "ok" : "broken",
                 finding->name, (long long)finding->looked_at, finding->things, finding->sentence);
    if (finding->broken > 0) {
        (void)printf("        %lld not:\n", (long long)finding->broken);
    }
    for (size_t i = 0; i < finding->example_count; i++) {
        const struct audit_example *example = &finding->examples[i];
        (void)printf("        %s%s%s%s%s: %s\n", example->pool, example->pool[0] == '\0' ? "" : "/",
                     example->pool[0] == '\0' ? "" : example->sku,
                     example->pool[0] == '\0' || example->id[0] == '\0' ? "" : " ", example->id,
                     example->text);
    }
    (void)fflush(stdout); /* on a large database the next one takes its time */
}

static void write_example(struct json *json, const struct audit_example *example)
{
    json_object(json);
    if (example->pool[0] != '\0') {
        json_member_string(json, "pool", example->pool);
        json_member_string(json, "sku", example->sku);
    }
    if (example->id[0] != '\0') {
        json_member_string(json, example->pool[0] == '\0' ? "id" : "customer", example->id);
    }
    json_member_string(json, "text", example->text);
    json_object_end(json);
}

static void print_json(void *self, const struct audit_finding *finding)
{
    /* An escape takes six bytes at most. */
    static char memory[AUDIT_EXAMPLES_MAX * sizeof(struct audit_example) * 6 + 4096];
    struct audit *audit = self;
    struct text text;
    text_init(&text, memory, sizeof memory);
    struct json json = json_on(&text);
    audit->invariants++;
    audit->broken += finding->broken > 0;
    json_object(&json);
    json_member_string(&json, "invariant", finding->name);
    json_member_boolean(&json, "holds", finding->broken == 0);
    json_member_string(&json, "sentence", finding->sentence);
    json_member_integer(&json, "looked_at", finding->looked_at);
    json_member_string(&json, "things", finding->things);
    json_member_integer(&json, "broken", finding->broken);
    json_key(&json, "examples");
    json_array(&json);
    for (size_t i = 0; i < finding->example_count; i++) {
        write_example(&json, &finding->examples[i]);
    }
    json_array_end(&json);
    json_object_end(&json);
    ENSURE(!text.full);
    (void)printf("%s\n", text.bytes);
    (void)fflush(stdout);
}

static bool run(const struct invocation *invocation, enum exit_status *status, struct error *error)
{
    const bool as_json = invocation_value(invocation, "json") != NULL;
    struct audit audit = {0};
    struct postgres postgres;
    const struct audit_report report = {as_json ? print_json : print, &audit};
    if (!postgres_open(&postgres, invocation->config, POSTGRES_COMMAND, "audit", error)) {
        return false;
    }
    const bool done = audit_run(&postgres, &report, error);
    postgres_close(&postgres);
    if (done && audit.broken == 0) {
        (void)fprintf(stderr, "audit passed: all %u invariants hold\n", audit.invariants);
    } else if (done) {
        (void)fprintf(stderr, "audit failed: %u of %u invariants are broken\n", audit.broken,
                      audit.invariants);
    }
    *status = audit.broken == 0 ? STATUS_DONE : STATUS_NEGATIVE;
    return done;
}

const struct command command_audit = {
    .name = "audit",
    .operands = "",
    .summary = "proves that every figure follows from the recorded decisions",
    .description =
        "Looks at the database alone, at one moment of it, and disturbs nobody. A line "
        "for each invariant\n"
        "with what was looked at; below a broken one how many break it, and the first of "
        "them.\n"
        "\n"
        "Exit 0: all hold; 1: one is broken.",
    .options = options,
    .needs_config = true,
    .run = run,
};
