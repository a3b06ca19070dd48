/* Inside of schedules: a tree of nodes, each a scheduler of PyTorch. */
#ifndef TENKA_OPTIM_SCHEDULE_H
#define TENKA_OPTIM_SCHEDULE_H

#include "optim/optimizer.h"
#include "python/arguments.h"
#include "tenka/schedule.h"

struct tenka_schedule_node;

enum tenka_schedule_family {
    TENKA_SCHEDULE_PLAIN,
    TENKA_SCHEDULE_PLATEAU,
    TENKA_SCHEDULE_SEQUENTIAL,
    TENKA_SCHEDULE_CHAINED,
};

/* What a class is besides its arguments. Learning rates are of group g; lr: the one that it has. */
struct tenka_schedule_kind {
    enum tenka_schedule_family family;
    bool by_step; /* PyTorch calls it after each step */
    bool fixed;   /* says all learning rates itself, whatever the groups' are */
    bool keeps;   /* at step 0 the learning rate stays as it is */
    double (*lr)(const struct tenka_schedule_node *n, size_t g, double lr);
    /* The same at once, at the step at which SequentialLR begins it; NULL: lr is */
    double (*closed)(const struct tenka_schedule_node *n, size_t g);
    /* NaN: it leaves momentum as it is. NULL: all do. */
    double (*momentum)(const struct tenka_schedule_node *n);
    bool (*needs_total)(const struct tenka_schedule_node *n); /* the text does not say how long it is; NULL: it does */
    double (*steps)(const struct tenka_schedule_node *n);     /* after which it ends; NULL: it does not */
    /* Before step 0. */
    tenka_status (*begin)(struct tenka_schedule *s, struct tenka_schedule_node *n);
    void (*settle)(struct tenka_schedule *s, struct tenka_schedule_node *n); /* behind it; NULL: nothing */
    void (*advance)(struct tenka_schedule_node *n);                          /* to the next step; NULL: step + 1 */
    /* Where the text is read: a sentence's end about arguments that do not go together, or NULL. NULL: they always do. */
    const char *(*objection)(const struct tenka_schedule_node *n);
};

/* Numbers that change, all of which a checkpoint keeps. step is PyTorch's last_epoch. */
struct tenka_schedule_state {
    double step;
    double at, length;          /* CosineAnnealingWarmRestarts: T_cur, T_i */
    double best, bad, cooldown; /* ReduceLROnPlateau */
};
#define TENKA_SCHEDULE_NUMBERS (sizeof(struct tenka_schedule_state) / sizeof(double))

struct tenka_schedule_node {
    const struct tenka_schedule_kind *kind;
    const struct tenka_schedule *of;
    const char *name;
    double arg[TENKA_PY_MAX_ARGS][2];
    double *list[TENKA_PY_MAX_ARGS]; /* numbers of arguments that are lists, or a number for all groups, in `arg` */
    size_t n_list[TENKA_PY_MAX_ARGS];
    struct tenka_schedule_node **child;
    size_t n_children;
    struct tenka_schedule_state state;
    double *base; /* of each group: PyTorch's base_lrs */
};

/* What PyTorch notes in the parameter groups, where all schedulers see it. */
struct tenka_schedule_group {
    double initial, most, least; /* initial_lr, max_lr and min_lr; NaN: not noted */
    double factor;               /* by which another learning rate to begin with has changed all of them */
};

struct tenka_schedule {
    tenka_optimizer *opt;
    struct tenka_error *err;
    char *text; /* without spaces */
    bool by_step;
    uint64_t total; /* 0: nobody asks for it */
    size_t n_groups;
    struct tenka_schedule_group *group;
    struct tenka_schedule_node *root;
};

/* schedule_kinds.c: parallel */
extern const struct tenka_py_class tenka_schedule_calls[];
extern const struct tenka_schedule_kind tenka_schedule_kinds[];
extern const size_t tenka_schedule_n_kinds;
/* Where schedulers and milestones stand among the arguments of SequentialLR, and schedulers of ChainedScheduler. */
enum { TENKA_SEQUENTIAL_SCHEDULERS, TENKA_SEQUENTIAL_MILESTONES };
/* The number of an argument for a group, which may be a list. */
double tenka_schedule_arg(const struct tenka_schedule_node *n, size_t arg, size_t group);
/* ReduceLROnPlateau: takes a metric, and says whether the learning rates are to be reduced. */
bool tenka_schedule_plateau(struct tenka_schedule_node *n, double metric);
/* What they become. */
double tenka_schedule_reduced(const struct tenka_schedule_node *n, size_t g, double lr);

/* schedule_read.c: makes the tree. n_groups 0: there is no optimizer, and lists may have any length. */
tenka_status tenka_schedule_read(struct tenka_error *err, const char *text, size_t n_groups,
                                 struct tenka_schedule_node **out);
void tenka_schedule_free(struct tenka_schedule_node *n);

/* schedule.c: all numbers that change, in an order of their own, for checkpoints. Returns how many there are; at most max
 * are written. */
size_t tenka_schedule_save(tenka_schedule *s, double *out, size_t max);
/* Fills in, of count numbers, those that a checkpoint of an older version lacks at the end: returns how many it has. */
size_t tenka_schedule_older(const tenka_schedule *s, double *numbers, size_t count);
/* numbers: as many. */
void tenka_schedule_restore(tenka_schedule *s, const double *numbers);

#endif
