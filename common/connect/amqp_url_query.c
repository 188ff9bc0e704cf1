/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of options that an AMQP URL may have, and their values. */
#include "common/connect/amqp_url_query.h"

#include <string.h>

#define OPTION_NAME_MAX 32u /* bytes of a name that is looked at for a hint */
#define HINT_DISTANCE   3u  /* edits from which on a name is another one */

enum option_type {
    OPTION_NUMBER,
    OPTION_FILE,
    OPTION_HOST,
    OPTION_VERIFY,
    OPTION_MECHANISM,
};

/* Names, units and meanings are RabbitMQ's own (its URI query parameters). */
static const struct option {
    const char *name;
    enum option_type type;
    bool tls;      /* means something for amqps only */
    size_t offset; /* of the member in struct amqp_url */
    unsigned low;  /* of a number */
    unsigned high;
    const char *unit;
} options[] = {
    {"heartbeat", OPTION_NUMBER, false, offsetof(struct amqp_url, heartbeat_seconds), 1,
     AMQP_HEARTBEAT_MAX, "seconds"},
    {"connection_timeout", OPTION_NUMBER, false, offsetof(struct amqp_url, connect_timeout_ms), 1,
     AMQP_TIMEOUT_MS_MAX, "milliseconds"},
    {"channel_max", OPTION_NUMBER, false, offsetof(struct amqp_url, channel_max), 1,
     AMQP_CHANNELS_MAX, "channels"},
    {"frame_max", OPTION_NUMBER, false, offsetof(struct amqp_url, frame_max), AMQP_FRAME_MIN,
     AMQP_FRAME_MAX, "bytes"},
    {"auth_mechanism", OPTION_MECHANISM, false, 0, 0, 0, ""},
    {"verify", OPTION_VERIFY, true, 0, 0, 0, ""},
    {"cacertfile", OPTION_FILE, true, offsetof(struct amqp_url, ca_file), 0, 0, ""},
    {"certfile", OPTION_FILE, true, offsetof(struct amqp_url, certificate_file), 0, 0, ""},
    {"keyfile", OPTION_FILE, true, offsetof(struct amqp_url, key_file), 0, 0, ""},
    {"server_name_indication", OPTION_HOST, true, offsetof(struct amqp_url, server_name), 0, 0, ""},
};

enum { OPTIONS = sizeof options / sizeof options[0] };

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* How many bytes to insert, delete or replace to make one name of the other (Levenshtein). */
static size_t edits(struct part part, const char *name)
{
    size_t row[OPTION_NAME_MAX + 1];
    const size_t size = strlen(name);
    ENSURE(size <= OPTION_NAME_MAX);
    for (size_t i = 0; i <= size; i++) {
        row[i] = i;
    }
    for (const char *at = part.begin; at < part.end; at++) {
        size_t diagonal = row[0]++;
        for (size_t i = 1; i <= size; i++) {
            const size_t replaced = diagonal + (*at == name[i - 1] ? 0 : 1);
            diagonal = row[i];
            row[i] = least(replaced, least(row[i], row[i - 1]) + 1);
        }
    }
    return row[size];
}

static bool refuse_unknown(struct part name, unsigned ordinal, struct error *error)
{
    const char *nearest = NULL;
    size_t distance = HINT_DISTANCE;
    for (size_t i = 0; i < OPTIONS && part_size(name) <= OPTION_NAME_MAX; i++) {
        const size_t candidate = edits(name, options[i].name);
        if (candidate < distance) {
            distance = candidate;
            nearest = options[i].name;
        }
    }
    error_set(error, ERROR_CONFIG, "byte %zu: option %u is not known",
              part_position(name, name.begin), ordinal);
    if (nearest != NULL) {
        return error_advise(error, "Did you mean %s?", nearest);
    }
    return error_advise(error, "Known are heartbeat, connection_timeout, channel_max, frame_max, "
                               "auth_mechanism, verify, cacertfile, certfile, keyfile and "
                               "server_name_indication.");
}

static bool find_option(struct part name, unsigned ordinal, const struct option **found,
                        struct error *error)
{
    for (size_t i = 0; i < OPTIONS; i++) {
        if (strlen(options[i].name) == part_size(name) &&
            memcmp(options[i].name, name.begin, part_size(name)) == 0) {
            *found = &options[i];
            return true;
        }
    }
    return refuse_unknown(name, ordinal, error);
}

static bool value_is(struct part value, const char *text)
{
    return part_size(value) == strlen(text) && memcmp(value.begin, text, strlen(text)) == 0;
}

static bool set_number(const struct option *option, struct part value, struct amqp_url *url,
                       struct error *error)
{
    unsigned number = 0;
    if (option->offset == offsetof(struct amqp_url, heartbeat_seconds) && value_is(value, "0")) {
        error_set(error, ERROR_CONFIG,
                  "heartbeat: 0 would switch heartbeats off, and a dead broker would not be "
                  "noticed");
        return error_advise(error, "Give it 1 to %u seconds, or leave it out (%u).",
                            AMQP_HEARTBEAT_MAX, AMQP_HEARTBEAT_DEFAULT);
    }
    if (!part_number(value, option->low, option->high, &number)) {
        return error_set(error, ERROR_CONFIG, "%s: not a whole number of %s from %u to %u",
                         option->name, option->unit, option->low, option->high);
    }
    const uint32_t member = number;
    memcpy((char *)url + option->offset, &member, sizeof member);
    return true;
}

static bool set_string(const struct option *option, struct part value, size_t capacity,
                       struct amqp_url *url, struct error *error)
{
    char *member = (char *)url + option->offset;
    if (part_size(value) == 0) {
        return error_set(error, ERROR_CONFIG, "%s: it is empty", option->name);
    }
    if (!part_decode(value, PART_OPTION, "value", member, capacity, error)) {
        return error_wrap(error, "%s", option->name);
    }
    return true;
}

static bool set_host(const struct option *option, struct part value, struct amqp_url *url,
                     struct error *error)
{
    if (!set_string(option, value, sizeof url->server_name, url, error)) {
        return false;
    }
    if (!part_is_host(url->server_name)) {
        return error_set(error, ERROR_CONFIG, "%s: not the name of a host", option->name);
    }
    return true;
}

static bool set_verify(struct part value, struct amqp_url *url, struct error *error)
{
    url->verify = value_is(value, "verify_peer");
    if (!url->verify && !value_is(value, "verify_none")) {
        error_set(error, ERROR_CONFIG, "verify: neither verify_peer nor verify_none");
        return error_advise(error, "Leave it out: the server is verified unless told otherwise.");
    }
    return true;
}

static bool set_mechanism(struct part value, struct error *error)
{
    if (!value_is(value, "plain")) {
        error_set(error, ERROR_CONFIG, "auth_mechanism: only plain is supported");
        return error_advise(error, "Log in with user and password, over amqps.");
    }
    return true;
}

static bool set_option(const struct option *option, struct part value, struct amqp_url *url,
                       struct error *error)
{
    switch (option->type) {
    case OPTION_NUMBER:
        return set_number(option, value, url, error);
    case OPTION_FILE:
        return set_string(option, value, AMQP_PATH_MAX + 1, url, error);
    case OPTION_HOST:
        return set_host(option, value, url, error);
    case OPTION_VERIFY:
        return set_verify(value, url, error);
    case OPTION_MECHANISM:
        return set_mechanism(value, error);
    }
    ENSURE(false); /* each type has returned */
    return false;
}

/* One name=value. */
static bool take_option(struct part option_part, unsigned ordinal, bool *seen, struct amqp_url *url,
                        struct error *error)
{
    const char *equals = part_find(option_part, '=');
    const struct part name = {option_part.text, option_part.begin, equals};
    const struct option *option = NULL;

    if (!find_option(name, ordinal, &option, error)) {
        return false;
    }
    if (equals == option_part.end) {
        return error_set(error, ERROR_CONFIG, "%s: no value: write %s=...", option->name,
                         option->name);
    }
    if (seen[option - options]) {
        return error_set(error, ERROR_CONFIG, "%s: given twice", option->name);
    }
    seen[option - options] = true;
    if (option->tls && !url->tls) {
        error_set(error, ERROR_CONFIG, "%s: an option of amqps in a URL of amqp", option->name);
        return error_advise(error, "Write amqps:// to use TLS, or leave the option out.");
    }
    const struct part value = {option_part.text, equals + 1, option_part.end};
    return set_option(option, value, url, error);
}

bool amqp_url_query(struct part query, struct amqp_url *url, struct error *error)
{
    bool seen[OPTIONS] = {false};
    unsigned ordinal = 0;
    struct part rest = query;
    bool more = part_size(query) > 0;

    while (more) {
        const char *end = part_find(rest, '&');
        if (!take_option((struct part){rest.text, rest.begin, end}, ++ordinal, seen, url, error)) {
            return false;
        }
        more = end < rest.end;
        rest.begin = more ? end + 1 : end;
    }
    if ((url->certificate_file[0] == '\0') != (url->key_file[0] == '\0')) {
        error_set(error, ERROR_CONFIG, "certfile and keyfile: one is given without the other");
        return error_advise(error, "Give both: the client's certificate and its private key.");
    }
    return true;
}
