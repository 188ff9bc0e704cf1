/* SPDX-License-Identifier: Apache-2.0
 *
 * Jobs that scripts send, and how most of them begin. The store "web" sells from the pool "second",
 * the store "far" from none. */
#pragma once

#define ITEM(sku)      "{\"sku\":\"" sku "\",\"qty\":1}"
#define CART(id, cart) "{\"id\":\"" id "\",\"customer\":\"c\",\"items\":[" cart "]}"
#define BUY(id, sku)   CART(id, ITEM(sku))

#define POISON "{\"id\":\"p\",\"ref\":\"poison\",\"customer\":\"c\",\"items\":[" ITEM("A") "]}"

#define HOLD(id, sku) \
    "{\"id\":\"" id "\",\"kind\":\"reserve\",\"customer\":\"c\",\"items\":[" ITEM(sku) "]}"
#define COMMIT(id, hold) "{\"id\":\"" id "\",\"kind\":\"commit\",\"hold\":\"" hold "\"}"
#define CANCEL(id, sale) "{\"id\":\"" id "\",\"kind\":\"cancel\",\"sale\":\"" sale "\"}"
#define ADD(id, sku) \
    "{\"id\":\"" id "\",\"kind\":\"adjust\",\"items\":[{\"sku\":\"" sku "\",\"qty\":10}]}"
#define ADD_TO_SECOND(id, sku)                                                              \
    "{\"id\":\"" id "\",\"kind\":\"adjust\",\"pool\":\"second\",\"items\":[{\"sku\":\"" sku \
    "\",\"qty\":10}]}"
#define SET(id, sku, version)                                        \
    "{\"id\":\"" id "\",\"kind\":\"set\",\"items\":[{\"sku\":\"" sku \
    "\",\"qty\":5,\"if_version\":" version "}]}"
#define EXPIRE(hold) "{\"id\":\"till:expire:" hold "\",\"kind\":\"expire\",\"hold\":\"" hold "\"}"
#define PART_BACK(id, sale, sku) \
    "{\"id\":\"" id "\",\"kind\":\"cancel\",\"sale\":\"" sale "\",\"items\":[" ITEM(sku) "]}"
#define REPLACE(id, sku, hold)                                                        \
    "{\"id\":\"" id "\",\"kind\":\"reserve\",\"customer\":\"c\",\"replaces\":\"" hold \
    "\",\"items\":[" ITEM(sku) "]}"
#define IN_STORE(id, store) \
    "{\"id\":\"" id "\",\"customer\":\"c\",\"store\":\"" store "\",\"items\":[" ITEM("A") "]}"
#define LIMIT(id, sku, count) \
    "{\"id\":\"" id "\",\"kind\":\"define\",\"sku\":\"" sku "\",\"per_customer\":" count "}"

/* Ten units of A and of B; A and B have their lanes. */
#define SHOP                                                                   \
    {A, CLAIM, NULL, "done"}, {B, CLAIM, NULL, "done"},                        \
        {A, LOAD, ADD("s", "A") "\n" ADD("t", "B"),                            \
         "done; A not known 0/0@0; B not known 0/0@0 -> s stocked t stocked"}, \
    {                                                                          \
        A, SAVE, NULL, "done"                                                  \
    }
