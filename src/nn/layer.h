/* Inside of modules: the kinds of layer, their arguments, and the module itself. */
#ifndef TENKA_NN_LAYER_H
#define TENKA_NN_LAYER_H

#include "graph/graph.h"
#include "nn/module.h"
#include "python/text.h"

#define TENKA_MAX_LAYER_ARGS 10
#define TENKA_MAX_ARG_NUMBERS 6 /* of one argument */

/* What tenka_nn_append keeps a network to, so that whatever can be made can be printed, saved, and opened again. */
#define TENKA_MAX_NESTING 64
#define TENKA_MAX_LAYERS 10000            /* below the root, and parameters and buffers that were added */
#define TENKA_MAX_LAYER_NAME 128          /* bytes, the last zero included */
#define TENKA_MAX_PATHS (2 * 1024 * 1024) /* bytes of all their paths together */

enum tenka_arg_kind {
    TENKA_ARG_INT,
    TENKA_ARG_PAIR,    /* a whole number for both axes, or one for each: 2, (2, 3) or [2, 3] */
    TENKA_ARG_PADDING, /* a PAIR, 'same' or 'valid' */
    TENKA_ARG_LIST,    /* one whole number or several: 96, (96,) or (1, 1, 2, 2) */
    TENKA_ARG_FLOAT,
    TENKA_ARG_FLOATS, /* a number for both axes, or one for each, which Python prints with a point */
    TENKA_ARG_BOOL,
    TENKA_ARG_WORD,
};

enum tenka_arg_flags {
    TENKA_ARG_REQUIRED = 1,
    TENKA_ARG_NONE = 2,  /* may be None */
    TENKA_ARG_FIXED = 4, /* known in PyTorch, but only the fallback is supported; never printed */
    /* as print(model) shows it, which else has name=value of every argument: */
    TENKA_ARG_BARE = 8,      /* without its name */
    TENKA_ARG_QUIET = 16,    /* only when it is not the fallback */
    TENKA_ARG_PAIRED = 32,   /* a pair, or a list, even when it was given as one number */
    TENKA_ARG_UNSEEN = 64,   /* never */
    TENKA_ARG_WHOLE = 128,   /* a FLOAT's fallback as a whole number */
    TENKA_ARG_LATER = 256,   /* only where it was given: of newer versions, or shown by a text that people change */
    TENKA_ARG_PLAIN = 512,   /* a WORD without quotes */
    TENKA_ARG_SINGLE = 1024, /* a pair that is one number: 2, (2,) or [2] */
    TENKA_ARG_QUOTED_SINCE_2 = 2048, /* the same if it was given without, as PyTorch 1 prints it, and 2 with them */
};

/* An argument of a layer, with PyTorch's name and default. */
struct tenka_layer_arg {
    const char *name;
    enum tenka_arg_kind kind;
    unsigned flags;
    double fallback;    /* NaN: None */
    double least, most; /* of each number */
    const char *word;   /* the fallback of a WORD; "none|tanh": the only other word is tanh */
};

struct tenka_arg_value {
    double value[TENKA_MAX_ARG_NUMBERS]; /* booleans: 0 or 1; a WORD: 0 when it is the fallback,
                                          * else its place among the words */
    uint32_t n;                          /* numbers of a LIST */
    bool given;
    bool pair;    /* written as several numbers: a pair or a list */
    bool list;    /* these in brackets, which PyTorch keeps */
    bool integer; /* a FLOAT written as a whole number, which Python prints without a point */
    bool none;
    bool plain;       /* a WORD written without quotes */
    const char *word; /* of a PADDING: "same" or "valid"; NULL: numbers */
};

struct tenka_layer_values {
    struct tenka_arg_value arg[TENKA_MAX_LAYER_ARGS]; /* in the order of the type's args */
};

struct tenka_function_call; /* nn/graph.h, as the next */
struct tenka_value;

struct tenka_layer_type {
    const char *name;
    const struct tenka_layer_arg *args;
    size_t n_args;
    const uint8_t *shown; /* the arguments' numbers as print(model) shows them; NULL: in their order */
    bool container;
    bool view; /* in PyTorch the result may be the tensor that it is given, or share its memory */
    /* Checks what depends on several arguments; NULL: nothing does. */
    tenka_status (*check)(struct tenka_error *err, struct tenka_layer_values *values);
    /* Elements of the variables that init will make, so that a small file cannot ask for a large network. */
    uint64_t (*elements)(const struct tenka_layer_values *values);
    /* Makes the variables, drawing in PyTorch's order; NULL: there are none. */
    tenka_status (*init)(tenka_module *module);
    /* Of a layer that takes one tensor and gives one, as all do but custom ones, which have no forward here, and those
     * with forward_n. */
    tenka_tensor (*forward)(tenka_module *module, tenka_tensor x);
    /* Of a layer that takes several tensors, or gives as many as its arguments say, in the order of PyTorch's. */
    void (*forward_n)(tenka_module *module, const tenka_tensor *in, tenka_tensor *out);
    uint32_t takes;                                             /* 0: one */
    uint32_t (*gives)(const struct tenka_layer_values *values); /* NULL: one */
    /* Brings the numbers in the module's state up to date; NULL: it has none. */
    void (*settle)(tenka_module *module);
    /* Of a type that has arguments and, behind them in its text, children: makes what depends on these, which may be
     * absent. Errors: E_INVALID, and those of making. NULL: of a type without. */
    tenka_status (*complete)(tenka_module *module);
    /* Of a layer that PyTorch calls with more than a tensor: its parameters, as Python writes them, and what it makes of
     * their values, running the module by tenka_layer_run. NULL: it takes one tensor and gives one. */
    const char *parameters;
    bool (*run)(tenka_module *module, const struct tenka_function_call *call, struct tenka_value *result);
};

extern const struct tenka_layer_type tenka_layer_conv2d, tenka_layer_linear, tenka_layer_max_pool2d,
    tenka_layer_flatten, tenka_layer_softmax, tenka_layer_log_softmax, tenka_layer_batch_norm2d, tenka_layer_dropout,
    tenka_layer_batch_norm1d, tenka_layer_instance_norm1d, tenka_layer_instance_norm2d, tenka_layer_layer_norm,
    tenka_layer_layer_norm2d, tenka_layer_group_norm, tenka_layer_local_response_norm, tenka_layer_dropout1d,
    tenka_layer_dropout2d, tenka_layer_alpha_dropout, tenka_layer_stochastic_depth, tenka_layer_conv1d,
    tenka_layer_conv_transpose1d, tenka_layer_conv_transpose2d, tenka_layer_prelu, tenka_layer_glu,
    tenka_layer_identity, tenka_layer_avg_pool2d, tenka_layer_adaptive_avg_pool2d, tenka_layer_gelu,
    tenka_layer_multihead_attention, tenka_layer_attention_linear, tenka_layer_embedding, tenka_layer_sequential,
    tenka_layer_custom;
/* layers_pool.c, layers_planes.c */
#define TENKA_WINDOW_LAYERS(_)                                                                                     \
    _(max_pool1d)                                                                                                  \
    _(avg_pool1d)                                                                                                  \
    _(adaptive_avg_pool1d) _(adaptive_max_pool1d) _(adaptive_max_pool2d) _(upsample) _(upsampling_nearest2d)       \
        _(upsampling_bilinear2d) _(constant_pad1d) _(constant_pad2d) _(constant_pad3d) _(zero_pad1d) _(zero_pad2d) \
            _(zero_pad3d) _(reflection_pad1d) _(reflection_pad2d) _(reflection_pad3d) _(replication_pad1d)         \
                _(replication_pad2d) _(replication_pad3d) _(circular_pad1d) _(circular_pad2d) _(circular_pad3d)    \
                    _(pixel_shuffle) _(pixel_unshuffle) _(channel_shuffle) _(unflatten) _(max_unpool2d)
#define TENKA_DECLARE_LAYER(name) extern const struct tenka_layer_type tenka_layer_##name;
TENKA_WINDOW_LAYERS(TENKA_DECLARE_LAYER)
/* activations.c: one for each TENKA_ACTIVATION of elementwise.def */
#define TENKA_UNARY(...)
#define TENKA_ACTIVATION(name, ...) extern const struct tenka_layer_type tenka_layer_##name;
#define TENKA_BINARY(...)
#include "shaders/common/elementwise.def"

/* An entry of a layer's own state, under its full name. */
struct tenka_layer_state {
    char *path;       /* "base_net.0.weight", from the root */
    const char *name; /* "weight", the path's end */
    tenka_variable *var;
    uint64_t *number; /* where there is no variable */
    bool parameter;
};

struct tenka_module {
    const struct tenka_layer_type *type;
    tenka_ctx *ctx;
    char *class_name;  /* of a container that is no Sequential and of a custom module; else NULL */
    char *name;        /* in the parent; NULL in a root */
    char *path;        /* from the root: "" or "base_net.0" */
    const char *layer; /* the context's copy of a path that is not "", for what is traced; NULL in a root */
    tenka_module *parent;
    tenka_module **children;
    size_t n_children, capacity;
    uint32_t *by_name; /* children by the hash of their names: their numbers from 1 on, 0 where there is none */
    size_t n_by_name;  /* a power of two */
    size_t n_below, path_bytes; /* modules below this one and entries of state that were added; the bytes of their paths
                                 * and of its own */
    struct tenka_layer_state *state;
    size_t n_state, state_capacity;
    struct tenka_layer_values values;
    struct tenka_custom_params custom; /* of a custom module, as are the next two */
    char *extra;
    void *user;
    struct tenka_shape output;              /* the first one of the last forward */
    uint64_t multiply_adds;                 /* of all its calls in the last step that was only checked */
    bool listed;                            /* info.c has counted its parameters */
    tenka_tensor result[TENKA_MAX_FORWARD]; /* of the last forward: of a step that may have ended */
    size_t n_result;
    struct tenka_graph *graph; /* of a container whose text shows forward; else NULL */
    bool training;
    bool frozen;      /* of a layer with running statistics: it has been frozen as a whole */
    bool fixed;       /* it stays in evaluation mode */
    uint64_t batches; /* that a BatchNorm2d has normalised while training: PyTorch's num_batches_tracked */
    uint64_t counted; /* of these: by the step counted_step, which may yet fail */
    uint32_t counted_step;
    bool checking; /* a step that will not run goes through it */
    bool running;  /* it is in its forward */
    bool ran;      /* a container that has run its children */
    bool bypassed; /* a container whose children the program has run, or had run before it saved them */
    bool told;     /* the log has said that this layer flattens its input */
};

/* The type of a class name, or NULL. */
const struct tenka_layer_type *tenka_layer_find(const char *name);
/* The class names, comma separated, into buf of 100 bytes or more; where they do not fit, how many more there are. */
const char *tenka_layer_names(char *buf, size_t bytes);
/* The class name of which another one is a slip, in case or in a letter of four; NULL: of none. */
const char *tenka_layer_mistyped(const char *name);

/* Puts defaults where nothing was given and checks ranges. Errors: E_INVALID. */
tenka_status tenka_layer_complete(struct tenka_error *err, const struct tenka_layer_type *type,
                                  struct tenka_layer_values *values);
/* Makes a layer. Errors: those of tenka_layer_complete, E_SHAPE, E_NOMEM, E_DEVICE. */
tenka_status tenka_layer_make(tenka_ctx *ctx, const struct tenka_layer_type *type,
                              const struct tenka_layer_values *values, tenka_module **out);
/* A container under a class name of its own (NULL: Sequential). */
tenka_status tenka_container_make(tenka_ctx *ctx, const char *class_name, tenka_module **out);
/* A module without anything in it; class_name NULL: the type's. */
tenka_status tenka_module_make(tenka_ctx *ctx, const struct tenka_layer_type *type, const char *class_name,
                               tenka_module **out);
/* Whether a module was made by tenka_nn_custom. */
bool tenka_module_is_custom(const tenka_module *module);

/* Whether a child, a parameter or a buffer may have that name. function: for the sentence. Errors: E_INVALID. */
tenka_status tenka_module_check_name(const tenka_module *module, const char *function, const char *name);
/* Whether the network of the module may get so many more layers, whose paths have so many bytes. Errors: E_INVALID. */
tenka_status tenka_module_check_room(const tenka_module *module, const char *function, size_t layers, size_t bytes);
/* The network of the module has got them. */
void tenka_module_grew(tenka_module *module, size_t layers, size_t bytes);
/* The module at a path below another one, of so many bytes; NULL: there is none. */
tenka_module *tenka_module_at(tenka_module *module, const char *path, size_t length);
/* FNV-1a of a name. */
uint32_t tenka_name_hash(const char *name);
/* "base_net.0.weight" of "base_net.0" and "weight", allocated; NULL: no memory. */
char *tenka_path_join(const char *path, const char *name);
/* Adds a variable to the layer's state. data NULL: zeros. */
tenka_status tenka_layer_add_state(tenka_module *module, const char *name, struct tenka_shape shape, const float *data,
                                   bool parameter);
/* The same of another type. */
tenka_status tenka_layer_add_state_of(tenka_module *module, const char *name, enum tenka_dtype dtype,
                                      struct tenka_shape shape, const void *data, bool parameter);
/* Adds a number that the layer keeps on the host. */
tenka_status tenka_layer_add_number(tenka_module *module, const char *name, uint64_t *number);
/* Takes back what was added after the first count entries. */
void tenka_layer_drop_state(tenka_module *module, size_t count);
/* A parameter drawn from U(-bound, bound), as torch.nn.init does. */
tenka_status tenka_layer_add_uniform(tenka_module *module, const char *name, struct tenka_shape shape, double bound);

/* Weights of that shape and, if there is one, a bias of `out` elements, drawn as kaiming_uniform_(a=sqrt(5)) and its
 * bias are. */
tenka_status tenka_layer_draw(tenka_module *module, struct tenka_shape weight, uint64_t fan_in, uint32_t out,
                              bool bias);
/* A variable of equal numbers. */
tenka_status tenka_layer_add_equal(tenka_module *module, const char *name, struct tenka_shape shape, float number,
                                   bool parameter);
/* An entry of the layer's own state; NULL, or TENKA_NONE: it has none of that name. */
tenka_variable *tenka_layer_variable(const tenka_module *module, const char *name);
tenka_tensor tenka_layer_value(const tenka_module *module, const char *name);

/* Whether x is a batch of images of so many channels, or inert, so that the mistake is another's. */
bool tenka_layer_has_channels(tenka_tensor x, uint32_t channels);
/* It is not, though an argument of the layer says so: in the words of the layer, where an operator has its own. */
tenka_tensor tenka_layer_fail_channels(tenka_module *module, const char *argument, uint32_t channels, tenka_tensor x);

/* Calls fill for each parameter that a pattern covers, with its name from the module on; E_INVALID where there is none.
 */
tenka_status tenka_module_fill(tenka_module *module, const char *pattern,
                               tenka_status (*fill)(void *user, tenka_variable *var, const char *name), void *user);

/* How many tensors a module takes, and gives; 0: up to TENKA_MAX_FORWARD. */
uint32_t tenka_layer_takes(const tenka_module *module);
uint32_t tenka_layer_gives(const tenka_module *module);
/* As tenka_forward_n and tenka_forward, for a container's own children. */
void tenka_layer_run_n(tenka_module *module, const tenka_tensor *in, size_t n_in, tenka_tensor *out, size_t n_out);
tenka_tensor tenka_layer_run(tenka_module *module, tenka_tensor x);
/* Whether a step that will not run goes through a module. */
bool tenka_layer_is_checked(const tenka_module *module);
/* Warns of classes in a text of PyTorch whose forward is likely to do more than to run the layers in order. */
void tenka_module_warn_of_classes(const tenka_module *net);

/* a * b, UINT64_MAX when that is too small for it */
static inline uint64_t tenka_product(uint64_t a, uint64_t b)
{
    return b != 0 && a > UINT64_MAX / b ? UINT64_MAX : a * b;
}

static inline uint32_t tenka_arg_u32(const struct tenka_layer_values *values, size_t arg, size_t axis)
{
    return (uint32_t)values->arg[arg].value[axis];
}

static inline bool tenka_arg_is(const struct tenka_layer_values *values, size_t arg)
{
    return values->arg[arg].value[0] != 0;
}

static inline struct tenka_arg_value tenka_arg_of(double value)
{
    return (struct tenka_arg_value){.value = {value, value}, .n = 1, .given = true};
}

static inline struct tenka_arg_value tenka_arg_pair(const uint32_t pair[2])
{
    return (struct tenka_arg_value){.value = {pair[0], pair[1]}, .given = true, .pair = pair[0] != pair[1]};
}

#endif
