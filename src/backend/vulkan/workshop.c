/* Kernels compiled from sources that somebody edits, instead of those that the build made of them: read, and compiled
 * by shaderc, when a pipeline first needs them. */
#include <shaderc/shaderc.h>

#include "backend/vulkan/workshop.h"
#include "core/os.h"

#define MOST_BYTES ((uint64_t)1 << 20)
/* The shaders include two deep; deeper than this is a file that includes itself. */
#define MOST_DEPTH 16
#define MOST_LINES 8

struct tenka_vk_workshop {
    char *dir;
    shaderc_compiler_t compiler;
    shaderc_compile_options_t options;
    struct tenka_shader made[TENKA_KERNEL_COUNT][TENKA_STORED_COUNT]; /* code NULL: not compiled yet */
};

/* ---- Includes ---- */

struct included {
    shaderc_include_result result;
    char *name, *text;
    struct tenka_error err;
};

/* Of two folders and a name, NULL when there is no such file. */
static char *find_in(const char *dir, size_t length, const char *name)
{
    char *path = tenka_sprintf("%.*s/%s", (int)length, dir, name);
    if (path != NULL && tenka_os_exists(path))
        return path;
    tenka_free(path);
    return NULL;
}

/* Beside the file that asks, then in the folder of all: as glslc looks when the project is built. */
static char *find(const struct tenka_vk_workshop *w, const char *name, const char *asking)
{
    const char *slash = strrchr(asking, '/');
    char *path = slash != NULL ? find_in(asking, (size_t)(slash - asking), name) : NULL;
    return path != NULL ? path : find_in(w->dir, strlen(w->dir), name);
}

static tenka_status read_included(const struct tenka_vk_workshop *w, struct included *in, const char *name,
                                  const char *asking, size_t depth)
{
    uint64_t bytes;
    void *text;
    if (depth > MOST_DEPTH)
        return tenka_fail(&in->err, TENKA_E_FORMAT, "%s is included %zu deep: does it include itself?", name, depth);
    in->name = find(w, name, asking);
    if (in->name == NULL)
        return tenka_fail(&in->err, TENKA_E_IO, "there is no %s in %s", name, w->dir);
    TENKA_TRY(tenka_os_read_file(&in->err, in->name, MOST_BYTES, &text, &bytes));
    in->text = text;
    in->result = (shaderc_include_result){
        .source_name = in->name,
        .source_name_length = strlen(in->name),
        .content = in->text,
        .content_length = (size_t)bytes,
        .user_data = in,
    };
    return TENKA_OK;
}

/* shaderc takes a result without a name for a failure, and its content for the sentence. */
static shaderc_include_result *include(void *user, const char *name, int type, const char *asking, size_t depth)
{
    static shaderc_include_result no_memory = {.source_name = "", .content = "out of memory", .content_length = 13};
    struct included *in = tenka_alloc(sizeof(*in));
    (void)type;
    if (in == NULL)
        return &no_memory;
    if (read_included(user, in, name, asking, depth) != TENKA_OK)
        in->result = (shaderc_include_result){
            .source_name = "",
            .content = in->err.text,
            .content_length = strlen(in->err.text),
            .user_data = in,
        };
    return &in->result;
}

static void release(void *user, shaderc_include_result *result)
{
    struct included *in = result->user_data;
    (void)user;
    if (in == NULL)
        return;
    tenka_free(in->name);
    tenka_free(in->text);
    tenka_free(in);
}

/* ---- Open and finish ---- */

/* What the build gives glslc: --target-env=vulkan1.2 -O -Werror. */
static tenka_status make_tools(struct tenka_vk_device *dev, struct tenka_vk_workshop *w)
{
    w->compiler = shaderc_compiler_initialize();
    w->options = shaderc_compile_options_initialize();
    if (w->compiler == NULL || w->options == NULL)
        return tenka_fail_nomem(dev->base.err);
    shaderc_compile_options_set_target_env(w->options, shaderc_target_env_vulkan, shaderc_env_version_vulkan_1_2);
    shaderc_compile_options_set_optimization_level(w->options, shaderc_optimization_level_performance);
    shaderc_compile_options_set_warnings_as_errors(w->options);
    shaderc_compile_options_set_include_callbacks(w->options, include, release, w);
    return TENKA_OK;
}

tenka_status tenka_vk_workshop_open(struct tenka_vk_device *dev, const char *dir)
{
    if (dir == NULL || !dir[0])
        return TENKA_OK;
    if (!tenka_os_exists(dir))
        return tenka_fail(dev->base.err, TENKA_E_INVALID,
                          "there is no folder %s with shaders: name the folder shaders/ of Tenka's sources or a copy "
                          "of it",
                          dir);
    dev->workshop = tenka_alloc(sizeof(*dev->workshop));
    if (dev->workshop == NULL || (dev->workshop->dir = tenka_strdup(dir)) == NULL)
        return tenka_fail_nomem(dev->base.err);
    return make_tools(dev, dev->workshop);
}

void tenka_vk_workshop_finish(struct tenka_vk_device *dev)
{
    struct tenka_vk_workshop *w = dev->workshop;
    if (w == NULL)
        return;
    for (size_t i = 0; i < TENKA_KERNEL_COUNT; i++)
        for (size_t j = 0; j < TENKA_STORED_COUNT; j++)
            tenka_free((void *)(uintptr_t)w->made[i][j].code);
    shaderc_compile_options_release(w->options);
    shaderc_compiler_release(w->compiler);
    tenka_free(w->dir);
    tenka_free(w);
    dev->workshop = NULL;
}

/* ---- Compiling ---- */

/* The first of the compiler's lines makes the sentence: it has file and line; the log has a few of the others, which
 * are often its consequences. */
static tenka_status complain(struct tenka_vk_device *dev, enum tenka_kernel kernel, const char *text)
{
    const size_t first = strcspn(text, "\n");
    const char *at = text + first;
    for (int lines = 0; *at && lines < MOST_LINES; lines++) {
        at += strspn(at, "\n");
        if (*at)
            tenka_say(dev->base.log, TENKA_LOG_ERROR, "%.*s", (int)strcspn(at, "\n"), at);
        at += strcspn(at, "\n");
    }
    return tenka_fail(dev->base.err, TENKA_E_FORMAT, "%s does not compile: %.*s", tenka_passes[kernel].name, (int)first,
                      text);
}

static tenka_status keep(struct tenka_vk_device *dev, shaderc_compilation_result_t result, struct tenka_shader *out)
{
    const size_t bytes = shaderc_result_get_length(result);
    uint32_t *code = tenka_alloc(bytes);
    if (code == NULL)
        return tenka_fail_nomem(dev->base.err);
    memcpy(code, shaderc_result_get_bytes(result), bytes);
    *out = (struct tenka_shader){code, bytes};
    return TENKA_OK;
}

/* The shader that an operator shares with others; NULL: it has its own. */
static const char *shared_shader(enum tenka_op op)
{
    static const char *const shaders[TENKA_OP_COUNT] = {
#define TENKA_UNARY(name, ...) [TENKA_OP_##name] = "elementwise",
#define TENKA_ACTIVATION(name, ...) [TENKA_OP_##name] = "elementwise",
#define TENKA_BINARY(name, ...) [TENKA_OP_##name] = "elementwise",
#include "shaders/common/elementwise.def"
#define TENKA_UPDATE(name, ...) [TENKA_OP_##name] = "updates",
#include "shaders/common/updates.def"
    };
    return shaders[op];
}

static void define(shaderc_compile_options_t options, const char *name, const char *value)
{
    shaderc_compile_options_add_macro_definition(options, name, strlen(name), value, strlen(value));
}

/* What the build says of an update: see shaders/updates.comp. */
static void define_update(shaderc_compile_options_t options, const struct tenka_op_info *op)
{
    static const char *const states[] = {"0", "1", "2", "3"};
    define(options, "TENKA_NAME", op->name);
    define(options, "TENKA_STATES", states[op->max_in - 2]);
}

/* What the build says of an elementwise operator: see shaders/elementwise.comp. */
static void define_elementwise(shaderc_compile_options_t options, enum tenka_kernel kernel)
{
    const struct tenka_op_info *op = &tenka_ops[tenka_passes[kernel].op];
    const uint64_t reads = tenka_passes[kernel].reads;
    static const char *const numbers[] = {"0", "1", "2"};
    define(options, "TENKA_NAME", op->name);
    if (op->max_in == 2)
        define(options, "TENKA_TWO", "");
    else
        define(options, "TENKA_NUMBERS", numbers[op->n_scalars]);
    if (tenka_mask_has(reads, TENKA_DOUT(0)))
        define(options,
               tenka_mask_has(reads, TENKA_IN(0))    ? "TENKA_OF_X"
               : tenka_mask_has(reads, TENKA_OUT(0)) ? "TENKA_OF_Y"
                                                     : "TENKA_OF_NEITHER",
               "");
}

/* Macros choose the pass and the storage type, as in the build. */
static tenka_status compile(struct tenka_vk_device *dev, const struct tenka_node *node, const char *path,
                            const char *source, size_t bytes, struct tenka_shader *out)
{
    static const char *const stored[] = {[TENKA_STORED_f32] = "TENKA_STORED_f32"};
    const enum tenka_kernel kernel = node->kernel;
    const char *op = tenka_ops[tenka_passes[kernel].op].name;
    char *macro = tenka_sprintf("TENKA_PASS_%s", tenka_passes[kernel].name + strlen(op) + 1);
    shaderc_compile_options_t options = macro != NULL ? shaderc_compile_options_clone(dev->workshop->options) : NULL;
    shaderc_compilation_result_t result = NULL;
    if (options != NULL) {
        define(options, macro, "");
        define(options, stored[node->stored], "");
        const char *const shared = shared_shader(tenka_passes[kernel].op);
        if (shared != NULL && strcmp(shared, "updates") == 0)
            define_update(options, &tenka_ops[tenka_passes[kernel].op]);
        else if (shared != NULL)
            define_elementwise(options, kernel);
        result = shaderc_compile_into_spv(dev->workshop->compiler, source, bytes, shaderc_compute_shader, path, "main",
                                          options);
    }
    tenka_status status;
    if (result == NULL)
        status = tenka_fail_nomem(dev->base.err);
    else if (shaderc_result_get_compilation_status(result) != shaderc_compilation_status_success)
        status = complain(dev, kernel, shaderc_result_get_error_message(result));
    else
        status = keep(dev, result, out);
    shaderc_result_release(result);
    shaderc_compile_options_release(options);
    tenka_free(macro);
    return status;
}

static tenka_status make(struct tenka_vk_device *dev, const struct tenka_node *node, struct tenka_shader *out)
{
    uint64_t bytes;
    void *source = NULL;
    const enum tenka_op op = tenka_passes[node->kernel].op;
    const char *const shared = shared_shader(op);
    char *path = tenka_sprintf("%s/%s.comp", dev->workshop->dir, shared != NULL ? shared : tenka_ops[op].name);
    if (path == NULL)
        return tenka_fail_nomem(dev->base.err);
    tenka_status status = tenka_os_read_file(dev->base.err, path, MOST_BYTES, &source, &bytes);
    if (status == TENKA_OK)
        status = compile(dev, node, path, source, (size_t)bytes, out);
    tenka_free(source);
    tenka_free(path);
    return status;
}

tenka_status tenka_vk_code(struct tenka_vk_device *dev, const struct tenka_node *node, struct tenka_shader *out)
{
    *out = tenka_shaders[node->kernel][node->stored];
    if (dev->workshop == NULL)
        return TENKA_OK;
    struct tenka_shader *made = &dev->workshop->made[node->kernel][node->stored];
    if (made->code == NULL)
        TENKA_TRY(make(dev, node, made));
    *out = *made;
    return TENKA_OK;
}
