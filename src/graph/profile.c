/* Timing the kernels of a step and the host's work for it. Timed and plain programs of one plan differ, so a change
 * gives all of them up. */
#include "tenka/profile.h"

#include <math.h>
#include <stdio.h>

#include "core/os.h"
#include "graph/internal.h"

static tenka_status check_closed(tenka_ctx *ctx)
{
    return ctx->open ? tenka_fail(&ctx->err, TENKA_E_INVALID, "profile: a step is open; end or discard it first")
                     : TENKA_OK;
}

static tenka_status begin(tenka_ctx *ctx, enum tenka_timing timing)
{
    TENKA_TRY(check_closed(ctx));
    if (ctx->profiling > 0 && ctx->timing != timing)
        return tenka_fail(&ctx->err, TENKA_E_INVALID,
                          "profile: kernels are being timed in another way; end that first (tenka_profile_end)");
    ctx->timing = timing;
    if (ctx->profiling++ == 0)
        tenka_cache_drop_programs(ctx);
    return TENKA_OK;
}

tenka_status tenka_profile_begin(tenka_ctx *ctx)
{
    return begin(ctx, TENKA_TIMING_ALONE);
}

tenka_status tenka_profile_begin_in_place(tenka_ctx *ctx)
{
    return begin(ctx, TENKA_TIMING_IN_PLACE);
}

tenka_status tenka_profile_end(tenka_ctx *ctx)
{
    TENKA_TRY(check_closed(ctx));
    if (ctx->profiling == 0)
        return tenka_fail(&ctx->err, TENKA_E_INVALID, "profile: tenka_profile_end without tenka_profile_begin");
    if (--ctx->profiling == 0)
        tenka_cache_drop_programs(ctx);
    return TENKA_OK;
}

static struct tenka_kernel_time describe(const struct tenka_plan *plan, const struct tenka_node *node, double seconds)
{
    struct tenka_kernel_time time = {
        .kernel = tenka_passes[node->kernel].name,
        .seconds = seconds,
        .best = seconds,
        .flops = tenka_node_flops(plan, node),
        .bytes = tenka_node_bytes(plan, node),
    };
    tenka_node_shapes(plan, node, time.shapes, sizeof(time.shapes));
    return time;
}

/* Nodes that one kernel ran become one entry. Returns how many nodes that are. */
static size_t describe_together(const struct tenka_plan *plan, const double *seconds, size_t first,
                                struct tenka_kernel_time *out)
{
    size_t n = 1;
    *out = describe(plan, &plan->nodes[first], seconds[first]);
    for (; first + n < plan->n_nodes && isnan(seconds[first + n]); n++) {
        out->flops += tenka_node_flops(plan, &plan->nodes[first + n]);
        out->bytes += tenka_node_bytes(plan, &plan->nodes[first + n]);
    }
    if (n > 1)
        snprintf(out->shapes, sizeof(out->shapes), "%zu tensors together", n);
    return n;
}

/* The plan that ran last, if it was timed. */
static tenka_status find_timed(tenka_ctx *ctx, const struct tenka_kept_plan **out)
{
    *out = ctx->previous;
    if (*out != NULL && (*out)->program != NULL && (*out)->step.plan.timing != TENKA_TIMING_NONE)
        return TENKA_OK;
    return tenka_fail(&ctx->err, TENKA_E_INVALID,
                      "profile: no step was timed; run one between tenka_profile_begin and _end");
}

tenka_status tenka_profile_kernels(tenka_ctx *ctx, struct tenka_kernel_time *out, size_t max, size_t *count)
{
    const struct tenka_kept_plan *last;
    struct tenka_kernel_time time;
    *count = 0;
    TENKA_TRY(find_timed(ctx, &last));
    double *seconds = tenka_alloc_array(last->step.plan.n_nodes, sizeof(*seconds));
    if (seconds == NULL)
        return tenka_fail_nomem(&ctx->err);
    const tenka_status s = tenka_program_timings(ctx->dev, last->program, seconds, last->step.plan.n_nodes);
    for (size_t i = 0; s == TENKA_OK && i < last->step.plan.n_nodes; (*count)++) {
        i += describe_together(&last->step.plan, seconds, i, &time);
        if (*count < max)
            out[*count] = time;
    }
    tenka_free(seconds);
    return s;
}

/* ---- Launches ---- */

static size_t launches_of_node(const struct tenka_span *spans, size_t count, uint32_t node)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        n += spans[i].node == node;
    return n;
}

/* sharers: launches that share the work of the span's node. */
static struct tenka_dispatch describe_span(const struct tenka_plan *plan, const struct tenka_span *span, size_t sharers)
{
    const struct tenka_node *first = &plan->nodes[span->node];
    struct tenka_dispatch d = {
        .kernel = tenka_passes[first->kernel].name, .phase = first->phase, .begin = span->begin, .end = span->end};
    for (uint32_t k = 0; k < span->jobs; k++) {
        d.flops += tenka_node_flops(plan, first + k) / sharers;
        d.bytes += tenka_node_bytes(plan, first + k) / sharers;
    }
    tenka_nodes_label(first, span->jobs, d.label, sizeof(d.label));
    tenka_nodes_layer(first, span->jobs, d.layer, sizeof(d.layer));
    if (span->jobs > 1)
        snprintf(d.shapes, sizeof(d.shapes), "%u tensors together", span->jobs);
    else
        tenka_node_shapes(plan, first, d.shapes, sizeof(d.shapes));
    return d;
}

tenka_status tenka_profile_dispatches(tenka_ctx *ctx, struct tenka_dispatch *out, size_t max, size_t *count)
{
    const struct tenka_kept_plan *last;
    *count = 0;
    TENKA_TRY(find_timed(ctx, &last));
    const size_t n = tenka_program_dispatches(ctx->dev, last->program);
    struct tenka_span *spans = tenka_alloc_array(n + 1, sizeof(*spans));
    if (spans == NULL)
        return tenka_fail_nomem(&ctx->err);
    const tenka_status s = tenka_program_spans(ctx->dev, last->program, spans);
    for (size_t i = 0; s == TENKA_OK && i < n && i < max; i++)
        out[i] = describe_span(&last->step.plan, &spans[i], launches_of_node(spans, n, spans[i].node));
    *count = s == TENKA_OK ? n : 0;
    tenka_free(spans);
    return s;
}

const char *tenka_profile_clock(tenka_ctx *ctx)
{
    return tenka_device_clock(ctx->dev);
}

const char *tenka_profile_layer(tenka_ctx *ctx, const char *name)
{
    /* Short of memory, calls are unnamed, which is no reason to fail. */
    return tenka_trace_layer(ctx, name != NULL && name[0] != '\0' ? tenka_trace_name(ctx, name) : NULL);
}

/* ---- The host ---- */

double tenka_host_now(const tenka_ctx *ctx)
{
    return ctx->profiling > 0 ? 1e-9 * (double)tenka_os_now() : 0;
}

void tenka_host_begin_step(tenka_ctx *ctx)
{
    ctx->n_host = 0;
    ctx->traced_since = tenka_host_now(ctx);
}

double tenka_host_note(tenka_ctx *ctx, enum tenka_host_work work, double since)
{
    const double now = tenka_host_now(ctx);
    if (now > 0 && ctx->n_host < TENKA_MAX_HOST_TIMES)
        ctx->host[ctx->n_host++] = (struct tenka_host_time){work, since, now};
    return now;
}

tenka_status tenka_profile_host(tenka_ctx *ctx, struct tenka_host_time *out, size_t max, size_t *count)
{
    *count = ctx->n_host;
    for (size_t i = 0; i < ctx->n_host && i < max; i++)
        out[i] = ctx->host[i];
    return TENKA_OK;
}

/* ---- Captures ---- */

static tenka_status check_capture(tenka_ctx *ctx, bool capturing)
{
    if (ctx->open)
        return tenka_fail(&ctx->err, TENKA_E_INVALID, "capture: a step is open; end or discard it first");
    if (ctx->capturing == capturing)
        return TENKA_OK;
    return tenka_fail(&ctx->err, TENKA_E_INVALID,
                      capturing ? "capture: none has begun (tenka_capture_begin)"
                                : "capture: one has begun; end it first (tenka_capture_end)");
}

tenka_status tenka_capture_check(tenka_ctx *ctx)
{
    return tenka_device_capture_check(ctx->dev);
}

tenka_status tenka_capture_begin(tenka_ctx *ctx)
{
    TENKA_TRY(check_capture(ctx, false));
    TENKA_TRY(tenka_device_capture_begin(ctx->dev));
    ctx->capturing = true;
    return TENKA_OK;
}

tenka_status tenka_capture_end(tenka_ctx *ctx, const char *path)
{
    TENKA_TRY(check_capture(ctx, true));
    if (path == NULL || path[0] == '\0')
        return tenka_fail(&ctx->err, TENKA_E_INVALID, "capture: name the file that it is to be written to");
    ctx->capturing = false;
    return tenka_device_capture_end(ctx->dev, path);
}
