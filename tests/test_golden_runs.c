/* Trainings that PyTorch has done (tests/golden/runs, made by tools/golden/runs.py), done again. Three proofs:
 *   cpu-f64  30 losses of a free run, to 1e-9 of PyTorch's in float64
 *   others   20 losses of a free run in float32, to 1e-5 or 10 times the gap between PyTorch's own two precisions;
 *            and steps 0, 10 and 20 each on its own, from PyTorch's weights and moments: the loss to 1e-5 of itself,
 *            and activations, gradients, moments and running statistics to 1e-5 of the tensor's largest element, a few
 *            elements excepted (FLIPS)
 *   test_golden_runs cpu|cpu-f64|vulkan GOLDEN-FOLDER [short]
 * short: 5 losses, and the steps 0 and 10 on their own: for slow devices. The images are Fashion-MNIST, in
 * $TENKA_FASHION_MNIST or where Debian's package puts them; without them the result is 77, skipped. */
#include "graph/graph.h"
#include "nn/layer.h"
#include "optim/optimizer.h"
#include "support.h"

#include <zlib.h>

static const char *const runs[] = {
    "reference_batch100",
    "reference_batch64",
    "mlp_adam",
    "mlp_adamw",
    "mlp_sgd",
    "mlp_momentum",
    "mlp_nesterov",
    "conv_adamw",
    "conv_nesterov",
    "batchnorm_dropout",
    "batchnorm_dropout_sgd",
    "norms",
    "everything",
};
#define RUNS (sizeof(runs) / sizeof(runs[0]))

#define MAX_STEPS 64
#define MAX_BATCH 128
#define MAX_KEPT 64
#define MAX_ELEMENTS 300000
#define MAX_ACTIVATIONS 2000000
#define MAX_SAMPLES 512
#define F64_STEPS 30
#define F32_STEPS 20
#define SHORT_STEPS 5
#define F64_BOUND 1e-9
#define F32_BOUND 1e-5
/* Numbers of one run that may be further off: a ReLU or a pooling window whose inputs are equal but for rounding may
 * choose otherwise. */
#define FLIPS 8
#define FORCED_SEED 1000

static const char *folder, *data_dir;
static bool is_short;

/* ---- A golden run: NAME.txt ---- */

struct golden {
    unsigned long long seed;
    uint32_t batch, limit;
    char criterion[32], net[4096];
    bool sgd;
    double option[6];
    double f32[MAX_STEPS], f64[MAX_STEPS];
    size_t steps;
};

static void read_line(struct golden *g, const char *line)
{
    char kind[8];
    double *const o = g->option;
    size_t step;
    double f32, f64;
    if (strncmp(line, "net|", 4) == 0) {
        snprintf(g->net + strlen(g->net), sizeof(g->net) - strlen(g->net), "%s", line + 4);
    } else if (sscanf(line, "loss %zu %lf %lf", &step, &f32, &f64) == 3 && step < MAX_STEPS) {
        g->f32[step] = f32;
        g->f64[step] = f64;
        g->steps = step + 1;
    } else if (sscanf(line, "optimizer %7s %lf %lf %lf %lf %lf %lf", kind, o, o + 1, o + 2, o + 3, o + 4, o + 5) >= 6) {
        g->sgd = strcmp(kind, "sgd") == 0;
    } else {
        sscanf(line, "seed %llu", &g->seed);
        sscanf(line, "batch %u", &g->batch);
        sscanf(line, "limit %u", &g->limit);
        sscanf(line, "criterion %31s", g->criterion);
    }
}

static void read_golden(const char *name, struct golden *g)
{
    char path[4096], line[512];
    memset(g, 0, sizeof(*g));
    snprintf(path, sizeof(path), "%s/%s.txt", folder, name);
    FILE *file = fopen(path, "r");
    if (!file)
        fail_msg("cannot open %s", path);
    while (fgets(line, sizeof(line), file))
        read_line(g, line);
    fclose(file);
    assert_true(g->steps >= F64_STEPS && g->batch > 0 && g->batch <= MAX_BATCH);
}

/* ---- A training ---- */

struct training {
    const struct golden *g;
    tenka_ctx *ctx;
    tenka_dataset *data;
    tenka_module *net;
    tenka_optimizer *opt;
    tenka_loader *loader;
    tenka_variable *classes; /* the unit matrix, whose rows are one-hot vectors */
};

static tenka_status make_optimizer(struct training *t)
{
    const double *const o = t->g->option;
    struct tenka_sgd_params sgd = TENKA_SGD_DEFAULTS;
    struct tenka_adam_params adam = TENKA_ADAM_DEFAULTS;
    if (t->g->sgd) {
        sgd.lr = o[0], sgd.momentum = o[1], sgd.dampening = o[2], sgd.weight_decay = o[3], sgd.nesterov = o[4] != 0;
        return tenka_sgd_create(t->ctx, t->net, &sgd, &t->opt);
    }
    adam.lr = o[0], adam.beta1 = o[1], adam.beta2 = o[2], adam.eps = o[3], adam.weight_decay = o[4];
    adam.decoupled = o[5] != 0;
    return tenka_adam_create(t->ctx, t->net, &adam, &t->opt);
}

/* In the order of the reference program, so that draws agree: weights, then the loader. */
static void begin(struct training *t, const struct golden *g, const struct target *target)
{
    float unit[100] = {0};
    struct target device = *target;
    memset(t, 0, sizeof(*t));
    t->g = g;
    device.dropout_mask = TENKA_DROPOUT_TORCH;
    t->ctx = open_target(&device);
    tenka_manual_seed(t->ctx, g->seed);
    must(t->ctx, tenka_dataset_load_idx(t->ctx, data_dir, true, &t->data));
    if (g->limit > 0)
        tenka_dataset_truncate(t->data, g->limit);
    must(t->ctx, tenka_nn_parse(t->ctx, g->net, &t->net));
    must(t->ctx, make_optimizer(t));
    for (size_t i = 0; i < 10; i++)
        unit[11 * i] = 1;
    must(t->ctx, tenka_variable_create(t->ctx, TENKA_F32, tenka_shape_of(10, 10), unit, false, &t->classes));
}

static void end(struct training *t)
{
    tenka_loader_destroy(&t->loader);
    tenka_optimizer_destroy(&t->opt);
    tenka_variable_destroy(&t->classes);
    tenka_module_destroy(&t->net);
    tenka_dataset_destroy(&t->data);
    tenka_ctx_destroy(&t->ctx);
}

static tenka_tensor mean(tenka_tensor x)
{
    return tenka_mean(x, TENKA_ALL_AXES, false);
}

/* "mixed" of tools/golden/runs.py: every activation and loss at once, from logits. */
static tenka_tensor mixed(struct training *t, tenka_tensor x, tenka_tensor target)
{
    const tenka_tensor s = tenka_softmax(x, 1), l = tenka_log_softmax(x, 1);
    const tenka_tensor each = tenka_nll_loss_reduced(l, target, TENKA_REDUCTION_NONE);
    const tenka_tensor terms[] = {
        tenka_cross_entropy(x, target),
        tenka_mse_loss(s, tenka_gather(tenka_value(t->classes), target)),
        tenka_scale(tenka_nll_loss_reduced(l, target, TENKA_REDUCTION_SUM), 0.01),
        mean(tenka_sqrt(s)),
        tenka_scale(mean(tenka_mul(each, each)), 0.1),
        tenka_scale(mean(tenka_relu(x)), 0.1),
    };
    tenka_tensor sum = terms[0];
    for (size_t i = 1; i < sizeof(terms) / sizeof(terms[0]); i++)
        sum = tenka_add(sum, terms[i]);
    return sum;
}

static tenka_tensor loss_of(struct training *t, tenka_tensor x, tenka_tensor target)
{
    const char *const name = t->g->criterion;
    if (strcmp(name, "nll") == 0)
        return tenka_nll_loss(x, target);
    if (strcmp(name, "nll_sum") == 0)
        return tenka_scale(tenka_nll_loss_reduced(x, target, TENKA_REDUCTION_SUM), 0.01);
    if (strcmp(name, "cross_entropy") == 0)
        return tenka_cross_entropy(x, target);
    if (strcmp(name, "mse") == 0)
        return tenka_mse_loss(tenka_softmax(x, 1), tenka_gather(tenka_value(t->classes), target));
    if (strcmp(name, "mixed") != 0)
        fail_msg("unknown criterion %s", name);
    return mixed(t, x, target);
}

/* ---- Deviations, for the table at the end ---- */

enum quantity { FREE, LOSS, ACTIVATION, GRADIENT, MOMENT0, MOMENT1, BUFFER, QUANTITIES };
static const char *const headings[] = {"free run", "loss", "activation", "gradient", "moment 1", "moment 2", "buffer"};
static const char *const kinds[] = {"", "", "act", "grad", "made0", "made1", "buffer"};

struct report {
    double worst[QUANTITIES]; /* NaN: not measured */
    size_t compared, flips;
    bool failed;
};

static void note(struct report *r, enum quantity q, double off)
{
    if (!(r->worst[q] >= off)) /* NaN: nothing yet */
        r->worst[q] = off;
}

static void print_table(const char *label, const struct report *reports)
{
    printf("Largest deviations from PyTorch on %s\n%-24s", label, "");
    for (size_t q = 0; q < QUANTITIES; q++)
        printf("%11s", headings[q]);
    printf("%11s%7s\n", "compared", "flips");
    for (size_t i = 0; i < RUNS; i++) {
        printf("%-24s", runs[i]);
        for (size_t q = 0; q < QUANTITIES; q++)
            if (isnan(reports[i].worst[q]))
                printf("%11s", "-");
            else
                printf("%11.1e", reports[i].worst[q]);
        printf("%11zu%7zu\n", reports[i].compared, reports[i].flips);
    }
    fflush(stdout);
}

/* ---- Free runs ---- */

static tenka_status next_batch(struct training *t, struct tenka_batch *batch)
{
    const tenka_status s = tenka_loader_next(t->loader, batch);
    return s == TENKA_END ? tenka_loader_next(t->loader, batch) : s;
}

static void free_run(struct training *t, bool exact, struct report *r)
{
    struct tenka_loader_params params = TENKA_LOADER_DEFAULTS;
    const struct golden *const g = t->g;
    const size_t steps = is_short ? SHORT_STEPS : exact ? F64_STEPS : F32_STEPS;
    params.batch_size = g->batch;
    params.shuffle = true;
    must(t->ctx, tenka_loader_create(t->ctx, t->data, &params, &t->loader));
    for (size_t i = 0; i < steps; i++) {
        struct tenka_batch batch;
        double value;
        must(t->ctx, next_batch(t, &batch));
        const tenka_tensor loss = loss_of(t, tenka_forward(t->net, batch.input), batch.target);
        tenka_backward(loss);
        must(t->ctx, tenka_optimizer_step(t->opt));
        must(t->ctx, tenka_item(loss, &value));
        const double want = exact ? g->f64[i] : g->f32[i], off = fabs(value - want);
        const double bound = exact ? F64_BOUND : fmax(F32_BOUND, 10 * fabs(g->f32[i] - g->f64[i]));
        note(r, FREE, off);
        if (!(off <= bound)) {
            print_error("step %zu: loss %.17g, PyTorch %.17g, off by %.3g, more than %.3g\n", i, value, want, off,
                        bound);
            r->failed = true;
        }
    }
}

/* ---- Steps on their own: NAME.steps.gz ---- */

struct kept {
    char kind[8];
    const char *name;
    tenka_variable *var; /* the test's */
};

struct forced {
    struct training t;
    struct report *report;
    gzFile file;
    tenka_dataset *batch_data;
    struct kept kept[MAX_KEPT];
    size_t n_kept;
    struct tenka_optimizer_slot slot[MAX_KEPT];
    size_t n_slots;
};

static void read_bytes(gzFile file, void *out, size_t bytes)
{
    assert_int_equal(gzread(file, out, (unsigned)bytes), (int)bytes);
}

static size_t count_of(const tenka_variable *var)
{
    const struct tenka_shape shape = tenka_variable_shape(var);
    return (size_t)tenka_shape_count(&shape);
}

/* A tensor of the state: float32, or 8 bits and a scale, which are squared for Adam's second moment (q8s). */
static void read_state(struct forced *f, tenka_variable *var, const char *coding, size_t count, float scale)
{
    static float value[MAX_ELEMENTS];
    static int8_t q[MAX_ELEMENTS];
    assert_non_null(var);
    assert_true(count == count_of(var) && count <= MAX_ELEMENTS);
    if (strcmp(coding, "f32") == 0) {
        read_bytes(f->file, value, count * sizeof(*value));
    } else {
        read_bytes(f->file, q, count);
        for (size_t i = 0; i < count; i++) {
            const float root = (float)q[i] * scale;
            value[i] = strcmp(coding, "q8s") == 0 ? root * root : root;
        }
    }
    must(f->t.ctx, tenka_variable_write(var, value, count * sizeof(*value)));
}

static tenka_variable *moment_of(struct forced *f, const char *name, size_t moment)
{
    const tenka_variable *const var = tenka_module_find(f->t.net, name);
    for (size_t i = 0; i < f->n_slots; i++)
        if (f->slot[i].var == var)
            return f->slot[i].state[moment];
    fail_msg("%s is not in the optimizer", name);
    return NULL;
}

/* The images of the step as a dataset of their own. */
static void load_images(struct forced *f, uint32_t size)
{
    static uint8_t images[MAX_BATCH * 784];
    int32_t index[MAX_BATCH], labels[MAX_BATCH];
    struct tenka_loader_params params = TENKA_LOADER_DEFAULTS;
    assert_true(size <= MAX_BATCH);
    read_bytes(f->file, index, size * sizeof(*index));
    for (size_t i = 0; i < size; i++) {
        memcpy(images + 784 * i, tenka_dataset_images(f->t.data) + 784 * (size_t)index[i], 784);
        labels[i] = tenka_dataset_labels(f->t.data)[index[i]];
    }
    tenka_loader_destroy(&f->t.loader);
    tenka_dataset_destroy(&f->batch_data);
    must(f->t.ctx, tenka_dataset_create(f->t.ctx, images, labels, size, 1, 28, 28, &f->batch_data));
    must(f->t.ctx, tenka_dataset_set_normalization(f->batch_data, 0, 0.1307, 0.3081));
    params.batch_size = size;
    must(f->t.ctx, tenka_loader_create(f->t.ctx, f->batch_data, &params, &f->t.loader));
}

static void keep(struct forced *f, const char *kind, const char *name, tenka_tensor x)
{
    assert_true(f->n_kept < MAX_KEPT);
    struct kept *k = &f->kept[f->n_kept++];
    *k = (struct kept){.name = name};
    snprintf(k->kind, sizeof(k->kind), "%s", kind);
    must(f->t.ctx, tenka_keep(x, &k->var));
}

static tenka_tensor forward(struct forced *f, tenka_module *module, tenka_tensor x)
{
    for (size_t i = 0; i < module->n_children; i++)
        x = forward(f, module->children[i], x);
    if (module->n_children > 0)
        return x;
    x = tenka_forward(module, x);
    keep(f, "act", module->path, x);
    return x;
}

static void take_step(struct forced *f, unsigned step)
{
    struct training *const t = &f->t;
    struct tenka_state_entry state[MAX_KEPT];
    uint64_t updates[MAX_KEPT];
    double products[MAX_KEPT];
    struct tenka_batch batch;
    for (size_t i = 0; i < f->n_slots; i++)
        updates[i] = step, products[i] = 1;
    tenka_optimizer_restore(t->opt, step, updates, products);
    must(t->ctx, tenka_loader_next(t->loader, &batch));
    tenka_manual_seed(t->ctx, FORCED_SEED + step);
    const tenka_tensor loss = loss_of(t, forward(f, t->net, batch.input), batch.target);
    tenka_backward(loss);
    keep(f, "loss", "", loss);
    const size_t n = tenka_module_state(t->net, state, MAX_KEPT);
    for (size_t i = 0; i < n; i++)
        if (state[i].parameter)
            keep(f, "grad", state[i].name, tenka_grad(state[i].var));
    must(t->ctx, tenka_optimizer_step(t->opt));
}

static tenka_variable *made(struct forced *f, const char *kind, const char *name)
{
    if (strcmp(kind, "buffer") == 0)
        return tenka_module_find(f->t.net, name);
    if (strncmp(kind, "made", 4) == 0)
        return moment_of(f, name, (size_t)(kind[4] - '0'));
    for (size_t i = 0; i < f->n_kept; i++)
        if (strcmp(f->kept[i].kind, kind) == 0 && strcmp(f->kept[i].name, name) == 0)
            return f->kept[i].var;
    return NULL;
}

static enum quantity quantity_of(const char *kind)
{
    for (size_t q = ACTIVATION; q < QUANTITIES; q++)
        if (strcmp(kind, kinds[q]) == 0)
            return (enum quantity)q;
    fail_msg("unknown kind %s", kind);
    return LOSS;
}

/* One number of a tensor, in units of the tensor's largest element. */
static void compare(struct report *r, enum quantity q, double off)
{
    r->compared++;
    note(r, q, off);
    r->flips += !(off <= F32_BOUND);
}

/* Samples and block means at the places that tools/golden/runs.py says. */
static void check_tensor(struct forced *f, const char *kind, const char *name, size_t count, double largest,
                         size_t samples, size_t blocks)
{
    static float have[MAX_ACTIVATIONS];
    float want[MAX_SAMPLES];
    tenka_variable *const var = made(f, kind, name);
    if (!var || count != count_of(var) || count > sizeof(have) / sizeof(have[0]) || samples + blocks > MAX_SAMPLES)
        fail_msg("%s %s: there are %zu elements in PyTorch", kind, name, count);
    read_bytes(f->file, want, (samples + blocks) * sizeof(*want));
    must(f->t.ctx, tenka_variable_read(var, have, count * sizeof(*have)));
    const enum quantity q = quantity_of(kind);
    const double unit = largest > 0 ? largest : 1;
    const size_t before = f->report->flips, stride = count / samples;
    for (size_t i = 0; i < samples; i++) {
        const size_t at = i * count / samples + i * 7919 % stride;
        compare(f->report, q, fabs((double)have[at] - (double)want[i]) / unit);
    }
    for (size_t b = 0; b < blocks; b++) {
        const size_t first = b * count / blocks, last = (b + 1) * count / blocks;
        double sum = 0;
        for (size_t i = first; i < last; i++)
            sum += (double)have[i];
        compare(f->report, q, fabs(sum / (double)(last - first) - (double)want[samples + b]) / unit);
    }
    if (f->report->flips > before)
        print_message("%s %s: %zu of %zu numbers off by more than %g of the largest\n", kind, name,
                      f->report->flips - before, samples + blocks, F32_BOUND);
}

static void check_loss(struct forced *f, double want)
{
    double have;
    must(f->t.ctx, tenka_variable_read_f64(made(f, "loss", ""), &have, 1));
    const double off = fabs(have - want) / fabs(want);
    note(f->report, LOSS, off);
    if (!(off <= F32_BOUND)) {
        print_error("loss %.9g, PyTorch %.9g, off by %.3g of it\n", have, want, off);
        f->report->failed = true;
    }
}

static void end_step(struct forced *f)
{
    for (size_t i = 0; i < f->n_kept; i++)
        tenka_variable_destroy(&f->kept[i].var);
    f->n_kept = 0;
}

/* A line of the file, and the bytes after it; whether a step ends with it. */
static bool do_line(struct forced *f, const char *line, unsigned *step)
{
    char kind[16], name[128], coding[8];
    size_t count, samples, blocks;
    uint32_t size;
    double number;
    float scale;
    if (sscanf(line, "step %u %u", step, &size) == 2)
        load_images(f, size);
    else if (sscanf(line, "state %127s %7s %zu %f", name, coding, &count, &scale) == 4)
        read_state(f, tenka_module_find(f->t.net, name), coding, count, scale);
    else if (sscanf(line, "moment%1[01] %127s %7s %zu %f", kind, name, coding, &count, &scale) == 5)
        read_state(f, moment_of(f, name, (size_t)(kind[0] - '0')), coding, count, scale);
    else if (sscanf(line, "loss %lf", &number) == 1) {
        take_step(f, *step);
        check_loss(f, number);
    } else if (sscanf(line, "%15s %127s %zu %lf %zu %zu", kind, name, &count, &number, &samples, &blocks) == 6)
        check_tensor(f, kind, name, count, number, samples, blocks);
    else if (strcmp(line, "end\n") == 0)
        end_step(f);
    else
        fail_msg("a line of the steps is not understood: %s", line);
    return strcmp(line, "end\n") == 0;
}

static void forced_steps(const char *name, const struct golden *g, const struct target *target, struct report *report)
{
    static struct forced f;
    char path[4096], line[512];
    unsigned step = 0;
    size_t steps = 0;
    memset(&f, 0, sizeof(f));
    f.report = report;
    begin(&f.t, g, target);
    f.n_slots = tenka_optimizer_slots(f.t.opt, f.slot, MAX_KEPT);
    snprintf(path, sizeof(path), "%s/%s.steps.gz", folder, name);
    f.file = gzopen(path, "rb");
    if (!f.file)
        fail_msg("cannot open %s", path);
    /* Short: the steps 0 and 10 alone. */
    while (!(is_short && steps == 2) && gzgets(f.file, line, sizeof(line)))
        steps += do_line(&f, line, &step);
    assert_int_equal(steps, is_short ? 2 : 3);
    gzclose(f.file);
    tenka_dataset_destroy(&f.batch_data);
    end(&f.t);
}

/* ---- Tests ---- */

struct test {
    const struct target *target;
    const char *name;
    struct report *report;
};

static void test_run(void **state)
{
    const struct test *const test = *state;
    struct golden g;
    struct training t;
    read_golden(test->name, &g);
    const bool exact = test->target->backend == TENKA_BACKEND_CPU_F64;
    begin(&t, &g, test->target);
    free_run(&t, exact, test->report);
    end(&t);
    if (!exact)
        forced_steps(test->name, &g, test->target, test->report);
    if (test->report->flips > FLIPS)
        fail_msg("%zu of %zu numbers are off by more than %g of their tensor's largest; %d may be", test->report->flips,
                 test->report->compared, F32_BOUND, FLIPS);
    assert_false(test->report->failed);
}

static int test_target(const struct target *target)
{
    struct CMUnitTest tests[RUNS];
    struct test state[RUNS];
    struct report reports[RUNS] = {0};
    for (size_t i = 0; i < RUNS; i++) {
        for (size_t q = 0; q < QUANTITIES; q++)
            reports[i].worst[q] = NAN;
        state[i] = (struct test){target, runs[i], &reports[i]};
        tests[i] = (struct CMUnitTest){.name = runs[i], .test_func = test_run, .initial_state = &state[i]};
    }
    const int failed = cmocka_run_group_tests_name(target->label, tests, NULL, NULL);
    print_table(target->label, reports);
    return failed;
}

static const char *find_data(void)
{
    const char *const dir = getenv("TENKA_FASHION_MNIST");
    const char *const found = dir ? dir : "/usr/share/datasets/fashion-mnist";
    char path[4096];
    snprintf(path, sizeof(path), "%s/train-images-idx3-ubyte.gz", found);
    FILE *file = fopen(path, "rb");
    if (!file)
        return NULL;
    fclose(file);
    return found;
}

int main(int argc, char **argv)
{
    static struct target targets[MAX_DEVICES];
    is_short = argc == 4 && strcmp(argv[3], "short") == 0;
    if (argc != 3 && !is_short) {
        fprintf(stderr, "usage: test_golden_runs cpu|cpu-f64|vulkan GOLDEN-FOLDER [short]\n");
        return EXIT_FAILURE;
    }
    folder = argv[2];
    data_dir = find_data();
    const size_t count = find_targets(argv[1], targets);
    if (!data_dir) {
        fprintf(stderr, "test_golden_runs: no Fashion-MNIST here; set TENKA_FASHION_MNIST\n");
        return SKIPPED;
    }
    if (count == 0)
        return no_target(argv[1]);
    int failed = 0;
    for (size_t i = 0; i < count; i++)
        failed += test_target(&targets[i]);
    return failed != 0;
}
