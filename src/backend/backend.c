/* The front of every backend: checks what it is handed, so that backends can trust it, and counts. */
#include <math.h>

#include "backend/backend.h"

/* ---- Devices ---- */

void tenka_device_close(tenka_device **dev)
{
    if (*dev != NULL)
        (*dev)->fns->destroy(*dev);
    *dev = NULL;
}

tenka_status tenka_device_wait(tenka_device *dev)
{
    return dev->fns->wait(dev, dev->newest);
}

void tenka_device_limits(const tenka_device *dev, struct tenka_limits *out)
{
    *out = (struct tenka_limits){0};
    dev->fns->limits(dev, out);
}

bool tenka_device_fuses(const tenka_device *dev, enum tenka_kernel kernel, const int32_t *params)
{
    return dev->fns->fuses != NULL && dev->fns->fuses(dev, kernel, params);
}

const char *tenka_device_name(const tenka_device *dev)
{
    return dev->fns->name(dev);
}

bool tenka_device_pin(tenka_device *dev, uint32_t variant)
{
    if (dev->fns->pin == NULL)
        return false;
    dev->fns->pin(dev, variant);
    return true;
}

/* ---- Buffers ---- */

tenka_status tenka_buffer_create(tenka_device *dev, size_t bytes, const char *name, tenka_buffer **out)
{
    *out = NULL;
    struct tenka_limits limits;
    tenka_device_limits(dev, &limits);
    name = name != NULL ? name : "";
    if (bytes == 0)
        return tenka_fail(dev->err, TENKA_E_INVALID, "buffer %s: 0 bytes are asked for", name);
    if (bytes > limits.max_buffer || bytes > SIZE_MAX - sizeof(uint32_t))
        return tenka_fail(dev->err, TENKA_E_UNSUPPORTED,
                          "buffer %s: %zu bytes are more than the %zu that a buffer of "
                          "this device can have",
                          name, bytes, limits.max_buffer);
    TENKA_TRY(dev->fns->buffer_create(dev, tenka_align(bytes, sizeof(uint32_t)), name, out));
    dev->bytes += (*out)->bytes;
    dev->objects++;
    return TENKA_OK;
}

bool tenka_device_borrows(const tenka_device *dev)
{
    return dev->fns->buffer_borrow != NULL;
}

tenka_status tenka_buffer_borrow(tenka_device *dev, const void *memory, size_t bytes, tenka_buffer **out)
{
    *out = NULL;
    if (memory == NULL || bytes == 0 || !tenka_device_borrows(dev))
        return tenka_fail(dev->err, TENKA_E_INVALID, "buffer: %zu bytes of the host cannot be borrowed", bytes);
    TENKA_TRY(dev->fns->buffer_borrow(dev, memory, tenka_align(bytes, sizeof(uint32_t)), out));
    dev->bytes += (*out)->bytes;
    dev->objects++;
    return TENKA_OK;
}

void tenka_buffer_destroy(tenka_device *dev, tenka_buffer **buf)
{
    if (*buf == NULL)
        return;
    dev->bytes -= (*buf)->bytes;
    dev->fns->buffer_destroy(dev, *buf);
    *buf = NULL;
}

size_t tenka_buffer_size(const tenka_buffer *buf)
{
    return buf->bytes;
}

static tenka_status check_transfer(tenka_device *dev, const tenka_buffer *buf, size_t offset, const void *host,
                                   size_t bytes)
{
    if (buf == NULL || (host == NULL && bytes != 0))
        return tenka_fail(dev->err, TENKA_E_INVALID, "a copy needs memory on both sides");
    if (!tenka_inside(offset, bytes, buf->bytes))
        return tenka_fail(dev->err, TENKA_E_INVALID, "a copy of %zu bytes at %zu leaves its buffer of %zu bytes", bytes,
                          offset, buf->bytes);
    return TENKA_OK;
}

tenka_status tenka_buffer_write(tenka_device *dev, tenka_buffer *buf, size_t offset, const void *src, size_t bytes)
{
    TENKA_TRY(check_transfer(dev, buf, offset, src, bytes));
    return bytes != 0 ? dev->fns->write(dev, buf, offset, src, bytes) : TENKA_OK;
}

tenka_status tenka_buffer_read(tenka_device *dev, const tenka_buffer *buf, size_t offset, void *dst, size_t bytes)
{
    TENKA_TRY(check_transfer(dev, buf, offset, dst, bytes));
    return bytes != 0 ? dev->fns->read(dev, buf, offset, dst, bytes) : TENKA_OK;
}

/* ---- Programs ---- */

tenka_status tenka_plan_check_sizes(tenka_device *dev, const struct tenka_plan *plan)
{
    struct tenka_limits limits;
    tenka_device_limits(dev, &limits);
    return tenka_check_plan_sizes(plan, &limits, dev->err);
}

tenka_status tenka_program_prepare(tenka_device *dev, const struct tenka_plan *plan, tenka_program **out)
{
    *out = NULL;
    struct tenka_limits limits;
    tenka_device_limits(dev, &limits);
    TENKA_TRY(tenka_check_plan(plan, &limits, dev->err));
    return dev->fns->prepare(dev, plan, out);
}

void tenka_program_destroy(tenka_device *dev, tenka_program **prog)
{
    if (*prog != NULL)
        dev->fns->program_destroy(dev, *prog);
    *prog = NULL;
}

tenka_status tenka_program_submit(tenka_device *dev, tenka_program *prog, const void *inputs)
{
    tenka_ticket ticket = 0;
    TENKA_TRY(dev->fns->submit(dev, prog, inputs, &ticket));
    dev->newest = ticket;
    return TENKA_OK;
}

size_t tenka_program_dispatches(const tenka_device *dev, const tenka_program *prog)
{
    return dev->fns->dispatches(prog);
}

tenka_status tenka_program_check_order(tenka_device *dev, const struct tenka_plan *plan, const tenka_program *prog)
{
    if (dev->fns->check_order == NULL)
        return tenka_fail(dev->err, TENKA_E_UNSUPPORTED, "the CPU runs its kernels one after the other");
    return dev->fns->check_order(dev, plan, prog);
}

tenka_status tenka_program_spans(tenka_device *dev, tenka_program *prog, struct tenka_span *out)
{
    TENKA_TRY(tenka_device_wait(dev));
    return dev->fns->spans(dev, prog, out);
}

static void add_up(const struct tenka_span *spans, size_t count, double *out, size_t n_nodes)
{
    for (size_t i = 0; i < n_nodes; i++)
        out[i] = 0;
    for (size_t i = 0; i < count; i++) {
        out[spans[i].node] += spans[i].end - spans[i].begin;
        for (uint32_t k = 1; k < spans[i].jobs; k++)
            out[spans[i].node + k] = NAN;
    }
}

tenka_status tenka_program_timings(tenka_device *dev, tenka_program *prog, double *out, size_t n_nodes)
{
    const size_t count = tenka_program_dispatches(dev, prog);
    struct tenka_span *spans = tenka_alloc_array(count + 1, sizeof(*spans));
    if (spans == NULL)
        return tenka_fail_nomem(dev->err);
    const tenka_status status = tenka_program_spans(dev, prog, spans);
    if (status == TENKA_OK)
        add_up(spans, count, out, n_nodes);
    tenka_free(spans);
    return status;
}

const char *tenka_device_clock(tenka_device *dev)
{
    return dev->fns->clock != NULL ? dev->fns->clock(dev) : "the host computes";
}

/* ---- Captures ---- */

static tenka_status no_captures(tenka_device *dev)
{
    return tenka_fail(dev->err, TENKA_E_UNSUPPORTED,
                      "only the backend vulkan has something to capture: RenderDoc sees "
                      "Vulkan alone");
}

tenka_status tenka_device_capture_check(tenka_device *dev)
{
    return dev->fns->capture_check == NULL ? no_captures(dev) : dev->fns->capture_check(dev);
}

tenka_status tenka_device_capture_begin(tenka_device *dev)
{
    if (dev->fns->capture_begin == NULL)
        return no_captures(dev);
    TENKA_TRY(tenka_device_wait(dev));
    return dev->fns->capture_begin(dev);
}

tenka_status tenka_device_capture_end(tenka_device *dev, const char *path)
{
    if (dev->fns->capture_end == NULL)
        return no_captures(dev);
    const tenka_status waited = tenka_device_wait(dev);
    const tenka_status ended = dev->fns->capture_end(dev, path); /* also when the device failed meanwhile */
    return waited != TENKA_OK ? waited : ended;
}
