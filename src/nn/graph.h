/* Inside of networks whose text shows forward: its code, bound to the modules, functions and values that it names. */
#ifndef TENKA_NN_GRAPH_H
#define TENKA_NN_GRAPH_H

#include "nn/layer.h"
#include "python/python.h"

/* ---- Values ---- */

enum tenka_value_kind {
    TENKA_VALUE_NONE,
    TENKA_VALUE_BOOL,     /* integer: 0 or 1 */
    TENKA_VALUE_INT,      /* integer */
    TENKA_VALUE_FLOAT,    /* number */
    TENKA_VALUE_WORD,     /* word */
    TENKA_VALUE_TENSOR,   /* tensor */
    TENKA_VALUE_LIST,     /* items; tuples too */
    TENKA_VALUE_ELLIPSIS, /* ... in an index */
    TENKA_VALUE_SLICE,    /* three items: begin, end, step, each an INT or NONE */
};

/* Who made a tensor, known while calls are listed: nobody, as a parameter, or the call of a number from 1 on. */
enum { TENKA_MADE_BY_NOBODY, TENKA_MADE_BY_INPUT /* the network's own; and with a call's number added, that call */ };

/* What a name stands for while forward runs. */
struct tenka_value {
    enum tenka_value_kind kind;
    int64_t integer;
    double number;
    const char *word;
    tenka_tensor tensor;
    bool truths; /* of a tensor: in PyTorch its elements are True and False, here 1 and 0 */
    uint32_t maker;
    const struct tenka_value *items;
    size_t n_items;
};

/* ---- Functions: functions.c and functions_*.c ---- */

/* A call that runs. */
struct tenka_function_call {
    tenka_ctx *ctx;
    struct tenka_arena *arena;     /* for lists, as long as forward runs */
    const struct tenka_value *arg; /* one for each parameter, in their order */
    bool training;                 /* the network's mode */
    uint32_t example, batch; /* images in the example that a program was exported with, if that fixed them, and now;
                                    * where they differ, sizes of the text that count images are changed; else equal */
};

/* A function, a method or an operator of PyTorch. */
struct tenka_function {
    const char *names; /* separated by spaces: "torch.flatten", ".flatten" of a tensor, "+" */
    const char
        *parameters; /* as Python writes them: "input, start_dim=0"; "*dims", the last, takes all that are left */
    /* False: a mistake, which the context has noted. */
    bool (*run)(const struct tenka_function_call *call, struct tenka_value *result);
    bool view; /* in PyTorch the result may be the first argument, or share its memory */
};

/* Of a function whose result always is a view of its first argument: that argument with another tensor, the part, where
 * the result was in it. False: a mistake, which the context has noted. */
typedef bool tenka_function_put(const struct tenka_function_call *call, const struct tenka_value *part,
                                struct tenka_value *result);

struct tenka_view {
    const char *names; /* as those of functions */
    tenka_function_put *put;
};

/* A function by its name. */
struct tenka_found_function {
    const struct tenka_function *function; /* NULL: there is none */
    tenka_function_put *put;               /* NULL: the result is no view, or not always one */
    bool in_place; /* it is the name with a line behind it, as relu_ is relu in place, or writes as its name says */
};

struct tenka_found_function tenka_function_find(const char *name);
/* A name that ends like one that is not known, in buf; NULL: there is none. */
const char *tenka_function_nearest(const char *name, char *buf, size_t bytes);
/* Notes a mistake and returns false. */
bool tenka_function_fail(const struct tenka_function_call *call, const char *format, ...) TENKA_PRINTF(2, 3);
/* The tensor is the result; false if it is a mistake. */
bool tenka_function_give(struct tenka_value *result, tenka_tensor tensor);
/* The result is a list with room for n items, which the caller fills. */
bool tenka_function_list(const struct tenka_function_call *call, size_t n, struct tenka_value **items,
                         struct tenka_value *result);
/* An argument that is a tensor. */
bool tenka_function_tensor(const struct tenka_function_call *call, size_t arg, tenka_tensor *out);
/* Whole numbers as the sizes of a tensor, which are positive. */
bool tenka_function_sizes(const struct tenka_function_call *call, size_t arg, struct tenka_shape *shape);
/* The axis of a tensor that an argument means, which may count from the end. */
bool tenka_function_axis(const struct tenka_function_call *call, size_t arg, uint32_t rank, uint32_t *out);
/* The axes of a tensor that an argument means, a set of bits: one or a list of them, None for all. */
bool tenka_function_axes(const struct tenka_function_call *call, size_t arg, uint32_t rank, uint32_t *axes);
/* Whether a dtype is None or that of real numbers, which nothing must be changed to. */
bool tenka_function_is_real(const struct tenka_function_call *call, size_t arg);
/* The whole numbers, one at least, of an argument that is one or a list. */
bool tenka_function_integers(const struct tenka_function_call *call, size_t arg, int64_t *out, size_t max, size_t *n);

/* The sides of planes, of an argument that is two numbers or all sizes of a tensor. */
bool tenka_function_plane_size(const struct tenka_function_call *call, size_t arg, uint32_t size[2]);

/* Changes one of n sizes, at most TENKA_MAX_RANK, of the text, that which counts images, so that all of them fit the
 * elements: the first that is the example's batch, or else the only multiple of it that can be. Where one size is -1, or
 * elements is 0, it is the first alone, if it is that batch. False: several can be, which is a mistake. */
bool tenka_function_free_batch(const struct tenka_function_call *call, int64_t *sizes, size_t n, uint64_t elements);
/* A number, whole if it is to be one and fits. */
bool tenka_function_give_number(const struct tenka_function_call *call, bool whole, double number,
                                struct tenka_value *result);
/* A number as a tensor of one element that is broadcast. */
tenka_tensor tenka_function_full(const struct tenka_function_call *call, double number);
/* The same in all places of a shape. */
tenka_tensor tenka_function_filled(const struct tenka_function_call *call, struct tenka_shape shape, double number);
/* The first two arguments, each a tensor or a number, as tensors. */
bool tenka_function_operands(const struct tenka_function_call *call, tenka_tensor *a, tenka_tensor *b);

static inline bool tenka_value_is_number(const struct tenka_value *v)
{
    return v->kind == TENKA_VALUE_INT || v->kind == TENKA_VALUE_FLOAT;
}

static inline double tenka_value_number(const struct tenka_value *v)
{
    return v->kind == TENKA_VALUE_INT ? (double)v->integer : v->number;
}

/* Elements moved along an axis, those that leave at one end coming in at the other. */
tenka_tensor tenka_function_roll(tenka_tensor x, uint32_t axis, int64_t shift);
/* x divided by its norm along an axis, or by eps where that is more. */
tenka_tensor tenka_function_normalize(tenka_tensor x, uint32_t axis, double eps);

/* x with another tensor in the place of its elements from begin on along an axis. */
tenka_tensor tenka_function_put_range(tenka_tensor x, uint32_t axis, uint32_t begin, tenka_tensor part);
/* x[index], and x with another tensor in its place. */
bool tenka_function_index(const struct tenka_function_call *call, struct tenka_value *result);
tenka_function_put tenka_function_put_index;

/* The tables, each ended by a row without names. */
extern const struct tenka_function tenka_functions_pointwise[];
extern const struct tenka_function tenka_functions_numbers[];
extern const struct tenka_function tenka_functions_shape[];
extern const struct tenka_function tenka_functions_parts[];
extern const struct tenka_function tenka_functions_reduce[];
extern const struct tenka_function tenka_functions_aten[];
extern const struct tenka_function tenka_functions_norm[];
extern const struct tenka_function tenka_functions_weighted[];
extern const struct tenka_function tenka_functions_window[];
extern const struct tenka_function tenka_functions_products[];
extern const struct tenka_function tenka_functions_torchvision[];
extern const struct tenka_function tenka_functions_embedding[]; /* embedding.c */
extern const struct tenka_function tenka_functions_statistics[];
extern const struct tenka_function tenka_functions_index[];
extern const struct tenka_function tenka_functions_write[];
extern const struct tenka_view tenka_views_shape[];
extern const struct tenka_view tenka_views_parts[];
extern const struct tenka_view tenka_views_index[];

/* ---- Code ---- */

enum tenka_code_kind {
    TENKA_CODE_CONSTANT, /* value */
    TENKA_CODE_SLOT,     /* the value of a name: slot */
    TENKA_CODE_STATE,    /* a parameter or buffer: state */
    TENKA_CODE_LIST,     /* its arguments */
    TENKA_CODE_SLICE,
    TENKA_CODE_CHILD,    /* a module is run on the first argument */
    TENKA_CODE_FUNCTION, /* one argument for each parameter */
    TENKA_CODE_PUT,      /* the arguments of a function that gives a view, and the part that is put into the first */
};

/* A parameter or a buffer that the code names. */
struct tenka_graph_state {
    const char *path; /* from the network that has the graph */
    tenka_variable *var;
    /* Of what the text does not show beside its name, until a file gives it: */
    tenka_module *owner; /* the module that will have it */
    const char *name;    /* the path's end */
    bool unset;          /* the text shows its shape, but not its numbers, which no file has given yet */
    bool found;          /* the file that is being loaded has it */
    bool fresh;          /* it has just been given one, which may be taken back */
    bool listed;         /* info.c has counted its elements */
};

struct tenka_code {
    enum tenka_code_kind kind;
    struct tenka_value value;
    uint32_t slot;
    struct tenka_graph_state *state;
    tenka_module *child;
    const struct tenka_function *function;
    tenka_function_put *put; /* of a function that gives a view */
    const struct tenka_code **args;
    size_t n_args;
    bool in_place; /* of a call: in PyTorch its first argument becomes the result */
};

/* A line that assigns; n_slots > 1: the value's items to one slot each. */
struct tenka_code_line {
    const struct tenka_code *value;
    const uint32_t *slots;
    size_t n_slots;
    uint32_t number; /* of the text's lines */
};

struct tenka_export;

/* A call that forward has made of a layer, or of a function that computes. */
struct tenka_graph_call {
    const struct tenka_code *code;
    struct tenka_shape output; /* of several the first */
    uint64_t multiply_adds;
    uint32_t *inputs; /* as in struct tenka_call_info; in the arena of the values */
    size_t n_inputs;
};

struct tenka_graph_calls {
    struct tenka_graph_call *items;
    size_t n, capacity;
};

struct tenka_graph {
    struct tenka_arena arena; /* of all that follows */
    struct tenka_py_function source;
    struct tenka_export *export; /* of what torch.export shows; NULL: the text is torch.fx's */
    struct tenka_code_line *lines;
    size_t n_lines, capacity;
    const struct tenka_code *result;
    struct tenka_graph_state **states;
    size_t n_states, states_capacity;
    uint32_t inputs; /* the first slots */
    uint32_t n_slots;
    struct tenka_arena run;          /* of the values of a forward */
    struct tenka_graph_calls *calls; /* where a forward notes its calls; NULL: nowhere */
};

/* ---- graph_read.c ---- */

/* Reads the code at `at` and binds it to the tree below module, which owns the graph from then on. The text of an
 * exported program makes that tree, of at most max_elements elements. Errors: E_FORMAT with line and column, E_NOMEM. */
tenka_status tenka_graph_read(tenka_module *module, const char *text, const char *at, uint64_t max_elements);
void tenka_graph_free(struct tenka_graph **graph);

/* ---- graph_calls.c ---- */

/* Where calls are listed: notes a call, unless it only looks at sizes or takes one of several tensors, and in its result
 * who made that. before: operators that were traced. False: no memory, which the context has noted. */
bool tenka_graph_note(tenka_module *root, const struct tenka_code *code, const struct tenka_value *args, size_t before,
                      struct tenka_value *result);

/* ---- graph_run.c ---- */

/* Runs forward on as many tensors as it takes; out gets all that it returns, and n how many these are. */
void tenka_graph_run(tenka_module *module, const tenka_tensor *in, tenka_tensor out[TENKA_MAX_FORWARD], size_t *n);

#endif
