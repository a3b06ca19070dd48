/* Weights as the functions of torch.nn.init draw them. Sources: torch.nn.init; ATen's distributions of normal and
 * uniform numbers; He et al., "Delving deep into rectifiers" (2015); Glorot and Bengio, "Understanding the difficulty of
 * training deep feedforward neural networks" (2010). */
#include <float.h>
#include <math.h>

#include "nn/layer.h"
#include "python/arguments.h"

struct initialiser {
    tenka_ctx *ctx;
    struct tenka_py_call call;
    const char *name;
    bool weights_alone; /* pass over all but weights of two axes and more */
};

/* ---- Their arguments ---- */

enum {
    UNIFORM,
    NORMAL,
    TRUNC_NORMAL,
    CONSTANT,
    ZEROS,
    ONES,
    XAVIER_UNIFORM,
    XAVIER_NORMAL,
    KAIMING_UNIFORM,
    KAIMING_NORMAL
};

#define ANY_REAL(name, fallback)                                           \
    {                                                                      \
        name, TENKA_PY_ARG_REAL, 0, {fallback, 0}, -DBL_MAX, DBL_MAX, NULL \
    }
#define POSITIVE(name, fallback)                                    \
    {                                                               \
        name, TENKA_PY_ARG_REAL, 0, {fallback, 0}, 0, DBL_MAX, NULL \
    }
#define GAINS "linear|conv1d|conv2d|conv3d|sigmoid|tanh|relu|leaky_relu|selu"
enum { GAIN_TANH = 5, GAIN_RELU, GAIN_LEAKY_RELU, GAIN_SELU };

static const struct tenka_py_arg uniform_args[] = {ANY_REAL("a", 0), ANY_REAL("b", 1)};
static const struct tenka_py_arg normal_args[] = {ANY_REAL("mean", 0), POSITIVE("std", 1)};
static const struct tenka_py_arg trunc_args[] = {ANY_REAL("mean", 0), POSITIVE("std", 1), ANY_REAL("a", -2),
                                                 ANY_REAL("b", 2)};
static const struct tenka_py_arg constant_args[] = {
    {"val", TENKA_PY_ARG_REAL, TENKA_PY_ARG_REQUIRED, {0, 0}, -DBL_MAX, DBL_MAX, NULL},
};
static const struct tenka_py_arg xavier_args[] = {POSITIVE("gain", 1)};
enum { KAIMING_A, KAIMING_MODE, KAIMING_NONLINEARITY };
static const struct tenka_py_arg kaiming_args[] = {
    [KAIMING_A] = ANY_REAL("a", 0),
    [KAIMING_MODE] = {"mode", TENKA_PY_ARG_WORD, 0, {0, 0}, 0, 0, "fan_in|fan_out"},
    [KAIMING_NONLINEARITY] = {"nonlinearity", TENKA_PY_ARG_WORD, 0, {GAIN_LEAKY_RELU, 0}, 0, 0, GAINS},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define FUNCTION(name, args)       \
    {                              \
        name, args, COUNT(args), 1 \
    }
static const struct tenka_py_class functions[] = {
    [UNIFORM] = FUNCTION("uniform_", uniform_args),
    [NORMAL] = FUNCTION("normal_", normal_args),
    [TRUNC_NORMAL] = FUNCTION("trunc_normal_", trunc_args),
    [CONSTANT] = FUNCTION("constant_", constant_args),
    [ZEROS] = {"zeros_", NULL, 0, 1},
    [ONES] = {"ones_", NULL, 0, 1},
    [XAVIER_UNIFORM] = FUNCTION("xavier_uniform_", xavier_args),
    [XAVIER_NORMAL] = FUNCTION("xavier_normal_", xavier_args),
    [KAIMING_UNIFORM] = FUNCTION("kaiming_uniform_", kaiming_args),
    [KAIMING_NORMAL] = FUNCTION("kaiming_normal_", kaiming_args),
};

/* ---- Drawing ---- */

static void fans(const struct tenka_shape *shape, double *in, double *out)
{
    double field = 1;
    for (uint32_t i = 2; i < shape->rank; i++)
        field *= shape->dim[i];
    *in = shape->dim[1] * field;
    *out = shape->dim[0] * field;
}

static double gain(double nonlinearity, double slope)
{
    switch ((int)nonlinearity) {
    case GAIN_TANH: return 5.0 / 3;
    case GAIN_RELU: return sqrt(2);
    case GAIN_LEAKY_RELU: return sqrt(2 / (1 + slope * slope));
    case GAIN_SELU: return 0.75;
    default: return 1;
    }
}

/* The standard deviation of xavier and kaiming. */
static double deviation(const struct initialiser *init, const struct tenka_shape *shape)
{
    const double(*const arg)[TENKA_PY_MAX_NUMBERS] = init->call.arg;
    double in, out;
    fans(shape, &in, &out);
    if (init->call.which == XAVIER_UNIFORM || init->call.which == XAVIER_NORMAL)
        return arg[0][0] * sqrt(2 / (in + out));
    return gain(arg[KAIMING_NONLINEARITY][0], arg[KAIMING_A][0]) / sqrt(arg[KAIMING_MODE][0] == 0 ? in : out);
}

/* The inverse of erf, rational and then two steps of Newton's, in float as ATen's calc_erfinv. Source: Blair, Edwards
 * and Johnson, "Rational Chebyshev approximations for the inverse of the error function" (1976). */
static float erf_inverse(float y)
{
    static const float a[4] = {0.886226899f, -1.645349621f, 0.914624893f, -0.140543331f};
    static const float b[4] = {-2.118377725f, 1.442710462f, -0.329097515f, 0.012229801f};
    static const float c[4] = {-1.970840454f, -1.624906493f, 3.429567803f, 1.641345311f};
    static const float d[2] = {3.543889200f, 1.637067800f};
    float x;
    if (fabsf(y) >= 1)
        return fabsf(y) > 1 ? NAN : copysignf(INFINITY, y);
    if (fabsf(y) <= 0.7f) {
        const float z = y * y;
        x = y * (((a[3] * z + a[2]) * z + a[1]) * z + a[0]) / ((((b[3] * z + b[2]) * z + b[1]) * z + b[0]) * z + 1);
    } else {
        const float z = sqrtf(-logf((1 - fabsf(y)) / 2));
        x = copysignf(((c[3] * z + c[2]) * z + c[1]) * z + c[0], y) / ((d[1] * z + d[0]) * z + 1);
    }
    for (int i = 0; i < 2; i++)
        x -= (erff(x) - y) / ((float)(2 / sqrt(acos(-1))) * expf(-x * x));
    return x;
}

static double normal_below(double x)
{
    return (1 + erf(x / sqrt(2))) / 2;
}

/* Uniform between the ends' places in the distribution, then its inverse. */
static void draw_truncated(struct tenka_rng *rng, const double (*arg)[TENKA_PY_MAX_NUMBERS], float *out, size_t count)
{
    const double mean = arg[0][0], std = arg[1][0], a = arg[2][0], b = arg[3][0];
    tenka_rng_uniform(rng, out, count, 2 * normal_below((a - mean) / std) - 1, 2 * normal_below((b - mean) / std) - 1);
    for (size_t i = 0; i < count; i++) {
        const float x = erf_inverse(out[i]) * (float)(std * sqrt(2)) + (float)mean;
        out[i] = fminf(fmaxf(x, (float)a), (float)b);
    }
}

static void draw(const struct initialiser *init, const struct tenka_shape *shape, float *out, size_t count)
{
    struct tenka_rng *const rng = tenka_ctx_rng(init->ctx);
    const double(*const arg)[TENKA_PY_MAX_NUMBERS] = init->call.arg;
    double bound;
    switch (init->call.which) {
    case UNIFORM: tenka_rng_uniform(rng, out, count, arg[0][0], arg[1][0]); break;
    case NORMAL: tenka_rng_normal(rng, out, count, arg[0][0], arg[1][0]); break;
    case TRUNC_NORMAL: draw_truncated(rng, arg, out, count); break;
    case XAVIER_UNIFORM:
    case KAIMING_UNIFORM:
        bound = sqrt(3) * deviation(init, shape);
        tenka_rng_uniform(rng, out, count, -bound, bound);
        break;
    case XAVIER_NORMAL:
    case KAIMING_NORMAL: tenka_rng_normal(rng, out, count, 0, deviation(init, shape)); break;
    default:
        for (size_t i = 0; i < count; i++)
            out[i] = init->call.which == CONSTANT ? (float)arg[0][0] : init->call.which == ONES;
    }
}

static bool is_weight(const char *name, const struct tenka_shape *shape)
{
    const char *const dot = strrchr(name, '.');
    return strcmp(dot != NULL ? dot + 1 : name, "weight") == 0 && shape->rank >= 2;
}

static tenka_status fill(void *user, tenka_variable *var, const char *name)
{
    const struct initialiser *const init = user;
    struct tenka_error *const err = tenka_ctx_error(init->ctx);
    const struct tenka_shape shape = tenka_variable_shape(var);
    const size_t count = (size_t)tenka_shape_count(&shape);
    char text[TENKA_SHAPE_TEXT];
    if (init->weights_alone && !is_weight(name, &shape))
        return TENKA_OK;
    if (init->call.which >= XAVIER_UNIFORM && shape.rank < 2)
        return tenka_fail(err, TENKA_E_SHAPE, "%s looks at fans, which tensors of two axes and more have, but %s is %s",
                          init->name, name, tenka_shape_text(&shape, text));
    float *const values = tenka_alloc_array(count, sizeof(values[0]));
    if (values == NULL)
        return tenka_fail_nomem(err);
    draw(init, &shape, values, count);
    const tenka_status status = tenka_variable_write(var, values, count * sizeof(values[0]));
    tenka_free(values);
    return status;
}

tenka_status tenka_module_init(tenka_module *module, const char *pattern, const char *text)
{
    if (module == NULL)
        return TENKA_E_INVALID;
    struct initialiser init = {.ctx = module->ctx, .weights_alone = pattern == NULL};
    struct tenka_error *const err = tenka_ctx_error(module->ctx);
    if (text == NULL)
        return tenka_fail(err, TENKA_E_INVALID, "module_init: text is NULL");
    TENKA_TRY(tenka_py_read_call(err, "initialiser", text, functions, COUNT(functions), &init.call));
    init.name = functions[init.call.which].name;
    const double(*const arg)[TENKA_PY_MAX_NUMBERS] = init.call.arg;
    if (init.call.which == UNIFORM && arg[0][0] > arg[1][0])
        return tenka_fail(err, TENKA_E_INVALID, "uniform_: a is above b");
    if (init.call.which == TRUNC_NORMAL && (arg[2][0] > arg[3][0] || arg[1][0] == 0))
        return tenka_fail(err, TENKA_E_INVALID, "trunc_normal_: a is above b, or std is 0");
    return tenka_module_fill(module, pattern != NULL ? pattern : "*", fill, &init);
}
