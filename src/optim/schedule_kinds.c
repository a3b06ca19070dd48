/* Schedules as rows: PyTorch's arguments, and the learning rate of a step. Source: torch.optim.lr_scheduler of PyTorch 2,
 * in its order of operations; WarmupCosine is get_cosine_schedule_with_warmup of Hugging Face's transformers. */
#include <float.h>
#include <math.h>

#include "optim/schedule.h"

#define PI 3.14159265358979323846

#define REAL(name, fallback, more)                                            \
    {                                                                         \
        name, TENKA_PY_ARG_REAL, more, {fallback, 0}, -DBL_MAX, DBL_MAX, NULL \
    }
#define FROM_0(name, fallback, more)                                   \
    {                                                                  \
        name, TENKA_PY_ARG_REAL, more, {fallback, 0}, 0, DBL_MAX, NULL \
    }
#define SHARE(name, fallback, more)                              \
    {                                                            \
        name, TENKA_PY_ARG_REAL, more, {fallback, 0}, 0, 1, NULL \
    }
#define WHOLE(name, fallback, least, more)                               \
    {                                                                    \
        name, TENKA_PY_ARG_WHOLE, more, {fallback, 0}, least, 1e15, NULL \
    }
#define FLAG(name, fallback)                                  \
    {                                                         \
        name, TENKA_PY_ARG_FLAG, 0, {fallback, 0}, 0, 1, NULL \
    }
#define WORD(name, words)                               \
    {                                                   \
        name, TENKA_PY_ARG_WORD, 0, {0, 0}, 0, 0, words \
    }
/* A list, or a number for all groups. */
#define NODE(name, fallback, more)                               \
    {                                                            \
        name, TENKA_PY_ARG_TREE, more, {fallback, 0}, 0, 0, NULL \
    }
/* PyTorch's, of a run that goes on: here the checkpoint says it. */
#define LAST_EPOCH                                                                            \
    {                                                                                         \
        "last_epoch", TENKA_PY_ARG_REAL, TENKA_PY_ARG_FIXED, {-1, 0}, -DBL_MAX, DBL_MAX, NULL \
    }
#define NEEDED TENKA_PY_ARG_REQUIRED

typedef const struct tenka_schedule_node node;

double tenka_schedule_arg(node *n, size_t arg, size_t group)
{
    return n->list[arg] != NULL ? n->list[arg][n->n_list[arg] > group ? group : 0] : n->arg[arg][0];
}

static double arg(node *n, size_t i)
{
    return n->arg[i][0];
}

/* A learning rate below which a schedule does not go: in proportion to where the group began. */
static double floor_of(node *n, size_t i, size_t g)
{
    return tenka_schedule_arg(n, i, g) * n->of->group[g].factor;
}

/* ---- StepLR, MultiStepLR ---- */

enum { STEP_SIZE, STEP_GAMMA };
static const struct tenka_py_arg step_args[] = {WHOLE("step_size", 0, 1, NEEDED), REAL("gamma", 0.1, 0), LAST_EPOCH};

static double step_lr(node *n, size_t g, double lr)
{
    (void)g;
    const bool falls = n->state.step != 0 && fmod(n->state.step, arg(n, STEP_SIZE)) == 0;
    return falls ? lr * arg(n, STEP_GAMMA) : lr;
}

static double step_closed(node *n, size_t g)
{
    return n->base[g] * pow(arg(n, STEP_GAMMA), floor(n->state.step / arg(n, STEP_SIZE)));
}

enum { MULTI_MILESTONES, MULTI_GAMMA };
static const struct tenka_py_arg multi_args[] = {NODE("milestones", 0, NEEDED), REAL("gamma", 0.1, 0), LAST_EPOCH};

static double multi_lr(node *n, size_t g, double lr)
{
    double count = 0;
    (void)g;
    for (size_t i = 0; i < n->n_list[MULTI_MILESTONES]; i++)
        count += n->list[MULTI_MILESTONES][i] == n->state.step;
    return count > 0 ? lr * pow(arg(n, MULTI_GAMMA), count) : lr;
}

static double multi_closed(node *n, size_t g)
{
    double count = 0;
    for (size_t i = 0; i < n->n_list[MULTI_MILESTONES]; i++)
        count += n->list[MULTI_MILESTONES][i] <= n->state.step;
    return n->base[g] * pow(arg(n, MULTI_GAMMA), count);
}

/* ---- ConstantLR, LinearLR, ExponentialLR, PolynomialLR ---- */

enum { CONSTANT_FACTOR, CONSTANT_TOTAL };
static const struct tenka_py_arg constant_args[] = {SHARE("factor", 1.0 / 3, 0), WHOLE("total_iters", 5, 0, 0),
                                                    LAST_EPOCH};

static double constant_lr(node *n, size_t g, double lr)
{
    (void)g;
    if (n->state.step == 0)
        return lr * arg(n, CONSTANT_FACTOR);
    return n->state.step != arg(n, CONSTANT_TOTAL) ? lr : lr * (1 / arg(n, CONSTANT_FACTOR));
}

static double constant_closed(node *n, size_t g)
{
    const double factor = arg(n, CONSTANT_FACTOR);
    return n->base[g] * (factor + (n->state.step >= arg(n, CONSTANT_TOTAL)) * (1 - factor));
}

enum { LINEAR_START, LINEAR_END, LINEAR_TOTAL };
static const struct tenka_py_arg linear_args[] = {SHARE("start_factor", 1.0 / 3, 0), SHARE("end_factor", 1, 0),
                                                  WHOLE("total_iters", 5, 1, 0), LAST_EPOCH};

static const char *linear_objection(node *n)
{
    return arg(n, LINEAR_START) == 0 ? "start_factor must be more than 0" : NULL;
}

static double linear_lr(node *n, size_t g, double lr)
{
    const double start = arg(n, LINEAR_START), total = arg(n, LINEAR_TOTAL), rise = arg(n, LINEAR_END) - start;
    (void)g;
    if (n->state.step == 0)
        return lr * start;
    return n->state.step > total ? lr : lr * (1 + rise / (total * start + (n->state.step - 1) * rise));
}

static double linear_closed(node *n, size_t g)
{
    const double start = arg(n, LINEAR_START), total = arg(n, LINEAR_TOTAL);
    return n->base[g] * (start + (arg(n, LINEAR_END) - start) * fmin(total, n->state.step) / total);
}

static const struct tenka_py_arg exponential_args[] = {REAL("gamma", 0, NEEDED), LAST_EPOCH};

static double exponential_lr(node *n, size_t g, double lr)
{
    (void)g;
    return lr * arg(n, 0);
}

static double exponential_closed(node *n, size_t g)
{
    return n->base[g] * pow(arg(n, 0), n->state.step);
}

enum { POLY_TOTAL, POLY_POWER };
static const struct tenka_py_arg polynomial_args[] = {WHOLE("total_iters", 5, 1, 0), REAL("power", 1, 0), LAST_EPOCH};

static double polynomial_lr(node *n, size_t g, double lr)
{
    const double total = arg(n, POLY_TOTAL), step = n->state.step;
    (void)g;
    return step > total ? lr : lr * pow((1 - step / total) / (1 - (step - 1) / total), arg(n, POLY_POWER));
}

static double polynomial_closed(node *n, size_t g)
{
    const double total = arg(n, POLY_TOTAL);
    return n->base[g] * pow(1 - fmin(total, n->state.step) / total, arg(n, POLY_POWER));
}

/* ---- CosineAnnealingLR, CosineAnnealingWarmRestarts, WarmupCosine ---- */

enum { COSINE_MAX, COSINE_MIN };
static const struct tenka_py_arg cosine_args[] = {WHOLE("T_max", 0, 1, NEEDED), REAL("eta_min", 0, 0), LAST_EPOCH};

static double cosine_lr(node *n, size_t g, double lr)
{
    const double most = arg(n, COSINE_MAX), least = floor_of(n, COSINE_MIN, g), step = n->state.step;
    if (fmod(step - 1 - most, 2 * most) == 0)
        return lr + (n->base[g] - least) * (1 - cos(PI / most)) / 2;
    return (1 + cos(PI * step / most)) / (1 + cos(PI * (step - 1) / most)) * (lr - least) + least;
}

static double cosine_closed(node *n, size_t g)
{
    const double least = floor_of(n, COSINE_MIN, g);
    return least + (n->base[g] - least) * (1 + cos(PI * n->state.step / arg(n, COSINE_MAX))) / 2;
}

enum { RESTARTS_FIRST, RESTARTS_MULT, RESTARTS_MIN };
static const struct tenka_py_arg restarts_args[] = {WHOLE("T_0", 0, 1, NEEDED), WHOLE("T_mult", 1, 1, 0),
                                                    REAL("eta_min", 0, 0), LAST_EPOCH};

static double restarts_lr(node *n, size_t g, double lr)
{
    const double least = floor_of(n, RESTARTS_MIN, g);
    (void)lr;
    return least + (n->base[g] - least) * (1 + cos(PI * n->state.at / n->state.length)) / 2;
}

static void restarts_advance(struct tenka_schedule_node *n)
{
    struct tenka_schedule_state *const s = &n->state;
    if (s->step < 0) {
        *s = (struct tenka_schedule_state){.length = arg(n, RESTARTS_FIRST)};
        return;
    }
    s->step++;
    s->at++;
    if (s->at >= s->length) {
        s->at = fmod(s->at, s->length);
        s->length *= arg(n, RESTARTS_MULT);
    }
}

enum { WARMUP_STEPS, WARMUP_TOTAL, WARMUP_CYCLES };
static const struct tenka_py_arg warmup_args[] = {WHOLE("warmup", 0, 0, NEEDED), WHOLE("total", NAN, 1, 0),
                                                  REAL("cycles", 0.5, 0)};

static double total_of(node *n, size_t i)
{
    return isnan(arg(n, i)) ? (double)n->of->total : arg(n, i);
}

static double warmup_lr(node *n, size_t g, double lr)
{
    const double warmup = arg(n, WARMUP_STEPS), step = n->state.step;
    (void)lr;
    if (step < warmup)
        return n->base[g] * (step / fmax(1, warmup));
    const double progress = (step - warmup) / fmax(1, total_of(n, WARMUP_TOTAL) - warmup);
    return n->base[g] * fmax(0, 0.5 * (1 + cos(PI * arg(n, WARMUP_CYCLES) * 2 * progress)));
}

static bool warmup_needs_total(node *n)
{
    return isnan(arg(n, WARMUP_TOTAL));
}

static tenka_status warmup_begin(struct tenka_schedule *s, struct tenka_schedule_node *n)
{
    return total_of(n, WARMUP_TOTAL) > 0 ? TENKA_OK
                                         : tenka_fail(s->err, TENKA_E_INVALID,
                                                      "schedule: WarmupCosine: total is missing: after how many steps "
                                                      "is the learning rate to be 0?");
}

/* ---- OneCycleLR ---- */

enum {
    ONE_MAX,
    ONE_TOTAL,
    ONE_EPOCHS,
    ONE_STEPS,
    ONE_START,
    ONE_STRATEGY,
    ONE_CYCLES,
    ONE_BASE_MOMENTUM,
    ONE_MAX_MOMENTUM,
    ONE_DIV,
    ONE_FINAL_DIV,
    ONE_THREE
};
static const struct tenka_py_arg one_args[] = {
    [ONE_MAX] = NODE("max_lr", 0, NEEDED),
    [ONE_TOTAL] = WHOLE("total_steps", NAN, 1, 0),
    [ONE_EPOCHS] = WHOLE("epochs", NAN, 1, 0),
    [ONE_STEPS] = WHOLE("steps_per_epoch", NAN, 1, 0),
    [ONE_START] = SHARE("pct_start", 0.3, 0),
    [ONE_STRATEGY] = WORD("anneal_strategy", "cos|linear"),
    [ONE_CYCLES] = FLAG("cycle_momentum", 1),
    [ONE_BASE_MOMENTUM] = SHARE("base_momentum", 0.85, 0),
    [ONE_MAX_MOMENTUM] = SHARE("max_momentum", 0.95, 0),
    [ONE_DIV] = FROM_0("div_factor", 25, 0),
    [ONE_FINAL_DIV] = FROM_0("final_div_factor", 1e4, 0),
    [ONE_THREE] = FLAG("three_phase", 0),
    LAST_EPOCH,
};

static bool one_needs_total(node *n)
{
    return isnan(arg(n, ONE_TOTAL)) && (isnan(arg(n, ONE_EPOCHS)) || isnan(arg(n, ONE_STEPS)));
}

static double one_total(node *n)
{
    if (!isnan(arg(n, ONE_TOTAL)))
        return arg(n, ONE_TOTAL);
    return one_needs_total(n) ? (double)n->of->total : arg(n, ONE_EPOCHS) * arg(n, ONE_STEPS);
}

static double anneal(node *n, double start, double end, double share)
{
    if (arg(n, ONE_STRATEGY) == 1)
        return (end - start) * share + start;
    return end + (start - end) / 2.0 * (cos(PI * share) + 1);
}

/* Where step stands: of what three things the values go from one to the other, and how far they are. */
struct phase {
    int from, to;
    double share;
};

static struct phase one_phase(node *n)
{
    const double total = one_total(n), first = arg(n, ONE_START) * total - 1, step = n->state.step;
    const double second = 2 * arg(n, ONE_START) * total - 2;
    const bool three = arg(n, ONE_THREE) != 0;
    if (step <= first)
        return (struct phase){0, 1, step / first};
    if (three && step <= second)
        return (struct phase){1, 0, (step - first) / (second - first)};
    const double begin = three ? second : first;
    return (struct phase){three ? 0 : 1, 2, (step - begin) / (total - 1 - begin)};
}

static double one_lr(node *n, size_t g, double lr)
{
    const struct tenka_schedule_group *const group = &n->of->group[g];
    const double values[] = {group->initial, group->most, group->least};
    const struct phase p = one_phase(n);
    (void)lr;
    return anneal(n, values[p.from], values[p.to], p.share);
}

static double one_momentum(node *n)
{
    const double values[] = {arg(n, ONE_MAX_MOMENTUM), arg(n, ONE_BASE_MOMENTUM), arg(n, ONE_MAX_MOMENTUM)};
    const struct phase p = one_phase(n);
    return arg(n, ONE_CYCLES) != 0 ? anneal(n, values[p.from], values[p.to], p.share) : (double)NAN;
}

static tenka_status one_begin(struct tenka_schedule *s, struct tenka_schedule_node *n)
{
    if (isnan(arg(n, ONE_TOTAL)) && isnan(arg(n, ONE_EPOCHS)) != isnan(arg(n, ONE_STEPS)))
        return tenka_fail(s->err, TENKA_E_INVALID,
                          "schedule: OneCycleLR: epochs and steps_per_epoch are given together, or neither");
    if (!(one_total(n) > 0))
        return tenka_fail(s->err, TENKA_E_INVALID,
                          "schedule: OneCycleLR: total_steps is missing, or epochs and steps_per_epoch are: how many "
                          "steps has the cycle?");
    for (size_t g = 0; g < s->n_groups; g++) {
        const double most = tenka_schedule_arg(n, ONE_MAX, g), initial = most / arg(n, ONE_DIV);
        s->group[g] = (struct tenka_schedule_group){initial, most, initial / arg(n, ONE_FINAL_DIV), 1};
    }
    return TENKA_OK;
}

/* ---- CyclicLR ---- */

enum {
    CYCLIC_BASE,
    CYCLIC_MAX,
    CYCLIC_UP,
    CYCLIC_DOWN,
    CYCLIC_MODE,
    CYCLIC_GAMMA,
    CYCLIC_SCALE,
    CYCLIC_SCALE_MODE,
    CYCLIC_CYCLES,
    CYCLIC_BASE_MOMENTUM,
    CYCLIC_MAX_MOMENTUM
};
static const struct tenka_py_arg cyclic_args[] = {
    [CYCLIC_BASE] = NODE("base_lr", 0, NEEDED),
    [CYCLIC_MAX] = NODE("max_lr", 0, NEEDED),
    [CYCLIC_UP] = WHOLE("step_size_up", 2000, 1, 0),
    [CYCLIC_DOWN] = WHOLE("step_size_down", NAN, 1, 0),
    [CYCLIC_MODE] = WORD("mode", "triangular|triangular2|exp_range"),
    [CYCLIC_GAMMA] = REAL("gamma", 1, 0),
    [CYCLIC_SCALE] = {"scale_fn", TENKA_PY_ARG_REAL, TENKA_PY_ARG_FIXED, {NAN, 0}, 0, 0, NULL},
    [CYCLIC_SCALE_MODE] = WORD("scale_mode", "cycle|iterations"), /* of a scale_fn alone */
    [CYCLIC_CYCLES] = FLAG("cycle_momentum", 1),
    [CYCLIC_BASE_MOMENTUM] = SHARE("base_momentum", 0.8, 0),
    [CYCLIC_MAX_MOMENTUM] = SHARE("max_momentum", 0.9, 0),
    LAST_EPOCH,
};

/* How much of the way from base to max. */
static double cyclic_height(node *n)
{
    const double up = arg(n, CYCLIC_UP), down = isnan(arg(n, CYCLIC_DOWN)) ? up : arg(n, CYCLIC_DOWN);
    const double total = up + down, ratio = up / total, step = n->state.step;
    const double cycle = floor(1 + step / total), x = 1 + step / total - cycle;
    const double height = x <= ratio ? x / ratio : (x - 1) / (ratio - 1);
    if (arg(n, CYCLIC_MODE) == 1)
        return height * (1 / pow(2, cycle - 1));
    return arg(n, CYCLIC_MODE) == 2 ? height * pow(arg(n, CYCLIC_GAMMA), step) : height;
}

static double cyclic_lr(node *n, size_t g, double lr)
{
    (void)lr;
    return n->base[g] + (tenka_schedule_arg(n, CYCLIC_MAX, g) - n->base[g]) * cyclic_height(n);
}

static double cyclic_momentum(node *n)
{
    const double most = arg(n, CYCLIC_MAX_MOMENTUM);
    return arg(n, CYCLIC_CYCLES) != 0 ? most - (most - arg(n, CYCLIC_BASE_MOMENTUM)) * cyclic_height(n) : (double)NAN;
}

static tenka_status cyclic_begin(struct tenka_schedule *s, struct tenka_schedule_node *n)
{
    for (size_t g = 0; g < s->n_groups; g++)
        TENKA_TRY(tenka_optimizer_put_lr(s->opt, g, tenka_schedule_arg(n, CYCLIC_BASE, g)));
    return TENKA_OK;
}

static void cyclic_settle(struct tenka_schedule *s, struct tenka_schedule_node *n)
{
    for (size_t g = 0; g < s->n_groups; g++)
        n->base[g] = tenka_schedule_arg(n, CYCLIC_BASE, g);
}

/* ---- ReduceLROnPlateau ---- */

enum {
    PLATEAU_MODE,
    PLATEAU_FACTOR,
    PLATEAU_PATIENCE,
    PLATEAU_THRESHOLD,
    PLATEAU_KIND,
    PLATEAU_COOLDOWN,
    PLATEAU_MIN,
    PLATEAU_EPS
};
static const struct tenka_py_arg plateau_args[] = {
    [PLATEAU_MODE] = WORD("mode", "min|max"),
    [PLATEAU_FACTOR] = SHARE("factor", 0.1, 0),
    [PLATEAU_PATIENCE] = WHOLE("patience", 10, 0, 0),
    [PLATEAU_THRESHOLD] = REAL("threshold", 1e-4, 0),
    [PLATEAU_KIND] = WORD("threshold_mode", "rel|abs"),
    [PLATEAU_COOLDOWN] = WHOLE("cooldown", 0, 0, 0),
    [PLATEAU_MIN] = NODE("min_lr", 0, 0),
    [PLATEAU_EPS] = REAL("eps", 1e-8, 0),
};

static const char *plateau_objection(node *n)
{
    return arg(n, PLATEAU_FACTOR) == 1 ? "factor must be less than 1" : NULL;
}

static bool is_better(node *n, double metric)
{
    const double best = n->state.best, threshold = arg(n, PLATEAU_THRESHOLD);
    const bool most = arg(n, PLATEAU_MODE) == 1, absolute = arg(n, PLATEAU_KIND) == 1;
    if (most)
        return metric > (absolute ? best + threshold : best * (threshold + 1));
    return metric < (absolute ? best - threshold : best * (1 - threshold));
}

bool tenka_schedule_plateau(struct tenka_schedule_node *n, double metric)
{
    struct tenka_schedule_state *const s = &n->state;
    s->step++;
    if (is_better(n, metric)) {
        s->best = metric;
        s->bad = 0;
    } else {
        s->bad++;
    }
    if (s->cooldown > 0) {
        s->cooldown--;
        s->bad = 0;
    }
    if (!(s->bad > arg(n, PLATEAU_PATIENCE)))
        return false;
    s->cooldown = arg(n, PLATEAU_COOLDOWN);
    s->bad = 0;
    return true;
}

double tenka_schedule_reduced(node *n, size_t g, double lr)
{
    const double reduced = fmax(lr * arg(n, PLATEAU_FACTOR), floor_of(n, PLATEAU_MIN, g));
    return lr - reduced > arg(n, PLATEAU_EPS) ? reduced : lr;
}

static tenka_status plateau_begin(struct tenka_schedule *s, struct tenka_schedule_node *n)
{
    (void)s;
    n->state = (struct tenka_schedule_state){.best = arg(n, PLATEAU_MODE) == 1 ? -(double)INFINITY : (double)INFINITY};
    return TENKA_OK;
}

/* ---- Schedules of schedules ---- */

static const struct tenka_py_arg sequential_args[] = {
    [TENKA_SEQUENTIAL_SCHEDULERS] = NODE("schedulers", 0, NEEDED),
    [TENKA_SEQUENTIAL_MILESTONES] = NODE("milestones", 0, NEEDED),
    LAST_EPOCH,
};
static const struct tenka_py_arg chained_args[] = {
    NODE("schedulers", 0, NEEDED),
    {"optimizer", TENKA_PY_ARG_ANY, 0, {0, 0}, 0, 0, NULL},
};

static const char *sequential_objection(node *n)
{
    if (n->n_list[TENKA_SEQUENTIAL_MILESTONES] + 1 != n->n_children)
        return "milestones must be one fewer than schedulers";
    for (size_t i = 0; i < n->n_children; i++)
        if (n->child[i]->kind->family != TENKA_SCHEDULE_PLAIN)
            return "schedulers may be neither ReduceLROnPlateau nor made of others";
    return NULL;
}

static const char *chained_objection(node *n)
{
    for (size_t i = 0; i < n->n_children; i++)
        if (n->child[i]->kind->family == TENKA_SCHEDULE_PLATEAU)
            return "schedulers may not be ReduceLROnPlateau";
    return NULL;
}

/* ---- The lists ---- */

#define CLASS(name, args)                             \
    {                                                 \
        name, args, sizeof(args) / sizeof(args[0]), 1 \
    }
const struct tenka_py_class tenka_schedule_calls[] = {
    CLASS("StepLR", step_args),
    CLASS("MultiStepLR", multi_args),
    CLASS("ConstantLR", constant_args),
    CLASS("LinearLR", linear_args),
    CLASS("ExponentialLR", exponential_args),
    CLASS("PolynomialLR", polynomial_args),
    CLASS("CosineAnnealingLR", cosine_args),
    CLASS("CosineAnnealingWarmRestarts", restarts_args),
    CLASS("WarmupCosine", warmup_args),
    CLASS("OneCycleLR", one_args),
    CLASS("CyclicLR", cyclic_args),
    CLASS("ReduceLROnPlateau", plateau_args),
    CLASS("SequentialLR", sequential_args),
    {"ChainedScheduler", chained_args, sizeof(chained_args) / sizeof(chained_args[0]), 0},
};
const struct tenka_schedule_kind tenka_schedule_kinds[] = {
    {.lr = step_lr, .closed = step_closed},
    {.lr = multi_lr, .closed = multi_closed},
    {.lr = constant_lr, .closed = constant_closed},
    {.lr = linear_lr, .closed = linear_closed, .objection = linear_objection},
    {.lr = exponential_lr, .closed = exponential_closed, .keeps = true},
    {.lr = polynomial_lr, .closed = polynomial_closed, .keeps = true},
    {.lr = cosine_lr, .closed = cosine_closed, .keeps = true},
    {.lr = restarts_lr, .advance = restarts_advance},
    {.lr = warmup_lr, .needs_total = warmup_needs_total, .begin = warmup_begin},
    {.lr = one_lr,
     .momentum = one_momentum,
     .needs_total = one_needs_total,
     .steps = one_total,
     .begin = one_begin,
     .by_step = true,
     .fixed = true},
    {.lr = cyclic_lr,
     .momentum = cyclic_momentum,
     .begin = cyclic_begin,
     .settle = cyclic_settle,
     .by_step = true,
     .fixed = true},
    {.family = TENKA_SCHEDULE_PLATEAU, .begin = plateau_begin, .objection = plateau_objection},
    {.family = TENKA_SCHEDULE_SEQUENTIAL, .objection = sequential_objection},
    {.family = TENKA_SCHEDULE_CHAINED, .objection = chained_objection},
};
const size_t tenka_schedule_n_kinds = sizeof(tenka_schedule_kinds) / sizeof(tenka_schedule_kinds[0]);
_Static_assert(sizeof(tenka_schedule_kinds) / sizeof(tenka_schedule_kinds[0]) ==
                   sizeof(tenka_schedule_calls) / sizeof(tenka_schedule_calls[0]),
               "a schedule is missing in one of both");
