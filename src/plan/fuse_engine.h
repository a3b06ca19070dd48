/* What the rules of fusion are made of. A rule looks at one node, finds its partner, and rewrites one of the two, so
 * that both become one; it returns whether it did. */
#ifndef TENKA_PLAN_FUSE_ENGINE_H
#define TENKA_PLAN_FUSE_ENGINE_H

#include "plan/planner.h"

#define TENKA_GONE TENKA_KERNEL_COUNT /* the kernel of a node that was merged into another */

/* Masks of all operands of a kind. */
#define TENKA_INS ((uint64_t)0xffff)
#define TENKA_OUTS ((uint64_t)0xff << TENKA_OUT(0))
#define TENKA_DOUTS ((uint64_t)0xff << TENKA_DOUT(0))
#define TENKA_DS ((uint64_t)0xffff << TENKA_D(0))

struct tenka_fuser {
    struct tenka_planner *p;
    uint32_t *last_writer;       /* of each storage: the last node that writes it; NONE: it is a leaf, or dead */
    uint32_t *writers, *readers; /* how many operands of nodes do */
    uint32_t *first_back;        /* of each storage: the first of the passes that go back from what lies in it */
    struct tenka_fuse_back *backs;
    size_t n_backs, backs_capacity;
};

/* A pass that goes back from a gradient to that of an input, unless it is gone by now; NONE ends the list. */
struct tenka_fuse_back {
    uint32_t node, next;
};

typedef bool (*tenka_fuse_rule)(struct tenka_fuser *f, struct tenka_plan_node *node);

/* ---- fuse_engine.c: which nodes there are ---- */

/* Of the planner's nodes. false: no memory. finish frees in either case. */
bool tenka_fuse_init(struct tenka_fuser *f, struct tenka_planner *p);
void tenka_fuse_finish(struct tenka_fuser *f);
/* Puts node where `at` stands. */
void tenka_fuse_put(struct tenka_fuser *f, struct tenka_plan_node *at, const struct tenka_plan_node *node);
/* Takes a node away: it is gone. */
void tenka_fuse_drop(struct tenka_fuser *f, struct tenka_plan_node *node);

/* ---- fuse_engine.c: values, their writers and readers ---- */

uint32_t tenka_fuse_storage(const struct tenka_fuser *f, uint32_t value); /* NONE for NONE */
/* Whether two values, neither NONE, begin at the same place of the same memory. */
bool tenka_fuse_same(const struct tenka_fuser *f, uint32_t a, uint32_t b);
const struct tenka_shape *tenka_fuse_shape(const struct tenka_fuser *f, uint32_t value);
/* The variable that a value lies in, or NULL. */
const struct tenka_variable_head *tenka_fuse_variable(const struct tenka_fuser *f, uint32_t value);
/* The node that writes value; NULL: none, or value is a part of what it writes. */
struct tenka_plan_node *tenka_fuse_writer(const struct tenka_fuser *f, uint32_t value);
/* The node of that kernel that writes value; NULL: another one does, or none, or value is a part of what it writes. */
struct tenka_plan_node *tenka_fuse_maker(const struct tenka_fuser *f, uint32_t value, enum tenka_kernel kernel);
/* The next of the passes that go back from the gradient dout to that of an input; *at begins as 0. NULL: no more. */
struct tenka_plan_node *tenka_fuse_next_back(struct tenka_fuser *f, uint32_t dout, uint32_t *at);
/* Whether value is there for so many readers and leaves no trace after the plan. */
bool tenka_fuse_is_private(const struct tenka_fuser *f, uint32_t value, uint32_t readers);
/* The maker of a value that is there for a single reader. */
struct tenka_plan_node *tenka_fuse_private_maker(const struct tenka_fuser *f, uint32_t value, enum tenka_kernel kernel);
/* Whether a node between the places first and last writes a variable that node reads. */
bool tenka_fuse_changes_between(const struct tenka_fuser *f, size_t first, size_t last,
                                const struct tenka_plan_node *node);
/* Whether `from` may run where `to` stands: what it reads is there and the same, and what it writes disturbs nobody. */
bool tenka_fuse_steady(const struct tenka_fuser *f, const struct tenka_plan_node *from,
                       const struct tenka_plan_node *to);

/* ---- fuse_engine.c: merging ---- */

/* Whether the device would rather run this fused kernel than its parts. */
bool tenka_fuse_wanted(const struct tenka_fuser *f, enum tenka_kernel kernel, const int32_t *params);
/* A node of that kernel with the scalars and the entry of `like`; its operands are filled by the caller. */
struct tenka_plan_node tenka_fuse_merged(const struct tenka_plan_node *like, enum tenka_kernel kernel,
                                         const void *params, size_t bytes);
/* Gives node those operands of the mask that it and `from` have under one name. */
void tenka_fuse_take(struct tenka_plan_node *node, const struct tenka_plan_node *from, uint64_t mask);
void tenka_fuse_set(struct tenka_plan_node *node, uint32_t operand, uint32_t value);
/* Adds the owners of `from` to those of node, in order and each once. */
void tenka_fuse_join_owners(struct tenka_plan_node *node, const struct tenka_plan_node *from);
/* Puts node where `at` stands, unless the device would rather run the parts; the other one is gone. */
bool tenka_fuse_place(struct tenka_fuser *f, const struct tenka_plan_node *node, struct tenka_plan_node *at,
                      struct tenka_plan_node *other);

/* ---- Rules ---- */

/* fuse_activations.c */
bool tenka_fuse_layer_activation(struct tenka_fuser *f, struct tenka_plan_node *act);
bool tenka_fuse_layer_activation_back(struct tenka_fuser *f, struct tenka_plan_node *act);
bool tenka_fuse_norm_activation(struct tenka_fuser *f, struct tenka_plan_node *act);
bool tenka_fuse_norm_activation_back(struct tenka_fuser *f, struct tenka_plan_node *dw);
bool tenka_fuse_norm_sums(struct tenka_fuser *f, struct tenka_plan_node *dw);
/* fuse_layers.c */
bool tenka_fuse_relu_max_pool2d(struct tenka_fuser *f, struct tenka_plan_node *pool);
bool tenka_fuse_relu_max_pool2d_dx(struct tenka_fuser *f, struct tenka_plan_node *relu);
bool tenka_fuse_conv2d_relu_pool(struct tenka_fuser *f, struct tenka_plan_node *pool);
bool tenka_fuse_conv2d_relu_pool_dw(struct tenka_fuser *f, struct tenka_plan_node *dw);
bool tenka_fuse_linear_backward(struct tenka_fuser *f, struct tenka_plan_node *dw);
bool tenka_fuse_cross_entropy(struct tenka_fuser *f, struct tenka_plan_node *nll);
bool tenka_fuse_cross_entropy_dx(struct tenka_fuser *f, struct tenka_plan_node *softmax);
/* fuse_constants.c */
bool tenka_fuse_constant(struct tenka_fuser *f, struct tenka_plan_node *fill);
/* fuse_chain.c */
bool tenka_fuse_chain(struct tenka_fuser *f, struct tenka_plan_node *node);

#endif
