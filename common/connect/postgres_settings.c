/* SPDX-License-Identifier: Apache-2.0
 *
 * Parses, checks and merges connection settings. */
#include "common/connect/postgres_settings.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/text.h"

#define CONNECT_TIMEOUT_DEFAULT 10  /* seconds */
#define CONNECT_TIMEOUT_SEVERAL 3   /* seconds, for each of several hosts: all are asked */
#define CONNECT_TIMEOUT_MAX     600 /* seconds */
#define URL_REMEDY                                                                                \
    "Write it as postgresql://USER:PASSWORD@HOST:PORT/DATABASE, with special characters in user " \
    "and password percent-encoded (@ as %%40, / as %%2F, : as %%3A, ? as %%3F, %% as %%25), or "  \
    "leave the password to PGPASSFILE."

struct pair {
    const char *keyword;
    const char *value;
};

/* A dead peer is noticed after 10 s of silence plus three unanswered questions, or after 10 s
 * without an acknowledgement of what was sent. The user's own values win, the URL's and the
 * environment's. */
static const struct pair defaults[] = {
    {"keepalives", "1"},       {"keepalives_idle", "10"},     {"keepalives_interval", "3"},
    {"keepalives_count", "3"}, {"tcp_user_timeout", "10000"},
};

/* Everything that the program does writes, or reads what was just written; and all of its text is
 * UTF-8. So these are not the user's to choose. */
static const struct pair fixed[] = {
    {"target_session_attrs", "read-write"},
    {"client_encoding", "UTF8"},
};

static const struct pair *pair_find(const struct pair *pairs, size_t count, const char *keyword)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(pairs[i].keyword, keyword) == 0) {
            return &pairs[i];
        }
    }
    return NULL;
}

static const PQconninfoOption *option_find(const PQconninfoOption *options, const char *keyword)
{
    for (const PQconninfoOption *option = options; option->keyword != NULL; option++) {
        if (strcmp(option->keyword, keyword) == 0) {
            return option;
        }
    }
    return NULL;
}

/* The user's own value, from the URL or libpq's variable; NULL: none. */
static const char *given(const PQconninfoOption *options, const char *keyword)
{
    const PQconninfoOption *option = option_find(options, keyword);
    if (option == NULL) {
        return NULL;
    }
    const char *value = option->val;
    if (value == NULL && option->envvar != NULL) {
        value = getenv(option->envvar);
    }
    return value != NULL && value[0] != '\0' ? value : NULL;
}

static bool is_flag(const struct setting *url)
{
    return strncmp(url->source, "--", 2) == 0;
}

static bool refuse(struct error *error, const struct setting *url, const char *why)
{
    error_set(error, is_flag(url) ? ERROR_USAGE : ERROR_CONFIG, "%s: %s", url->source, why);
    return error_advise(error, URL_REMEDY);
}

/* A password with an @ or a / in it ends, for libpq, where that stands; the rest becomes a host or
 * a database, which messages name. So an @ is allowed in one place only: before the hosts. */
static bool url_unambiguous(const char *url)
{
    const char *authority = strstr(url, "://");
    if (authority == NULL || strcspn(url, "= \t\n") < (size_t)(authority - url)) {
        return true; /* not a URL: keyword=value */
    }
    authority += strlen("://");
    const size_t size = strcspn(authority, "/");
    const char *at = memchr(authority, '@', size);
    const char *hosts = at == NULL ? authority : at + 1;
    return memchr(hosts, '@', strcspn(hosts, "?")) == NULL;
}

/* libpq quotes what it does not understand. */
static void put_redacted(struct text *text, const char *message)
{
    const char *first = strchr(message, '"');
    const char *last = strrchr(message, '"');
    if (first == NULL || first == last) {
        text_put_bytes(text, message, strcspn(message, "\"\n"));
        return;
    }
    text_put_bytes(text, message, (size_t)(first - message));
    text_put(text, "\"...\"");
    text_put_bytes(text, last + 1, strcspn(last + 1, "\n"));
}

static bool parse(struct postgres_settings *settings, const struct setting *url,
                  struct error *error)
{
    char *message = NULL;
    settings->options = PQconninfoParse(url->value == NULL ? "" : url->value, &message);
    if (settings->options != NULL) {
        return true;
    }
    char memory[ERROR_TEXT_MAX / 2];
    struct text why;
    text_init(&why, memory, sizeof memory);
    put_redacted(&why, message == NULL ? "out of memory" : message);
    PQfreemem(message);
    return refuse(error, url, why.bytes);
}

/* libpq marks with a star what must not be shown. */
static bool has_secret(const PQconninfoOption *options)
{
    for (const PQconninfoOption *option = options; option->keyword != NULL; option++) {
        if (option->val != NULL && option->dispchar != NULL && option->dispchar[0] == '*') {
            return true;
        }
    }
    return false;
}

static size_t list_count(const char *list)
{
    size_t count = 1;
    for (const char *c = list; *c != '\0'; c++) {
        count += *c == ',';
    }
    return count;
}

/* The index-th of a comma-separated list; false when it does not fit. */
static bool list_take(const char *list, size_t index, char *element, size_t capacity)
{
    for (; index > 0; index--) {
        list += strcspn(list, ",") + 1;
    }
    struct text text;
    text_init(&text, element, capacity);
    text_put_bytes(&text, list, strcspn(list, ","));
    return !text.full;
}

static bool port_valid(const char *port)
{
    const size_t size = strlen(port);
    const long number = strtol(port, NULL, 10);
    return size == 0 || (strspn(port, "0123456789") == size && number >= 1 && number <= UINT16_MAX);
}

static bool read_hosts(struct postgres_settings *settings, const struct setting *url,
                       struct error *error)
{
    const char *names = given(settings->options, "host");
    const char *addresses = given(settings->options, "hostaddr");
    const char *ports = given(settings->options, "port");
    const char *longest = addresses != NULL ? addresses : names;
    const size_t count = longest == NULL ? 1 : list_count(longest);

    if (count > POSTGRES_HOSTS_MAX) {
        return refuse(error, url, "too many hosts");
    }
    if ((names != NULL && list_count(names) != count) ||
        (ports != NULL && list_count(ports) != 1 && list_count(ports) != count)) {
        return refuse(error, url, "the numbers of hosts, addresses and ports differ");
    }
    for (size_t i = 0; i < count; i++) {
        struct postgres_host *host = &settings->hosts[i];
        const size_t port = ports != NULL && list_count(ports) == 1 ? 0 : i;
        if (!list_take(names == NULL ? "" : names, names == NULL ? 0 : i, host->name,
                       sizeof host->name) ||
            !list_take(addresses == NULL ? "" : addresses, addresses == NULL ? 0 : i, host->address,
                       sizeof host->address)) {
            return refuse(error, url, "a host's name is too long");
        }
        if (!list_take(ports == NULL ? "" : ports, ports == NULL ? 0 : port, host->port,
                       sizeof host->port) ||
            !port_valid(host->port)) {
            return refuse(error, url, "a port is not a number from 1 to 65535");
        }
    }
    settings->hosts_count = count;
    return true;
}

/* 0 means for ever to libpq; not to us: nothing may wait without an end. */
static bool read_timeout(struct postgres_settings *settings, const struct setting *url,
                         struct error *error)
{
    const char *value = given(settings->options, "connect_timeout");
    char *end = NULL;
    const long seconds = value == NULL ? 0 : strtol(value, &end, 10);
    if (value != NULL && *end != '\0') {
        return refuse(error, url, "connect_timeout is not a number of seconds");
    }
    if (seconds <= 0) {
        settings->connect_timeout_ms =
            (settings->hosts_count > 1 ? CONNECT_TIMEOUT_SEVERAL : CONNECT_TIMEOUT_DEFAULT) * 1000;
    } else {
        settings->connect_timeout_ms =
            (int)(seconds > CONNECT_TIMEOUT_MAX ? CONNECT_TIMEOUT_MAX : seconds) * 1000;
    }
    return true;
}

static bool read_all(struct postgres_settings *settings, const struct setting *url,
                     struct error *error)
{
    if (url->value != NULL && !url_unambiguous(url->value)) {
        return refuse(error, url, "an \"@\" stands where none may be");
    }
    if (!parse(settings, url, error)) {
        return false;
    }
    if (is_flag(url) && has_secret(settings->options)) {
        error_set(error, ERROR_USAGE,
                  "%s: it has a password in it, which every user of this "
                  "machine can see in the list of processes",
                  url->source);
        return error_advise(error, "Put the URL into the environment, as TILL_DATABASE_URL, or "
                                   "the password into the file that PGPASSFILE names.");
    }
    return read_hosts(settings, url, error) && read_timeout(settings, url, error);
}

/* What was read in vain does not stay behind. */
bool postgres_settings_read(struct postgres_settings *settings, const struct setting *url,
                            struct error *error)
{
    *settings = (struct postgres_settings){0};
    if (read_all(settings, url, error)) {
        return true;
    }
    postgres_settings_free(settings);
    return false;
}

void postgres_settings_free(struct postgres_settings *settings)
{
    if (settings != NULL) {
        PQconninfoFree(settings->options); /* NULL is fine */
        settings->options = NULL;
    }
}

static void put(struct postgres_parameters *parameters, const char *keyword, const char *value)
{
    if (value != NULL && value[0] != '\0') {
        ENSURE(parameters->count + 1 < POSTGRES_KEYWORDS_MAX);
        parameters->keywords[parameters->count] = keyword;
        parameters->values[parameters->count++] = value;
    }
}

void postgres_settings_parameters(const struct postgres_settings *settings, size_t host,
                                  const char *name, struct postgres_parameters *parameters)
{
    ENSURE(host < settings->hosts_count);
    const struct postgres_host *target = &settings->hosts[host];
    const struct pair ours[] = {
        {"host", target->name},
        {"hostaddr", target->address},
        {"port", target->port},
        {"fallback_application_name", name}, /* the user's application_name wins */
    };
    enum { DEFAULTS = sizeof defaults / sizeof defaults[0] };
    enum { FIXED = sizeof fixed / sizeof fixed[0] };
    enum { OURS = sizeof ours / sizeof ours[0] };

    *parameters = (struct postgres_parameters){0};
    for (const PQconninfoOption *option = settings->options; option->keyword != NULL; option++) {
        if (pair_find(fixed, FIXED, option->keyword) == NULL &&
            pair_find(ours, OURS, option->keyword) == NULL) {
            put(parameters, option->keyword, option->val);
        }
    }
    for (size_t i = 0; i < DEFAULTS; i++) {
        if (given(settings->options, defaults[i].keyword) == NULL) {
            put(parameters, defaults[i].keyword, defaults[i].value);
        }
    }
    for (size_t i = 0; i < FIXED; i++) {
        put(parameters, fixed[i].keyword, fixed[i].value);
    }
    for (size_t i = 0; i < OURS; i++) {
        put(parameters, ours[i].keyword, ours[i].value);
    }
    ENSURE(parameters->keywords[parameters->count] == NULL);
}
