/* SPDX-License-Identifier: Apache-2.0
 *
 * One block of memory, taken piece by piece. */
#include "common/base/arena.h"

#include <string.h>

#include "tests/support/test.h"

static void pieces_are_aligned_and_apart(void **state)
{
    (void)state;
    char memory[256];
    struct arena arena;
    arena_init(&arena, memory + 1, sizeof memory - 1);
    char *first = arena_take(&arena, 3);
    char *second = arena_take(&arena, 16);
    assert_non_null(first);
    assert_non_null(second);
    assert_int_equal((uintptr_t)first % _Alignof(max_align_t), 0);
    assert_int_equal((uintptr_t)second % _Alignof(max_align_t), 0);
    assert_true(second >= first + 3);
    assert_true(second + 16 <= memory + sizeof memory);
}

static void text_is_packed(void **state)
{
    (void)state;
    char memory[8];
    struct arena arena;
    arena_init(&arena, memory, sizeof memory);
    assert_ptr_equal(arena_take_bytes(&arena, 3), memory);
    assert_ptr_equal(arena_take_bytes(&arena, 5), memory + 3);
    assert_null(arena_take_bytes(&arena, 1));
    assert_non_null(arena_take_bytes(&arena, 0));
}

static void is_full_at_the_last_byte(void **state)
{
    (void)state;
    _Alignas(max_align_t) char memory[64];
    struct arena arena;
    arena_init(&arena, memory, sizeof memory);
    assert_int_equal(arena_room(&arena), 64);
    assert_non_null(arena_take(&arena, 64));
    assert_int_equal(arena_room(&arena), 0);
    assert_null(arena_take(&arena, 1));
    arena_reset(&arena);
    assert_null(arena_take(&arena, 65));
    assert_null(arena_take(&arena, SIZE_MAX));
    assert_non_null(arena_take(&arena, 1));
    assert_int_equal(arena_room(&arena), 64 - _Alignof(max_align_t));
}

static void has_no_room_where_padding_passes_the_end(void **state)
{
    (void)state;
    _Alignas(max_align_t) char memory[20];
    struct arena arena;
    arena_init(&arena, memory, sizeof memory);
    assert_non_null(arena_take_bytes(&arena, 17));
    assert_int_equal(arena_room(&arena), 0);
    assert_null(arena_take(&arena, 1));
    assert_non_null(arena_take_bytes(&arena, 3));
}

static void goes_back_to_a_mark(void **state)
{
    (void)state;
    char memory[64];
    struct arena arena;
    arena_init(&arena, memory, sizeof memory);
    assert_non_null(arena_take_bytes(&arena, 5));
    const size_t mark = arena_mark(&arena);
    char *before = arena_take_bytes(&arena, 7);
    arena_rewind(&arena, mark);
    assert_ptr_equal(arena_take_bytes(&arena, 7), before);
    expect_assert_failure(arena_rewind(&arena, 13));
}

static void builds_a_text_in_what_is_left(void **state)
{
    (void)state;
    char memory[8];
    struct arena arena;
    struct text text;
    arena_init(&arena, memory, sizeof memory);
    assert_true(arena_text_begin(&arena, &text));
    text_put(&text, "abc");
    assert_true(arena_text_end(&arena, &text));
    assert_int_equal(arena_mark(&arena), 4);
    assert_true(arena_text_begin(&arena, &text));
    text_put(&text, "def");
    assert_true(arena_text_end(&arena, &text));
    assert_memory_equal(memory, "abc\0def", 8);
    assert_false(arena_text_begin(&arena, &text));
}

static void keeps_nothing_of_a_text_that_does_not_fit(void **state)
{
    (void)state;
    char memory[4];
    struct arena arena;
    struct text text;
    arena_init(&arena, memory, sizeof memory);
    assert_true(arena_text_begin(&arena, &text));
    text_put(&text, "abcd");
    assert_false(arena_text_end(&arena, &text));
    assert_int_equal(arena_mark(&arena), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_aligned_and_apart),
        cmocka_unit_test(text_is_packed),
        cmocka_unit_test(is_full_at_the_last_byte),
        cmocka_unit_test(has_no_room_where_padding_passes_the_end),
        cmocka_unit_test(goes_back_to_a_mark),
        cmocka_unit_test(builds_a_text_in_what_is_left),
        cmocka_unit_test(keeps_nothing_of_a_text_that_does_not_fit),
    };
    return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
