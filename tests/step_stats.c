/* The dispatches of training steps, planned for the device at hand and compiled by its driver: for compile-only
 * drivers, on which a step is submitted and never ends. tools/vulkan/static.py reads it.
 *   step_stats [NAME...]
 * NAME: reference-100, reference-1000 or stack-100; else all of them. A row for each dispatch, separated by tabs:
 *   step, kernel, variant, shapes of the tensors
 *   groups, local   workgroups, and invocations of each
 *   each            1: each item has an invocation of its own; 0: a workgroup
 *   sums            multiply-adds that the shape asks for
 *   computed        those of whole tiles, with what lies past the ends and taps that see nothing
 *   reads, bytes    bytes that are read, and all that are moved
 *   shared          bytes of shared memory of a workgroup
 *   staged          loop iterations of an invocation that do nothing but fill shared memory, as ops.def states them
 *   loops           those of all its loops, at most */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/vulkan/hazard.h"
#include "backend/vulkan/statistics.h"
#include "backend/vulkan/testing.h"
#include "graph/graph.h"
#include "op/conv_tiles.h"
#include "op/tiles.h"
#include "tenka/tenka.h"

#define MAX_STATISTICS 64

/* As tools/bench/networks.py has them. */
#define REFERENCE                                                              \
    "Conv2d(1, 20, 5) ReLU() MaxPool2d(2) Conv2d(20, 40, 5) ReLU() Flatten() " \
    "Linear(2560, 100) ReLU() Linear(100, 10)"
#define BLOCK(from, to, stride) \
    "Conv2d(" #from ", " #to ", 3, stride=" #stride ", padding=1, bias=False) BatchNorm2d(" #to ") ReLU() "
#define STACK       \
    BLOCK(3, 16, 1) \
    BLOCK(16, 16, 1) BLOCK(16, 32, 2) BLOCK(32, 32, 1) BLOCK(32, 64, 2) BLOCK(64, 64, 1) "Flatten() Linear(4096, 10)"

static const struct step {
    const char *name, *network;
    uint32_t batch, channels, side;
} steps[] = {
    {"reference-100", REFERENCE, 100, 1, 28},
    {"reference-1000", REFERENCE, 1000, 1, 28},
    {"stack-100", STACK, 100, 3, 32},
};

struct visit {
    const struct step *step;
    tenka_device *dev;
};

/* ---- A dispatch ---- */

static uint64_t elements_of(const struct tenka_plan *plan, uint32_t operand)
{
    return operand != TENKA_ABSENT ? tenka_shape_count(&plan->operands[operand].desc.shape) : 0;
}

/* Terms of each sum that a tile computes; dx sees all taps from each pixel. */
static double terms_of(enum tenka_kernel kernel, const int32_t *params, uint64_t n)
{
    const double needed = (double)tenka_kernel_flops(kernel, params, n) / 2 / (double)n;
    if (kernel != TENKA_KERNEL_conv2d_dx)
        return needed;
    const struct tenka_conv c = tenka_conv_dx((const void *)params);
    return (double)c.source_channels * c.taps_h * c.taps_w;
}

/* Sums that the tiles of a workgroup have room for; 0: not known. */
static double tile_of(enum tenka_kernel kernel, const struct tenka_variant *v, const int32_t *params)
{
    const uint32_t slices = v->slices > 0 ? v->slices : 1;
    const double tile = (double)v->local / slices * v->rows * v->columns;
    if (kernel == TENKA_KERNEL_linear_backward_fwd || !tenka_variant_measured(kernel))
        return 0;
    if (kernel != TENKA_KERNEL_conv2d_relu_pool_fwd)
        return tile * (v->lines > 0 ? v->lines : 1);
    const struct tenka_p_conv2d_pool *p = (const void *)params;
    return tile * (v->lines > (uint32_t)p->pool_kh ? v->lines : (uint32_t)p->pool_kh) / (p->pool_kh * p->pool_kw);
}

static double needed_sums(enum tenka_kernel kernel, const int32_t *params, uint64_t n)
{
    return (double)tenka_kernel_flops(kernel, params, n) / 2;
}

/* At least what is needed: of a weights' gradient rows of taps stand side by side, and neither rows nor columns say
 * so. */
static double computed_sums(enum tenka_kernel kernel, const struct tenka_variant *v, const int32_t *params, uint64_t n,
                            double groups)
{
    const double needed = needed_sums(kernel, params, n);
    const double computed = groups * tile_of(kernel, v, params) * terms_of(kernel, params, n);
    return needed > 0 && computed > needed ? computed : needed;
}

static uint64_t staged_of(enum tenka_kernel kernel, const struct tenka_variant *v, const int32_t *params)
{
    struct tenka_variant bare = *v;
    bare.depth = 0;
    const uint64_t all = tenka_variant_loops(kernel, v, params), others = tenka_variant_loops(kernel, &bare, params);
    return all > others ? all - others : 0;
}

static uint64_t bytes_read(const struct tenka_plan *plan, const struct tenka_node *node)
{
    uint64_t n = 0;
    for (uint32_t i = 0; i < node->n_in; i++)
        n += sizeof(float) * elements_of(plan, node->in[i]);
    return n;
}

struct work {
    double groups, sums, computed, reads, bytes;
};

/* Of all jobs of a dispatch. */
static struct work work_of(const struct tenka_plan *plan, const struct tenka_vk_step *step,
                           const struct tenka_variant *v)
{
    struct work work = {0};
    for (uint32_t j = 0; j < step->jobs; j++) {
        const struct tenka_node *node = &plan->nodes[step->node + j];
        const uint64_t n = elements_of(plan, node->out[0]);
        const struct tenka_pass_info *pass = &tenka_passes[node->kernel];
        const uint64_t items = pass->work(v, node->params, n);
        const double groups = (double)(pass->unit == TENKA_UNIT_EACH ? DIV_UP(items, v->local) : items);
        work.groups += groups;
        work.sums += needed_sums(node->kernel, node->params, n);
        work.computed += computed_sums(node->kernel, v, node->params, n, groups);
        work.reads += (double)bytes_read(plan, node);
        work.bytes += (double)tenka_node_bytes(plan, node);
    }
    return work;
}

static void print_dispatch(const struct visit *visit, const struct tenka_plan *plan, const struct tenka_vk_step *step)
{
    const struct tenka_node *node = &plan->nodes[step->node];
    struct tenka_vk_statistic list[MAX_STATISTICS];
    uint32_t count;
    char shapes[160];
    const struct tenka_variant *v = &tenka_variants(node->kernel, &count)[step->variant];
    const struct work work = work_of(plan, step, v);
    if (tenka_vulkan_statistics(visit->dev, node->kernel, step->variant, node->params, list, MAX_STATISTICS, &count) !=
        TENKA_OK)
        fprintf(stderr, "%s: not compiled\n", tenka_passes[node->kernel].name);
    if (step->jobs > 1)
        snprintf(shapes, sizeof(shapes), "%u tensors together", step->jobs);
    else
        tenka_node_shapes(plan, node, shapes, sizeof(shapes));
    printf("%s\t%s\t%s\t%s\t%.0f\t%u\t%d\t%.0f\t%.0f\t%.0f\t%.0f\t%u\t%llu\t%llu\n", visit->step->name,
           tenka_passes[node->kernel].name, v->name, shapes, work.groups, v->local,
           tenka_passes[node->kernel].unit == TENKA_UNIT_EACH, work.sums, work.computed, work.reads, work.bytes,
           tenka_variant_shared(node->kernel, v, node->params),
           (unsigned long long)staged_of(node->kernel, v, node->params),
           (unsigned long long)tenka_variant_loops(node->kernel, v, node->params));
    fflush(stdout);
}

static void walk(void *user, const struct tenka_plan *plan, tenka_program *program)
{
    size_t n = 0, barriers = 0;
    const struct visit *visit = user;
    const struct tenka_vk_step *list = program ? tenka_vulkan_program_steps(program, &n) : NULL;
    for (size_t i = 0; i < n; i++) {
        barriers += list[i].kind == TENKA_VK_BARRIER;
        if (list[i].kind == TENKA_VK_DISPATCH)
            print_dispatch(visit, plan, &list[i]);
    }
    printf("# %s: %zu barriers\n", visit->step->name, barriers);
}

/* ---- A step ---- */

static tenka_status make_loader(tenka_ctx *ctx, const struct step *step, tenka_loader **out)
{
    struct tenka_loader_params params = TENKA_LOADER_DEFAULTS;
    const size_t bytes = (size_t)step->channels * step->side * step->side * step->batch;
    uint8_t *images = calloc(bytes, 1);
    int32_t *labels = calloc(step->batch, sizeof(*labels));
    tenka_dataset *data = NULL;
    tenka_status status = TENKA_E_NOMEM;
    params.batch_size = step->batch;
    if (images && labels)
        status = tenka_dataset_create(ctx, images, labels, step->batch, step->channels, step->side, step->side, &data);
    if (status == TENKA_OK)
        status = tenka_loader_create(ctx, data, &params, out);
    tenka_dataset_destroy(&data);
    free(images);
    free(labels);
    return status;
}

static tenka_status train(tenka_ctx *ctx, const struct step *step)
{
    tenka_module *net;
    tenka_optimizer *optimizer;
    tenka_loader *loader;
    struct tenka_batch batch;
    TENKA_TRY(tenka_nn_parse(ctx, step->network, &net));
    TENKA_TRY(tenka_adam_create(ctx, net, NULL, &optimizer));
    TENKA_TRY(make_loader(ctx, step, &loader));
    TENKA_TRY(tenka_loader_next(loader, &batch));
    tenka_backward(tenka_cross_entropy(tenka_forward(net, batch.input), batch.target));
    return tenka_optimizer_step(optimizer);
}

/* In a context of its own, which is not closed: a compile-only driver never ends what was submitted. */
static tenka_status show(const struct step *step)
{
    struct tenka_ctx_params params = TENKA_CTX_DEFAULTS;
    tenka_ctx *ctx;
    params.backend = TENKA_BACKEND_VULKAN;
    params.cache_dir = "";
    params.tune = TENKA_TUNE_OFF;
    TENKA_TRY(tenka_ctx_create(&params, &ctx));
    const tenka_status status = train(ctx, step);
    struct visit visit = {step, tenka_ctx_device(ctx)};
    if (status == TENKA_OK)
        tenka_ctx_visit_plans(ctx, walk, &visit);
    else
        fprintf(stderr, "%s: %s\n", step->name, tenka_last_error(ctx));
    return status;
}

static bool wanted(const char *name, int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return true;
    return argc < 2;
}

int main(int argc, char **argv)
{
    bool failed = false;
    for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++)
        if (wanted(steps[i].name, argc, argv))
            failed |= show(&steps[i]) != TENKA_OK;
    fflush(stdout);
    _Exit(failed);
}
