/* SPDX-License-Identifier: Apache-2.0
 *
 * Any text as an AMQP URL: it is parsed or refused within its bounds, what is parsed can be written
 * and parsed again, and no message gives a password away. */
#include <stdlib.h>
#include <string.h>

#include "common/connect/amqp_url.h"
#include "tests/fuzz/fuzz.h"

/* Neither these nor their halves are in any message of ours. */
#define SECRET       "QxZjWv"
#define SECRET_LEFT  "QxZ"
#define SECRET_RIGHT "jWv"

static void check_bounds(const struct amqp_url *url)
{
    ENSURE(url->host_count >= 1 && url->host_count <= AMQP_HOSTS_MAX);
    for (uint32_t i = 0; i < url->host_count; i++) {
        ENSURE(url->hosts[i].port != 0);
        ENSURE(strlen(url->hosts[i].name) >= 1);
    }
    ENSURE(url->heartbeat_seconds >= 1 && url->heartbeat_seconds <= AMQP_HEARTBEAT_MAX);
    ENSURE(url->frame_max >= AMQP_FRAME_MIN && url->frame_max <= AMQP_FRAME_MAX);
    ENSURE(url->channel_max >= 1 && url->channel_max <= AMQP_CHANNELS_MAX);
    ENSURE(url->connect_timeout_ms >= 1 && url->connect_timeout_ms <= AMQP_TIMEOUT_MS_MAX);
    ENSURE(url->tls || (url->verify && url->ca_file[0] == '\0'));
}

static void check_round_trip(const struct amqp_url *url)
{
    char memory[AMQP_URL_SIZE_MAX + 1];
    struct text text;
    struct amqp_url again;
    struct error error = {0};

    text_init(&text, memory, sizeof memory);
    amqp_url_write(url, &text);
    ENSURE(!text.full);
    ENSURE(amqp_url_parse(memory, &again, &error));
    ENSURE(!again.password_given);
    ENSURE(strcmp(again.user, url->user) == 0);
    ENSURE(strcmp(again.vhost, url->vhost) == 0);
    ENSURE(again.host_count == url->host_count);
    ENSURE(memcmp(again.hosts, url->hosts, sizeof url->hosts) == 0);
}

static void check_error(const struct error *error)
{
    ENSURE(error->kind == ERROR_CONFIG);
    ENSURE(error->text[0] != '\0');
    ENSURE(strstr(error->text, SECRET_LEFT) == NULL && strstr(error->text, SECRET_RIGHT) == NULL);
    ENSURE(strstr(error->remedy, SECRET_LEFT) == NULL);
    ENSURE(strstr(error->remedy, SECRET_RIGHT) == NULL);
}

static void check(const char *text)
{
    struct amqp_url url;
    struct error error = {0};
    if (!amqp_url_parse(text, &url, &error)) {
        check_error(&error);
        return;
    }
    check_bounds(&url);
    check_round_trip(&url);
}

/* NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char before[] = "amqp://user:" SECRET;
    static const char behind[] = SECRET "@host";
    char *text = malloc(sizeof before + size + sizeof behind);
    if (text == NULL) {
        return 0;
    }
    char *end = text;
    if (size > 0) {
        end = mempcpy(text, data, size);
    }
    *end = '\0';
    check(text);

    end = mempcpy(text, before, sizeof before - 1);
    if (size > 0) {
        end = mempcpy(end, data, size);
    }
    memcpy(end, behind, sizeof behind);
    check(text);
    free(text);
    return 0;
}
