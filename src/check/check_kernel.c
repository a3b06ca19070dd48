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
<<<<<<< HEAD
    return tenka_align(o->bytes, 4); /* u8 tensors are padded to words */
}

/* ---- Between doubles and device memory ---- */

static void decode(const struct tenka_desc *desc, size_t real, const void *src, double *dst)
{
    const size_t n = count_of(desc);
    for (size_t i = 0; i < n; i++) {
        if (desc->dtype == TENKA_U8)
            dst[i] = ((const uint8_t *)src)[i];
        else if (desc->dtype == TENKA_I32)
            dst[i] = ((const int32_t *)src)[i];
        else if (real == 8)
            dst[i] = ((const double *)src)[i];
        else
            dst[i] = ((const float *)src)[i];
    }
}

/* The bits that an output has before anything is written; u8 has none to spare. */
static void poison(const struct tenka_operand *o, size_t real, unsigned char *dst)
{
    const uint64_t wide = UNWRITTEN_F64;
    const uint32_t word = o->desc.dtype == TENKA_I32 ? UNWRITTEN_I32 : UNWRITTEN_F32;
    const bool is_wide = o->desc.dtype == TENKA_F32 && real == 8;
    if (o->desc.dtype == TENKA_U8)
        return;
    for (size_t at = 0; at < o->bytes; at += is_wide ? 8 : 4)
        memcpy(dst + at, is_wide ? (const void *)&wide : (const void *)&word, is_wide ? 8 : 4);
}

/* Index of the first element that still has the bits of before; n: none. */
static size_t first_unwritten(const struct tenka_operand *o, size_t real, const unsigned char *src)
{
    const uint64_t wide = UNWRITTEN_F64;
    const uint32_t word = o->desc.dtype == TENKA_I32 ? UNWRITTEN_I32 : UNWRITTEN_F32;
    const bool is_wide = o->desc.dtype == TENKA_F32 && real == 8;
    const size_t each = is_wide ? 8 : 4, n = count_of(&o->desc);
    if (o->desc.dtype == TENKA_U8)
        return n;
    for (size_t i = 0; i < n; i++)
        if (memcmp(src + i * each, is_wide ? (const void *)&wide : (const void *)&word, each) == 0)
            return i;
    return n;
}

/* ---- Setting up ---- */

static void add_operand(struct bench *b, uint32_t bit, bool input, size_t *end)
{
    const struct tenka_desc *desc = tenka_call_operand(&b->s->call, bit);
    struct tenka_operand *o = &b->operand[b->plan.n_operands];
    const size_t offset = tenka_align(*end + (input ? 0 : GUARD), TENKA_OPERAND_ALIGN);
    *o = (struct tenka_operand){.offset = offset, .desc = *desc};
    o->bytes = tenka_dtype_bytes(desc->dtype, count_of(desc), b->real);
    b->bit[b->plan.n_operands++] = bit;
    *end = offset + padded_bytes(o);
}

/* Absent operands keep their place. */
static void lay_out(struct bench *b)
{
    const struct tenka_pass_info *pass = &tenka_passes[b->kernel];
    size_t *read_end = b->input_reads ? &b->plan.input_bytes : &b->bytes;
    for (uint32_t bit = 0; bit < TENKA_OPERANDS; bit++) {
        if (!tenka_mask_has(pass->reads, bit))
            continue;
        const bool absent = !tenka_call_operand(&b->s->call, bit) ||
                            tenka_mask_has(tenka_kernel_idle_reads(b->kernel, b->s->call.params), bit);
        b->node.in[b->node.n_in++] = absent ? TENKA_ABSENT : (uint32_t)b->plan.n_operands;
        if (!absent)
            add_operand(b, bit, b->input_reads, read_end);
    }
    for (uint32_t bit = 0; bit < TENKA_OPERANDS; bit++) {
        if (!tenka_mask_has(pass->writes, bit))
            continue;
        const bool absent = !tenka_call_operand(&b->s->call, bit);
        const int over = b->over[b->node.n_out];
        b->node.out[b->node.n_out++] = absent      ? TENKA_ABSENT
                                       : over >= 0 ? b->node.in[over]
                                                   : (uint32_t)b->plan.n_operands;
        if (!absent && over < 0)
            add_operand(b, bit, false, &b->bytes);
    }
    b->bytes = tenka_align(b->bytes + GUARD, TENKA_OPERAND_ALIGN);
}

static bool is_written(const struct bench *b, size_t operand)
{
    for (uint32_t k = 0; k < b->node.n_out; k++)
        if (b->node.out[k] == operand)
            return true;
    return false;
}

static void fill_images(struct bench *b)
{
    memset(b->image, GUARD_BYTE, b->bytes);
    for (size_t i = 0; i < b->plan.n_operands; i++) {
        struct tenka_operand *o = &b->operand[i];
        const bool read = tenka_mask_has(tenka_passes[b->kernel].reads, b->bit[i]);
        const bool in_input = read && b->input_reads;
        unsigned char *dst = (in_input ? b->input : b->image) + o->offset;
        o->buffer = in_input ? NULL : b->buffer;
        if (read)
            tenka_check_encode(o->desc.dtype, b->real, b->s->value[b->bit[i]], dst, count_of(&o->desc));
        else
            poison(o, b->real, dst);
    }
    if (tenka_ops[b->s->op].n_scalars > 0)
        tenka_check_scalars(b->s->op, b->s->c, b->real, b->input + b->node.scalars);
}

static tenka_status prepare(struct bench *b)
{
    struct tenka_limits limits;
    tenka_device_limits(b->dev, &limits);
    b->real = limits.real_bytes;
    b->node.kernel = b->kernel;
    memcpy(b->node.params, b->s->call.params, sizeof b->node.params);
    snprintf(b->node.label, sizeof b->node.label, "%s", tenka_passes[b->kernel].name);
    lay_out(b);
    b->node.scalars = tenka_align(b->plan.input_bytes, TENKA_OPERAND_ALIGN);
    b->plan.input_bytes = b->node.scalars + tenka_ops[b->s->op].n_scalars * b->real;
    b->image = tenka_alloc(b->bytes);
    b->after = tenka_alloc(b->bytes);
    b->input = tenka_alloc(b->plan.input_bytes + 1);
    if (!b->image || !b->after || !b->input)
        return tenka_fail_nomem(b->dev->err);
    TENKA_TRY(tenka_buffer_create(b->dev, b->bytes, "check", &b->buffer));
    fill_images(b);
    b->plan.nodes = &b->node;
    b->plan.n_nodes = 1;
    b->plan.operands = b->operand;
    b->plan.name = b->node.label;
    return tenka_program_prepare(b->dev, &b->plan, &b->program);
}

static tenka_status execute(struct bench *b)
{
    TENKA_TRY(tenka_buffer_write(b->dev, b->buffer, 0, b->image, b->bytes));
    TENKA_TRY(tenka_program_submit(b->dev, b->program, b->input));
    TENKA_TRY(tenka_device_wait(b->dev));
    return tenka_buffer_read(b->dev, b->buffer, 0, b->after, b->bytes);
}

static void finish(struct bench *b)
{
    tenka_program_destroy(b->dev, &b->program);
    tenka_buffer_destroy(b->dev, &b->buffer);
    tenka_free(b->image);
    tenka_free(b->after);
    tenka_free(b->input);
}

/* ---- What a run left behind ---- */

/* Everything outside the outputs must be as it was, reads included. */
static bool guards_intact(const struct bench *b, char *text, size_t bytes)
{
    for (size_t i = 0; i < b->plan.n_operands; i++)
        if (is_written(b, i))
            memcpy(b->image + b->operand[i].offset, b->after + b->operand[i].offset, padded_bytes(&b->operand[i]));
    if (memcmp(b->image, b->after, b->bytes) == 0)
        return true;
    size_t at = 0;
    while (b->image[at] == b->after[at])
        at++;
    size_t before = 0;
    for (size_t i = 0; i < b->plan.n_operands; i++)
        if (b->operand[i].buffer && b->operand[i].offset <= at)
            before = i;
    snprintf(text, bytes, "it writes outside its results: byte %zu after the begin of operand %zu, which has %zu",
             at - b->operand[before].offset, before, b->operand[before].bytes);
    return false;
}

static bool all_written(const struct bench *b, char *text, size_t bytes)
{
    for (uint32_t k = 0; k < b->node.n_out && b->node.out[k] != TENKA_ABSENT; k++) {
        const struct tenka_operand *o = &b->operand[b->node.out[k]];
        const size_t i = first_unwritten(o, b->real, b->after + o->offset);
        const bool part = (tenka_passes[b->kernel].flags & TENKA_PASS_PART) != 0;
        if (b->over[k] < 0 && !part && i < count_of(&o->desc)) {
            snprintf(text, bytes, "element %zu of %zu of result %u is not written", i, count_of(&o->desc), k);
            return false;
        }
    }
    return true;
}

/* Allocates and fills out[k] with the results; of an absent one, which comes last, it stays NULL. */
static tenka_status collect(const struct bench *b, double *out[TENKA_MAX_OUT])
{
    for (uint32_t k = 0; k < b->node.n_out && b->node.out[k] != TENKA_ABSENT; k++) {
        const struct tenka_operand *o = &b->operand[b->node.out[k]];
        out[k] = tenka_alloc_array(count_of(&o->desc) + 1, sizeof **out);
        if (!out[k])
            return tenka_fail_nomem(b->dev->err);
        decode(&o->desc, b->real, b->after + o->offset, out[k]);
    }
    return TENKA_OK;
}

static void free_results(double *out[TENKA_MAX_OUT])
{
    for (int k = 0; k < TENKA_MAX_OUT; k++) {
        tenka_free(out[k]);
        out[k] = NULL;
    }
}

/* Runs b from its settings; text receives what is wrong beside the numbers, or "". */
static tenka_status run(struct bench *b, double *out[TENKA_MAX_OUT], char *text, size_t bytes)
{
    text[0] = '\0';
    tenka_status status = prepare(b);
    if (status == TENKA_OK)
        status = execute(b);
    if (status == TENKA_OK)
        status = collect(b, out);
    if (status == TENKA_OK && all_written(b, text, bytes))
        guards_intact(b, text, bytes);
    finish(b);
    return status;
}

static struct bench new_bench(const struct subject *s, tenka_device *dev, enum tenka_kernel kernel)
{
    struct bench b = {.dev = dev, .s = s, .kernel = kernel};
=======
    struct tenka_run b = {.dev = dev, .s = s, .kernel = kernel};
>>>>>>> h-plan
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
    for (uint32_t k = 0; k < TENKA_MAX_OUT && a[k]; k++) {
        const size_t n = count_of(written(s, kernel, k));
        for (size_t i = 0; i < n; i++)
            if (!(isnan(a[k][i]) && isnan(b[k][i])) && memcmp(&a[k][i], &b[k][i], sizeof a[k][i]) != 0)
                return false;
    }
    return true;
}

static void compare(const struct tenka_subject *s, enum tenka_kernel kernel, double *const got[], double *const ref[],
                    const char *wrong)
{
    char place[128], text[256] = "";
    double worst = wrong[0] != '\0' ? INFINITY : 0;
    snprintf(text, sizeof text, "%s", wrong);
    for (uint32_t k = 0; k < TENKA_MAX_OUT && ref[k] && worst <= 1; k++) {
        const struct tenka_desc *desc = written(s, kernel, k);
        const struct tenka_comparison what = {desc->dtype, got[k], ref[k], count_of(desc), s->c->rtol, s->c->atol};
        worst = fmax(worst, tenka_check_compare(&what, text, sizeof text));
    }
    if (s->report->exact && worst <= 1 && !same(got, ref, s, kernel)) {
        worst = INFINITY;
        snprintf(text, sizeof text, "other bits than the reference's");
    }
    where(s, kernel, "", place);
    tenka_check_note(s->report, worst, place, text);
}

/* The reference's forward results become operands of the backward passes, rounded as a device would. */
static tenka_status keep_outputs(struct tenka_subject *s, double *const ref[])
{
    for (uint32_t k = 0; k < s->call.n_out && ref[k]; k++) {
        const size_t n = count_of(&s->call.out[k]);
        double *value = s->value[TENKA_OUT(k)] = tenka_alloc_array(n + 1, sizeof *value);
        if (!value)
            return tenka_fail_nomem(s->dev->err);
        for (size_t i = 0; i < n; i++)
            value[i] = s->call.out[k].dtype == TENKA_F32 ? (float)ref[k][i] : ref[k][i];
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
        if (read >= (int)first && in && out && in->dtype == out->dtype && tenka_shape_equal(&in->shape, &out->shape))
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
        return in && out && in->dtype == out->dtype && tenka_shape_equal(&in->shape, &out->shape);
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
    const tenka_status status = tenka_check_run(b, got, text, sizeof text);
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
        for (uint32_t k = 0; k < TENKA_MAX_OUT && written(s, kernel, 1); k++) {
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
    for (const struct tenka_op_case *c = tenka_check_cases(s->op); c[cases].why; cases++)
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
        snprintf(how, sizeof how, " in variant %s", variants[v].name);
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
    TENKA_TRY(tenka_check_run(&b, ref, unused, sizeof unused));
    if (kernel == tenka_op_pass_writing(s->op, TENKA_OUT(0)))
        TENKA_TRY(keep_outputs(s, ref));
    b = new_run(s, s->dev, kernel);
    b.input_reads = s->index % 2 == 1; /* as tenka_input's data lies */
    TENKA_TRY(tenka_check_run(&b, got, text, sizeof text));
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
    if (!first || (kernel != tenka_op_pass_writing(s->op, TENKA_OUT(0)) && first->dtype != TENKA_F32))
        return TENKA_OK;
    where(s, kernel, "", place);
    if (s->report->progress && !s->report->progress(s->report->user, place))
        return TENKA_END;
    tenka_status status = check_results(s, kernel, got, ref);
    tenka_check_free_results(got);
    tenka_check_free_results(ref);
    if (status != TENKA_E_UNSUPPORTED)
        return status;
    if (s->report->skipped++ == 0)
        snprintf(s->report->skip, sizeof s->report->skip, "%s: %s", place, s->dev->err->text);
    return TENKA_OK;
}

/* Whether a pass of the operator reads an operand. */
static bool is_read(enum tenka_op op, uint32_t operand)
{
    bool read = false;
    for (uint32_t k = 0; k < TENKA_KERNEL_COUNT; k++)
        read |= tenka_passes[k].op == op && tenka_mask_has(tenka_passes[k].reads, operand);
    return read;
}

static tenka_status fill_operand(struct tenka_subject *s, struct tenka_rng *rng, uint32_t operand,
                                 const struct tenka_case_input *in)
{
    const size_t n = count_of(tenka_call_operand(&s->call, operand));
    double *const value = s->value[operand] = tenka_alloc_array(n + 1, sizeof(double));
    if (!value)
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
    for (uint32_t i = 0; tenka_ops[op].n_passes > 0 && c[i].why; i++) {
        struct tenka_subject s = {
            .op = op, .index = i, .c = &c[i], .dev = dev, .reference = reference, .report = report};
        if ((c[i].flags & TENKA_CASE_LARGE) == 0 || report->large)
            TENKA_TRY(check_case(&s));
    }
    return TENKA_OK;
}
