/* What the files of the losses share. */
#ifndef TENKA_FUNCTIONAL_LOSS_H
#define TENKA_FUNCTIONAL_LOSS_H

#include "tenka/loss.h"

#include "graph/graph.h"
#include "python/arguments.h"

enum tenka_loss_reduction { TENKA_LOSS_MEAN, TENKA_LOSS_SUM, TENKA_LOSS_BATCHMEAN };

enum tenka_loss_targets {
    TENKA_LOSS_NUMBERS,           /* F32, of the output's shape */
    TENKA_LOSS_CLASSES,           /* I32 [N, ...] of outputs [N, C, ...] */
    TENKA_LOSS_CLASSES_OR_SHARES, /* these, or F32 of the output's shape: a share of each class */
    TENKA_LOSS_SIGNS,             /* F32 [N], 1 or -1, of outputs [N, D] */
    TENKA_LOSS_NO_TARGETS,
};

/* Numbers that multiply, such as a weight of each class. */
struct tenka_loss_weights {
    double *value; /* NULL: none are given */
    size_t count;
};

struct tenka_loss_kind {
    enum tenka_loss_targets targets;
    size_t inputs; /* outputs of the network that it takes */
    tenka_tensor (*of)(const tenka_loss *loss, const tenka_tensor *x, tenka_tensor target);
};

struct tenka_loss {
    tenka_ctx *ctx;
    const struct tenka_py_class *of;
    const struct tenka_loss_kind *kind;
    double arg[TENKA_PY_MAX_ARGS]; /* in the order of the class's arguments */
    enum tenka_loss_reduction reduction;
    int32_t ignore_index;
    bool ignores; /* targets may be that */
    struct tenka_loss_weights weight, pos_weight;
    double others; /* weight of further outputs */
};

/* An argument by its name, of a class that has it. */
double tenka_loss_arg(const tenka_loss *loss, const char *name);
/* The weights as a tensor of one axis, traced in each step. */
tenka_tensor tenka_loss_weights_of(const tenka_loss *loss, const struct tenka_loss_weights *weights);
/* The mean or the sum of losses. */
tenka_tensor tenka_loss_reduce(const tenka_loss *loss, tenka_tensor each);
/* The same of losses that are first multiplied by the weight, if there is one, along the last axis. */
tenka_tensor tenka_loss_reduce_weighted(const tenka_loss *loss, tenka_tensor each);
/* A number, broadcast where it is used. */
tenka_tensor tenka_loss_number(const tenka_loss *loss, double number);

typedef tenka_tensor tenka_loss_of_fn(const tenka_loss *loss, const tenka_tensor *x, tenka_tensor target);
/* loss_numbers.c */
tenka_loss_of_fn tenka_loss_mse, tenka_loss_l1, tenka_loss_huber, tenka_loss_smooth_l1, tenka_loss_bce,
    tenka_loss_bce_with_logits, tenka_loss_kl_div, tenka_loss_poisson_nll, tenka_loss_gaussian_nll,
    tenka_loss_soft_margin, tenka_loss_multi_label_soft_margin, tenka_loss_hinge_embedding;
/* loss_classes.c */
tenka_loss_of_fn tenka_loss_nll, tenka_loss_cross_entropy, tenka_loss_multi_margin;
/* loss_pairs.c */
tenka_loss_of_fn tenka_loss_cosine_embedding, tenka_loss_margin_ranking, tenka_loss_triplet_margin;

#endif
