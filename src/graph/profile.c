/* Timing the kernels of a step. Timed and plain programs of one plan differ, so a change gives all of them up. */
#include "tenka/profile.h"

#include <math.h>
#include <stdio.h>

#include "graph/internal.h"

static tenka_status check_closed(tenka_ctx *ctx)
{
    return ctx->open ? tenka_fail(&ctx->err, TENKA_E_INVALID, "profile: a step is open; end or discard it first")
                     : TENKA_OK;
}

tenka_status tenka_profile_begin(tenka_ctx *ctx)
{
    TENKA_TRY(check_closed(ctx));
    if (ctx->profiling++ == 0)
        tenka_cache_drop_programs(ctx);
    return TENKA_OK;
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
    tenka_node_shapes(plan, node, time.shapes, sizeof time.shapes);
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
        snprintf(out->shapes, sizeof out->shapes, "%zu tensors together", n);
    return n;
}

tenka_status tenka_profile_kernels(tenka_ctx *ctx, struct tenka_kernel_time *out, size_t max, size_t *count)
{
    const struct tenka_step_plan *last = ctx->previous;
    struct tenka_kernel_time time;
    *count = 0;
    if (!last || !last->program || !last->plan.timed)
        return tenka_fail(&ctx->err, TENKA_E_INVALID,
                          "profile: no step was timed; run one between tenka_profile_begin and _end");
    double *seconds = tenka_alloc_array(last->plan.n_nodes, sizeof *seconds);
    if (!seconds)
        return tenka_fail_nomem(&ctx->err);
    const tenka_status s = tenka_program_timings(ctx->dev, last->program, seconds);
    for (size_t i = 0; s == TENKA_OK && i < last->plan.n_nodes; (*count)++) {
        i += describe_together(&last->plan, seconds, i, &time);
        if (*count < max)
            out[*count] = time;
    }
    tenka_free(seconds);
    return s;
}
