/* SPDX-License-Identifier: Apache-2.0
 *
 * Jobs, for programs that publish them: whether a worker will accept one, and its routing key.
 *
 *     struct till_fault fault;
 *     if (!till_job_check(body, size, &fault)) {
 *         fprintf(stderr, "%s %s\n", fault.pointer, fault.text);     /items/0/qty must be ...
 *     }
 *
 * Every function may be called from any thread. None keeps anything. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TILL_POINTER_SIZE    1025
#define TILL_FAULT_TEXT_SIZE 161

/* What is wrong with a job. Both end in a NUL. */
struct till_fault {
    char pointer[TILL_POINTER_SIZE]; /* JSON pointer (RFC 6901) to the offending member */
    char text[TILL_FAULT_TEXT_SIZE]; /* "must be a string": a sentence without its subject */
};

/* Whether the body is a well-formed job, by the same code as a worker's. False fills in the fault;
 * that is so too when there is no memory, with an empty pointer and "out of memory". */
bool till_job_check(const char *body, size_t size, struct till_fault *fault);

/* The slot of the job's first SKU: in decimal, its routing key. -1: it is not well formed, or is on
 * a hold or sale, whatever items it names: it takes the routing_key of that one's event. */
int32_t till_job_slot(const char *body, size_t size);

#ifdef __cplusplus
}
#endif
