/* SPDX-License-Identifier: Apache-2.0
 *
 * Every limit of the program, in one place, with the relations between them. */
#pragma once

/* Routing. A slot never changes, so neither does their number. */
#define SLOTS             1024u
#define LANES_MAX         SLOTS
#define LANES_DEFAULT     8u
#define NAMESPACE_MAX     31u /* bytes */
#define NAMESPACE_DEFAULT "till"

/* Texts that people read. */
#define ERROR_TEXT_MAX   1024u /* bytes, with the NUL */
#define ERROR_REMEDY_MAX 512u  /* bytes, with the NUL */

/* PostgreSQL cuts identifiers after 63 bytes; the longest that we make is a role's. */
#define IDENTIFIER_MAX 63u
_Static_assert(NAMESPACE_MAX + sizeof "_worker" - 1 <= IDENTIFIER_MAX, "a role's name must fit");
_Static_assert(LANES_DEFAULT <= LANES_MAX, "the default must be allowed");
