/* The front of fetches, and the whole of them for backends whose reads never wait. */
#include "backend/backend.h"

tenka_status tenka_fetch_create(tenka_device *dev, const tenka_buffer *buf, size_t offset, size_t bytes,
                                tenka_fetch **out)
{
    *out = NULL;
    if (bytes > TENKA_FETCH_BYTES || !tenka_inside(offset, bytes, buf->bytes))
        return tenka_fail(dev->err, TENKA_E_INVALID, "a fetch of %zu bytes at %zu of a buffer of %zu bytes", bytes,
                          offset, buf->bytes);
    if (dev->fns->fetch_create != NULL)
        return dev->fns->fetch_create(dev, buf, offset, bytes, out);
    tenka_fetch *fetch = tenka_alloc(sizeof(*fetch));
    if (fetch == NULL)
        return tenka_fail_nomem(dev->err);
    *fetch = (tenka_fetch){.buffer = buf, .offset = offset, .bytes = bytes};
    *out = fetch;
    return TENKA_OK;
}

void tenka_fetch_destroy(tenka_device *dev, tenka_fetch **fetch)
{
    if (*fetch != NULL && dev->fns->fetch_destroy != NULL)
        dev->fns->fetch_destroy(dev, *fetch);
    else
        tenka_free(*fetch);
    *fetch = NULL;
}

tenka_status tenka_fetch_ask(tenka_device *dev, tenka_fetch *fetch)
{
    if (fetch->asked)
        return TENKA_OK;
    if (dev->fns->fetch_ask != NULL)
        TENKA_TRY(dev->fns->fetch_ask(dev, fetch));
    else
        TENKA_TRY(dev->fns->read(dev, fetch->buffer, fetch->offset, fetch->copy, fetch->bytes));
    fetch->asked = true;
    return TENKA_OK;
}

tenka_status tenka_fetch_take(tenka_device *dev, tenka_fetch *fetch, void *dst, bool *arrived)
{
    *arrived = fetch->asked;
    if (*arrived && dev->fns->fetch_arrived != NULL)
        TENKA_TRY(dev->fns->fetch_arrived(dev, fetch, arrived));
    if (!*arrived)
        return TENKA_OK;
    memcpy(dst, fetch->copy, fetch->bytes);
    fetch->asked = false;
    return TENKA_OK;
}
