/* How a call of the library fails. Behind cmocka.h. */
#ifndef TENKA_TESTS_FAILING_H
#define TENKA_TESTS_FAILING_H

#include <string.h>

#include "tenka/tenka.h"

/* The status is as expected, and the sentence has that part in it. */
static inline void assert_fails(tenka_ctx *ctx, tenka_status status, tenka_status expected, const char *part)
{
    if (strstr(tenka_last_error(ctx), part) == NULL)
        fail_msg("expected \"%s\" in \"%s\"", part, tenka_last_error(ctx));
    assert_int_equal(status, expected);
}

#endif
