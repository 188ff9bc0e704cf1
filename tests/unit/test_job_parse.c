/* SPDX-License-Identifier: Apache-2.0
 *
 * Which jobs are well formed, and where the others are at fault. The rows read like the contract's
 * table of fields. */
#include "common/contract/job_parse.h"

#include "tests/support/test.h"

#define TEN(x)       x x x x x x x x x x
#define TEXT_128     TEN("0123456789") "0123456789012345678901234567"
#define NAME_64      "0123456789012345678901234567890123456789012345678901234567890_-Z"
#define CART         "\"customer\":\"c\",\"items\":[{\"sku\":\"A\",\"qty\":1}]"
#define CHECKOUT(x)  "{\"id\":\"a\"," CART x "}"
#define ITEM(x)      "{\"id\":\"a\",\"customer\":\"c\",\"items\":[{" x "}]}"
#define QTY(x)       ITEM("\"sku\":\"A\",\"qty\":" x)
#define SKU(x)       ITEM("\"qty\":1,\"sku\":" x)
#define STOCK(k, x)  "{\"id\":\"a\",\"kind\":\"" k "\",\"items\":[{\"sku\":\"A\",\"qty\":" x "}]}"
#define HOLD(k, x)   "{\"id\":\"a\",\"kind\":\"" k "\",\"hold\":\"h\"" x "}"
#define RESERVE(x)   "{\"id\":\"a\",\"kind\":\"reserve\"," CART x "}"
#define CANCEL(x)    "{\"id\":\"a\",\"kind\":\"cancel\",\"sale\":\"s\"" x "}"
#define DEFINE(x)    "{\"id\":\"a\",\"kind\":\"define\",\"sku\":\"A\"" x "}"
#define ID(x)        "{\"id\":" x "," CART "}"
#define TIME(x)      CHECKOUT(",\"not_after\":" x)
#define EXPIRE(i, h) "{\"id\":" i ",\"kind\":\"expire\",\"hold\":" h "}"
#define GOOD         NULL

static const struct parse_case {
    const char *name;
    const char *body;
    const char *pointer; /* GOOD, or where the fault is */
} parse_cases[] = {
    {"a checkout", CHECKOUT(""), GOOD},
    {"a checkout that says so", CHECKOUT(",\"kind\":\"checkout\""), GOOD},
    {"all of a checkout",
     CHECKOUT(",\"ref\":\"r\",\"store\":\"s\",\"not_after\":\"2026-01-01T00:00:00Z\",\"meta\":{}"),
     GOOD},
    {"space around the object", " \t\r\n" CHECKOUT("") " \t\r\n", GOOD},
    {"a reserve", RESERVE(",\"ttl\":900,\"replaces\":\"h\""), GOOD},
    {"a commit", HOLD("commit", ",\"customer\":\"c\",\"store\":\"s\",\"ref\":\"r\""), GOOD},
    {"a release", HOLD("release", ""), GOOD},
    {"an extend", HOLD("extend", ",\"ttl\":1"), GOOD},
    {"a cancel of all", CANCEL(""), GOOD},
    {"a cancel of some", CANCEL(",\"items\":[{\"sku\":\"A\",\"qty\":1}]"), GOOD},
    {"an adjust", STOCK("adjust", "-5"), GOOD},
    {"a set", STOCK("set", "0"), GOOD},
    {"a define of nothing", DEFINE(""), GOOD},
    {"an expire", EXPIRE("\"till:expire:h\"", "\"h\""), GOOD},

    {"an empty body", "", ""},
    {"an array", "[]", ""},
    {"a text", "\"id\"", ""},
    {"an object without end", "{\"id\":\"a\"", "/id"},
    {"a number with a letter behind", RESERVE(",\"ttl\":900s"), "/ttl"},
    {"bytes after the object", CHECKOUT("") "x", ""},
    {"two objects", CHECKOUT("") CHECKOUT(""), ""},
    {"a byte order mark", "\xef\xbb\xbf" CHECKOUT(""), ""},
    {"an empty object", "{}", "/id"},
    {"an unknown field", CHECKOUT(",\"price\":1"), "/price"},
    {"an unknown field in capitals", CHECKOUT(",\"Ref\":\"r\""), "/Ref"},
    {"a field twice", CHECKOUT(",\"id\":\"a\""), "/id"},
    {"a field twice, once escaped", CHECKOUT(",\"\\u0069d\":\"a\""), "/id"},

    {"an id of 128 characters", ID("\"" TEXT_128 "\""), GOOD},
    {"an id of 129 characters", ID("\"" TEXT_128 "9\""), "/id"},
    {"an id with every kind of mark", ID("\"!#~/{}[]:;'\\\"\\\\\""), GOOD},
    {"an id written with escapes", ID("\"\\u0061\""), GOOD},
    {"an empty id", ID("\"\""), "/id"},
    {"an id with a space", ID("\"a b\""), "/id"},
    {"an id with a letter beyond ASCII", ID("\"\xc3\xa9\""), "/id"},
    {"an id with DEL", ID("\"\x7f\""), "/id"},
    {"an id that is a number", ID("1"), "/id"},
    {"an id that is null", ID("null"), "/id"},
    {"an id of the project's own", ID("\"till:1\""), "/id"},
    {"a checkout with an expire's id", ID("\"till:expire:h\""), "/id"},
    {"an id that begins like the project's own", ID("\"till\""), GOOD},
    {"no id", "{" CART "}", "/id"},
    {"an expire of another hold", EXPIRE("\"till:expire:g\"", "\"h\""), "/id"},
    {"an expire with an id of its own", EXPIRE("\"e\"", "\"h\""), "/id"},
    {"an expire with the prefix alone", EXPIRE("\"till:expire:\"", "\"h\""), "/id"},
    {"an expire of 140 characters", EXPIRE("\"till:expire:" TEXT_128 "\"", "\"" TEXT_128 "\""),
     GOOD},
    {"an expire of an expire", EXPIRE("\"till:expire:till:expire:h\"", "\"till:expire:h\""), "/id"},

    {"an unknown kind", "{\"id\":\"a\",\"kind\":\"buy\"," CART "}", "/kind"},
    {"a kind in capitals", "{\"id\":\"a\",\"kind\":\"Checkout\"," CART "}", "/kind"},
    {"a kind that is null", "{\"id\":\"a\",\"kind\":null," CART "}", "/kind"},
    {"a commit that forgot its kind", "{\"id\":\"a\",\"hold\":\"h\"}", "/hold"},

    {"a ref of 128 bytes", CHECKOUT(",\"ref\":\"" TEXT_128 "\""), GOOD},
    {"a ref of 129 bytes", CHECKOUT(",\"ref\":\"" TEXT_128 "9\""), "/ref"},
    {"a ref of 128 bytes after its escapes",
     CHECKOUT(",\"ref\":\"\\u0030" TEN("\\u00e9") TEN("\\u00e9") TEN("\\u00e9") TEN("\\u00e9")
                  TEN("\\u00e9") TEN("\\u00e9") "1234567\""),
     GOOD},
    {"a ref of 129 bytes after its escapes",
     CHECKOUT(",\"ref\":\"\\u0030" TEN("\\u00e9") TEN("\\u00e9") TEN("\\u00e9") TEN("\\u00e9")
                  TEN("\\u00e9") TEN("\\u00e9") "12345678\""),
     "/ref"},
    {"an empty ref", CHECKOUT(",\"ref\":\"\""), "/ref"},
    {"a ref with spaces", CHECKOUT(",\"ref\":\" order 1 \""), GOOD},
    {"a ref with an escaped newline", CHECKOUT(",\"ref\":\"a\\nb\""), "/ref"},
    {"a ref with DEL", CHECKOUT(",\"ref\":\"a\x7f\""), "/ref"},
    {"a ref with U+0080", CHECKOUT(",\"ref\":\"\\u0080\""), "/ref"},
    {"a ref with U+009F as it is", CHECKOUT(",\"ref\":\"\xc2\x9f\""), "/ref"},
    {"a ref with U+00A0", CHECKOUT(",\"ref\":\"\xc2\xa0\""), GOOD},
    {"a ref of an adjust",
     "{\"id\":\"a\",\"kind\":\"adjust\",\"ref\":\"r\","
     "\"items\":[{\"sku\":\"A\",\"qty\":1}]}",
     "/ref"},

    {"a checkout without customer", "{\"id\":\"a\",\"items\":[{\"sku\":\"A\",\"qty\":1}]}",
     "/customer"},
    {"a customer of an adjust", "{\"id\":\"a\",\"kind\":\"adjust\"," CART "}", "/customer"},
    {"a customer with a control character", HOLD("commit", ",\"customer\":\"\\u0007\""),
     "/customer"},
    {"a customer that is a number", HOLD("commit", ",\"customer\":7"), "/customer"},

    {"a store of 64 characters", CHECKOUT(",\"store\":\"" NAME_64 "\""), GOOD},
    {"a store of 65 characters", CHECKOUT(",\"store\":\"" NAME_64 "Z\""), "/store"},
    {"an empty store", CHECKOUT(",\"store\":\"\""), "/store"},
    {"a store with a dot", CHECKOUT(",\"store\":\"eu.web\""), "/store"},
    {"a store with a letter beyond ASCII", CHECKOUT(",\"store\":\"k\xc3\xb6ln\""), "/store"},
    {"a store of a set",
     "{\"id\":\"a\",\"kind\":\"set\",\"store\":\"s\","
     "\"items\":[{\"sku\":\"A\",\"qty\":1}]}",
     "/store"},
    {"a pool of a set",
     "{\"id\":\"a\",\"kind\":\"set\",\"pool\":\"p\","
     "\"items\":[{\"sku\":\"A\",\"qty\":1}]}",
     GOOD},
    {"a pool of a checkout", CHECKOUT(",\"pool\":\"p\""), "/pool"},
    {"a pool with a space", DEFINE(",\"pool\":\"p q\""), "/pool"},

    {"no items", "{\"id\":\"a\",\"customer\":\"c\"}", "/items"},
    {"an empty cart", "{\"id\":\"a\",\"customer\":\"c\",\"items\":[]}", "/items"},
    {"items that are an object", "{\"id\":\"a\",\"customer\":\"c\",\"items\":{}}", "/items"},
    {"items that are null", "{\"id\":\"a\",\"customer\":\"c\",\"items\":null}", "/items"},
    {"an item that is a text", "{\"id\":\"a\",\"customer\":\"c\",\"items\":[\"A\"]}", "/items/0"},
    {"items of a commit", HOLD("commit", ",\"items\":[{\"sku\":\"A\",\"qty\":1}]"), "/items"},
    {"an empty list of a cancel", CANCEL(",\"items\":[]"), "/items"},
    {"an item without sku", ITEM("\"qty\":1"), "/items/0/sku"},
    {"an item without qty", ITEM("\"sku\":\"A\""), "/items/0/qty"},
    {"an empty item", ITEM(""), "/items/0/sku"},
    {"an item with a price", ITEM("\"sku\":\"A\",\"qty\":1,\"price\":1"), "/items/0/price"},
    {"an item with two skus", ITEM("\"sku\":\"A\",\"qty\":1,\"sku\":\"A\""), "/items/0/sku"},
    {"an item with two qtys", ITEM("\"sku\":\"A\",\"qty\":1,\"qty\":1"), "/items/0/qty"},
    {"a fault in the second item",
     "{\"id\":\"a\",\"customer\":\"c\",\"items\":[{\"sku\":\"A\",\"qty\":1},{\"sku\":\"B\"}]}",
     "/items/1/qty"},
    {"a comma after the last item",
     "{\"id\":\"a\",\"customer\":\"c\",\"items\":[{\"sku\":\"A\",\"qty\":1},]}", "/items/1"},

    {"a sku of 128 bytes", SKU("\"" TEXT_128 "\""), GOOD},
    {"a sku of 129 bytes", SKU("\"" TEXT_128 "9\""), "/items/0/sku"},
    {"a sku with quotes, backslashes, braces", SKU("\"\\\"\\\\{}[]'\""), GOOD},
    {"a sku of other scripts", SKU("\"\xe6\x97\xa5\xe6\x9c\xac\xf0\x9f\x8e\x81\""), GOOD},
    {"a sku with a space within", SKU("\"A B\""), GOOD},
    {"a sku with a space in front", SKU("\" A\""), "/items/0/sku"},
    {"a sku with a space behind", SKU("\"A \""), "/items/0/sku"},
    {"a sku with an escaped space behind", SKU("\"A\\u0020\""), "/items/0/sku"},
    {"a sku that is a space", SKU("\" \""), "/items/0/sku"},
    {"an empty sku", SKU("\"\""), "/items/0/sku"},
    {"a sku with a tab", SKU("\"A\\t\""), "/items/0/sku"},
    {"a sku with U+0000", SKU("\"A\\u0000\""), "/items/0/sku"},
    {"a sku with a lone surrogate", SKU("\"\\ud800\""), "/items/0/sku"},
    {"a sku that is a number", SKU("7"), "/items/0/sku"},

    {"a qty of 1,000,000", QTY("1000000"), GOOD},
    {"a qty of 1,000,001", QTY("1000001"), "/items/0/qty"},
    {"a qty of 0", QTY("0"), "/items/0/qty"},
    {"a qty of minus 0", QTY("-0"), "/items/0/qty"},
    {"a qty of -1", QTY("-1"), "/items/0/qty"},
    {"a qty of 1.0", QTY("1.0"), "/items/0/qty"},
    {"a qty of 1.5", QTY("1.5"), "/items/0/qty"},
    {"a qty of 1e3", QTY("1e3"), "/items/0/qty"},
    {"a qty of 1E0", QTY("1E0"), "/items/0/qty"},
    {"a qty of 01", QTY("01"), "/items/0/qty"},
    {"a qty of +1", QTY("+1"), "/items/0/qty"},
    {"a qty of 2^63", QTY("9223372036854775808"), "/items/0/qty"},
    {"a qty of 2^64 + 1", QTY("18446744073709551617"), "/items/0/qty"},
    {"a qty of a hundred digits", QTY(TEN("1234567890")), "/items/0/qty"},
    {"a qty in quotes", QTY("\"1\""), "/items/0/qty"},
    {"a qty of null", QTY("null"), "/items/0/qty"},
    {"a qty of true", QTY("true"), "/items/0/qty"},
    {"a qty of NaN", QTY("NaN"), "/items/0/qty"},
    {"an adjust by -1,000,000", STOCK("adjust", "-1000000"), GOOD},
    {"an adjust by -1,000,001", STOCK("adjust", "-1000001"), "/items/0/qty"},
    {"an adjust by 1,000,001", STOCK("adjust", "1000001"), "/items/0/qty"},
    {"an adjust by 0", STOCK("adjust", "0"), "/items/0/qty"},
    {"an adjust by -2^63", STOCK("adjust", "-9223372036854775808"), "/items/0/qty"},
    {"an adjust by -2^63 - 1", STOCK("adjust", "-9223372036854775809"), "/items/0/qty"},
    {"a set to 1,000,000,000", STOCK("set", "1000000000"), GOOD},
    {"a set to 1,000,000,001", STOCK("set", "1000000001"), "/items/0/qty"},
    {"a set to -1", STOCK("set", "-1"), "/items/0/qty"},
    {"a set of one SKU twice",
     "{\"id\":\"a\",\"kind\":\"set\",\"items\":[{\"sku\":\"A\",\"qty\":1},{\"sku\":\"\\u0041\","
     "\"qty\":1}]}",
     "/items/1/sku"},
    {"an if_version of 0", STOCK("set", "1,\"if_version\":0"), GOOD},
    {"the largest if_version", STOCK("set", "1,\"if_version\":9223372036854775807"), GOOD},
    {"an if_version of -1", STOCK("set", "1,\"if_version\":-1"), "/items/0/if_version"},
    {"an if_version twice", STOCK("set", "1,\"if_version\":1,\"if_version\":1"),
     "/items/0/if_version"},
    {"an if_version of 2^63", STOCK("set", "1,\"if_version\":9223372036854775808"),
     "/items/0/if_version"},
    {"an if_version of null", STOCK("set", "1,\"if_version\":null"), "/items/0/if_version"},
    {"an if_version of an adjust", STOCK("adjust", "1,\"if_version\":1"), "/items/0/if_version"},

    {"a ttl of 1", RESERVE(",\"ttl\":1"), GOOD},
    {"a ttl of 30 days", HOLD("extend", ",\"ttl\":2592000"), GOOD},
    {"a ttl of a second more", RESERVE(",\"ttl\":2592001"), "/ttl"},
    {"a ttl of 0", RESERVE(",\"ttl\":0"), "/ttl"},
    {"a ttl of -1", RESERVE(",\"ttl\":-1"), "/ttl"},
    {"a ttl of 900.0", RESERVE(",\"ttl\":900.0"), "/ttl"},
    {"a ttl of null", RESERVE(",\"ttl\":null"), "/ttl"},
    {"a ttl of a checkout", CHECKOUT(",\"ttl\":900"), "/ttl"},

    {"a commit without hold", "{\"id\":\"a\",\"kind\":\"commit\"}", "/hold"},
    {"a hold with a space", "{\"id\":\"a\",\"kind\":\"commit\",\"hold\":\"h h\"}", "/hold"},
    {"a hold of the project's own", "{\"id\":\"a\",\"kind\":\"commit\",\"hold\":\"till:h\"}",
     "/hold"},
    {"a cancel without sale", "{\"id\":\"a\",\"kind\":\"cancel\"}", "/sale"},
    {"a cancel of a hold", CANCEL(",\"hold\":\"h\""), "/hold"},
    {"a checkout that replaces", CHECKOUT(",\"replaces\":\"h\""), "/replaces"},
    {"a replaces that is null", RESERVE(",\"replaces\":null"), "/replaces"},

    {"a time to the second", TIME("\"2026-11-21T09:00:00Z\""), GOOD},
    {"a time in small letters", TIME("\"2026-11-21t09:00:00z\""), GOOD},
    {"a time with an offset", TIME("\"2026-11-21T09:00:00.5+05:45\""), GOOD},
    {"a time to the nanosecond", TIME("\"2026-11-21T09:00:00.123456789Z\""), GOOD},
    {"a time without zone", TIME("\"2026-11-21T09:00:00\""), "/not_after"},
    {"a date", TIME("\"2026-11-21\""), "/not_after"},
    {"a time with a space for its T", TIME("\"2026-11-21 09:00:00Z\""), "/not_after"},
    {"a time that is a number", TIME("1795251600"), "/not_after"},
    {"a time that is null", TIME("null"), "/not_after"},
    {"a not_after of a set",
     "{\"id\":\"a\",\"kind\":\"set\",\"not_after\":\"2026-11-21T09:00:00Z\","
     "\"items\":[{\"sku\":\"A\",\"qty\":1}]}",
     "/not_after"},

    {"all of a define",
     DEFINE(",\"per_customer\":2,\"round\":\"r-1\",\"opens_at\":\"2026-11-21T09:00:00Z\","
            "\"closes_at\":\"2026-11-22T09:00:00Z\""),
     GOOD},
    {"a define that clears all",
     DEFINE(",\"per_customer\":null,\"round\":null,\"opens_at\":null,\"closes_at\":null"), GOOD},
    {"a define without sku", "{\"id\":\"a\",\"kind\":\"define\"}", "/sku"},
    {"a define with items", DEFINE(",\"items\":[{\"sku\":\"A\",\"qty\":1}]"), "/items"},
    {"a limit of 0", DEFINE(",\"per_customer\":0"), "/per_customer"},
    {"a limit of 1,000,001", DEFINE(",\"per_customer\":1000001"), "/per_customer"},
    {"a limit in quotes", DEFINE(",\"per_customer\":\"2\""), "/per_customer"},
    {"half of null", DEFINE(",\"per_customer\":nul"), "/per_customer"},
    {"a round with a space", DEFINE(",\"round\":\"r 1\""), "/round"},
    {"no such opening time", DEFINE(",\"opens_at\":\"2026-02-30T00:00:00Z\""), "/opens_at"},
    {"no such closing time", DEFINE(",\"closes_at\":\"tomorrow\""), "/closes_at"},
    {"a sku of a checkout", CHECKOUT(",\"sku\":\"A\""), "/sku"},
    {"a limit of a checkout", CHECKOUT(",\"per_customer\":1"), "/per_customer"},

    {"a meta of any shape", CHECKOUT(",\"meta\":{\"a\":[1,2.5,{\"b\":null}]}"), GOOD},
    {"a meta that is an array", CHECKOUT(",\"meta\":[]"), "/meta"},
    {"a meta that is null", CHECKOUT(",\"meta\":null"), "/meta"},
    {"a meta that is a text", CHECKOUT(",\"meta\":\"m\""), "/meta"},
    {"a meta with a key twice", CHECKOUT(",\"meta\":{\"a\":{\"b\":1,\"b\":2}}"), "/meta/a/b"},
};

static char memory[JOB_MEMORY_MAX + 64];

static void accepts_or_points_at_the_fault(void **state)
{
    const struct parse_case *test = *state;
    struct arena arena;
    struct job job;
    struct job_fault fault;
    arena_init(&arena, memory, sizeof memory);
    const struct span body = {test->body, (uint32_t)strlen(test->body)};
    if (job_parse(body, SPAN_NONE, &arena, &job, &fault)) {
        assert_null(test->pointer);
        return;
    }
    if (test->pointer == NULL) {
        fail_msg("refused: %.*s %.*s", SPAN_ARGUMENTS(fault.pointer), SPAN_ARGUMENTS(fault.text));
        return;
    }
    assert_true(
        span_equal(fault.pointer, (struct span){test->pointer, (uint32_t)strlen(test->pointer)}));
    assert_true(fault.text.size > 0);
}

int main(void)
{
    enum { CASES = sizeof parse_cases / sizeof parse_cases[0] };
    static struct CMUnitTest tests[CASES];
    for (size_t i = 0; i < CASES; i++) {
        tests[i] = (struct CMUnitTest){.name = parse_cases[i].name,
                                       .test_func = accepts_or_points_at_the_fault,
                                       .initial_state = (void *)&parse_cases[i]};
    }
    return cmocka_run_group_tests_name("job_parse", tests, NULL, NULL);
}
