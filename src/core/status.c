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
    return i < sizeof(texts) / sizeof(*texts) ? texts[i] : "unknown status";
}

tenka_status tenka_fail(struct tenka_error *err, tenka_status status, const char *format, ...)
{
    if (err == NULL)
        return status;
    /* Not into err->text at once: an argument may be the sentence that is there now. */
    char text[sizeof(err->text)];
    va_list args;
    va_start(args, format);
    const int length = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (length <= 0) /* what failed is said in any case */
        snprintf(text, sizeof(text), "%s", tenka_status_text(status));
    memcpy(err->text, text, sizeof(text));
    err->status = status;
    return status;
}

tenka_status tenka_fail_nomem(struct tenka_error *err)
{
    return tenka_fail(err, TENKA_E_NOMEM, "out of host memory");
}

/* The size that a struct of options says that it has; at least one member follows it. */
static tenka_status check_size(struct tenka_error *err, const char *what, const char *defaults, const void *given,
                               size_t most, size_t *size)
{
    memcpy(size, given, sizeof(*size));
    if (*size <= sizeof(*size))
        return tenka_fail(err, TENKA_E_INVALID, "%s: size is %zu; begin with %s", what, *size, defaults);
    if (*size > most)
        return tenka_fail(err, TENKA_E_INVALID,
                          "%s: size is %zu, but this version knows %zu bytes: begin with %s, or take a newer Tenka",
                          what, *size, most, defaults);
    return TENKA_OK;
}

tenka_status tenka_take_params(struct tenka_error *err, const char *what, const char *defaults, void *own,
                               const void *given)
{
    size_t size, most;
    if (given == NULL)
        return TENKA_OK;
    memcpy(&most, own, sizeof(most));
    TENKA_TRY(check_size(err, what, defaults, given, most, &size));
    memcpy((unsigned char *)own + sizeof(size), (const unsigned char *)given + sizeof(size), size - sizeof(size));
    return TENKA_OK;
}

tenka_status tenka_give_result(struct tenka_error *err, const char *what, const char *defaults, void *given,
                               const void *own)
{
    size_t size, most;
    memcpy(&most, own, sizeof(most));
    TENKA_TRY(check_size(err, what, defaults, given, most, &size));
    memcpy((unsigned char *)given + sizeof(size), (const unsigned char *)own + sizeof(size), size - sizeof(size));
    return TENKA_OK;
}
