#include <stdio.h>

#include "core/core.h"

const char *tenka_status_text(tenka_status status)
{
    static const char *const texts[] = {
#define X(name, text) [TENKA_##name] = text,
        TENKA_STATUS_LIST(X)
#undef X
    };
    const size_t i = (size_t)status;
    return i < sizeof texts / sizeof *texts ? texts[i] : "unknown status";
}

tenka_status tenka_fail(struct tenka_error *err, tenka_status status, const char *format, ...)
{
    if (err == NULL)
        return status;
    /* Not into err->text at once: an argument may be the sentence that is there now. */
    char text[sizeof err->text];
    va_list args;
    va_start(args, format);
    const int length = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (length <= 0) /* what failed is said in any case */
        snprintf(text, sizeof text, "%s", tenka_status_text(status));
    memcpy(err->text, text, sizeof text);
    err->status = status;
    return status;
}

tenka_status tenka_fail_nomem(struct tenka_error *err)
{
    return tenka_fail(err, TENKA_E_NOMEM, "out of host memory");
}
