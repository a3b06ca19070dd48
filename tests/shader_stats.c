/* What the driver's compiler made of each kernel: a row for each pass, variant and set of constants that the shapes of
 * `tenka bench` need.
 *   shader_stats [--all] [--tsv] [--part K/N] [KERNEL]
 * Without --all only the variants that the device would run unmeasured, which have a star; with it also those that it
 * would measure. KERNEL: the beginning of a name, such as conv2d. --tsv separates columns by tabs, for
 * tools/portability. --part: of the shapes every N-th, from number K on, counted from 0; a compile-only driver that
 * prints what it compiles keeps all of it in the device's memory. The driver must have VK_KHR_pipeline_executable_properties; no kernel is run, so that compile-only
 * drivers will do. What the driver's compiler fails on is a row that says so. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/vulkan/statistics.h"
#include "bench/bench.h"
#include "op/variant.h"

#define MAX_STATISTICS 64
#define MAX_NAMES 8

struct row {
    const char *kernel, *variant, *shape;
    bool chosen;
};

static struct {
    bool all, tsv;
    unsigned part, parts;
    const char *kernel;
} options = {.parts = 1, .kernel = ""};

/* A column, and what drivers call its parts, which are added up. Spilled is what goes to memory and comes back from it;
 * moved what one kind of registers cannot hold and another does: AMD's scalars in vectors, NVIDIA's predicates and
 * uniforms in general registers. Scratch is memory of an invocation, for what is spilled and for arrays. */
static const struct {
    const char *title, *names[MAX_NAMES];
} columns[] = {
    {"registers", {"VGPRs", "Number of GPRs", "Register Count", "Registers used", "GPRs"}},
    {"spilled",
     {"Spilled VGPRs", "Spills to memory", "Fills from memory", "Spill count", "STP Count", "LDP Count", "Spills",
      "Fills"}},
    {"moved", {"Spilled SGPRs", "Spills to reg"}},
    {"scratch", {"Scratch size", "SLM size", "Scratch Memory Size", "Stack size", "Scratch"}},
    {"shared", {"LDS size", "Shared memory size", "SMEM size", "Workgroup Memory Size"}},
    {"occupancy", {"Subgroups per SIMD", "Max warps/SM", "Max live threads", "Max Waves Per Core", "Threads"}},
    {"instructions", {"Instructions", "Instruction count", "Instruction Count"}},
};
#define N_COLUMNS (sizeof(columns) / sizeof(*columns))

/* The value of a column, or -1 when the driver does not say. */
static double value_of(size_t column, const struct tenka_vk_statistic *list, uint32_t n)
{
    double sum = -1;
    for (size_t k = 0; k < MAX_NAMES && columns[column].names[k]; k++)
        for (uint32_t i = 0; i < n; i++)
            if (strcmp(list[i].name, columns[column].names[k]) == 0)
                sum = (sum < 0 ? 0 : sum) + list[i].value;
    return sum;
}

static void print_head(void)
{
    printf(options.tsv ? "%s\t%s\t%s\t%s" : "%-26s %-20s %-44s %1s", "kernel", "variant", "shape",
           options.tsv ? "chosen" : "");
    for (size_t i = 0; i < N_COLUMNS; i++)
        printf(options.tsv ? "\t%s" : " %12s", columns[i].title);
    printf("\n");
}

/* n: 0 where the compiler failed */
static void print_row(const struct row *row, const struct tenka_vk_statistic *list, uint32_t n)
{
    printf(options.tsv ? "%s\t%s\t%s\t%s" : "%-26s %-20s %-44.44s %1s", row->kernel, row->variant, row->shape,
           row->chosen ? "*" : "");
    for (size_t i = 0; i < N_COLUMNS; i++) {
        const double value = value_of(i, list, n);
        if (value < 0)
            printf(options.tsv ? "\t%s" : " %12s", n > 0 ? "-" : "failed");
        else
            printf(options.tsv ? "\t%.0f" : " %12.0f", value);
    }
    printf("\n");
    fflush(stdout);
}

static tenka_status show_kernel(tenka_device *dev, enum tenka_kernel kernel, const struct tenka_call *call,
                                const char *shape)
{
    struct tenka_vk_statistic list[MAX_STATISTICS];
    uint32_t count, n;
    const struct tenka_variant *variants = tenka_variants(kernel, &count);
    const struct tenka_desc *written = NULL;
    for (uint32_t bit = 0; bit < TENKA_OPERANDS && !written; bit++)
        if (tenka_mask_has(tenka_passes[kernel].writes, bit))
            written = tenka_call_operand(call, bit);
    for (uint32_t v = 0; written && v < count; v++) {
        struct row row = {tenka_passes[kernel].name, variants[v].name, shape, false};
        const uint64_t elements = tenka_shape_count(&written->shape);
        if (!tenka_vulkan_tries(dev, kernel, v, call->params, elements, &row.chosen) || !(row.chosen || options.all))
            continue;
        const tenka_status status = tenka_vulkan_statistics(dev, kernel, v, call->params, list, MAX_STATISTICS, &n);
        if (status == TENKA_E_UNSUPPORTED || status == TENKA_E_NOMEM)
            return status;
        print_row(&row, list, status == TENKA_OK ? n : 0);
    }
    return TENKA_OK;
}

static tenka_status show_all(tenka_device *dev)
{
    struct tenka_bench_shape shape;
    for (size_t i = 0; tenka_bench_shape(i, &shape); i++) {
        struct tenka_call call;
        if (i % options.parts != options.part)
            continue;
        TENKA_TRY(tenka_check_call(shape.op, &shape.c, &call, dev->err));
        for (int k = 0; k < TENKA_KERNEL_COUNT; k++) {
            const struct tenka_pass_info *pass = &tenka_passes[k];
            if (pass->op == shape.op && strncmp(pass->name, options.kernel, strlen(options.kernel)) == 0)
                TENKA_TRY(show_kernel(dev, (enum tenka_kernel)k, &call, shape.c.why));
        }
    }
    return TENKA_OK;
}

static void read_part(const char *text)
{
    if (sscanf(text, "%u/%u", &options.part, &options.parts) == 2 && options.part < options.parts)
        return;
    fprintf(stderr, "--part wants K/N, K less than N, such as 0/4\n");
    exit(2);
}

int main(int argc, char **argv)
{
    struct tenka_ctx_params params = TENKA_CTX_DEFAULTS;
    tenka_ctx *ctx;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--all") == 0)
            options.all = true;
        else if (strcmp(argv[i], "--tsv") == 0)
            options.tsv = true;
        else if (strcmp(argv[i], "--part") == 0 && i + 1 < argc)
            read_part(argv[++i]);
        else
            options.kernel = argv[i];
    }
    params.backend = TENKA_BACKEND_VULKAN;
    params.cache_dir = "";
    if (tenka_ctx_create(&params, &ctx) != TENKA_OK) {
        fprintf(stderr, "%s\n", tenka_last_error(NULL));
        return 1;
    }
    printf("# %s\n", tenka_ctx_device_name(ctx));
    print_head();
    const tenka_status status = show_all(tenka_ctx_device(ctx));
    if (status != TENKA_OK)
        fprintf(stderr, "%s\n", tenka_last_error(ctx));
    fflush(stdout);
    /* A compile-only driver never ends what was submitted: leave the context to the end of the process. */
    _Exit(status != TENKA_OK);
}
