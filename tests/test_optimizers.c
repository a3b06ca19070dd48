/* Each optimizer's 20 steps against PyTorch's (tests/golden/optimizers.txt, made by tools/golden/optimizers.py): losses,
 * and in the end weights, states and averages under PyTorch's names. cpu-f64: to 1e-11 of a tensor's largest element;
 * others: losses to 1e-5 or 10 times the gap between PyTorch's own two precisions. And: optimizers by their text, wrong ones
 * too; groups; no step makes a new plan when numbers change.   test_optimizers cpu|cpu-f64|vulkan GOLDEN */
#include "graph/graph.h"
#include "optim/average.h"
#include "optim/optimizer.h"
#include "support.h"

#define STEPS 20
#define ROWS 12
#define F64_BOUND 1e-11
#define F32_BOUND 1e-5
#define MAX_SLOTS 8
#define MAX_STATE 16

static const char *golden;

/* ---- A run ---- */

struct run {
    tenka_ctx *ctx;
    tenka_module *net;
    tenka_optimizer *opt;
    tenka_average *average;
    struct tenka_state_entry state[MAX_STATE];
    size_t n_state;
    float x[ROWS * 5], y[ROWS * 3];
    char clip[8];
    double limit;
};

#define NET "Linear(5, 7) Tanh() Linear(7, 3)"
#define AVERAGED_NET "Linear(5, 7, bias=False) BatchNorm1d(7) Tanh() Linear(7, 3)"

static void open_run(struct run *r, const struct target *target, const char *net)
{
    memset(r, 0, sizeof(*r));
    r->ctx = open_target(target);
    tenka_manual_seed(r->ctx, 0);
    must(r->ctx, tenka_nn_parse(r->ctx, net, &r->net));
    r->n_state = tenka_module_state(r->net, r->state, MAX_STATE);
    for (int i = 0; i < ROWS * 5; i++)
        r->x[i] = (float)((i / 5 * 7 + i % 5 * 5) % 31 - 15) / 16;
    for (int i = 0; i < ROWS * 3; i++)
        r->y[i] = (float)((i / 3 * 11 + i % 3 * 3) % 17 - 8) / 16;
}

static void close_run(struct run *r)
{
    tenka_average_destroy(&r->average);
    tenka_optimizer_destroy(&r->opt);
    tenka_module_destroy(&r->net);
    tenka_ctx_destroy(&r->ctx);
}

static struct tenka_optimizer_params read_text(tenka_ctx *ctx, const char *text)
{
    struct tenka_optimizer_params params = TENKA_OPTIMIZER_DEFAULTS;
    must(ctx, tenka_optimizer_read(ctx, text, &params));
    return params;
}

static bool is_bias(const struct tenka_state_entry *entry)
{
    return strstr(entry->name, "bias") != NULL;
}

/* The weights, or the biases, as a group. */
static void add_half(struct run *r, bool biases, const struct tenka_optimizer_params *params)
{
    tenka_variable *vars[MAX_STATE];
    size_t count = 0;
    for (size_t i = 0; i < r->n_state; i++)
        if (r->state[i].parameter && is_bias(&r->state[i]) == biases)
            vars[count++] = r->state[i].var;
    must(r->ctx, tenka_optimizer_add_group(r->opt, vars, count, params, NULL));
}

/* changes, of the biases: "" for one group of all */
static void make_optimizer(struct run *r, const char *text, const char *changes)
{
    struct tenka_optimizer_params params = read_text(r->ctx, text);
    must(r->ctx, tenka_optimizer_create(r->ctx, changes[0] == '\0' ? r->net : NULL, &params, &r->opt));
    if (changes[0] == '\0')
        return;
    add_half(r, false, NULL);
    must(r->ctx, tenka_optimizer_change(r->ctx, changes, &params));
    add_half(r, true, &params);
}

static void clip(struct run *r)
{
    tenka_variable *vars[MAX_STATE];
    size_t count = 0;
    for (size_t i = 0; i < r->n_state; i++)
        if (r->state[i].parameter)
            vars[count++] = r->state[i].var;
    if (strcmp(r->clip, "norm") == 0)
        tenka_clip_grad_norm(r->ctx, vars, count, r->limit);
    else if (strcmp(r->clip, "value") == 0)
        tenka_clip_grad_value(r->ctx, vars, count, r->limit);
}

static double step(struct run *r)
{
    double value;
    const tenka_tensor x = tenka_input(r->ctx, TENKA_F32, tenka_shape_of(ROWS, 5), r->x);
    const tenka_tensor y = tenka_input(r->ctx, TENKA_F32, tenka_shape_of(ROWS, 3), r->y);
    const tenka_tensor loss = tenka_mse_loss(tenka_forward(r->net, x), y);
    tenka_backward(loss);
    clip(r);
    must(r->ctx, tenka_optimizer_step(r->opt));
    must(r->ctx, tenka_item(loss, &value));
    return value;
}

/* ---- Against PyTorch ---- */

static const struct target *tested;
static size_t failures;

static bool is_exact(void)
{
    return tested->backend == TENKA_BACKEND_CPU_F64;
}

static void check_loss(struct run *r, const char *text, const char *line)
{
    size_t number;
    double f64, f32;
    assert_int_equal(sscanf(line, "loss %zu %lf %lf", &number, &f64, &f32), 3);
    const double value = step(r), want = is_exact() ? f64 : f32;
    const double bound = is_exact() ? F64_BOUND * fmax(1, fabs(f64))
                                    : fmax(F32_BOUND, 10 * fabs(f64 - f32)) * fmax(1, fabs(f64));
    if (fabs(value - want) <= bound)
        return;
    print_error("%s: step %zu: loss %.17g, PyTorch %.17g\n", text, number, value, want);
    failures++;
}

static tenka_variable *find_average(struct run *r, const char *name)
{
    size_t n = 0;
    const struct tenka_average_pair *const pairs = r->average != NULL ? tenka_average_pairs(r->average, &n) : NULL;
    for (size_t i = 0; i < n; i++)
        if (pairs[i].var == tenka_module_find(r->net, name))
            return pairs[i].mean;
    fail_msg("there is no average of %s", name);
    return NULL;
}

/* The weight of that name, or the state before whose weight's name PyTorch's name of it stands. */
static tenka_variable *find(struct run *r, const char *name)
{
    struct tenka_optimizer_slot slots[MAX_SLOTS];
    char own[128];
    if (strncmp(name, "average.", strlen("average.")) == 0)
        return find_average(r, name + strlen("average."));
    const size_t n = tenka_optimizer_slots(r->opt, slots, MAX_SLOTS);
    for (size_t i = 0; i < r->n_state; i++) {
        if (strcmp(r->state[i].name, name) == 0)
            return r->state[i].var;
        for (size_t s = 0; s < n; s++)
            for (size_t k = 0; k < TENKA_MAX_STATES && slots[s].var == r->state[i].var; k++) {
                snprintf(own, sizeof(own), "%s.%s", slots[s].name[k], r->state[i].name);
                if (slots[s].state[k] != NULL && strcmp(own, name) == 0)
                    return slots[s].state[k];
            }
    }
    fail_msg("there is no %s", name);
    return NULL;
}

static void check_tensor(struct run *r, const char *text, char *line)
{
    static double have[64], want[64];
    char *at = strtok(line + strlen("tensor "), " \n");
    const char *const name = at;
    size_t count = 0;
    double largest = 0, off = 0;
    while ((at = strtok(NULL, " \n")) != NULL)
        want[count++] = strtod(at, NULL);
    must(r->ctx, tenka_variable_read_f64(find(r, name), have, count));
    for (size_t i = 0; i < count; i++) {
        largest = fmax(largest, fabs(want[i]));
        off = fmax(off, fabs(have[i] - want[i]));
    }
    if (off <= F64_BOUND * largest || !is_exact())
        return;
    print_error("%s: %s is off by %.3g of its largest element\n", text, name, off / largest);
    failures++;
}

/* Begins anew with the network that has buffers. */
static void begin_average(struct run *r, const char *text, const char *changes, double decay)
{
    struct run next;
    open_run(&next, tested, AVERAGED_NET);
    memcpy(next.clip, r->clip, sizeof(next.clip));
    next.limit = r->limit;
    close_run(r);
    *r = next;
    make_optimizer(r, text, changes);
    must(r->ctx, tenka_average_create(r->opt, r->net, decay, &r->average));
}

static void test_golden(void **state)
{
    static char line[16384], text[256], changes[128];
    FILE *const file = fopen(golden, "r");
    struct run r = {.ctx = NULL};
    size_t runs = 0;
    tested = *state;
    assert_non_null(file);
    while (fgets(line, sizeof(line), file)) {
        if (strncmp(line, "run ", 4) == 0) {
            if (r.ctx != NULL)
                close_run(&r);
            snprintf(text, sizeof(text), "%.*s", (int)strcspn(line + 4, "\n"), line + 4);
            changes[0] = '\0';
            open_run(&r, tested, NET);
            runs++;
        } else if (strncmp(line, "group ", 6) == 0) {
            snprintf(changes, sizeof(changes), "%.*s", (int)strcspn(line + 6, "\n"), line + 6);
        } else if (strncmp(line, "clip ", 5) == 0) {
            assert_int_equal(sscanf(line, "clip %7s %lf", r.clip, &r.limit), 2);
        } else if (strncmp(line, "average ", 8) == 0) {
            begin_average(&r, text, changes, strtod(line + 8, NULL));
        } else if (strncmp(line, "loss ", 5) == 0) {
            if (r.opt == NULL)
                make_optimizer(&r, text, changes);
            check_loss(&r, text, line);
        } else if (strncmp(line, "tensor ", 7) == 0) {
            check_tensor(&r, text, line);
        }
    }
    close_run(&r);
    fclose(file);
    assert_true(runs >= 33);
    assert_int_equal(failures, 0);
}

/* ---- Texts ---- */

static void test_texts(void **state)
{
    static const struct {
        const char *text;
        tenka_status status;
        const char *part;
    } wrong[] = {
        {"Adm()", TENKA_E_FORMAT, "do you mean Adam?"},
        {"Rprop()", TENKA_E_FORMAT, "there is no optimizer Rprop"},
        {"LBFGS()", TENKA_E_FORMAT, "those that are known: SGD, Adam, AdamW, RMSprop, Adagrad, Adadelta, NAdam, RAdam"},
        {"RMSprop(rho=0.9)", TENKA_E_FORMAT, "RMSprop has no argument rho; it has lr, alpha"},
        {"RMSprop(alpha=-1)", TENKA_E_FORMAT, "alpha must be a number of at least 0.0"},
        {"Adadelta(rho=1.5)", TENKA_E_FORMAT, "rho must be a number from 0.0 to 1.0"},
        {"NAdam(betas=0.9)", TENKA_E_FORMAT, "two numbers"},
        {"NAdam(betas=(0.9, 1))", TENKA_E_INVALID, "1 excluded"},
        {"SGD(nesterov=True)", TENKA_E_INVALID, "nesterov needs momentum"},
        {"Lion(cautious_factor=0.5)", TENKA_E_FORMAT, "only cautious_factor=1.0 is supported"},
        {"Lamb(max_grad_norm='much')", TENKA_E_FORMAT, "max_grad_norm must be a number"},
        {"Adam(differentiable=True)", TENKA_E_FORMAT, "only differentiable=False is supported"},
        {"Adam(lr=0.1, lr=0.2)", TENKA_E_FORMAT, "given twice"},
        {"Adam(0.1, (0.9, 0.99), 1e-8, 0, True, False)", TENKA_E_FORMAT, "without their names"},
    };
    tenka_ctx *ctx = open_target(*state);
    struct tenka_optimizer_params params = TENKA_OPTIMIZER_DEFAULTS, changed;
    tenka_optimizer *opt;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_fails(ctx, tenka_optimizer_read(ctx, wrong[i].text, &params), wrong[i].status, wrong[i].part);
    assert_fails(ctx, tenka_optimizer_create(ctx, NULL, &(struct tenka_optimizer_params)TENKA_OPTIMIZER_DEFAULTS, &opt),
                 TENKA_E_INVALID, "no class");
    params = read_text(ctx, "torch.optim.RMSprop(model.parameters(), 0.1, 0.8)");
    assert_string_equal(tenka_optimizer_class(&params), "RMSprop");
    assert_true(tenka_optimizer_argument(&params, "alpha") == 0.8);
    assert_true(tenka_optimizer_argument(&params, "eps") == 1e-8);
    assert_true(isnan(tenka_optimizer_argument(&params, "betas")));
    params = read_text(ctx, "NAdam (\nParameter Group 0\n    betas: (0.9, 0.99)\n    capturable: False\n"
                            "    decoupled_weight_decay: True\n    lr: 0.01\n    momentum_decay: 0.004\n)");
    assert_true(tenka_optimizer_argument(&params, "lr") == 0.01);
    assert_true(tenka_optimizer_argument(&params, "decoupled_weight_decay") == 1);
    assert_true(isnan(tenka_optimizer_argument(&(struct tenka_optimizer_params){.which = 0}, "lr")));
    params = read_text(ctx, "LAMB(max_grad_norm=None)");
    assert_true(isnan(tenka_optimizer_argument(&params, "max_grad_norm")));
    changed = params;
    assert_fails(ctx, tenka_optimizer_change(ctx, "momentum=0.9", &changed), TENKA_E_FORMAT,
                 "has no argument momentum");
    assert_fails(ctx, tenka_optimizer_change(ctx, "lr=0.1) Adam(", &changed), TENKA_E_FORMAT, "end of the text");
    assert_memory_equal(&changed, &params, sizeof(params));
    must(ctx, tenka_optimizer_change(ctx, "weight_decay=0, lr=0.5", &changed));
    assert_true(tenka_optimizer_argument(&changed, "lr") == 0.5 && tenka_optimizer_argument(&changed, "eps") == 1e-6);
    tenka_ctx_destroy(&ctx);
}

/* ---- Groups and plans ---- */

static void test_groups(void **state)
{
    struct run r;
    open_run(&r, *state, NET);
    make_optimizer(&r, "SGD(lr=0.1, momentum=0.9)", "lr=0");
    const struct tenka_optimizer_params other = read_text(r.ctx, "Adam()"), none = read_text(r.ctx, "SGD()");
    assert_fails(r.ctx, tenka_optimizer_add_group(r.opt, &r.state[0].var, 0, &other, NULL), TENKA_E_INVALID,
                 "a group of Adam cannot join SGD");
    assert_fails(r.ctx, tenka_optimizer_add_group(r.opt, &r.state[0].var, 1, NULL, NULL), TENKA_E_INVALID,
                 "is in a group already");
    must(r.ctx, tenka_optimizer_add_group(r.opt, NULL, 0, &none, NULL));
    assert_int_equal(tenka_optimizer_groups(r.opt), 3);
    assert_true(tenka_optimizer_lr(r.opt, 0) == 0.1 && tenka_optimizer_lr(r.opt, 1) == 0);
    must(r.ctx, tenka_optimizer_set_momentum(r.opt, 0, 0.5));
    assert_true(tenka_optimizer_momentum(r.opt, 0) == 0.5 && isnan(tenka_optimizer_momentum(r.opt, 3)));
    assert_fails(r.ctx, tenka_optimizer_set_momentum(r.opt, 2, 0.5), TENKA_E_INVALID,
                 "SGD has no momentum to be changed");
    assert_fails(r.ctx, tenka_optimizer_set_momentum(r.opt, 0, 1.5), TENKA_E_INVALID, "a momentum of 1.5");
    float before[7], after[7];
    must(r.ctx, tenka_variable_read(r.state[1].var, before, sizeof(before)));
    step(&r);
    must(r.ctx, tenka_variable_read(r.state[1].var, after, sizeof(after)));
    assert_memory_equal(before, after, sizeof(before));
    close_run(&r);
}

/* Lamb's norm is of all groups together. */
static void test_group_norm(void **state)
{
    struct run r;
    tenka_optimizer *opt;
    open_run(&r, *state, NET);
    const struct tenka_optimizer_params own = read_text(r.ctx, "Lamb(max_grad_norm=0.5)");
    const struct tenka_optimizer_params none = read_text(r.ctx, "Lamb(max_grad_norm=None, lr=0.1)");
    for (int i = 0; i < 2; i++) {
        must(r.ctx, tenka_optimizer_create(r.ctx, NULL, i == 0 ? &own : &none, &opt));
        must(r.ctx, tenka_optimizer_add_group(opt, &r.state[0].var, 1, i == 0 ? &own : &none, NULL));
        assert_fails(r.ctx, tenka_optimizer_add_group(opt, &r.state[1].var, 1, i == 0 ? &none : &own, NULL),
                     TENKA_E_INVALID, "a group of Lamb has a max_grad_norm of its own, but the norm is that of all");
        tenka_optimizer_destroy(&opt);
    }
    close_run(&r);
}

static void count_plans(void *user, const struct tenka_plan *plan, tenka_program *program)
{
    (void)plan;
    (void)program;
    ++*(size_t *)user;
}

/* Learning rates, momenta and bias corrections, before and after RAdam's variance is tractable, are data. */
static void test_one_plan(void **state)
{
    static const char *const texts[] = {"SGD(momentum=0.9)", "AdamW()", "RAdam(betas=(0.9, 0.9))", "NAdam()", "Lamb()"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct run r;
        size_t plans = 0;
        open_run(&r, *state, NET);
        make_optimizer(&r, texts[i], "");
        must(r.ctx, tenka_average_create(r.opt, r.net, 0.9, &r.average));
        for (int k = 0; k < 9; k++) {
            step(&r);
            must(r.ctx, tenka_optimizer_set_lr(r.opt, 0, 0.01 * k));
            must(r.ctx, tenka_optimizer_set_momentum(r.opt, 0, 0.1 * k));
        }
        tenka_ctx_visit_plans(r.ctx, count_plans, &plans);
        assert_int_equal(plans, 1);
        close_run(&r);
    }
}

/* ---- Averages ---- */

static void read_all(struct run *r, const struct tenka_average_pair *pairs, size_t n, bool means, double *out)
{
    for (size_t i = 0; i < n; i++) {
        const struct tenka_shape shape = tenka_variable_shape(pairs[i].var);
        const size_t count = (size_t)tenka_shape_count(&shape);
        must(r->ctx, tenka_variable_read_f64(means ? pairs[i].mean : pairs[i].var, out, count));
        out += count;
    }
}

#define NUMBERS (35 + 4 * 7 + 21 + 3)

/* Values come back as they were, and a run that was looked at in between goes on as if it had not been. */
static void test_swap(void **state)
{
    static double weights[NUMBERS], means[NUMBERS], there[NUMBERS], back[NUMBERS], whole[NUMBERS];
    size_t n;
    for (int swaps = 0; swaps < 2; swaps++) {
        struct run r;
        open_run(&r, *state, AVERAGED_NET);
        make_optimizer(&r, "Adam(lr=0.01)", "");
        must(r.ctx, tenka_average_create(r.opt, r.net, 0.5, &r.average));
        const struct tenka_average_pair *const pairs = tenka_average_pairs(r.average, &n);
        read_all(&r, pairs, n, false, weights);
        must(r.ctx, tenka_average_swap(r.average)); /* nothing is in it yet */
        read_all(&r, pairs, n, false, back);
        assert_memory_equal(weights, back, sizeof(weights));
        step(&r);
        read_all(&r, pairs, n, false, weights);
        read_all(&r, pairs, n, true, means);
        assert_memory_equal(weights, means, sizeof(weights));
        step(&r);
        read_all(&r, pairs, n, false, weights);
        read_all(&r, pairs, n, true, means);
        assert_memory_not_equal(weights, means, sizeof(weights));
        for (int i = 0; i < 2 * swaps; i++) {
            must(r.ctx, tenka_average_swap(r.average));
            read_all(&r, pairs, n, false, there);
            assert_memory_equal(there, i == 0 ? means : weights, sizeof(there));
        }
        step(&r);
        read_all(&r, pairs, n, true, swaps ? back : whole);
        assert_int_equal(tenka_average_updates(r.average), 3);
        close_run(&r);
    }
    assert_memory_equal(back, whole, sizeof(whole));
}

static void count_nodes(void *user, const struct tenka_plan *plan, tenka_program *program)
{
    (void)program;
    *(size_t *)user += plan->n_nodes;
}

/* It costs a kernel for each tensor, and three where nothing is fused. */
static void test_average_kernels(void **state)
{
    const bool fuses = ((const struct target *)*state)->backend != TENKA_BACKEND_CPU_F64;
    size_t nodes[2] = {0, 0}, pairs = 0;
    for (int i = 0; i < 2; i++) {
        struct run r;
        open_run(&r, *state, AVERAGED_NET);
        make_optimizer(&r, "AdamW()", "");
        if (i == 1)
            must(r.ctx, tenka_average_create(r.opt, r.net, 0.9, &r.average));
        step(&r);
        tenka_ctx_visit_plans(r.ctx, count_nodes, &nodes[i]);
        if (i == 1)
            tenka_average_pairs(r.average, &pairs);
        close_run(&r);
    }
    assert_int_equal(pairs, 7);
    assert_int_equal(nodes[1] - nodes[0], fuses ? pairs : 3 * pairs);
}

static void test_average_misuse(void **state)
{
    struct run r, other;
    tenka_average *average;
    open_run(&r, *state, NET);
    open_run(&other, *state, NET);
    make_optimizer(&r, "SGD(lr=0.1)", "");
    assert_fails(r.ctx, tenka_average_create(r.opt, r.net, 1.5, &average), TENKA_E_INVALID, "a decay of 1.5");
    assert_fails(r.ctx, tenka_average_create(r.opt, r.net, (double)NAN, &average), TENKA_E_INVALID, "a decay of");
    assert_fails(r.ctx, tenka_average_create(r.opt, NULL, 0.9, &average), TENKA_E_INVALID, "network is missing");
    assert_fails(r.ctx, tenka_average_create(r.opt, other.net, 0.9, &average), TENKA_E_INVALID, "another context");
    assert_null(average);
    assert_int_equal(tenka_average_create(NULL, r.net, 0.9, &average), TENKA_E_INVALID);
    must(r.ctx, tenka_average_create(r.opt, r.net, 0.9, &r.average));
    assert_true(tenka_average_decay(r.average) == 0.9);
    assert_fails(r.ctx, tenka_average_create(r.opt, r.net, 0.9, &average), TENKA_E_INVALID, "has one already");
    tenka_relu(tenka_value(r.state[0].var));
    assert_fails(r.ctx, tenka_average_swap(r.average), TENKA_E_INVALID, "a step is open");
    tenka_step_discard(r.ctx);
    tenka_average_destroy(&r.average);
    step(&r); /* without it */
    must(r.ctx, tenka_average_create(r.opt, r.net, 0.9, &r.average));
    close_run(&other);
    close_run(&r);
}

int main(int argc, char **argv)
{
    struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),          cmocka_unit_test(test_texts),          cmocka_unit_test(test_groups),
        cmocka_unit_test(test_group_norm),      cmocka_unit_test(test_one_plan),       cmocka_unit_test(test_swap),
        cmocka_unit_test(test_average_kernels), cmocka_unit_test(test_average_misuse),
    };
    golden = argc > 2 ? argv[2] : "";
    RUN_ON_TARGETS(argc, argv, tests);
}
