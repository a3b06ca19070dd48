/* Modules: layers with PyTorch's names, parameters and default initialisation.
 *
 * A module belongs to whoever created it until it is appended to a container, which then owns it. Parameters
 * are variables owned by their module; they are drawn from the context's generator when the module is made, in
 * the order and with the arithmetic of PyTorch, so that the same seed gives the same weights bit for bit. */
#ifndef TENKA_NN_H
#define TENKA_NN_H

#include "tenka/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tenka_module tenka_module;

/* ---- Making modules. Those that have no function here are made from their text: tenka_nn_parse(ctx, "SiLU()", &m).
 * Errors of all: E_INVALID (sizes of 0, p outside [0, 1], ...), E_NOMEM, E_DEVICE. ---- */

/* Conv2d(in_channels, out_channels, kernel[0] x kernel[1]); params NULL: the defaults.
 * weight: U(-b, b) with b = sqrt(3) gain / sqrt(fan_in), gain = sqrt(2 / (1 + 5)); bias: b = 1 / sqrt(fan_in).
 * Source: torch.nn.Conv2d.reset_parameters. State: weight [out, in/groups, kh, kw], bias [out]. */
TENKA_API tenka_status tenka_nn_conv2d(tenka_ctx *ctx, uint32_t in_channels, uint32_t out_channels,
                                       uint32_t kernel_height, uint32_t kernel_width,
                                       const struct tenka_conv2d_params *params, bool bias, tenka_module **out);
/* Linear(in_features, out_features): initialised as Conv2d. State: weight [out, in], bias [out]. */
TENKA_API tenka_status tenka_nn_linear(tenka_ctx *ctx, uint32_t in_features, uint32_t out_features, bool bias,
                                       tenka_module **out);
TENKA_API tenka_status tenka_nn_max_pool2d(tenka_ctx *ctx, const struct tenka_pool2d_params *params,
                                           tenka_module **out);
TENKA_API tenka_status tenka_nn_relu(tenka_ctx *ctx, tenka_module **out);
TENKA_API tenka_status tenka_nn_tanh(tenka_ctx *ctx, tenka_module **out);
/* Flatten(start_dim=1, end_dim=-1) */
TENKA_API tenka_status tenka_nn_flatten(tenka_ctx *ctx, tenka_module **out);
/* Softmax and LogSoftmax(dim) */
TENKA_API tenka_status tenka_nn_softmax(tenka_ctx *ctx, uint32_t dim, tenka_module **out);
TENKA_API tenka_status tenka_nn_log_softmax(tenka_ctx *ctx, uint32_t dim, tenka_module **out);
/* BatchNorm2d: weight 1, bias 0, running_mean 0, running_var 1; eps 1e-5 and momentum 0.1 are PyTorch's. */
TENKA_API tenka_status tenka_nn_batch_norm2d(tenka_ctx *ctx, uint32_t num_features, double eps, double momentum,
                                             tenka_module **out);
TENKA_API tenka_status tenka_nn_dropout(tenka_ctx *ctx, double p, tenka_module **out);
TENKA_API tenka_status tenka_nn_identity(tenka_ctx *ctx, tenka_module **out);
/* An empty Sequential; fill it with tenka_nn_append. */
TENKA_API tenka_status tenka_nn_sequential(tenka_ctx *ctx, tenka_module **out);
/* Appends a child to a container, or to a module of tenka_nn_custom, under a name (NULL: its index). The container owns
 * the child from now on, also on failure. child NULL is E_INVALID, so that a failed constructor needs no test of its
 * own.
 * What was put together can be printed, saved and opened again: a name has 1 to 127 bytes of UTF-8 text without dots,
 * parentheses and control characters, modules are nested at most 64 deep, and a network has at most 10,000 below its
 * root, with the parameters and buffers that were added to modules, whose names together, each with those of its
 * containers, have at most 2 MiB. Errors: E_INVALID beyond that, E_NOMEM. */
TENKA_API tenka_status tenka_nn_append(tenka_module *container, const char *name, tenka_module *child);

/* Makes a network, or one layer, from text: what print(model) shows in PyTorch, names included, or the short form
 * "Conv2d(1,20,5) ReLU() MaxPool2d(2) Flatten() Linear(2560,100)", with spaces, commas or newlines between layers;
 * or what print(torch.fx.symbolic_trace(model)) or, from PyTorch 2.6 on, print(torch.export.export(model, (x,))) shows,
 * whose code says how the network runs: docs/pytorch.md has what the code may consist of. Without code, an unknown
 * class with children is a container that runs them in order. print(model) does not show what the forward of such a
 * class does; where it is likely to do more, the log warns (LOG_WARNING): of a class that is nested in the network, and
 * of one in which a layer with weights follows another, as if there were no function between them.
 * Errors: E_FORMAT with line, column and what was expected; the sentence for an unknown layer lists the known ones. */
TENKA_API tenka_status tenka_nn_parse(tenka_ctx *ctx, const char *text, tenka_module **out);

/* The network of the reference program (two convolutions, two linear layers, for 28x28 grey images and ten classes)
 * as print(model) shows it. Static. */
TENKA_API const char *tenka_nn_reference_text(void);

/* ---- Modules of one's own: a class as in PyTorch, whose forward is C ---- */

/* How many tensors a module takes, and gives, at most. */
#define TENKA_MAX_FORWARD 16

struct tenka_custom_params {
    size_t size;
    /* Computes the module's outputs, by operators and by tenka_forward of its children. It is called for each forward
     * of the module and, without a step to be run, for tenka_module_check and whoever else looks at shapes; so it does
     * the same each time.
     *   user    what was given to tenka_nn_custom
     *   module  the module: its children are tenka_module_child, its parameters and buffers tenka_module_find, and
     *           tenka_module_is_training says in which mode it is
     *   in      n_in tensors; the inert result of a mistake among them is passed on by operators
     *   out     n_out tensors, absent so far, all to be set; those that cannot be computed to what tenka_module_fail
     *           returns */
    void (*forward)(void *user, tenka_module *module, const tenka_tensor *in, size_t n_in, tenka_tensor *out,
                    size_t n_out);
    void (*destroy)(void *user); /* called once, when the module is destroyed, before its children and variables; NULL:
                                  * nothing is to be freed */
    const char *extra;           /* what print(model) shows besides children, such as "scale=0.5", at most 127 bytes of
                                  * UTF-8 text without control characters; copied; NULL: nothing */
    uint32_t inputs, outputs;    /* how many tensors it takes and gives; 0: up to TENKA_MAX_FORWARD, as forward likes */
};
#define TENKA_CUSTOM_DEFAULTS                                                 \
    {                                                                         \
        .size = sizeof(struct tenka_custom_params), .inputs = 1, .outputs = 1 \
    }

/* A module whose forward is the program's own. It gets children by tenka_nn_append, parameters and buffers by the
 * functions below, and is then a module as any other: part of containers, trained, printed, saved, resumed.
 * A file of a network that has such a class names it. It can be loaded into a network that has a class of that name,
 * which the program makes first; others refuse it, since the text alone would be another network.
 *   class_name  as print(model) shows it: letters, digits and _, no digit first, at most 127 bytes, and no layer's name
 *   params      must have a forward; copied
 *   user        for forward and destroy; NULL is fine. The module's once there is one; on failure the caller's still
 * Errors: E_INVALID, E_NOMEM. */
TENKA_API tenka_status tenka_nn_custom(tenka_ctx *ctx, const char *class_name, const struct tenka_custom_params *params,
                                       void *user, tenka_module **out);

/* Gives a custom module a parameter, which is trained, F32, and begins with elements from U(low, high), drawn from the
 * context's generator as torch.nn.init.uniform_ does; where both are one number nothing is drawn, and all are that
 * number. For other beginnings there is tenka_variable_write.
 *   name  in the module, as of a child (tenka_nn_append), and unlike those of its children, parameters and buffers
 *   out   the variable, which the module owns
 * The state has parameters and buffers in the order in which they were added, those of children after them. An
 * optimizer that was made before does not know it. Errors: E_INVALID (also: no custom module), E_SHAPE, E_NOMEM,
 * E_DEVICE. */
TENKA_API tenka_status tenka_nn_add_parameter(tenka_module *module, const char *name, struct tenka_shape shape,
                                              double low, double high, tenka_variable **out);
/* A buffer: saved, and assigned by the module's code alone (tenka_assign). All elements begin as value. Errors: as
 * tenka_nn_add_parameter. */
TENKA_API tenka_status tenka_nn_add_buffer(tenka_module *module, const char *name, struct tenka_shape shape,
                                           double value, tenka_variable **out);

/* For forward: what does not fit the module, as one sentence, such as "expected images, found an input of %u axes". The
 * step fails with it as E_SHAPE, with the module's name and class before it. Returns an inert tensor. */
TENKA_API tenka_tensor tenka_module_fail(tenka_module *module, const char *format, ...) TENKA_PRINTF(2, 3);

/* Frees the module and its children. Accepts a pointer to NULL. */
TENKA_API void tenka_module_destroy(tenka_module **module);

/* ---- Using modules ---- */

/* The module's output for x; inert on a mistake. An activation of rank 4 that reaches a Linear whose in_features
 * are the product of the last three axes is flattened; the log says so once for each module. */
TENKA_API tenka_tensor tenka_forward(tenka_module *module, tenka_tensor x);
/* The same of several tensors: out gets n_out. Every layer, and a container of layers, takes one and gives one; others
 * are a MaxPool2d or its kin with return_indices=True, which gives its indices too, and a MaxUnpool2d, which takes
 * them; modules of tenka_nn_custom, and networks whose text shows forward: they take as many as it has parameters, and
 * of what it returns, in the order of the tuple or of the dict, out gets the first n_out. An absent tensor (TENKA_NONE)
 * is handed on as such. Another number of tensors than the module's is a mistake (E_INVALID), as is a forward that runs
 * its own module. */
TENKA_API void tenka_forward_n(tenka_module *module, const tenka_tensor *in, size_t n_in, tenka_tensor *out,
                               size_t n_out);

/* Whether a program's code is the network's forward, which neither tenka_module_text nor a saved file can show: it has
 * a module of tenka_nn_custom, or the program has run children of a container itself, here or anywhere below, and never
 * the container. A module whose weights were read from a file that says so counts as such until it has been run. */
TENKA_API bool tenka_module_has_own_forward(const tenka_module *module);

/* Training or evaluation, with all children: matters to Dropout and BatchNorm2d. Modules begin in training mode. */
TENKA_API void tenka_module_train(tenka_module *module, bool training);
TENKA_API bool tenka_module_is_training(const tenka_module *module);

/* The path of a parameter or buffer of which the network's text shows the name alone, as that of a class token or of
 * layer_scale in the text of torch.fx.symbolic_trace: it gets its shape, and its numbers, from the first file that is
 * loaded (tenka_model_load); before that, forward and optimizers refuse the network. Real numbers are then trained,
 * whole numbers not. NULL: there is none, or none any more. The text is the module's. */
TENKA_API const char *tenka_module_unshaped(const tenka_module *module);

/* How many tensors the module gave in its last forward, up to TENKA_MAX_FORWARD, which a network whose text returns a
 * tuple or a dict has more of than one; 0: it has not run. */
TENKA_API size_t tenka_module_results(const tenka_module *module);

/* The child of that name, such as "base_net" or "0"; NULL: there is none. */
TENKA_API tenka_module *tenka_module_child(const tenka_module *module, const char *name);

/* The type of the module's first tensor: I32 where an Embedding looks it up, or in code that a text shows the function
 * of that name; else F32, also of modules of tenka_nn_custom, whose code is the program's. */
TENKA_API enum tenka_dtype tenka_module_input_dtype(const tenka_module *module);

/* Checks the network against an input without running it. One that takes several is E_INVALID.
 *   input   shape of a batch, such as [100, 1, 28, 28], of the type that tenka_module_input_dtype says
 *   output  shape of the result, of several that of the first; may be NULL
 * Errors: E_SHAPE with the layer's name in the sentence. No step may be open (E_INVALID). */
TENKA_API tenka_status tenka_module_check(tenka_module *module, struct tenka_shape input, struct tenka_shape *output);

/* One module of a tree, as tenka_module_layers lists them. Pointers are the module's. */
struct tenka_layer_info {
    const char *path;          /* from the module that was asked, such as "base_net.0"; "" for that one itself */
    const char *name;          /* in its container: "0"; "" for the module that was asked */
    const char *class_name;    /* "Conv2d" */
    uint32_t depth;            /* 0: the module that was asked */
    bool container;            /* it has children, or is for them */
    struct tenka_shape output; /* of several the first */
    uint64_t parameters;       /* elements of its own parameters, without those of children */
    uint64_t trainable;        /* those of them that require a gradient */
    uint64_t buffers;          /* elements of running statistics */
    uint64_t multiply_adds;    /* of convolutions and products of matrices in one forward, children's included: one
                                * multiplication and one addition count as 1 */
};
/* Checks the network against an input as tenka_module_check does, and lists the module and everything in it, parents
 * before children, in the order in which they run; those of a module of tenka_nn_custom in that of their appending.
 *   out, max  the caller's array; at most max entries are written
 *   count     how many there are in all
 * Errors: as tenka_module_check. */
TENKA_API tenka_status tenka_module_layers(tenka_module *module, struct tenka_shape input, struct tenka_layer_info *out,
                                           size_t max, size_t *count);

/* A call that forward makes of a layer or a function, as tenka_module_calls lists them. Pointers are the module's. */
struct tenka_call_info {
    const char *path;          /* of the layer, such as "features.0"; NULL: it is a function's */
    const char *class_name;    /* of the layer: "Conv2d" */
    char function[64];         /* its name, such as "flatten" or "+"; "": the call is a layer's */
    struct tenka_shape output; /* of several the first */
    uint64_t parameters;       /* elements of those that no call before has used */
    uint64_t multiply_adds;    /* as in struct tenka_layer_info */
    /* The calls that made the tensors which this one is given, each once, counted from 1 in the order of the list; 0: the
     * network's input. Parameters that a function is given are none of them. Valid until the module runs or is checked
     * again. */
    const uint32_t *inputs;
    size_t n_inputs;
};
/* Checks a network whose text shows forward as tenka_module_check does, and lists the calls that forward makes, in the
 * order in which they run; those that compute nothing, such as size(), are left out.
 *   out, max  the caller's array; at most max entries are written
 *   count     how many there are in all; 0: the text shows no forward, and tenka_module_layers lists what runs
 * Errors: as tenka_module_check. */
TENKA_API tenka_status tenka_module_calls(tenka_module *module, struct tenka_shape input, struct tenka_call_info *out,
                                          size_t max, size_t *count);

/* The module as print(model) shows it. To be freed with tenka_text_free. NULL: out of memory. */
TENKA_API char *tenka_module_text(const tenka_module *module);
TENKA_API void tenka_text_free(char *text);

/* One entry of a module's state_dict: a variable, or a whole number that the host keeps, such as BatchNorm2d's
 * num_batches_tracked (I64 in files). Pointers are the module's. */
struct tenka_state_entry {
    const char *name;    /* such as "base_net.0.weight" */
    tenka_variable *var; /* NULL: it is a number */
    uint64_t *number;    /* NULL: it is a variable. Counts the steps that have ended; may be set between steps */
    bool parameter;      /* false: a buffer, such as running_mean, or a number */
    bool fixed;          /* a buffer or number that training leaves as it is (tenka_module_fix_statistics) */
};
/* The module's state_dict in PyTorch's order. Writes at most max entries and returns how many there are. */
TENKA_API size_t tenka_module_state(tenka_module *module, struct tenka_state_entry *out, size_t max);
/* The variable of that state_dict name; NULL: there is none, or it is a number. */
TENKA_API tenka_variable *tenka_module_find(tenka_module *module, const char *name);
/* Number of elements of all parameters. */
TENKA_API uint64_t tenka_module_parameter_count(tenka_module *module);
TENKA_API tenka_ctx *tenka_module_ctx(const tenka_module *module);

/* ---- Fine-tuning ----
 *
 * A pattern is a name of the state_dict, such as "layer4.0.conv1.weight", or that of a module, which stands for all in
 * it: "layer4". In both `*` is any text, dots too. Patterns are taken from the module that is asked, and one that
 * covers nothing is E_INVALID, with the names that there are. Between steps alone (E_INVALID). */

/* Freezes (frozen) what a pattern covers, or trains it again; later calls win over earlier ones. What nobody needs the
 * gradient of costs no backward pass: under frozen first layers a step plans their forward passes alone. An optimizer
 * passes over frozen parameters; one that is made of those that are left (tenka_optimizer_add_sgd_group) has no moments
 * for them.
 *   count  receives how many entries of the state the pattern covers; may be NULL
 * Errors: E_INVALID, E_NOMEM. */
TENKA_API tenka_status tenka_module_freeze(tenka_module *module, const char *pattern, bool frozen, size_t *count);
/* Keeps (fixed) layers with running statistics, such as BatchNorm2d, in evaluation mode, whatever tenka_module_train
 * says, where they are frozen: where the last pattern that covers their running_mean has frozen it. Otherwise they
 * normalise by the batch and go on counting, as in PyTorch, though their weights stay. Not fixed: all follow
 * tenka_module_train again, from its next call on. */
TENKA_API void tenka_module_fix_statistics(tenka_module *module, bool fixed);
/* Lets what a pattern covers begin anew, as PyTorch's reset_parameters of the layer: from the context's generator,
 * layer by layer in the order of the state; running statistics and counts as of a new layer.
 * Errors: E_INVALID (also: parameters of tenka_nn_add_parameter, or of a class), E_NOMEM, E_DEVICE. */
TENKA_API tenka_status tenka_module_reset(tenka_module *module, const char *pattern, size_t *count);
/* Lists the parameters that a pattern covers, in the order of the state, as for a group of an optimizer.
 *   pattern  NULL: those that are usually left out of weight decay, all of normalising layers, whose class has Norm in
 *            its name, and biases; there need be none
 *   out, max  the caller's array; at most max entries are written
 *   count     how many there are in all
 * Errors: E_INVALID, E_NOMEM. */
TENKA_API tenka_status tenka_module_parameters(tenka_module *module, const char *pattern, tenka_variable **out,
                                               size_t max, size_t *count);
/* Initialises the parameters that a pattern covers by a call of torch.nn.init, in the order of the state, from the
 * context's generator as PyTorch draws on the CPU: uniform ones have its bits, normal ones are the same but for the
 * rounding of logarithm and cosine, which differs among its builds.
 *     uniform_(a=0.0, b=1.0)  normal_(mean=0.0, std=1.0)  trunc_normal_(mean=0.0, std=1.0, a=-2.0, b=2.0)
 *     constant_(val)  zeros_()  ones_()
 *     xavier_uniform_(gain=1.0)  xavier_normal_(gain=1.0)
 *     kaiming_uniform_(a=0, mode='fan_in', nonlinearity='leaky_relu')  kaiming_normal_(...)
 * Those that look at fans want tensors of two axes and more.
 *   pattern  NULL: all tensors that are called weight and have two axes or more
 * Errors: E_FORMAT with line, column and what is known, E_INVALID, E_SHAPE, E_NOMEM, E_DEVICE. */
TENKA_API tenka_status tenka_module_init(tenka_module *module, const char *pattern, const char *text);

#ifdef __cplusplus
}
#endif
#endif
