/* SPDX-License-Identifier: Apache-2.0
 *
 * The tables of errors: by SQLSTATE, and by libpq's words where there is none. */
#include "common/connect/postgres_error.h"

#include <string.h>

#define WAIT     "Try again when the server is up; whatever was not committed has not happened."
#define PASSWORD "Put the right user and password into TILL_DATABASE_URL, or into PGPASSFILE."
#define SETUP    "Run: till setup"
#define POOLER   "Connect to PostgreSQL itself, without a pooler in transaction mode."
#define ADDRESS  "Start the server, or name its host and port in TILL_DATABASE_URL."
#define READ_WRITE \
    "Name the primary in TILL_DATABASE_URL, or all hosts of which one is the primary."
#define TLS      "Name the server as its certificate does, and its authority with sslrootcert."
#define VALUE    "Look at what was to be written: the database refuses it whenever it comes."
#define UNLISTED "Look into the server's log; if it happens again, report it with this message."

/* {user} and {database} are filled in. */
struct rule {
    const char *match; /* a SQLSTATE or its class; of libpq's text, a part */
    enum error_kind kind;
    const char *remedy;
};

/* The first that matches counts: single codes stand before their class. */
static const struct rule state_rules[] = {
    {"08P01", ERROR_CONFIG, POOLER},
    {"08", ERROR_RETRY, WAIT},
    {"22", ERROR_JOB, VALUE},
    {"23", ERROR_JOB, VALUE},
    {"25006", ERROR_RETRY, READ_WRITE},
    {"25P03", ERROR_RETRY, WAIT},
    {"26000", ERROR_CONFIG, POOLER},
    {"28000", ERROR_CONFIG,
     "Create the role (createuser {user}), and let pg_hba.conf admit it; then mind the password."},
    {"28P01", ERROR_CONFIG, PASSWORD},
    {"3D000", ERROR_CONFIG, "Create it: createdb {database}"},
    {"3F000", ERROR_CONFIG, SETUP},
    {"40001", ERROR_RETRY, WAIT},
    {"40003", ERROR_RETRY, WAIT},
    {"40P01", ERROR_RETRY, WAIT},
    {"42501", ERROR_CONFIG, "Let the schema's owner grant it to {user}, or use the owner's role."},
    {"42P01", ERROR_CONFIG, SETUP},
    {"42P05", ERROR_CONFIG, POOLER},
    {"53000", ERROR_RETRY, WAIT},
    {"53100", ERROR_RETRY, "Free space on the server's disk, then try again."},
    {"53200", ERROR_RETRY, "Give the server more memory, or lower its work_mem; then try again."},
    {"53300", ERROR_RETRY, "Raise max_connections, or the limit of {user}; or close something."},
    {"53400", ERROR_CONFIG, "Raise the limit that the message names."},
    {"54", ERROR_JOB, VALUE},
    {"55006", ERROR_RETRY, "Try again when nobody else uses it."},
    {"55P03", ERROR_RETRY, "Try again when whoever holds the lock is done (see pg_locks)."},
    {"57014", ERROR_RETRY, "Try again when the server has less to do."},
    {"57P01", ERROR_RETRY, WAIT},
    {"57P02", ERROR_RETRY, WAIT},
    {"57P03", ERROR_RETRY, WAIT},
    {"57P04", ERROR_CONFIG, "Create it: createdb {database}"},
    {"57P05", ERROR_RETRY, WAIT},
};

/* libpq 15's own words; it has no codes. */
static const struct rule text_rules[] = {
    {"certificate", ERROR_CONFIG, TLS}, /* first: these also say that something failed */
    {"SSL was required", ERROR_CONFIG, "Switch ssl on in the server, or ask for less: sslmode."},
    {"SSL error", ERROR_CONFIG, "Compare the server's ssl settings with sslmode and sslrootcert."},
    {"no password supplied", ERROR_CONFIG, PASSWORD},
    {"could not translate host name", ERROR_RETRY,
     "Mind the host's spelling, and that DNS knows it."},
    {"session is read-only", ERROR_RETRY, READ_WRITE},
    {"server is in hot standby mode", ERROR_RETRY, READ_WRITE},
    {"Connection refused", ERROR_RETRY, ADDRESS},
    {"No such file or directory", ERROR_RETRY, ADDRESS},
    {"Network is unreachable", ERROR_RETRY, ADDRESS},
    {"No route to host", ERROR_RETRY, ADDRESS},
    {"Connection timed out", ERROR_RETRY, WAIT},
    {"Connection reset by peer", ERROR_RETRY, WAIT},
    {"Broken pipe", ERROR_RETRY, WAIT},
    {"no answer within", ERROR_RETRY, "See whether the server is overloaded, frozen or cut off."},
    {"server closed the connection unexpectedly", ERROR_RETRY, WAIT},
    {"SSL connection has been closed unexpectedly", ERROR_RETRY, WAIT},
    {"SSL SYSCALL error", ERROR_RETRY, WAIT},
    {"connection is closed", ERROR_RETRY, WAIT},
    {"received invalid response to SSL", ERROR_CONFIG, "Name PostgreSQL's port, not another's."},
    {"expected authentication request", ERROR_CONFIG, "Name PostgreSQL's port, not another's."},
    {"invalid", ERROR_CONFIG, "Correct that setting in TILL_DATABASE_URL or its PG* variable."},
};

static const struct rule *rule_for_state(const char *sqlstate)
{
    for (size_t i = 0; i < sizeof state_rules / sizeof state_rules[0]; i++) {
        if (strncmp(sqlstate, state_rules[i].match, strlen(state_rules[i].match)) == 0) {
            return &state_rules[i];
        }
    }
    return NULL;
}

static const struct rule *rule_for_text(const char *text)
{
    for (size_t i = 0; i < sizeof text_rules / sizeof text_rules[0]; i++) {
        if (strstr(text, text_rules[i].match) != NULL) {
            return &text_rules[i];
        }
    }
    return NULL;
}

enum error_kind postgres_error_kind(const char *sqlstate)
{
    const struct rule *rule = rule_for_state(sqlstate);
    return rule == NULL ? ERROR_FATAL : rule->kind;
}

static void put_remedy(struct text *text, const char *remedy,
                       const struct postgres_complaint *complaint)
{
    while (*remedy != '\0') {
        const size_t plain = strcspn(remedy, "{");
        text_put_bytes(text, remedy, plain);
        remedy += plain;
        if (*remedy == '{') {
            text_put(text,
                     strncmp(remedy, "{user}", 6) == 0 ? complaint->user : complaint->database);
            remedy += strcspn(remedy, "}") + 1;
        }
    }
}

bool postgres_error_set(struct error *error, const struct postgres_complaint *complaint)
{
    const bool server = complaint->sqlstate[0] != '\0';
    const struct rule *rule =
        server ? rule_for_state(complaint->sqlstate) : rule_for_text(complaint->text);
    char memory[ERROR_REMEDY_MAX];
    struct text remedy;
    text_init(&remedy, memory, sizeof memory);

    if (rule != NULL) {
        error_set(error, rule->kind, "database %s: %s", complaint->where, complaint->text);
        put_remedy(&remedy, rule->remedy, complaint);
        return error_advise(error, "%s", remedy.bytes);
    }
    if (server) {
        error_set(error, ERROR_FATAL, "database %s: %s (SQLSTATE %s)", complaint->where,
                  complaint->text, complaint->sqlstate);
    } else {
        error_set(error, ERROR_FATAL, "database %s: %s", complaint->where, complaint->text);
    }
    return error_advise(error, UNLISTED);
}

/* "FATAL:  28P01: password authentication failed": the code, or NULL. */
static const char *find_state(const char *line, size_t size)
{
    static const char alphabet[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    for (const char *c = line; (size_t)(c - line) + SQLSTATE_SIZE + 5 <= size; c++) {
        if (strncmp(c, ":  ", 3) == 0 && strspn(c + 3, alphabet) == SQLSTATE_SIZE &&
            strncmp(c + 3 + SQLSTATE_SIZE, ": ", 2) == 0) {
            return c + 3;
        }
    }
    return NULL;
}

void postgres_error_pick(const char *message, char sqlstate[SQLSTATE_SIZE + 1], struct text *line)
{
    static const char prefix[] = "connection to server ";
    static const char middle[] = " failed: ";
    const char *last = message;

    sqlstate[0] = '\0';
    for (const char *c = message; *c != '\0';) {
        const size_t size = strcspn(c, "\n");
        const char *state = find_state(c, size);
        if (state != NULL) {
            memcpy(sqlstate, state, SQLSTATE_SIZE);
            sqlstate[SQLSTATE_SIZE] = '\0';
            state += SQLSTATE_SIZE + strlen(": ");
            text_put_bytes(line, state, size - (size_t)(state - c));
            return;
        }
        if (strncmp(c, prefix, strlen(prefix)) == 0) {
            last = c;
        }
        c += size + (c[size] == '\n');
    }
    const char *said = strncmp(last, prefix, strlen(prefix)) == 0 ? strstr(last, middle) : NULL;
    said = said == NULL ? last : said + strlen(middle);
    text_put_bytes(line, said, strcspn(said, "\n"));
}
