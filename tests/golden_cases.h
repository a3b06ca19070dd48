/* The cases that tools/golden/ops.py has written, and what calls Tenka as they say. The script's head describes the
 * file. What is wrong with it fails the test that reads it. */
#ifndef TENKA_TESTS_GOLDEN_CASES_H
#define TENKA_TESTS_GOLDEN_CASES_H

#include "support.h"

#define GOLDEN_MAX_IN 6
#define GOLDEN_MAX_OPTIONS 9

/* What PyTorch's numbers are in: the bounds depend on it. */
enum golden_kind { GOLDEN_PLAIN, GOLDEN_TINY, GOLDEN_FAR };

struct golden_numbers {
    bool given;
    enum tenka_dtype dtype;
    struct tenka_shape shape;
    size_t count;
    double *value;
};

struct golden_input {
    bool differentiated;
    struct golden_numbers numbers; /* not given: an absent argument */
    struct golden_numbers grad;    /* of a differentiated one */
    struct golden_numbers after;   /* the content afterwards, of one that the operator writes */
};

struct golden_case {
    char name[32], why[160];
    enum golden_kind kind;
    double option[GOLDEN_MAX_OPTIONS];
    size_t n_options;
    struct golden_input in[GOLDEN_MAX_IN];
    size_t n_in;
    struct golden_numbers y, dy;
};

struct golden_file {
    char *text, *at;
    size_t cases;
};

void golden_open(struct golden_file *file, const char *path);
/* False after the last case. Else the caller frees it. */
bool golden_next(struct golden_file *file, struct golden_case *c);
void golden_free(struct golden_case *c);
void golden_close(struct golden_file *file);

/* A case with its inputs on a device. */
struct golden_run {
    tenka_ctx *ctx;
    const struct golden_case *c;
    tenka_variable *var[GOLDEN_MAX_IN]; /* NULL: absent */
    bool *ran;                          /* a flag for each kernel */
};

/* Ends the step, and takes down which kernels its plan runs: plans go with their variables. */
void golden_step_end(struct golden_run *run);

/* An operator as a case calls it. Returns y; TENKA_NONE when only what is there afterwards counts. */
struct golden_call {
    const char *name;
    tenka_tensor (*call)(struct golden_run *run);
    bool elementwise; /* a row of elementwise.def */
};
extern const struct golden_call golden_calls[];
extern const size_t golden_n_calls;

#endif
