/* Timing the kernels of a step. Timed and plain programs of one plan differ, so a change gives all of them up. */
#include "tenka/profile.h"

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

static void describe(const struct tenka_plan *plan, const struct tenka_node *node, double seconds,
                     struct tenka_kernel_time *out)
{
    *out = (struct tenka_kernel_time){
        .kernel = tenka_passes[node->kernel].name,
        .seconds = seconds,
        .flops = tenka_node_flops(plan, node),
        .bytes = tenka_node_bytes(plan, node),
    };
    tenka_node_shapes(plan, node, out->shapes, sizeof out->shapes);
}

tenka_status tenka_profile_kernels(tenka_ctx *ctx, struct tenka_kernel_time *out, size_t max, size_t *count)
{
    const struct tenka_step_plan *last = ctx->previous;
    *count = 0;
    if (!last || !last->program || !last->plan.timed)
        return tenka_fail(&ctx->err, TENKA_E_INVALID,
                          "profile: no step was timed; run one between tenka_profile_begin and _end");
    double *seconds = tenka_alloc_array(last->plan.n_nodes, sizeof *seconds);
    if (!seconds)
        return tenka_fail_nomem(&ctx->err);
    const tenka_status s = tenka_program_timings(ctx->dev, last->program, seconds);
    for (size_t i = 0; s == TENKA_OK && i < last->plan.n_nodes && i < max; i++)
        describe(&last->plan, &last->plan.nodes[i], seconds[i], &out[i]);
    *count = s == TENKA_OK ? last->plan.n_nodes : 0;
    tenka_free(seconds);
    return s;
}
