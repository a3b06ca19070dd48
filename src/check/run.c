/* One run of one pass. Its operands lie in one buffer between guard words, and outputs begin as a NaN of known bits. */
#include "check/run.h"

#include <stdio.h>

#include "backend/rig.h"

#define GUARD 256 /* bytes before and after each operand, at least */
#define GUARD_BYTE 0xA5
#define UNWRITTEN_F32 0x7fc0deadu
#define UNWRITTEN_F64 0x7ff8dead7ff8deadu
#define UNWRITTEN_I32 0x5afe7e57u

/* The run, and the rig's buffer before and after it. */
struct bench {
    const struct tenka_run *run;
    struct tenka_rig rig;
    unsigned char *image, *after;
};

static size_t count_of(const struct tenka_desc *desc)
{
    return (size_t)tenka_shape_count(&desc->shape);
}

static size_t padded_bytes(const struct tenka_operand *o)
{
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

static bool is_written(const struct bench *b, size_t operand)
{
    for (uint32_t k = 0; k < b->rig.nodes[0].n_out; k++)
        if (b->rig.nodes[0].out[k] == operand)
            return true;
    return false;
}

static void fill_reads(struct bench *b)
{
    const struct tenka_subject *s = b->run->s;
    const struct tenka_node *node = &b->rig.nodes[0];
    unsigned char *memory = b->run->input_reads ? b->rig.input : b->image;
    uint32_t n = 0;
    for (uint32_t bit = 0; bit < TENKA_OPERANDS; bit++) {
        if (!tenka_mask_has(tenka_passes[node->kernel].reads, bit))
            continue;
        const uint32_t i = node->in[n++];
        if (i == TENKA_ABSENT)
            continue;
        const struct tenka_operand *o = &b->rig.operands[i];
        tenka_check_encode(o->desc.dtype, b->rig.real, s->value[bit], memory + o->offset, count_of(&o->desc));
    }
}

/* Outputs that lie over reads keep what these are. */
static void poison_writes(struct bench *b)
{
    const struct tenka_node *node = &b->rig.nodes[0];
    for (uint32_t k = 0; k < node->n_out; k++)
        if (node->out[k] != TENKA_ABSENT && b->run->over[k] < 0)
            poison(&b->rig.operands[node->out[k]], b->rig.real, b->image + b->rig.operands[node->out[k]].offset);
}

static void fill_images(struct bench *b)
{
    const struct tenka_subject *s = b->run->s;
    memset(b->image, GUARD_BYTE, b->rig.bytes);
    fill_reads(b);
    poison_writes(b);
    if (tenka_ops[s->op].n_scalars > 0)
        tenka_check_scalars(s->op, s->c, b->rig.real, b->rig.input + b->rig.nodes[0].scalars);
}

static tenka_status prepare(struct bench *b)
{
    struct tenka_rig_call call = tenka_rig_call_of(&b->run->s->call, b->run->kernel);
    call.input_reads = b->run->input_reads;
    call.over = b->run->over;
    call.gap = GUARD;
    tenka_rig_lay(&b->rig, b->run->dev, &call);
    b->image = tenka_alloc(b->rig.bytes);
    b->after = tenka_alloc(b->rig.bytes);
    if (b->image == NULL || b->after == NULL)
        return tenka_fail_nomem(b->run->dev->err);
    TENKA_TRY(tenka_rig_make(&b->rig));
    fill_images(b);
    return tenka_rig_prepare(&b->rig);
}

static tenka_status execute(struct bench *b)
{
    struct tenka_rig *r = &b->rig;
    TENKA_TRY(tenka_buffer_write(r->dev, r->buffer, 0, b->image, r->bytes));
    TENKA_TRY(tenka_rig_submit(r));
    TENKA_TRY(tenka_device_wait(r->dev));
    return tenka_buffer_read(r->dev, r->buffer, 0, b->after, r->bytes);
}

static void finish(struct bench *b)
{
    tenka_rig_finish(&b->rig);
    tenka_free(b->image);
    tenka_free(b->after);
}

/* ---- What a run left behind ---- */

/* Everything outside the outputs must be as it was, reads included. */
static bool guards_intact(const struct bench *b, char *text, size_t bytes)
{
    for (size_t i = 0; i < b->rig.plan.n_operands; i++) {
        const struct tenka_operand *o = &b->rig.operands[i];
        if (is_written(b, i))
            memcpy(b->image + o->offset, b->after + o->offset, padded_bytes(o));
    }
    if (memcmp(b->image, b->after, b->rig.bytes) == 0)
        return true;
    size_t at = 0;
    while (b->image[at] == b->after[at])
        at++;
    size_t before = 0;
    for (size_t i = 0; i < b->rig.plan.n_operands; i++)
        if (b->rig.operands[i].buffer != NULL && b->rig.operands[i].offset <= at)
            before = i;
    snprintf(text, bytes, "it writes outside its results: byte %zu after the begin of operand %zu, which has %zu",
             at - b->rig.operands[before].offset, before, b->rig.operands[before].bytes);
    return false;
}

static bool all_written(const struct bench *b, char *text, size_t bytes)
{
    for (uint32_t k = 0; k < b->rig.nodes[0].n_out && b->rig.nodes[0].out[k] != TENKA_ABSENT; k++) {
        const struct tenka_operand *o = &b->rig.operands[b->rig.nodes[0].out[k]];
        const size_t i = first_unwritten(o, b->rig.real, b->after + o->offset);
        const bool part = (tenka_passes[b->run->kernel].flags & TENKA_PASS_PART) != 0;
        if (b->run->over[k] < 0 && !part && i < count_of(&o->desc)) {
            snprintf(text, bytes, "element %zu of %zu of result %u is not written", i, count_of(&o->desc), k);
            return false;
        }
    }
    return true;
}

/* Allocates and fills out[k] with the results; of an absent one, which comes last, it stays NULL. */
static tenka_status collect(const struct bench *b, double *out[TENKA_MAX_OUT])
{
    for (uint32_t k = 0; k < b->rig.nodes[0].n_out && b->rig.nodes[0].out[k] != TENKA_ABSENT; k++) {
        const struct tenka_operand *o = &b->rig.operands[b->rig.nodes[0].out[k]];
        out[k] = tenka_alloc_array(count_of(&o->desc) + 1, sizeof(**out));
        if (out[k] == NULL)
            return tenka_fail_nomem(b->rig.dev->err);
        decode(&o->desc, b->rig.real, b->after + o->offset, out[k]);
    }
    return TENKA_OK;
}

void tenka_check_free_results(double *out[TENKA_MAX_OUT])
{
    for (int k = 0; k < TENKA_MAX_OUT; k++) {
        tenka_free(out[k]);
        out[k] = NULL;
    }
}

tenka_status tenka_check_run(const struct tenka_run *settings, double *out[TENKA_MAX_OUT], char *text, size_t bytes)
{
    struct bench b = {.run = settings};
    text[0] = '\0';
    tenka_status status = prepare(&b);
    if (status == TENKA_OK)
        status = execute(&b);
    if (status == TENKA_OK)
        status = collect(&b, out);
    if (status == TENKA_OK && all_written(&b, text, bytes))
        guards_intact(&b, text, bytes);
    finish(&b);
    return status;
}
