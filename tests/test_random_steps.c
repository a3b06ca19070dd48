/* Random steps against a plain interpreter: operators, assignments, kept tensors, reads in the middle, several
 * backward calls, gradients that outlive their step. A program is a seed, so that its structure repeats with other
 * data and meets the plans of before.
 *   test_random_steps [PROGRAMS [FIRST_SEED]] */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "tenka/tenka.h"

#define SIDE 3
#define MAX_COUNT (SIDE * SIDE)
#define MAX_NODES 256
#define VARS 5

/* ---- The interpreter ---- */

enum kind { LEAF, ADD, SUB, MUL, SCALE, RELU, MATMUL, TRANSPOSE, SUM, MEAN_ROWS, RESHAPE };

struct node {
    enum kind kind;
    int in[2], var; /* nodes; the variable of a leaf or -1 */
    uint32_t rank;  /* every axis has SIDE elements */
    double value[MAX_COUNT], factor;
    bool grad;
    tenka_tensor t;
    bool readable; /* must be readable after the step */
};

struct content {
    tenka_variable *var;
    uint32_t rank;
    double value[MAX_COUNT], gradient[MAX_COUNT];
    bool grad, has_gradient;
    int current; /* node of what it holds in this step; -1: not used yet */
};

struct world {
    tenka_ctx *ctx;
    struct node nodes[MAX_NODES];
    int n;
    struct content vars[VARS];
    int no_grad;
    unsigned seed; /* the program */
    unsigned data; /* its data */
};

static unsigned draw(unsigned *state, unsigned below)
{
    *state = *state * 1664525u + 1013904223u;
    return (*state >> 8) % below;
}

static double number(struct world *w)
{
    return draw(&w->data, 2001) / 1000.0 - 1;
}

static int count_of(uint32_t rank)
{
    return rank == 0 ? 1 : rank == 1 ? SIDE : MAX_COUNT;
}

static struct tenka_shape shape_of(uint32_t rank)
{
    return tenka_shape_make(rank, (const uint32_t[]){SIDE, SIDE});
}

/* Element i of a result read from an operand of that rank, aligned at the end. */
static int from(uint32_t rank, int i)
{
    return i % count_of(rank);
}

static double product(const struct node *a, const struct node *b, int i)
{
    double sum = 0;
    for (int k = 0; k < SIDE; k++)
        sum += a->value[i / SIDE * SIDE + k] * b->value[k * SIDE + i % SIDE];
    return sum;
}

static double element(const struct world *w, const struct node *y, int i)
{
    const struct node *a = &w->nodes[y->in[0]], *b = &w->nodes[y->in[1]];
    double sum = 0;
    switch (y->kind) {
    case LEAF: break;
    case ADD: return a->value[from(a->rank, i)] + b->value[from(b->rank, i)];
    case SUB: return a->value[from(a->rank, i)] - b->value[from(b->rank, i)];
    case MUL: return a->value[from(a->rank, i)] * b->value[from(b->rank, i)];
    case SCALE: return y->factor * a->value[i];
    case RELU: return a->value[i] > 0 ? a->value[i] : 0;
    case MATMUL: return product(a, b, i);
    case TRANSPOSE: return a->value[i % SIDE * SIDE + i / SIDE];
    case SUM:
        for (int k = 0; k < count_of(a->rank); k++)
            sum += a->value[k];
        return sum;
    case MEAN_ROWS: return (a->value[i] + a->value[SIDE + i] + a->value[2 * SIDE + i]) / SIDE;
    case RESHAPE: return a->value[i];
    }
    return 0;
}

/* Adds what dy, the gradient of node y's element i, means for its inputs' gradients. */
static void spread(const struct world *w, const struct node *y, int i, double dy, double *da, double *db)
{
    const struct node *a = &w->nodes[y->in[0]], *b = &w->nodes[y->in[1]];
    switch (y->kind) {
    case LEAF: break;
    case ADD: da[from(a->rank, i)] += dy, db[from(b->rank, i)] += dy; break;
    case SUB: da[from(a->rank, i)] += dy, db[from(b->rank, i)] -= dy; break;
    case MUL:
        da[from(a->rank, i)] += dy * b->value[from(b->rank, i)];
        db[from(b->rank, i)] += dy * a->value[from(a->rank, i)];
        break;
    case SCALE: da[i] += y->factor * dy; break;
    case RELU: da[i] += a->value[i] > 0 ? dy : 0; break;
    case MATMUL:
        for (int k = 0; k < SIDE; k++) {
            da[i / SIDE * SIDE + k] += dy * b->value[k * SIDE + i % SIDE];
            db[k * SIDE + i % SIDE] += dy * a->value[i / SIDE * SIDE + k];
        }
        break;
    case TRANSPOSE: da[i % SIDE * SIDE + i / SIDE] += dy; break;
    case SUM:
        for (int k = 0; k < count_of(a->rank); k++)
            da[k] += dy;
        break;
    case MEAN_ROWS:
        for (int k = 0; k < SIDE; k++)
            da[k * SIDE + i] += dy / SIDE;
        break;
    case RESHAPE: da[i] += dy; break;
    }
}

static void differentiate(struct world *w, int loss)
{
    static double grad[MAX_NODES][MAX_COUNT];
    bool reached[MAX_NODES] = {false};
    for (int n = 0; n <= loss; n++)
        for (int i = 0; i < MAX_COUNT; i++)
            grad[n][i] = 0;
    grad[loss][0] = 1;
    reached[loss] = true;
    for (int n = loss; n >= 0; n--) {
        const struct node *y = &w->nodes[n];
        if (!reached[n] || !y->grad)
            continue;
        for (int k = 0; k < 2 && y->kind != LEAF; k++)
            reached[y->in[k]] = true;
        for (int i = 0; i < count_of(y->rank); i++)
            spread(w, y, i, grad[n][i], grad[y->in[0]], grad[y->in[1]]);
        if (y->kind != LEAF || y->var < 0)
            continue;
        struct content *c = &w->vars[y->var];
        for (int i = 0; i < MAX_COUNT; i++)
            c->gradient[i] = (c->has_gradient ? c->gradient[i] : 0) + grad[n][i];
        c->has_gradient = true;
    }
}

/* ---- Both at once ---- */

static void fail_at(const struct world *w, const char *what, double want, double have)
{
    printf("program %u: %s: expected %.17g, found %.17g (%s)\n", w->seed, what, want, have, tenka_last_error(w->ctx));
    exit(1);
}

static void compare(const struct world *w, const char *what, const double *want, const float *have, int count)
{
    for (int i = 0; i < count; i++) {
        const bool large = !(fabs(want[i]) < 1e30);
        if (!large && !(fabs(want[i] - (double)have[i]) <= 1e-6 * fabs(want[i]) + 1e-9))
            fail_at(w, what, want[i], (double)have[i]);
    }
}

static void must(const struct world *w, const char *what, tenka_status status)
{
    if (status != TENKA_OK)
        fail_at(w, what, TENKA_OK, status);
}

static int add_node(struct world *w, struct node node)
{
    node.t = node.t.ctx ? node.t : TENKA_NONE;
    w->nodes[w->n] = node;
    return w->n++;
}

static int use_variable(struct world *w, int v)
{
    struct content *c = &w->vars[v];
    struct node node = {.kind = LEAF, .var = v, .rank = c->rank, .grad = c->grad};
    if (c->current >= 0) {
        const struct node *held = &w->nodes[c->current];
        if (held->kind == LEAF && held->var == v)
            return c->current;
        for (int i = 0; i < MAX_COUNT; i++)
            node.value[i] = held->value[i];
    } else {
        for (int i = 0; i < MAX_COUNT; i++)
            node.value[i] = c->value[i];
    }
    node.t = tenka_value(c->var);
    c->current = add_node(w, node);
    return c->current;
}

static int use_input(struct world *w, uint32_t rank)
{
    float data[MAX_COUNT];
    struct node node = {.kind = LEAF, .var = -1, .rank = rank};
    for (int i = 0; i < MAX_COUNT; i++) {
        data[i] = (float)number(w);
        node.value[i] = (double)data[i];
    }
    node.t = tenka_input(w->ctx, TENKA_F32, shape_of(rank), data);
    return add_node(w, node);
}

static tenka_tensor call(struct node *y, tenka_tensor a, tenka_tensor b)
{
    switch (y->kind) {
    case LEAF: break;
    case ADD: return tenka_add(a, b);
    case SUB: return tenka_sub(a, b);
    case MUL: return tenka_mul(a, b);
    case SCALE: return tenka_scale(a, y->factor);
    case RELU: return tenka_relu(a);
    case MATMUL: return tenka_matmul(a, b, false, false);
    case TRANSPOSE: return tenka_transpose(a, 0, 1);
    case SUM: return tenka_sum(a, TENKA_ALL_AXES, false);
    case MEAN_ROWS: return tenka_mean(a, 1, false);
    case RESHAPE: return tenka_reshape(a, shape_of(y->rank));
    }
    return TENKA_NONE;
}

static int any_node(struct world *w, unsigned *p)
{
    return (int)draw(p, (unsigned)w->n);
}

/* A node of that rank, made from an input when there is none. */
static int node_of_rank(struct world *w, unsigned *p, uint32_t rank)
{
    const int start = any_node(w, p);
    for (int k = 0; k < w->n; k++)
        if (w->nodes[(start + k) % w->n].rank == rank)
            return (start + k) % w->n;
    return use_input(w, rank);
}

static int operate(struct world *w, unsigned *p)
{
    struct node y = {.kind = (enum kind)(ADD + draw(p, RESHAPE)), .var = -1, .factor = number(w)};
    const bool square = y.kind == MATMUL || y.kind == TRANSPOSE || y.kind == MEAN_ROWS;
    y.in[0] = square ? node_of_rank(w, p, 2) : any_node(w, p);
    y.in[1] = y.kind == MATMUL ? node_of_rank(w, p, 2) : y.kind <= MUL ? any_node(w, p) : y.in[0];
    const struct node *a = &w->nodes[y.in[0]], *b = &w->nodes[y.in[1]];
    y.rank = y.kind == SUM ? 0 : y.kind == MEAN_ROWS ? 1 : a->rank > b->rank ? a->rank : b->rank;
    y.grad = w->no_grad == 0 && (a->grad || b->grad);
    for (int i = 0; i < count_of(y.rank); i++)
        y.value[i] = element(w, &y, i);
    y.t = call(&y, a->t, b->t);
    return add_node(w, y);
}

static void read_node(struct world *w, int n)
{
    float have[MAX_COUNT];
    const int count = count_of(w->nodes[n].rank);
    must(w, "reading", tenka_read(w->nodes[n].t, have, (size_t)count * sizeof(*have)));
    compare(w, "a tensor", w->nodes[n].value, have, count);
}

static void read_variable(struct world *w, int v)
{
    float have[MAX_COUNT];
    const struct content *c = &w->vars[v];
    must(w, "reading a variable", tenka_variable_read(c->var, have, (size_t)count_of(c->rank) * sizeof(*have)));
    compare(w, "a variable", c->current >= 0 ? w->nodes[c->current].value : c->value, have, count_of(c->rank));
}

static void backward(struct world *w, unsigned *p)
{
    const int scalar = node_of_rank(w, p, 0);
    if (!w->nodes[scalar].grad)
        return;
    w->nodes[scalar].readable = true;
    tenka_backward(w->nodes[scalar].t);
    differentiate(w, scalar);
}

static void use_gradient(struct world *w, int v)
{
    const struct content *c = &w->vars[v];
    struct node node = {.kind = LEAF, .var = -1, .rank = c->rank};
    node.t = tenka_grad(c->var);
    if (tenka_tensor_valid(node.t) != c->has_gradient)
        fail_at(w, "whether there is a gradient", c->has_gradient, tenka_tensor_valid(node.t));
    for (int i = 0; i < MAX_COUNT; i++)
        node.value[i] = c->gradient[i];
    if (c->has_gradient)
        add_node(w, node);
}

static void forget_gradients(struct world *w)
{
    for (int v = 0; v < VARS; v++)
        w->vars[v].has_gradient = false;
}

static void act(struct world *w, unsigned *p)
{
    const int v = (int)draw(p, VARS);
    const unsigned what = draw(p, 40);
    if (what < 5) {
        use_variable(w, v);
    } else if (what < 8) {
        const int n = node_of_rank(w, p, w->vars[v].rank);
        tenka_assign(w->vars[v].var, w->nodes[n].t);
        w->vars[v].current = n;
    } else if (what < 10) {
        const int n = node_of_rank(w, p, w->vars[v].rank);
        must(w, "keeping", tenka_keep(w->nodes[n].t, &w->vars[v].var));
        w->vars[v].current = n;
    } else if (what < 13) {
        backward(w, p);
    } else if (what == 13) {
        read_node(w, any_node(w, p));
    } else if (what == 14) {
        read_variable(w, v);
    } else if (what == 15) {
        tenka_zero_grad(w->ctx);
        forget_gradients(w);
    } else if (what < 18) {
        use_gradient(w, v);
    } else if (what == 18 && w->no_grad == 0) {
        w->no_grad = 1 + (int)draw(p, 3);
        tenka_no_grad_begin(w->ctx);
    } else {
        operate(w, p);
    }
    /* A read outside gradients may end the step, which this test does not follow. */
}

/* What the header promises is read; what else answers must be right. */
static void check_step(struct world *w)
{
    for (int n = 0; n < w->n; n++) {
        float have[MAX_COUNT];
        const int count = count_of(w->nodes[n].rank);
        const tenka_status s = tenka_read(w->nodes[n].t, have, (size_t)count * sizeof(*have));
        if (s == TENKA_OK)
            compare(w, "a tensor after the step", w->nodes[n].value, have, count);
        else if (w->nodes[n].readable)
            must(w, "reading after the step", s);
    }
    for (int v = 0; v < VARS; v++)
        read_variable(w, v);
}

static void take_over(struct world *w)
{
    for (int v = 0; v < VARS; v++) {
        struct content *c = &w->vars[v];
        for (int i = 0; i < MAX_COUNT && c->current >= 0; i++)
            c->value[i] = w->nodes[c->current].value[i];
        c->current = -1;
    }
    w->n = 0;
}

/* New contents, no gradients. */
static void reset(struct world *w)
{
    w->n = 0;
    tenka_zero_grad(w->ctx);
    forget_gradients(w);
    for (int v = 0; v < VARS; v++) {
        struct content *c = &w->vars[v];
        c->current = -1;
        for (int i = 0; i < MAX_COUNT; i++)
            c->value[i] = number(w);
        must(w, "writing", tenka_variable_write_f64(c->var, c->value, (size_t)count_of(c->rank)));
    }
}

static void random_step(struct world *w, unsigned *p)
{
    const unsigned actions = 4 + draw(p, 36);
    use_input(w, 2);
    for (unsigned k = 0; k < actions && w->n < MAX_NODES - 8; k++) {
        const bool reads = w->no_grad > 0;
        unsigned before = *p;
        if (reads) { /* stay away from reads, which would end the step */
            draw(&before, VARS);
            const unsigned what = draw(&before, 40);
            if (what != 13 && what != 14)
                act(w, p);
            else
                *p = before;
            if (--w->no_grad == 0)
                tenka_no_grad_end(w->ctx);
            continue;
        }
        act(w, p);
    }
    if (w->no_grad > 0)
        tenka_no_grad_end(w->ctx);
    w->no_grad = 0;
    if (draw(p, 12) == 0) {
        tenka_step_discard(w->ctx);
        reset(w); /* what a read in the middle ran has been done */
        return;
    }
    must(w, "ending the step", tenka_step_end(w->ctx));
    check_step(w);
    take_over(w);
}

static void run_program(struct world *w, unsigned seed)
{
    unsigned p = seed * 2654435761u + 1;
    w->seed = seed;
    for (int v = 0; v < VARS; v++) {
        w->vars[v].grad = v < 2 || draw(&p, 3) == 0;
        tenka_variable_set_requires_grad(w->vars[v].var, w->vars[v].grad);
    }
    reset(w);
    for (int steps = 3; steps > 0; steps--)
        random_step(w, &p);
}

int main(int argc, char **argv)
{
    const unsigned programs = argc > 1 ? (unsigned)atoi(argv[1]) : 2000, first = argc > 2 ? (unsigned)atoi(argv[2]) : 0;
    static struct world w;
    struct tenka_ctx_params params = TENKA_CTX_DEFAULTS;
    params.backend = TENKA_BACKEND_CPU_F64;
    params.threads = 1;
    must(&w, "the context", tenka_ctx_create(&params, &w.ctx));
    for (int v = 0; v < VARS; v++) {
        w.vars[v].rank = (uint32_t)v % 3;
        must(&w, "a variable",
             tenka_variable_create(w.ctx, TENKA_F32, shape_of(w.vars[v].rank), NULL, false, &w.vars[v].var));
    }
    for (unsigned k = 0; k < programs; k++) {
        w.data = k;
        run_program(&w, first + k / 8 * 4 + k % 4); /* each program twice, near each other */
    }
    for (int v = 0; v < VARS; v++)
        tenka_variable_destroy(&w.vars[v].var);
    tenka_ctx_destroy(&w.ctx);
    printf("%u programs\n", programs);
    return 0;
}
