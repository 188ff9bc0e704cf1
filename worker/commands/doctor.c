/* SPDX-License-Identifier: Apache-2.0
 *
 * till doctor: everything that must be right before a worker can work, one line each. */
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "worker/commands/command.h"
#include "worker/commands/doctor_parts.h"
#include "worker/commands/nearest.h"

static const struct option options[] = {
    {"json", NULL, "one JSON object"},
    {0},
};

static const char *const variables[] = {
    "TILL_AMQP_URL", "TILL_AMQP_PASSWORD_FILE", "TILL_DATABASE_URL", "TILL_NAMESPACE", "TILL_LOG",
};
enum { VARIABLES = sizeof variables / sizeof variables[0] };

/* Of the tools around the program, which have their own. */
static const char *const foreign_prefixes[] = {"TILL_STACK_", "TILL_TEST_"};
enum { FOREIGN_PREFIXES = sizeof foreign_prefixes / sizeof foreign_prefixes[0] };

static bool variable_known(const char *name)
{
    for (size_t i = 0; i < VARIABLES; i++) {
        if (strcmp(name, variables[i]) == 0) {
            return true;
        }
    }
    for (size_t i = 0; i < FOREIGN_PREFIXES; i++) {
        if (strncmp(name, foreign_prefixes[i], strlen(foreign_prefixes[i])) == 0) {
            return true;
        }
    }
    return false;
}

/* A variable that nobody reads is a setting that somebody believes to be in force. */
static void check_environment(struct findings *findings, const struct config *config)
{
    struct error error = {0};
    for (char **entry = environ; *entry != NULL; entry++) {
        char name[64];
        const size_t size = strcspn(*entry, "=");
        if (strncmp(*entry, "TILL_", strlen("TILL_")) != 0 || size >= sizeof name) {
            continue;
        }
        memcpy(name, *entry, size);
        name[size] = '\0';
        if (variable_known(name)) {
            continue;
        }
        const char *near = nearest(name, variables, VARIABLES);
        error_set(&error, ERROR_CONFIG, "the variable %s is set, but nothing reads it", name);
        if (near != NULL) {
            error_advise(&error, "Did you mean %s?", near);
        }
        error_advise(&error, "Unset it, or look at the names in: till help");
        findings_fault(findings, "settings", &error);
        return;
    }
    findings_ok(findings, "settings", "namespace \"%s\" (%s)", config->namespace.value,
                config->namespace.source);
}

void doctor_name(struct findings *findings, const char *check, const char *host)
{
    struct addrinfo *found = NULL;
    struct error error = {0};
    char address[NI_MAXHOST] = "";
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    const int failed = getaddrinfo(host, NULL, &hints, &found);
    if (failed != 0) {
        error_set(&error, ERROR_RETRY, "the name \"%s\" is not known: %s", host,
                  gai_strerror(failed));
        error_advise(
            &error, "Look for a typing error, or ask the system's resolver: getent hosts %s", host);
        findings_fault(findings, check, &error);
        return;
    }
    (void)getnameinfo(found->ai_addr, found->ai_addrlen, address, sizeof address, NULL, 0,
                      NI_NUMERICHOST); /* only for people to read */
    freeaddrinfo(found);
    findings_ok(findings, check, "%s is %s", host, address);
}

static bool run(const struct invocation *invocation, enum exit_status *status, struct error *error)
{
    (void)error; /* what is wrong is a finding */
    static struct findings findings;
    struct topology topology = {.namespace = invocation->config->namespace.value};

    check_environment(&findings, invocation->config);
    doctor_database(invocation->config, &findings, &topology);
    doctor_broker(invocation->config, &findings, &topology);

    if (invocation_value(invocation, "json") != NULL) {
        findings_print_json(&findings, stdout);
    } else {
        findings_print(&findings, stdout);
    }
    *status = findings.unreachable   ? STATUS_UNREACHABLE
              : findings.faults != 0 ? STATUS_NEGATIVE
                                     : STATUS_DONE;
    return true;
}

const struct command command_doctor = {
    .name = "doctor",
    .operands = "",
    .summary = "checks servers, permissions, schema and lanes; a remedy per fault",
    .description = "One line a check, ok or fault; a fault's remedy stands below it. It changes "
                   "nothing: what it\n"
                   "sends through the lanes it takes out again, and lanes in use are left alone.\n"
                   "\n"
                   "Exit 0: all is well; 1: a fault; 69: a server cannot be reached.",
    .options = options,
    .needs_config = true,
    .run = run,
};
