/* y = softmax(q k' + mask) v for each of `batch` matrices, and the logarithm of the sum that each row's softmax divides
 * by. The matrix [t, s] of scores is never there: a score is computed where it is wanted.
 *   fwd    q, k, v, mask or NULL -> y, lse
 *   dx     q, k, v, mask or NULL, y, lse, dy -> dq, dk, dv
 *   dmask  q, k, v, mask, y, lse, dy -> dmask, added up over the batches that share a mask
 * With p = exp(score - lse) of a row, and its part dp = v dy of the gradient: dscore = p (dp - y dy). */
#include "backend/cpu/index.h"

typedef struct tenka_p_attention params;

/* The matrices of one batch. */
struct TENKA_CPU(head) {
    const params *p;
    const tenka_real *q, *k, *v, *mask, *y, *lse, *dy;
};

/* The matrix of the mask that a batch sees. */
static ptrdiff_t mask_of(const params *p, ptrdiff_t batch)
{
    ptrdiff_t mask = 0;
    for (int i = 3; i >= 0; batch /= p->lead[i], i--)
        mask += batch % p->lead[i] * p->stride[i];
    return mask;
}

static struct TENKA_CPU(head) head_of(const struct TENKA_CPU(args) *a, ptrdiff_t batch)
{
    const params *p = (const void *)a->params;
    struct TENKA_CPU(head) h = {.p = p};
    h.q = (const tenka_real *)a->in[0] + batch * p->t * p->d;
    h.k = (const tenka_real *)a->in[1] + batch * p->s * p->d;
    h.v = (const tenka_real *)a->in[2] + batch * p->s * p->dv;
    if (p->masks > 0)
        h.mask = (const tenka_real *)a->in[3] + mask_of(p, batch) * p->t * p->s;
    return h;
}

static struct TENKA_CPU(head) head_back(const struct TENKA_CPU(args) *a, ptrdiff_t batch)
{
    struct TENKA_CPU(head) h = head_of(a, batch);
    h.y = (const tenka_real *)a->in[4] + batch * h.p->t * h.p->dv;
    h.lse = (const tenka_real *)a->in[5] + batch * h.p->t;
    h.dy = (const tenka_real *)a->in[6] + batch * h.p->t * h.p->dv;
    return h;
}

static double dot(const tenka_real *a, const tenka_real *b, ptrdiff_t n)
{
    double sum = 0;
    for (ptrdiff_t i = 0; i < n; i++)
        sum += (double)a[i] * b[i];
    return sum;
}

static double score(const struct TENKA_CPU(head) *h, ptrdiff_t i, ptrdiff_t j)
{
    const params *p = h->p;
    return dot(h->q + i * p->d, h->k + j * p->d, p->d) + (h->mask != NULL ? h->mask[i * p->s + j] : 0);
}

/* The columns that row i sees. */
static ptrdiff_t columns(const params *p, ptrdiff_t i)
{
    return p->causal && i + 1 < p->s ? i + 1 : p->s;
}

/* ---- Forward ---- */

static double row_lse(const struct TENKA_CPU(head) *h, ptrdiff_t i)
{
    double most = -INFINITY, sum = 0;
    const ptrdiff_t end = columns(h->p, i);
    for (ptrdiff_t j = 0; j < end; j++)
        most = fmax(most, score(h, i, j));
    for (ptrdiff_t j = 0; j < end; j++)
        sum += exp(score(h, i, j) - most);
    return most + log(sum);
}

/* A row of which nothing is to be seen, or an infinity, has no softmax: its lse is NaN. */
static void row_fwd(const struct TENKA_CPU(head) *h, ptrdiff_t i, tenka_real *y, tenka_real *lse)
{
    const double sum = row_lse(h, i);
    const ptrdiff_t end = columns(h->p, i), dv = h->p->dv;
    *lse = (tenka_real)sum;
    memset(y, 0, (size_t)dv * sizeof(*y));
    for (ptrdiff_t j = 0; j < end; j++) {
        const tenka_real weight = (tenka_real)exp(score(h, i, j) - sum);
        for (ptrdiff_t c = 0; c < dv; c++)
            y[c] += weight * h->v[j * dv + c];
    }
}

void TENKA_CPU(attention_fwd)(const struct TENKA_CPU(args) *a)
{
    const params *p = (const void *)a->params;
    tenka_real *y = a->out[0], *lse = a->out[1];
#pragma omp parallel for
    for (ptrdiff_t at = 0; at < (ptrdiff_t)p->batch * p->t; at++) {
        const struct TENKA_CPU(head) h = head_of(a, at / p->t);
        row_fwd(&h, at % p->t, y + at * p->dv, lse + at);
    }
}

/* ---- Backward ---- */

/* What a score of row i is worth, and its gradient; along: y dy of the row. */
static void back(const struct TENKA_CPU(head) *h, ptrdiff_t i, ptrdiff_t j, double along, tenka_real *weight,
                 tenka_real *slope)
{
    const params *p = h->p;
    const double value = exp(score(h, i, j) - h->lse[i]);
    *weight = (tenka_real)value;
    *slope = (tenka_real)(value * (dot(h->dy + i * p->dv, h->v + j * p->dv, p->dv) - along));
}

static double along_of(const struct TENKA_CPU(head) *h, ptrdiff_t i)
{
    return dot(h->y + i * h->p->dv, h->dy + i * h->p->dv, h->p->dv);
}

/* to += factor from */
static void add_to(tenka_real *to, tenka_real factor, const tenka_real *from, ptrdiff_t n)
{
    for (ptrdiff_t i = 0; i < n; i++)
        to[i] += factor * from[i];
}

static void head_dx(const struct TENKA_CPU(head) *h, tenka_real *dq, tenka_real *dk, tenka_real *dv)
{
    const params *p = h->p;
    const ptrdiff_t d = p->d, width = p->dv;
    memset(dq, 0, (size_t)(p->t * d) * sizeof(*dq));
    memset(dk, 0, (size_t)(p->s * d) * sizeof(*dk));
    memset(dv, 0, (size_t)(p->s * width) * sizeof(*dv));
    for (ptrdiff_t i = 0; i < p->t; i++) {
        const double along = along_of(h, i);
        const ptrdiff_t end = columns(p, i);
        for (ptrdiff_t j = 0; j < end; j++) {
            tenka_real weight, slope;
            back(h, i, j, along, &weight, &slope);
            add_to(dq + i * d, slope, h->k + j * d, d);
            add_to(dk + j * d, slope, h->q + i * d, d);
            add_to(dv + j * width, weight, h->dy + i * width, width);
        }
    }
}

void TENKA_CPU(attention_dx)(const struct TENKA_CPU(args) *a)
{
    const params *p = (const void *)a->params;
    tenka_real *dq = a->out[0], *dk = a->out[1], *dv = a->out[2];
#pragma omp parallel for
    for (ptrdiff_t b = 0; b < p->batch; b++) {
        const struct TENKA_CPU(head) h = head_back(a, b);
        head_dx(&h, dq + b * p->t * p->d, dk + b * p->s * p->d, dv + b * p->s * p->dv);
    }
}

static void add_row_dmask(const struct TENKA_CPU(head) *h, ptrdiff_t i, tenka_real *dmask)
{
    const double along = along_of(h, i);
    const ptrdiff_t end = columns(h->p, i);
    for (ptrdiff_t j = 0; j < end; j++) {
        tenka_real weight, slope;
        back(h, i, j, along, &weight, &slope);
        dmask[j] += slope;
    }
}

void TENKA_CPU(attention_dmask)(const struct TENKA_CPU(args) *a)
{
    const params *p = (const void *)a->params;
    tenka_real *dmask = a->out[0];
    memset(dmask, 0, a->n * sizeof(*dmask));
#pragma omp parallel for
    for (ptrdiff_t i = 0; i < p->t; i++)
        for (ptrdiff_t b = 0; b < p->batch; b++) {
            const struct TENKA_CPU(head) h = head_back(a, b);
            add_row_dmask(&h, i, dmask + (mask_of(p, b) * p->t + i) * p->s);
        }
}
