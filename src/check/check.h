/* The harness that checks every operator: kernels of a device against the 64-bit CPU kernels, gradients against
 * central differences. It walks ops.def and the cases of src/check/op/; an operator brings data, not code. The tests
 * and `tenka verify` share it. */
#ifndef TENKA_CHECK_H
#define TENKA_CHECK_H

#include "graph/graph.h"

/* How an input is filled. Reals lie in lo .. hi, or -1 .. 1 when both are 0; integers in lo .. hi, both included. */
enum tenka_case_fill {
    TENKA_FILL_UNIFORM,
    TENKA_FILL_NAN,         /* uniform, with a NaN at every seventh place */
    TENKA_FILL_NAN_LAST,    /* uniform, but the last one is NaN */
    TENKA_FILL_SPECIAL,     /* uniform, with NaN, both infinities and both zeros in between */
    TENKA_FILL_MASKED,      /* -infinity in the first third and at every second place behind it, else uniform */
    TENKA_FILL_ZEROS,       /* uniform, with zeros of both signs in between */
    TENKA_FILL_TIES,        /* a few values only, so that many are equal */
    TENKA_FILL_DISTINCT,    /* equally spaced in random order: no two are close */
    TENKA_FILL_NONZERO,     /* uniform, but at least a tenth of the range away from 0 */
    TENKA_FILL_PERMUTATION, /* integers: 0 .. n-1 in random order */
    TENKA_FILL_OUTSIDE,     /* integers: uniform, with -1 and hi + 1 in between */
};

struct tenka_case_input {
    bool given;
    enum tenka_dtype dtype;
    struct tenka_shape shape;
    enum tenka_case_fill fill;
    double lo, hi;
};

enum tenka_case_flags {
    TENKA_CASE_NO_GRADIENT = 1, /* a kink or NaN: central differences say nothing */
    TENKA_CASE_LARGE = 2,       /* takes seconds */
    TENKA_CASE_VARIANTS = 4,    /* each variant of the kernels is tried, not only the one whose turn it is */
};

struct tenka_op_case {
    const char *why; /* what this case is for; and why a bound is looser; NULL ends the list */
    struct tenka_case_input in[TENKA_MAX_IN];
    const void *params; /* the caller's part of struct tenka_p_...; NULL: zeros */
    size_t params_bytes;
    bool want; /* the operator is told its output shape: */
    struct tenka_shape shape;
    double scalars[TENKA_MAX_SCALARS];
    double rtol; /* |d| <= atol + rtol |ref|; 0: 1e-5 */
    double atol; /* 0: 1e-6 times the root mean square of the reference */
    uint32_t flags;
};

/* Words of the case files. */
#define DIMS(...) .shape = {sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t), {__VA_ARGS__}}
#define SCALAR .shape = {0}
#define RANGE(low, high) .lo = (low), .hi = (high)
#define F32(...)                                       \
    {                                                  \
        .given = true, .dtype = TENKA_F32, __VA_ARGS__ \
    }
#define I32(...)                                       \
    {                                                  \
        .given = true, .dtype = TENKA_I32, __VA_ARGS__ \
    }
#define U8(...)                                       \
    {                                                 \
        .given = true, .dtype = TENKA_U8, __VA_ARGS__ \
    }
#define PARAMS(type, ...) \
    .params = &(const struct tenka_p_##type){__VA_ARGS__}, .params_bytes = sizeof(struct tenka_p_##type)

#define TENKA_OP(name, ...) extern const struct tenka_op_case tenka_cases_##name[];
#define TENKA_PASS(...)
#include "op/ops.def"

/* What the cases of an operator showed. */
struct tenka_check_report {
    bool large;    /* set by the caller: run the cases that take seconds, too */
    bool variants; /* set by the caller: compare the variants of kernels, which drivers take long to compile */
    bool counting; /* set by the caller: nothing runs, and cases are those that would */
    bool exact;    /* set by the caller: the device must give the reference's bits; NaN is NaN */
    bool (*progress)(void *user, const char *where); /* set by the caller, or NULL: called before each case; false: no
                                                      * more of them, and TENKA_END */
    void *user;
    uint32_t cases;   /* run: one for each pass and case */
    uint32_t skipped; /* the device says that it cannot run them */
    uint32_t failed;
    double worst;          /* largest share of its bound that an error took; > 1 failed */
    char worst_where[128]; /* the case of it */
    char failure[1024];    /* the first failure; "" when there was none */
    char skip[1200];       /* why the first was skipped; "" when none was */
};

/* Runs every pass of op on dev and on reference, a CPU_F64 device unless exact (NULL when counting), and adds to the
 * report. Errors are those of running (E_DEVICE, E_NOMEM), with the sentence in dev's error; a wrong result is none, but
 * counted. */
tenka_status tenka_check_kernels(enum tenka_op op, tenka_device *dev, tenka_device *reference,
                                 struct tenka_check_report *report);

/* Compares the gradients of op with central differences. ctx: of the backend CPU_F64, no step open. */
tenka_status tenka_check_gradients(enum tenka_op op, tenka_ctx *ctx, struct tenka_check_report *report);

/* Both: kernels of ctx's device and, on a context of the backend CPU_F64, gradients. */
tenka_status tenka_check_op(enum tenka_op op, tenka_ctx *ctx, tenka_device *reference,
                            struct tenka_check_report *report);

const struct tenka_op_case *tenka_check_cases(enum tenka_op op);
bool tenka_check_has_gradient(enum tenka_op op);

#endif
