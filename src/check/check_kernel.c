/* Kernels against the 64-bit CPU kernels: each pass of each case, run alone. */
#include <math.h>
#include <stdio.h>

#include "check/run.h"
#include "op/variant.h"

static size_t count_of(const struct tenka_desc *desc)
{
    return (size_t)tenka_shape_count(&desc->shape);
}

static struct tenka_run new_run(const struct tenka_subject *s, tenka_device *dev, enum tenka_kernel kernel)
{
    struct tenka_run b = {.dev = dev, .s = s, .kernel = kernel};
    for (uint32_t k = 0; k < TENKA_MAX_OUT; k++)
        b.over[k] = -1;
    return b;
}

/* ---- Passes ---- */

static void where(const struct tenka_subject *s, enum tenka_kernel kernel, const char *how, char out[128])
{
    snprintf(out, 128, "%s%s, case %u (%s)", tenka_passes[kernel].name, how, s->index, s->c->why);
}

static const struct tenka_desc *written(const struct tenka_subject *s, enum tenka_kernel kernel, uint32_t k)
{
    for (uint32_t bit = 0; bit < TENKA_OPERANDS; bit++)
        if (tenka_mask_has(tenka_passes[kernel].writes, bit) && k-- == 0)
            return tenka_call_operand(&s->call, bit);
    return NULL;
}

/* Bit for bit, but NaN is NaN. */
static bool same(double *const a[], double *const b[], const struct tenka_subject *s, enum tenka_kernel kernel)
{
    for (uint32_t k = 0; k < TENKA_MAX_OUT && a[k] != NULL; k++) {
        const size_t n = count_of(written(s, kernel, k));
        for (size_t i = 0; i < n; i++)
            if (!(isnan(a[k][i]) && isnan(b[k][i])) && memcmp(&a[k][i], &b[k][i], sizeof(a[k][i])) != 0)
                return false;
    }
    return true;
}

static void compare(const struct tenka_subject *s, enum tenka_kernel kernel, double *const got[], double *const ref[],
                    const char *wrong)
{
    char place[128], text[256] = "";
    double worst = wrong[0] != '\0' ? INFINITY : 0;
    snprintf(text, sizeof(text), "%s", wrong);
    for (uint32_t k = 0; k < TENKA_MAX_OUT && ref[k] != NULL && worst <= 1; k++) {
        const struct tenka_desc *desc = written(s, kernel, k);
        const struct tenka_comparison what = {desc->dtype, got[k], ref[k], count_of(desc), s->c->rtol, s->c->atol};
        worst = fmax(worst, tenka_check_compare(&what, text, sizeof(text)));
    }
    if (s->report->exact && worst <= 1 && !same(got, ref, s, kernel)) {
        worst = INFINITY;
        snprintf(text, sizeof(text), "other bits than the reference's");
    }
    where(s, kernel, "", place);
    tenka_check_note(s->report, worst, place, text);
}

/* Whether a pass of the operator reads an operand. */
static bool is_read(enum tenka_op op, uint32_t operand)
{
    bool read = false;
    for (uint32_t k = 0; k < TENKA_KERNEL_COUNT; k++)
        read |= tenka_passes[k].op == op && tenka_mask_has(tenka_passes[k].reads, operand);
    return read;
}

/* An operand becomes what the reference made, rounded as a device would. */
static tenka_status keep(struct tenka_subject *s, uint32_t operand, const double *ref)
{
    const struct tenka_desc *desc = tenka_call_operand(&s->call, operand);
    const size_t n = count_of(desc);
    double *value = s->value[operand] = tenka_alloc_array(n + 1, sizeof(*value));
    if (value == NULL)
        return tenka_fail_nomem(s->dev->err);
    for (size_t i = 0; i < n; i++)
        value[i] = desc->dtype == TENKA_F32 ? (float)ref[i] : ref[i];
    return TENKA_OK;
}

/* The reference's forward results become operands of the backward passes. */
static tenka_status keep_outputs(struct tenka_subject *s, double *const ref[])
{
    for (uint32_t k = 0; k < s->call.n_out && ref[k] != NULL; k++)
        TENKA_TRY(keep(s, TENKA_OUT(k), ref[k]));
    return TENKA_OK;
}

/* The same of gradients that another pass reads. */
static tenka_status keep_gradients(struct tenka_subject *s, enum tenka_kernel kernel, double *const ref[])
{
    uint32_t k = 0;
    for (uint32_t bit = 0; bit < TENKA_OPERANDS; bit++) {
        if (!tenka_mask_has(tenka_passes[kernel].writes, bit))
            continue;
        if (bit >= TENKA_D(0) && ref[k] != NULL && is_read(s->op, bit) && s->value[bit] == NULL)
            TENKA_TRY(keep(s, bit, ref[k]));
        k++;
    }
    return TENKA_OK;
}

/* Picks for each output a read of its description, beginning the search at the read `first`; false: none left. */
static bool overlay(const struct tenka_subject *s, struct tenka_run *b, uint32_t first)
{
    int read = 0;
    uint32_t k = 0;
    for (uint32_t bit = 0; bit < TENKA_OPERANDS; bit++) {
        if (!tenka_mask_has(tenka_passes[b->kernel].reads, bit))
            continue;
        const struct tenka_desc *in = tenka_call_operand(&s->call, bit);
        const struct tenka_desc *out = k < TENKA_MAX_OUT ? written(s, b->kernel, k) : NULL;
        if (read >= (int)first && in != NULL && out != NULL && in->dtype == out->dtype &&
            tenka_shape_equal(&in->shape, &out->shape))
            b->over[k++] = read;
        read++;
    }
    return k > 0 && b->over[0] == (int)first;
}

/* Lays output k alone over read number `wanted`; false: they differ in description. */
static bool overlay_one(const struct tenka_subject *s, struct tenka_run *b, uint32_t k, uint32_t wanted)
{
    const struct tenka_desc *out = written(s, b->kernel, k);
    uint32_t read = 0;
    for (uint32_t bit = 0; bit < TENKA_OPERANDS; bit++) {
        if (!tenka_mask_has(tenka_passes[b->kernel].reads, bit) || read++ != wanted)
            continue;
        const struct tenka_desc *in = tenka_call_operand(&s->call, bit);
        b->over[k] = (int)wanted;
        return in != NULL && out != NULL && in->dtype == out->dtype && tenka_shape_equal(&in->shape, &out->shape);
    }
    return false;
}

/* Runs b, which must give the bits of an earlier run. */
static tenka_status run_again(const struct tenka_subject *s, const struct tenka_run *b, double *const expected[],
                              const char *how)
{
    double *got[TENKA_MAX_OUT] = {NULL};
    char text[256], place[128];
    if (s->report->counting) {
        s->report->cases++;
        return TENKA_OK;
    }
    const tenka_status status = tenka_check_run(b, got, text, sizeof(text));
    if (status == TENKA_OK) {
        where(s, b->kernel, how, place);
        const bool good = text[0] == '\0' && same(got, expected, s, b->kernel);
        tenka_check_note(s->report, good ? 0 : INFINITY, place, text[0] != '\0' ? text : "other results than before");
    }
    tenka_check_free_results(got);
    return status;
}

/* An operator that may overwrite what it reads must give the same results when it does: all outputs at once, as an
 * optimizer does it, and each output over each read. */
static tenka_status check_in_place(const struct tenka_subject *s, enum tenka_kernel kernel, double *const expected[])
{
    for (uint32_t first = 0; first < TENKA_MAX_READS; first++) {
        struct tenka_run b = new_run(s, s->dev, kernel);
        if (overlay(s, &b, first))
            TENKA_TRY(run_again(s, &b, expected, " in place"));
        for (uint32_t k = 0; k < TENKA_MAX_OUT && written(s, kernel, 1) != NULL; k++) {
            b = new_run(s, s->dev, kernel);
            if (overlay_one(s, &b, k, first))
                TENKA_TRY(run_again(s, &b, expected, " in place"));
        }
    }
    return TENKA_OK;
}

/* At which of its operator's cases a variant is tried: one each, far from its neighbours', since a driver compiles each
 * for the shape, which on a software device takes longer than anything that it then runs; and at those that ask. */
static bool tries_variant(const struct tenka_subject *s, uint32_t variant)
{
    uint32_t cases = 0;
    for (const struct tenka_op_case *c = tenka_check_cases(s->op); c[cases].why != NULL; cases++)
        continue;
    return (s->c->flags & TENKA_CASE_VARIANTS) || (7 * variant + 3) % cases == s->index;
}

/* A kernel's variants differ in speed alone: each that the device can run gives the same bits. */
static tenka_status check_variants(const struct tenka_subject *s, enum tenka_kernel kernel, double *const expected[])
{
    uint32_t count;
    const struct tenka_variant *variants = tenka_variants(kernel, &count);
    tenka_status status = TENKA_OK;
    for (uint32_t v = 0; count > 1 && v < count && status == TENKA_OK && tenka_device_pin(s->dev, v); v++) {
        struct tenka_run b = new_run(s, s->dev, kernel);
        char how[64];
        if (!tries_variant(s, v))
            continue;
        snprintf(how, sizeof(how), " in variant %s", variants[v].name);
        status = run_again(s, &b, expected, how);
        if (status == TENKA_E_UNSUPPORTED)
            status = TENKA_OK;
    }
    tenka_device_pin(s->dev, TENKA_ABSENT);
    return status;
}

/* Runs on both devices and compares; *got are the results of the device. */
static tenka_status run_and_compare(struct tenka_subject *s, enum tenka_kernel kernel, double *got[], double *ref[])
{
    char text[256], unused[256];
    struct tenka_run b = new_run(s, s->reference, kernel);
    TENKA_TRY(tenka_check_run(&b, ref, unused, sizeof(unused)));
    if (kernel == tenka_op_pass_writing(s->op, TENKA_OUT(0)))
        TENKA_TRY(keep_outputs(s, ref));
    TENKA_TRY(keep_gradients(s, kernel, ref));
    b = new_run(s, s->dev, kernel);
    b.input_reads = s->index % 2 == 1; /* as tenka_input's data lies */
    TENKA_TRY(tenka_check_run(&b, got, text, sizeof(text)));
    compare(s, kernel, got, ref, text);
    return TENKA_OK;
}

/* The pass, and what else must give the same results. */
static tenka_status check_results(struct tenka_subject *s, enum tenka_kernel kernel, double *got[], double *ref[])
{
    if (s->report->counting)
        s->report->cases++;
    else
        TENKA_TRY(run_and_compare(s, kernel, got, ref));
    if (s->report->variants)
        TENKA_TRY(check_variants(s, kernel, got));
    return tenka_passes[kernel].flags & TENKA_PASS_INPLACE ? check_in_place(s, kernel, got) : TENKA_OK;
}

static tenka_status check_pass(struct tenka_subject *s, enum tenka_kernel kernel)
{
    double *got[TENKA_MAX_OUT] = {NULL}, *ref[TENKA_MAX_OUT] = {NULL};
    char place[128];
    const struct tenka_desc *first = written(s, kernel, 0);
    /* Nobody asks for the gradient of an absent input, or of integers. */
    if (first == NULL || (kernel != tenka_op_pass_writing(s->op, TENKA_OUT(0)) && first->dtype != TENKA_F32))
        return TENKA_OK;
    where(s, kernel, "", place);
    if (s->report->progress != NULL && !s->report->progress(s->report->user, place))
        return TENKA_END;
    tenka_status status = check_results(s, kernel, got, ref);
    tenka_check_free_results(got);
    tenka_check_free_results(ref);
    if (status != TENKA_E_UNSUPPORTED)
        return status;
    if (s->report->skipped++ == 0)
        snprintf(s->report->skip, sizeof(s->report->skip), "%s: %s", place, s->dev->err->text);
    return TENKA_OK;
}

static tenka_status fill_operand(struct tenka_subject *s, struct tenka_rng *rng, uint32_t operand,
                                 const struct tenka_case_input *in)
{
    const size_t n = count_of(tenka_call_operand(&s->call, operand));
    double *const value = s->value[operand] = tenka_alloc_array(n + 1, sizeof(double));
    if (value == NULL)
        return tenka_fail_nomem(s->dev->err);
    tenka_check_fill(rng, in, value, n);
    return TENKA_OK;
}

static tenka_status fill_subject(struct tenka_subject *s)
{
    struct tenka_rng rng;
    const struct tenka_case_input dout = {.given = true, .dtype = TENKA_F32};
    tenka_rng_seed(&rng, tenka_check_seed(s->op, s->index));
    for (uint32_t k = 0; k < s->call.n_in; k++)
        TENKA_TRY(fill_operand(s, &rng, TENKA_IN(k), &s->c->in[k]));
    for (uint32_t k = 0; k < s->call.n_out; k++)
        if (is_read(s->op, TENKA_DOUT(k)))
            TENKA_TRY(fill_operand(s, &rng, TENKA_DOUT(k), &dout));
    return TENKA_OK;
}

static tenka_status check_case(struct tenka_subject *s)
{
    tenka_status status = tenka_check_call(s->op, s->c, &s->call, s->dev->err);
    if (status == TENKA_OK && !s->report->counting)
        status = fill_subject(s);
    for (uint32_t k = 0; status == TENKA_OK && k < TENKA_KERNEL_COUNT; k++)
        if (tenka_passes[k].op == s->op)
            status = check_pass(s, (enum tenka_kernel)k);
    for (uint32_t bit = 0; bit < TENKA_OPERANDS; bit++)
        tenka_free(s->value[bit]);
    return status;
}

tenka_status tenka_check_kernels(enum tenka_op op, tenka_device *dev, tenka_device *reference,
                                 struct tenka_check_report *report)
{
    const struct tenka_op_case *c = tenka_check_cases(op);
    for (uint32_t i = 0; tenka_ops[op].n_passes > 0 && c[i].why != NULL; i++) {
        struct tenka_subject s = {
            .op = op, .index = i, .c = &c[i], .dev = dev, .reference = reference, .report = report};
        if ((c[i].flags & TENKA_CASE_LARGE) == 0 || report->large)
            TENKA_TRY(check_case(&s));
    }
    return TENKA_OK;
}
