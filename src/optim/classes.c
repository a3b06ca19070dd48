/* Optimizers as rows: PyTorch's arguments, the states' names, and what each step computes on the host, in double. The
 * tensors' part is a row of shaders/common/updates.def. Sources: torch.optim of PyTorch 2; for Lion the package
 * lion-pytorch and Chen et al., "Symbolic Discovery of Optimization Algorithms" (2023); for Lamb timm's class and You et
 * al., "Large Batch Optimization for Deep Learning: Training BERT in 76 minutes" (2020), algorithm 2. */
#include "optim/classes.h"

#include <float.h>
#include <math.h>

/* ---- Words of the tables ---- */

#define REAL(name, fallback)                                        \
    {                                                               \
        name, TENKA_PY_ARG_REAL, 0, {fallback, 0}, 0, DBL_MAX, NULL \
    }
#define BETAS(second)                                            \
    {                                                            \
        "betas", TENKA_PY_ARG_PAIR, 0, {0.9, second}, 0, 1, NULL \
    }
#define FLAG(name, initial, more)                               \
    {                                                           \
        name, TENKA_PY_ARG_FLAG, more, {initial, 0}, 0, 1, NULL \
    }
/* By its name alone. */
#define KEY_FLAG(name) FLAG(name, 0, TENKA_PY_ARG_KEYWORD)
/* Known, but only the default is supported. */
#define FIXED(name) FLAG(name, 0, TENKA_PY_ARG_FIXED | TENKA_PY_ARG_KEYWORD)
/* How the sums are computed, and what a schedule notes in print(optimizer): no number depends on it. */
#define ANY(name)                                                            \
    {                                                                        \
        name, TENKA_PY_ARG_ANY, TENKA_PY_ARG_KEYWORD, {NAN, NAN}, 0, 0, NULL \
    }

/* ---- SGD ---- */

enum { SGD_LR, SGD_MOMENTUM, SGD_DAMPENING, SGD_DECAY, SGD_NESTEROV, SGD_MAXIMIZE };
static const struct tenka_py_arg sgd_args[] = {
    [SGD_LR] = REAL("lr", 1e-3),
    [SGD_MOMENTUM] = REAL("momentum", 0),
    [SGD_DAMPENING] = {"dampening", TENKA_PY_ARG_REAL, 0, {0, 0}, -DBL_MAX, DBL_MAX, NULL},
    [SGD_DECAY] = REAL("weight_decay", 0),
    [SGD_NESTEROV] = FLAG("nesterov", 0, 0),
    [SGD_MAXIMIZE] = KEY_FLAG("maximize"),
    ANY("foreach"),
    FIXED("differentiable"),
    ANY("fused"),
    ANY("initial_lr"),
};

static size_t sgd_states(tenka_optim_values v, const char *names[TENKA_MAX_STATES])
{
    names[0] = "momentum_buffer";
    return v[SGD_MOMENTUM][0] > 0 ? 1 : 0;
}

/* The first step's momentum buffer is the gradient itself, without dampening. */
static void sgd_update(tenka_optim_values v, double step, double *product, struct tenka_optim_update *out)
{
    (void)product;
    *out = (struct tenka_optim_update){
        .how = v[SGD_NESTEROV][0] != 0,
        .number = {v[SGD_LR][0], v[SGD_MOMENTUM][0], step == 1 ? 1 : 1 - v[SGD_DAMPENING][0]},
    };
}

static const char *sgd_objection(tenka_optim_values v)
{
    const bool wrong = v[SGD_NESTEROV][0] != 0 && (v[SGD_MOMENTUM][0] == 0 || v[SGD_DAMPENING][0] != 0);
    return wrong ? "nesterov needs momentum above 0 and dampening 0" : NULL;
}

/* ---- Adam, AdamW ---- */

enum { ADAM_LR, ADAM_BETAS, ADAM_EPS, ADAM_DECAY, ADAM_AMSGRAD, ADAM_MAXIMIZE, ADAM_DECOUPLED };
#define ADAM_ARGS(decay)                                                                       \
    [ADAM_LR] = REAL("lr", 1e-3), [ADAM_BETAS] = BETAS(0.999), [ADAM_EPS] = REAL("eps", 1e-8), \
    [ADAM_DECAY] = REAL("weight_decay", decay), [ADAM_AMSGRAD] = FLAG("amsgrad", 0, 0),        \
    [ADAM_MAXIMIZE] = KEY_FLAG("maximize")
#define ADAM_REST ANY("foreach"), ANY("capturable"), FIXED("differentiable"), ANY("fused"), ANY("initial_lr")
static const struct tenka_py_arg adam_args[] = {
    ADAM_ARGS(0),
    [ADAM_DECOUPLED] = KEY_FLAG("decoupled_weight_decay"),
    ADAM_REST,
};
/* Newer versions print decoupled_weight_decay: True of it. */
static const struct tenka_py_arg adamw_args[] = {
    ADAM_ARGS(1e-2),
    [ADAM_DECOUPLED] = FLAG("decoupled_weight_decay", 1, TENKA_PY_ARG_FIXED | TENKA_PY_ARG_KEYWORD),
    ADAM_REST,
};

/* Of all that are called so in PyTorch. */
static size_t two_averages(const char *names[TENKA_MAX_STATES])
{
    names[0] = "exp_avg";
    names[1] = "exp_avg_sq";
    return 2;
}

static size_t adam_states(tenka_optim_values v, const char *names[TENKA_MAX_STATES])
{
    names[2] = "max_exp_avg_sq";
    return two_averages(names) + (v[ADAM_AMSGRAD][0] != 0);
}

static void adam_update(tenka_optim_values v, double step, double *product, struct tenka_optim_update *out)
{
    const double beta1 = v[ADAM_BETAS][0], beta2 = v[ADAM_BETAS][1];
    (void)product;
    *out = (struct tenka_optim_update){
        .number = {v[ADAM_LR][0] / (1 - pow(beta1, step)), beta1, 1 - beta1, beta2, 1 - beta2, v[ADAM_EPS][0],
                   sqrt(1 - pow(beta2, step))},
    };
}

/* ---- RMSprop ---- */

enum { RMS_LR, RMS_ALPHA, RMS_EPS, RMS_DECAY, RMS_MOMENTUM, RMS_CENTERED, RMS_CAPTURABLE, RMS_FOREACH, RMS_MAXIMIZE };
static const struct tenka_py_arg rmsprop_args[] = {
    [RMS_LR] = REAL("lr", 1e-2),
    [RMS_ALPHA] = REAL("alpha", 0.99),
    [RMS_EPS] = REAL("eps", 1e-8),
    [RMS_DECAY] = REAL("weight_decay", 0),
    [RMS_MOMENTUM] = REAL("momentum", 0),
    [RMS_CENTERED] = FLAG("centered", 0, 0),
    [RMS_CAPTURABLE] = ANY("capturable"),
    [RMS_FOREACH] = ANY("foreach"),
    [RMS_MAXIMIZE] = KEY_FLAG("maximize"),
    FIXED("differentiable"),
    ANY("initial_lr"),
};

static size_t rmsprop_states(tenka_optim_values v, const char *names[TENKA_MAX_STATES])
{
    size_t count = 0;
    names[count++] = "square_avg";
    if (v[RMS_CENTERED][0] != 0)
        names[count++] = "grad_avg";
    if (v[RMS_MOMENTUM][0] > 0)
        names[count++] = "momentum_buffer";
    return count;
}

static void rmsprop_update(tenka_optim_values v, double step, double *product, struct tenka_optim_update *out)
{
    (void)step;
    (void)product;
    *out = (struct tenka_optim_update){
        .how = v[RMS_CENTERED][0] != 0,
        .number = {v[RMS_LR][0], v[RMS_ALPHA][0], 1 - v[RMS_ALPHA][0], v[RMS_EPS][0], v[RMS_MOMENTUM][0]},
    };
}

/* ---- Adagrad ---- */

enum { GRAD_LR, GRAD_LR_DECAY, GRAD_DECAY, GRAD_INITIAL, GRAD_EPS, GRAD_FOREACH, GRAD_MAXIMIZE };
static const struct tenka_py_arg adagrad_args[] = {
    [GRAD_LR] = REAL("lr", 1e-2),
    [GRAD_LR_DECAY] = REAL("lr_decay", 0),
    [GRAD_DECAY] = REAL("weight_decay", 0),
    [GRAD_INITIAL] = REAL("initial_accumulator_value", 0),
    [GRAD_EPS] = REAL("eps", 1e-10),
    [GRAD_FOREACH] = ANY("foreach"),
    [GRAD_MAXIMIZE] = KEY_FLAG("maximize"),
    FIXED("differentiable"),
    ANY("fused"),
    ANY("initial_lr"),
};

static size_t adagrad_states(tenka_optim_values v, const char *names[TENKA_MAX_STATES])
{
    (void)v;
    names[0] = "sum";
    return 1;
}

static double adagrad_initial(tenka_optim_values v)
{
    return v[GRAD_INITIAL][0];
}

static void adagrad_update(tenka_optim_values v, double step, double *product, struct tenka_optim_update *out)
{
    (void)product;
    *out = (struct tenka_optim_update){
        .number = {v[GRAD_LR][0] / (1 + (step - 1) * v[GRAD_LR_DECAY][0]), v[GRAD_EPS][0]},
    };
}

/* ---- Adadelta ---- */

enum { DELTA_LR, DELTA_RHO, DELTA_EPS, DELTA_DECAY, DELTA_FOREACH, DELTA_MAXIMIZE };
static const struct tenka_py_arg adadelta_args[] = {
    [DELTA_LR] = REAL("lr", 1),
    [DELTA_RHO] = {"rho", TENKA_PY_ARG_REAL, 0, {0.9, 0}, 0, 1, NULL},
    [DELTA_EPS] = REAL("eps", 1e-6),
    [DELTA_DECAY] = REAL("weight_decay", 0),
    [DELTA_FOREACH] = ANY("foreach"),
    [DELTA_MAXIMIZE] = KEY_FLAG("maximize"),
    ANY("capturable"),
    FIXED("differentiable"),
    ANY("initial_lr"),
};

static size_t adadelta_states(tenka_optim_values v, const char *names[TENKA_MAX_STATES])
{
    (void)v;
    names[0] = "square_avg";
    names[1] = "acc_delta";
    return 2;
}

static void adadelta_update(tenka_optim_values v, double step, double *product, struct tenka_optim_update *out)
{
    (void)step;
    (void)product;
    *out = (struct tenka_optim_update){
        .number = {v[DELTA_LR][0], v[DELTA_RHO][0], 1 - v[DELTA_RHO][0], v[DELTA_EPS][0]},
    };
}

/* ---- NAdam ---- */

enum { NADAM_LR, NADAM_BETAS, NADAM_EPS, NADAM_DECAY, NADAM_MOMENTUM_DECAY, NADAM_DECOUPLED, NADAM_MAXIMIZE };
static const struct tenka_py_arg nadam_args[] = {
    [NADAM_LR] = REAL("lr", 2e-3),
    [NADAM_BETAS] = BETAS(0.999),
    [NADAM_EPS] = REAL("eps", 1e-8),
    [NADAM_DECAY] = REAL("weight_decay", 0),
    [NADAM_MOMENTUM_DECAY] = REAL("momentum_decay", 4e-3),
    [NADAM_DECOUPLED] = FLAG("decoupled_weight_decay", 0, 0),
    [NADAM_MAXIMIZE] = KEY_FLAG("maximize"),
    ANY("foreach"),
    ANY("capturable"),
    FIXED("differentiable"),
    ANY("initial_lr"),
};

static size_t plain_averages(tenka_optim_values v, const char *names[TENKA_MAX_STATES])
{
    (void)v;
    return two_averages(names);
}

static double nadam_mu(double beta1, double step, double decay)
{
    return beta1 * (1 - 0.5 * pow(0.96, step * decay));
}

static void nadam_update(tenka_optim_values v, double step, double *product, struct tenka_optim_update *out)
{
    const double beta1 = v[NADAM_BETAS][0], beta2 = v[NADAM_BETAS][1], decay = v[NADAM_MOMENTUM_DECAY][0];
    const double mu = nadam_mu(beta1, step, decay), next = nadam_mu(beta1, step + 1, decay);
    *product *= mu;
    *out = (struct tenka_optim_update){
        .number = {v[NADAM_LR][0] * (1 - mu) / (1 - *product), v[NADAM_LR][0] * next / (1 - *product * next), 1 - beta1,
                   beta2, 1 - beta2, v[NADAM_EPS][0], 1 - pow(beta2, step)},
    };
}

/* ---- RAdam ---- */

enum { RADAM_LR, RADAM_BETAS, RADAM_EPS, RADAM_DECAY, RADAM_DECOUPLED, RADAM_MAXIMIZE };
static const struct tenka_py_arg radam_args[] = {
    [RADAM_LR] = REAL("lr", 1e-3),
    [RADAM_BETAS] = BETAS(0.999),
    [RADAM_EPS] = REAL("eps", 1e-8),
    [RADAM_DECAY] = REAL("weight_decay", 0),
    [RADAM_DECOUPLED] = FLAG("decoupled_weight_decay", 0, 0),
    [RADAM_MAXIMIZE] = KEY_FLAG("maximize"),
    ANY("foreach"),
    ANY("capturable"),
    FIXED("differentiable"),
    ANY("initial_lr"),
};

/* Source: Liu et al., "On the Variance of the Adaptive Learning Rate and Beyond" (2020); 0: not tractable yet. */
static double rectification(double beta2, double step)
{
    const double most = 2 / (1 - beta2) - 1, power = pow(beta2, step);
    const double length = most - 2 * step * power / (1 - power);
    return length > 5 ? sqrt((length - 4) * (length - 2) * most / ((most - 4) * (most - 2) * length)) : 0;
}

static void radam_update(tenka_optim_values v, double step, double *product, struct tenka_optim_update *out)
{
    const double beta1 = v[RADAM_BETAS][0], beta2 = v[RADAM_BETAS][1];
    (void)product;
    *out = (struct tenka_optim_update){
        .number = {v[RADAM_LR][0] / (1 - pow(beta1, step)), 1 - beta1, beta2, 1 - beta2, v[RADAM_EPS][0],
                   rectification(beta2, step) * sqrt(1 - pow(beta2, step))},
    };
}

/* ---- Adamax ---- */

enum { MAX_LR, MAX_BETAS, MAX_EPS, MAX_DECAY, MAX_FOREACH, MAX_MAXIMIZE };
static const struct tenka_py_arg adamax_args[] = {
    [MAX_LR] = REAL("lr", 2e-3),
    [MAX_BETAS] = BETAS(0.999),
    [MAX_EPS] = REAL("eps", 1e-8),
    [MAX_DECAY] = REAL("weight_decay", 0),
    [MAX_FOREACH] = ANY("foreach"),
    [MAX_MAXIMIZE] = KEY_FLAG("maximize"),
    FIXED("differentiable"),
    ANY("capturable"),
    ANY("initial_lr"),
};

static size_t adamax_states(tenka_optim_values v, const char *names[TENKA_MAX_STATES])
{
    (void)v;
    names[0] = "exp_avg";
    names[1] = "exp_inf";
    return 2;
}

static void adamax_update(tenka_optim_values v, double step, double *product, struct tenka_optim_update *out)
{
    const double beta1 = v[MAX_BETAS][0], beta2 = v[MAX_BETAS][1];
    (void)product;
    *out = (struct tenka_optim_update){
        .number = {v[MAX_LR][0] / (1 - pow(beta1, step)), 1 - beta1, beta2, v[MAX_EPS][0]},
    };
}

/* ---- Lion ---- */

enum { LION_LR, LION_BETAS, LION_DECAY };
static const struct tenka_py_arg lion_args[] = {
    [LION_LR] = REAL("lr", 1e-4),
    [LION_BETAS] = BETAS(0.99),
    [LION_DECAY] = REAL("weight_decay", 0),
    FIXED("decoupled_weight_decay"), /* lion-pytorch's: not multiplied by the learning rate */
    {"cautious_factor", TENKA_PY_ARG_REAL, TENKA_PY_ARG_FIXED | TENKA_PY_ARG_KEYWORD, {1, 0}, 0, 1, NULL},
    ANY("use_triton"),
    ANY("initial_lr"),
};

static size_t lion_states(tenka_optim_values v, const char *names[TENKA_MAX_STATES])
{
    (void)v;
    names[0] = "exp_avg";
    return 1;
}

static void lion_update(tenka_optim_values v, double step, double *product, struct tenka_optim_update *out)
{
    const double beta1 = v[LION_BETAS][0], beta2 = v[LION_BETAS][1];
    (void)step;
    (void)product;
    *out = (struct tenka_optim_update){.number = {v[LION_LR][0], beta1, 1 - beta1, beta2, 1 - beta2}};
}

/* ---- Lamb ---- */

enum {
    LAMB_LR,
    LAMB_CORRECTION,
    LAMB_BETAS,
    LAMB_EPS,
    LAMB_DECAY,
    LAMB_AVERAGING,
    LAMB_MAX_NORM,
    LAMB_TRUST_CLIP,
    LAMB_ADAPT,
};
static const struct tenka_py_arg lamb_args[] = {
    [LAMB_LR] = REAL("lr", 1e-3),
    [LAMB_CORRECTION] = FLAG("bias_correction", 1, 0),
    [LAMB_BETAS] = BETAS(0.999),
    [LAMB_EPS] = REAL("eps", 1e-6),
    [LAMB_DECAY] = REAL("weight_decay", 0.01),
    [LAMB_AVERAGING] = FLAG("grad_averaging", 1, 0),
    [LAMB_MAX_NORM] = {"max_grad_norm", TENKA_PY_ARG_REAL, TENKA_PY_ARG_NONE, {1, 0}, 0, DBL_MAX, NULL},
    [LAMB_TRUST_CLIP] = FLAG("trust_clip", 0, 0),
    [LAMB_ADAPT] = FLAG("always_adapt", 0, 0),
    ANY("initial_lr"),
};

static void lamb_update(tenka_optim_values v, double step, double *product, struct tenka_optim_update *out)
{
    const double beta1 = v[LAMB_BETAS][0], beta2 = v[LAMB_BETAS][1];
    const bool corrected = v[LAMB_CORRECTION][0] != 0;
    (void)product;
    *out = (struct tenka_optim_update){
        .number = {corrected ? 1 - pow(beta1, step) : 1, beta1, v[LAMB_AVERAGING][0] != 0 ? 1 - beta1 : 1, beta2,
                   1 - beta2, v[LAMB_EPS][0], corrected ? sqrt(1 - pow(beta2, step)) : 1, v[LAMB_DECAY][0]},
    };
}

static double lamb_max_norm(tenka_optim_values v)
{
    return v[LAMB_MAX_NORM][0];
}

static tenka_tensor constant(tenka_ctx *ctx, double value)
{
    return tenka_trace(ctx, TENKA_OP_fill, NULL, 0, NULL, 0, &(struct tenka_shape){0}, &value, NULL);
}

static tenka_tensor norm_of(tenka_tensor x)
{
    return tenka_sqrt(tenka_sum(tenka_mul(x, x), TENKA_ALL_AXES, false));
}

/* The parameter's norm divided by the direction's, or 1 where one of both is 0. */
static tenka_tensor trust_ratio(tenka_tensor w, tenka_tensor direction, bool clip)
{
    const tenka_tensor a = norm_of(w), b = norm_of(direction);
    const tenka_tensor none = constant(w.ctx, 0), one = constant(w.ctx, 1);
    const tenka_tensor both = tenka_mul(tenka_gt(a, none), tenka_gt(b, none));
    const tenka_tensor ratio = tenka_where(both, tenka_div(a, b), one);
    return clip ? tenka_minimum(ratio, one) : ratio;
}

static tenka_tensor lamb_moved(tenka_optim_values v, tenka_tensor w, tenka_tensor direction)
{
    if (v[LAMB_DECAY][0] != 0 || v[LAMB_ADAPT][0] != 0)
        direction = tenka_mul(direction, trust_ratio(w, direction, v[LAMB_TRUST_CLIP][0] != 0));
    return tenka_sub(w, tenka_scale(direction, v[LAMB_LR][0]));
}

/* ---- The lists ---- */

#define CLASS(name, args)                             \
    {                                                 \
        name, args, sizeof(args) / sizeof(args[0]), 1 \
    }
const struct tenka_py_class tenka_optim_calls[] = {
    [TENKA_OPTIM_SGD] = CLASS("SGD", sgd_args),
    [TENKA_OPTIM_ADAM] = CLASS("Adam", adam_args),
    [TENKA_OPTIM_ADAMW] = CLASS("AdamW", adamw_args),
    CLASS("RMSprop", rmsprop_args),
    CLASS("Adagrad", adagrad_args),
    CLASS("Adadelta", adadelta_args),
    CLASS("NAdam", nadam_args),
    CLASS("RAdam", radam_args),
    CLASS("Adamax", adamax_args),
    CLASS("Lion", lion_args),
    CLASS("Lamb", lamb_args),
    CLASS("LAMB", lamb_args),
};

#define NONE TENKA_NO_ARG
#define ADAM                                                                                              \
    {                                                                                                     \
        .kind = "adam", .op = TENKA_OP_adam, .decay = ADAM_DECAY, .maximize = ADAM_MAXIMIZE,              \
        .decoupled = ADAM_DECOUPLED, .momentum = ADAM_BETAS, .states = adam_states, .update = adam_update \
    }
/* The decay is part of the direction. */
#define LAMB                                                                                          \
    {                                                                                                 \
        .kind = "lamb", .op = TENKA_OP_lamb, .decay = NONE, .maximize = NONE, .decoupled = NONE,      \
        .momentum = LAMB_BETAS, .states = plain_averages, .update = lamb_update, .moved = lamb_moved, \
        .max_norm = lamb_max_norm                                                                     \
    }
const struct tenka_optim_class tenka_optim_classes[] = {
    {.kind = "sgd",
     .op = TENKA_OP_sgd,
     .decay = SGD_DECAY,
     .maximize = SGD_MAXIMIZE,
     .decoupled = NONE,
     .momentum = SGD_MOMENTUM,
     .states = sgd_states,
     .update = sgd_update,
     .objection = sgd_objection},
    ADAM,
    ADAM,
    {.kind = "rmsprop",
     .op = TENKA_OP_rmsprop,
     .decay = RMS_DECAY,
     .maximize = RMS_MAXIMIZE,
     .decoupled = NONE,
     .momentum = RMS_MOMENTUM,
     .states = rmsprop_states,
     .update = rmsprop_update},
    {.kind = "adagrad",
     .op = TENKA_OP_adagrad,
     .decay = GRAD_DECAY,
     .maximize = GRAD_MAXIMIZE,
     .decoupled = NONE,
     .momentum = NONE,
     .states = adagrad_states,
     .initial = adagrad_initial,
     .update = adagrad_update},
    {.kind = "adadelta",
     .op = TENKA_OP_adadelta,
     .decay = DELTA_DECAY,
     .maximize = DELTA_MAXIMIZE,
     .decoupled = NONE,
     .momentum = NONE,
     .states = adadelta_states,
     .update = adadelta_update},
    {.kind = "nadam",
     .op = TENKA_OP_nadam,
     .decay = NADAM_DECAY,
     .maximize = NADAM_MAXIMIZE,
     .decoupled = NADAM_DECOUPLED,
     .momentum = NADAM_BETAS,
     .has_product = true,
     .states = plain_averages,
     .update = nadam_update},
    {.kind = "radam",
     .op = TENKA_OP_radam,
     .decay = RADAM_DECAY,
     .maximize = RADAM_MAXIMIZE,
     .decoupled = RADAM_DECOUPLED,
     .momentum = RADAM_BETAS,
     .states = plain_averages,
     .update = radam_update},
    {.kind = "adamax",
     .op = TENKA_OP_adamax,
     .decay = MAX_DECAY,
     .maximize = MAX_MAXIMIZE,
     .decoupled = NONE,
     .momentum = MAX_BETAS,
     .states = adamax_states,
     .update = adamax_update},
    {.kind = "lion",
     .op = TENKA_OP_lion,
     .decay = LION_DECAY,
     .maximize = NONE,
     .decoupled = TENKA_ALWAYS_DECOUPLED,
     .momentum = LION_BETAS,
     .states = lion_states,
     .update = lion_update},
    LAMB,
    LAMB,
};
const size_t tenka_optim_n_classes = sizeof(tenka_optim_calls) / sizeof(tenka_optim_calls[0]);
_Static_assert(sizeof(tenka_optim_calls) / sizeof(tenka_optim_calls[0]) ==
                   sizeof(tenka_optim_classes) / sizeof(tenka_optim_classes[0]),
               "a class is missing in one of both");
_Static_assert(TENKA_OPTIMIZER_ARGUMENTS == TENKA_PY_MAX_ARGS, "arguments of classes and calls");

void tenka_optim_take_adam(const struct tenka_adam_params *p, struct tenka_optimizer_params *out)
{
    out->value[ADAM_LR][0] = p->lr;
    out->value[ADAM_BETAS][0] = p->beta1;
    out->value[ADAM_BETAS][1] = p->beta2;
    out->value[ADAM_EPS][0] = p->eps;
    out->value[ADAM_DECAY][0] = p->weight_decay;
}

void tenka_optim_take_sgd(const struct tenka_sgd_params *p, struct tenka_optimizer_params *out)
{
    out->value[SGD_LR][0] = p->lr;
    out->value[SGD_MOMENTUM][0] = p->momentum;
    out->value[SGD_DAMPENING][0] = p->dampening;
    out->value[SGD_DECAY][0] = p->weight_decay;
    out->value[SGD_NESTEROV][0] = p->nesterov;
}
