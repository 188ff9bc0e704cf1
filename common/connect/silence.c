/* SPDX-License-Identifier: Apache-2.0
 *
 * A time a host. */
#include "common/connect/silence.h"

#include <stddef.h>

#include "common/base/ensure.h"

void silence_note(struct silence *silence, uint32_t host, int64_t now_ms)
{
    ENSURE(host < AMQP_HOSTS_MAX);
    if (silence != NULL) {
        atomic_store(&silence->noted_ms[host], now_ms);
    }
}

void silence_end(struct silence *silence, uint32_t host)
{
    silence_note(silence, host, 0);
}

static bool is_silent(const struct silence *silence, uint32_t host, int64_t now_ms)
{
    const int64_t noted_ms = silence == NULL ? 0 : atomic_load(&silence->noted_ms[host]);
    return noted_ms != 0 && now_ms - noted_ms < SILENCE_LATELY_MS;
}

void silence_order(const struct silence *silence, uint32_t host_count, uint32_t first,
                   int64_t now_ms, uint32_t order[AMQP_HOSTS_MAX])
{
    uint32_t silent[AMQP_HOSTS_MAX];
    uint32_t silent_count = 0;
    uint32_t count = 0;
    ENSURE(host_count >= 1 && host_count <= AMQP_HOSTS_MAX);
    for (uint32_t i = 0; i < host_count; i++) {
        const uint32_t host = (first % host_count + i) % host_count;
        if (is_silent(silence, host, now_ms)) {
            silent[silent_count++] = host;
        } else {
            order[count++] = host;
        }
    }
    for (uint32_t i = 0; i < silent_count; i++) {
        order[count++] = silent[i];
    }
}
