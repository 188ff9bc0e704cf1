/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads values as PostgreSQL's send functions write them: big-endian. */
#include "worker/postgres/row.h"

#include <string.h>

#include "common/base/ensure.h"
#include "worker/postgres/epoch.h"

bool row_is_null(const struct row *row, int column)
{
    return PQgetisnull(row->result, row->number, column) != 0;
}

int64_t row_integer(const struct row *row, int column)
{
    const int size = PQgetlength(row->result, row->number, column);
    const char *bytes = PQgetvalue(row->result, row->number, column);
    if (size == 0) {
        return 0;
    }
    ENSURE(size <= (int)sizeof(int64_t));
    uint64_t value = (int8_t)bytes[0] < 0 ? UINT64_MAX : 0; /* the sign, as far up as it goes */
    for (int i = 0; i < size; i++) {
        value = value << 8 | (uint8_t)bytes[i];
    }
    return (int64_t)value;
}

bool row_boolean(const struct row *row, int column)
{
    return row_integer(row, column) != 0;
}

instant row_instant(const struct row *row, int column)
{
    return row_is_null(row, column) ? INSTANT_NONE : epoch_to_instant(row_integer(row, column));
}

struct span row_text(struct row *row, int column)
{
    if (row_is_null(row, column)) {
        return SPAN_NONE;
    }
    const size_t size = (size_t)PQgetlength(row->result, row->number, column);
    char *bytes = arena_take_bytes(row->arena, size);
    if (bytes == NULL) {
        row->full = true;
        return SPAN_NONE;
    }
    memcpy(bytes, PQgetvalue(row->result, row->number, column), size);
    return (struct span){bytes, (uint32_t)size};
}
