/* SPDX-License-Identifier: Apache-2.0
 *
 * The published vectors of SipHash-2-4, and what a key is for. */
#include "common/base/hash.h"

#include "tests/support/test.h"

static const struct hash_key vector_key = {0x0706050403020100, 0x0f0e0d0c0b0a0908};

static void agrees_with_the_published_vectors(void **state)
{
    (void)state;
    const uint8_t bytes[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14};
    assert_true(hash_bytes(vector_key, bytes, 0) == 0x726fdb47dd0e0e31);
    assert_true(hash_bytes(vector_key, bytes, 1) == 0x74f839c593dc67fd);
    assert_true(hash_bytes(vector_key, bytes, 8) == 0x93f5f5799a932462);
    assert_true(hash_bytes(vector_key, bytes, 15) == 0xa129ca6149be45e5);
}

static void depends_on_both_halves_of_the_key(void **state)
{
    (void)state;
    const uint64_t hash = hash_bytes((struct hash_key){1, 1}, "PS5", 3);
    assert_true(hash_bytes((struct hash_key){2, 1}, "PS5", 3) != hash);
    assert_true(hash_bytes((struct hash_key){1, 2}, "PS5", 3) != hash);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_the_published_vectors),
        cmocka_unit_test(depends_on_both_halves_of_the_key),
    };
    return cmocka_run_group_tests_name("hash", tests, NULL, NULL);
}
