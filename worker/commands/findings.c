/* SPDX-License-Identifier: Apache-2.0
 *
 * Collects what a check-up found, and prints it for people and for programs. */
#include "worker/commands/findings.h"

#include <stdarg.h>
#include <string.h>

#include "common/base/text.h"
#include "common/contract/json_write.h"

static struct finding *add(struct findings *findings, const char *check)
{
    ENSURE(findings->count < FINDINGS_MAX);
    struct finding *finding = &findings->list[findings->count++];
    *finding = (struct finding){.check = check};
    return finding;
}

void findings_ok(struct findings *findings, const char *check, const char *format, ...)
{
    struct finding *finding = add(findings, check);
    va_list arguments;
    va_start(arguments, format);
    finding->ok = true;
    (void)vsnprintf(finding->text, sizeof finding->text, format, arguments); /* cut if too long */
    va_end(arguments);
}

void findings_fault(struct findings *findings, const char *check, const struct error *error)
{
    struct finding *finding = add(findings, check);
    struct text text;
    ENSURE(error->kind != ERROR_NONE);
    text_init(&text, finding->text, sizeof finding->text);
    text_put(&text, error->text);
    memcpy(finding->remedy, error->remedy, sizeof finding->remedy);
    findings->faults++;
    findings->unreachable |= error->kind == ERROR_RETRY;
}

void findings_print(const struct findings *findings, FILE *out)
{
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *finding = &findings->list[i];
        (void)fprintf(out, "%-5s  %-20s  %s\n", finding->ok ? "ok" : "fault", finding->check,
                      finding->text);
        if (finding->remedy[0] != '\0') {
            (void)fprintf(out, "%29s%s\n", "-> ", finding->remedy);
        }
    }
}

static void print_finding(struct json *json, const struct finding *finding)
{
    json_object(json);
    json_member_string(json, "check", finding->check);
    json_member_string(json, "status", finding->ok ? "ok" : "fault");
    json_member_string(json, "text", finding->text);
    json_member_string(json, "remedy", finding->remedy[0] == '\0' ? NULL : finding->remedy);
    json_object_end(json);
}

void findings_print_json(const struct findings *findings, FILE *out)
{
    /* An escape takes six bytes at most; the rest of a finding is far smaller. */
    static char memory[FINDINGS_MAX * (FINDING_TEXT_MAX + ERROR_REMEDY_MAX + 64) * 6];
    struct text text;
    text_init(&text, memory, sizeof memory);
    struct json json = json_on(&text);
    json_object(&json);
    json_member_boolean(&json, "healthy", findings->faults == 0);
    json_member_integer(&json, "faults", (int64_t)findings->faults);
    json_key(&json, "checks");
    json_array(&json);
    for (size_t i = 0; i < findings->count; i++) {
        print_finding(&json, &findings->list[i]);
    }
    json_array_end(&json);
    json_object_end(&json);
    ENSURE(!text.full);
    (void)fprintf(out, "%s\n", text.bytes);
}
