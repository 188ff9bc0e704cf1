/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads the broker's properties. */
#include "common/connect/rabbit_server.h"

#include <stdlib.h>
#include <string.h>

static const amqp_field_value_t *find_value(const amqp_table_t *table, const char *name,
                                            uint8_t kind)
{
    for (int i = 0; i < table->num_entries; i++) {
        const amqp_table_entry_t *entry = &table->entries[i];
        if (entry->key.len == strlen(name) && memcmp(entry->key.bytes, name, entry->key.len) == 0) {
            return entry->value.kind == kind ? &entry->value : NULL;
        }
    }
    return NULL;
}

/* Cut to fit, with ? for what does not belong on a terminal. */
static void read_text(const amqp_table_t *table, const char *name, char *memory, size_t capacity)
{
    const amqp_field_value_t *value = find_value(table, name, AMQP_FIELD_KIND_UTF8);
    size_t size = value == NULL ? 0 : value->value.bytes.len;
    if (size > capacity - 1) {
        size = capacity - 1;
    }
    for (size_t i = 0; i < size; i++) {
        const char byte = ((const char *)value->value.bytes.bytes)[i];
        memory[i] = byte >= ' ' && byte <= '~' ? byte : '?';
    }
    memory[size] = '\0';
}

static bool has(const amqp_table_t *table, const char *name)
{
    const amqp_field_value_t *value = find_value(table, name, AMQP_FIELD_KIND_BOOLEAN);
    return value != NULL && value->value.boolean;
}

static void read_capabilities(struct rabbit *rabbit, const amqp_table_t *table)
{
    rabbit->can_block = has(table, "connection.blocked");
    rabbit->can_confirm = has(table, "publisher_confirms") && has(table, "basic.nack");
    rabbit->can_cancel = has(table, "consumer_cancel_notify");
    rabbit->can_bind_exchanges = has(table, "exchange_exchange_bindings");
}

/* "3.10.8", "4.1.0-rc.2": what is not there counts as 0. */
static struct rabbit_version parse_version(const char *text)
{
    unsigned long numbers[3] = {0};
    for (size_t i = 0; i < 3 && *text >= '0' && *text <= '9'; i++) {
        char *end = NULL;
        numbers[i] = strtoul(text, &end, 10);
        text = *end == '.' ? end + 1 : "";
    }
    return (struct rabbit_version){(uint32_t)numbers[0], (uint32_t)numbers[1],
                                   (uint32_t)numbers[2]};
}

static bool is_supported(struct rabbit_version version)
{
    return version.major > RABBITMQ_MAJOR_MIN ||
           (version.major == RABBITMQ_MAJOR_MIN && version.minor >= RABBITMQ_MINOR_MIN);
}

bool rabbit_server_read(struct rabbit *rabbit, const amqp_table_t *properties, struct error *error)
{
    read_text(properties, "product", rabbit->product, sizeof rabbit->product);
    read_text(properties, "version", rabbit->version_text, sizeof rabbit->version_text);
    read_text(properties, "cluster_name", rabbit->cluster, sizeof rabbit->cluster);
    rabbit->version = parse_version(rabbit->version_text);
    const amqp_field_value_t *capabilities =
        find_value(properties, "capabilities", AMQP_FIELD_KIND_TABLE);
    if (capabilities != NULL) {
        read_capabilities(rabbit, &capabilities->value.table);
    }

    if (strcmp(rabbit->product, "RabbitMQ") != 0) {
        error_set(error, ERROR_CONFIG, "the server is \"%s\", not RabbitMQ", rabbit->product);
        return error_advise(error, "Name a RabbitMQ %u.%u or later in the URL.", RABBITMQ_MAJOR_MIN,
                            RABBITMQ_MINOR_MIN);
    }
    if (!is_supported(rabbit->version)) {
        error_set(error, ERROR_CONFIG, "RabbitMQ %s is too old: %u.%u is the first that will do",
                  rabbit->version_text, RABBITMQ_MAJOR_MIN, RABBITMQ_MINOR_MIN);
        return error_advise(error, "Upgrade RabbitMQ to %u.%u or later.", RABBITMQ_MAJOR_MIN,
                            RABBITMQ_MINOR_MIN);
    }
    return true;
}
