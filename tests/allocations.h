/* Shared by the tests that let each allocation of a call fail once. */
#ifndef TENKA_TESTS_ALLOCATIONS_H
#define TENKA_TESTS_ALLOCATIONS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/core.h"
#include "tenka/tenka.h"

#define MAX_ALLOCATIONS 100000

/* Calls until it succeeds; in the k-th call the k-th allocation fails, so that it must end with E_NOMEM. What leaks then
 * the address sanitizer sees. Returns how many allocations have failed. */
static inline uint64_t fail_each_allocation(tenka_ctx *ctx, tenka_status (*call)(void *user), void *user)
{
    for (uint64_t k = 1; k <= MAX_ALLOCATIONS; k++) {
        tenka_alloc_fail_at(k);
        const tenka_status status = call(user);
        tenka_alloc_fail_at(0);
        if (status == TENKA_OK)
            return k - 1;
        if (status != TENKA_E_NOMEM)
            fail_msg("allocation %u: %s", (unsigned)k, tenka_last_error(ctx));
    }
    fail_msg("it fails without a reason, too");
    return 0;
}

#endif
