/* Loading a network's tensors: all or nothing, or what fits. */
#include <stdlib.h>

#include "io/model.h"
#include "io/wrapper.h"

/* How many names of a kind an error's sentence lists. */
#define MAX_LISTED 5

/* A list within a sentence, in PyTorch's words: names up to a limit, then how many more. */
struct list {
    struct tenka_text text;
    size_t count;
};

static void list_name(struct list *list, const char *name)
{
    char shown[TENKA_PICKLE_SHOWN];
    if (list->count++ < MAX_LISTED)
        tenka_text_add(&list->text, "%s\"%s\"", list->count > 1 ? ", " : "", tenka_pickle_show(name, shown));
}

static void list_shape(struct list *list, const char *name, const struct tenka_shape *there,
                       const struct tenka_shape *here)
{
    char a[TENKA_SHAPE_TEXT], b[TENKA_SHAPE_TEXT], shown[TENKA_PICKLE_SHOWN];
    if (list->count++ < MAX_LISTED)
        tenka_text_add(&list->text,
                       " size mismatch for %s: copying a param with shape torch.Size(%s) from checkpoint, the shape in "
                       "current model is torch.Size(%s).",
                       tenka_pickle_show(name, shown), tenka_shape_text(there, a), tenka_shape_text(here, b));
}

static void list_end(struct list *list, const char *title, const char *end, struct tenka_text *sentence)
{
    if (list->count > 0)
        tenka_text_add(sentence, "%s%s", title, list->text.text != NULL ? list->text.text : "");
    if (list->count > MAX_LISTED)
        tenka_text_add(sentence, " and %zu more", list->count - MAX_LISTED);
    if (list->count > 0)
        tenka_text_add(sentence, "%s", end);
    tenka_free(list->text.text);
}

static void list_state(const struct tenka_model_state *s, struct list *missing, struct list *shapes)
{
    for (size_t i = 0; i < s->count; i++) {
        const struct tenka_weight *const t = s->items[i].weight;
        /* Files from before PyTorch 0.4.1 have no num_batches_tracked, and some keep it as a row of one. */
        if (s->items[i].number != NULL)
            continue;
        if (t == NULL)
            list_name(missing, s->tensors[i].name);
        else if (!tenka_shape_equal(&t->shape, &s->tensors[i].shape))
            list_shape(shapes, s->tensors[i].name, &t->shape, &s->tensors[i].shape);
    }
}

/* The optimizer's moments in a checkpoint. */
static bool is_ignored(const struct tenka_weights *file, const char *name)
{
    return tenka_weights_metadata(file, TENKA_CHECKPOINT_KEY) != NULL &&
           strncmp(name, TENKA_CHECKPOINT_PREFIX, strlen(TENKA_CHECKPOINT_PREFIX)) == 0;
}

/* Finds the network's tensors by their names; lists what either side has alone. */
static tenka_status find(struct tenka_error *err, struct tenka_model_state *s, const struct tenka_weights *file,
                         struct list *missing, struct list *unexpected, struct list *shapes)
{
    bool *const used = tenka_alloc_array(file->count, sizeof(used[0]));
    if (used == NULL)
        return tenka_fail_nomem(err);
    for (size_t i = 0; i < s->count; i++) {
        s->items[i].weight = tenka_weights_find(file, s->tensors[i].name);
        if (s->items[i].weight != NULL)
            used[s->items[i].weight - file->tensors] = true;
    }
    for (size_t i = 0; i < file->count; i++) {
        if (!used[i] && !is_ignored(file, file->tensors[i].name))
            list_name(unexpected, file->tensors[i].name);
    }
    list_state(s, missing, shapes);
    tenka_free(used);
    return TENKA_OK;
}

static void list_free(struct list *list)
{
    tenka_free(list->text.text);
    *list = (struct list){0};
}

/* first: a tensor of the file whose partner has another name */
static void say_wrapped(tenka_module *net, const struct tenka_model_state *s, const struct tenka_weights *file,
                        const struct tenka_weight *first)
{
    char there[TENKA_PICKLE_SHOWN], here[TENKA_PICKLE_SHOWN];
    for (size_t i = 0; i < s->count; i++)
        if (s->items[i].weight == first)
            tenka_say(tenka_ctx_log(tenka_module_ctx(net)), TENKA_LOG_INFO,
                      "%s: \"%s\" is taken for \"%s\", and all others likewise: a wrapper has changed the names",
                      file->path, tenka_pickle_show(first->name, there), tenka_pickle_show(s->tensors[i].name, here));
}

/* Where names do not fit, they may without what wrappers put into them. */
static tenka_status find_wrapped(struct tenka_error *err, tenka_module *net, struct tenka_model_state *s,
                                 const struct tenka_weights *file, struct list *missing, struct list *unexpected,
                                 struct list *shapes)
{
    const struct tenka_weight *first;
    TENKA_TRY(tenka_wrapper_match(err, s, file, &first));
    if (first == NULL)
        return TENKA_OK;
    list_free(missing);
    list_free(unexpected);
    list_free(shapes);
    list_state(s, missing, shapes);
    say_wrapped(net, s, file, first);
    return TENKA_OK;
}

/* Compares names and shapes. */
static tenka_status match(struct tenka_error *err, tenka_module *net, struct tenka_model_state *s,
                          const struct tenka_weights *file)
{
    struct list missing = {0}, unexpected = {0}, shapes = {0};
    tenka_status found = find(err, s, file, &missing, &unexpected, &shapes);
    if (found == TENKA_OK && missing.count + unexpected.count > 0)
        found = find_wrapped(err, net, s, file, &missing, &unexpected, &shapes);
    if (found != TENKA_OK) {
        list_free(&missing);
        list_free(&unexpected);
        list_free(&shapes);
        return found;
    }
    const bool good = missing.count + unexpected.count + shapes.count == 0;
    struct tenka_text sentence = {0};
    list_end(&missing, " Missing key(s) in state_dict: ", ".", &sentence);
    list_end(&unexpected, " Unexpected key(s) in state_dict: ", ".", &sentence);
    list_end(&shapes, "", "", &sentence);
    const tenka_status status = good ? TENKA_OK
                                     : tenka_fail(err, TENKA_E_FORMAT,
                                                  "%s: Error(s) in loading state_dict for %.60s:%s", file->path,
                                                  tenka_module_class(net), sentence.text != NULL ? sentence.text : "");
    tenka_free(sentence.text);
    return status;
}

static bool is_whole(const tenka_variable *var)
{
    return tenka_variable_dtype(var) == TENKA_I32;
}

static tenka_status check_dtypes(struct tenka_error *err, const struct tenka_model_state *s,
                                 const struct tenka_weights *file)
{
    char shown[TENKA_PICKLE_SHOWN];
    for (size_t i = 0; i < s->count; i++) {
        const struct tenka_weight *const t = s->items[i].weight;
        if (s->items[i].var != NULL && t != NULL && is_whole(s->items[i].var) && !tenka_file_dtype_is_whole(t->dtype))
            return tenka_fail(err, TENKA_E_FORMAT, "%s: tensor \"%s\" is %.20s, expected whole numbers, such as I64",
                              file->path, tenka_pickle_show(t->name, shown), t->dtype);
        if (s->items[i].var != NULL && t != NULL && !is_whole(s->items[i].var) && !tenka_file_dtype_is_real(t->dtype))
            return tenka_fail(err, TENKA_E_FORMAT,
                              "%s: tensor \"%s\" is %.20s, expected F32, F64, F16 or BF16; convert it to float32",
                              file->path, tenka_pickle_show(t->name, shown), t->dtype);
    }
    return TENKA_OK;
}

/* Doubles keep their digits, for devices that can hold them. */
static bool is_double(const struct tenka_weight *weight)
{
    return strcmp(weight->dtype, "F64") == 0;
}

/* Bytes between the tensors of variables in memory, so that each begins where a double may. */
static size_t room(const struct tenka_weight *weight)
{
    const size_t each = is_double(weight) ? sizeof(double) : sizeof(float);
    return tenka_align((size_t)tenka_shape_count(&weight->shape) * each, sizeof(double));
}

/* Whole numbers that forward reads as indices: PyTorch would count those below 0 from the end, and kernels do not. */
static tenka_status check_whole(struct tenka_error *err, const struct tenka_weights *file, const struct tenka_weight *t,
                                const int32_t *numbers)
{
    char shown[TENKA_PICKLE_SHOWN];
    const size_t count = (size_t)tenka_shape_count(&t->shape);
    for (size_t i = 0; i < count; i++)
        if (numbers[i] < 0 || numbers[i] == INT32_MAX)
            return tenka_fail(err, TENKA_E_FORMAT,
                              "%s: tensor \"%s\" has numbers that are no indices here; they may be from 0 to %d",
                              file->path, tenka_pickle_show(t->name, shown), INT32_MAX - 1);
    return TENKA_OK;
}

/* The tensors of all variables that have one in the file, one after the other. */
static tenka_status read_tensors(struct tenka_error *err, const struct tenka_model_state *s,
                                 const struct tenka_weights *file, unsigned char *data, int64_t *numbers)
{
    for (size_t i = 0; i < s->count; i++) {
        const struct tenka_weight *const t = s->items[i].weight;
        if (s->items[i].var == NULL && t != NULL) {
            TENKA_TRY(tenka_weights_read_count(err, file, t, &numbers[i]));
        } else if (s->items[i].var != NULL && t != NULL) {
            TENKA_TRY(is_double(t) ? tenka_weights_read_raw(err, file, t, data)
                                   : tenka_weights_read(err, file, t, data));
            if (is_whole(s->items[i].var))
                TENKA_TRY(check_whole(err, file, t, (const int32_t *)(const void *)data));
            data += room(t);
        }
    }
    return TENKA_OK;
}

static tenka_status write_variables(const struct tenka_model_state *s, const unsigned char *data,
                                    const int64_t *numbers)
{
    for (size_t i = 0; i < s->count; i++) {
        tenka_variable *const var = s->items[i].var;
        const size_t count = (size_t)tenka_shape_count(&s->tensors[i].shape);
        const struct tenka_weight *const t = s->items[i].weight;
        if (var == NULL)
            *s->items[i].number = numbers[i] > 0 ? (uint64_t)numbers[i] : 0;
        if (var == NULL || t == NULL)
            continue;
        TENKA_TRY(is_double(t) ? tenka_variable_write_f64(var, (const double *)(const void *)data, count)
                               : tenka_variable_write(var, data, count * sizeof(float)));
        data += room(t);
    }
    return TENKA_OK;
}

/* Reads everything before anything is written, so that a damaged file leaves the network as it was. */
static tenka_status transfer(struct tenka_error *err, const struct tenka_model_state *s,
                             const struct tenka_weights *file)
{
    size_t total = 0;
    for (size_t i = 0; i < s->count; i++)
        total += s->items[i].var != NULL && s->items[i].weight != NULL ? room(s->items[i].weight) : 0;
    unsigned char *const data = tenka_alloc(total + 1);
    int64_t *const numbers = tenka_alloc_array(s->count, sizeof(numbers[0]));
    tenka_status status = data != NULL && numbers != NULL ? TENKA_OK : tenka_fail_nomem(err);
    if (status == TENKA_OK)
        status = read_tensors(err, s, file, data, numbers);
    if (status == TENKA_OK)
        status = write_variables(s, data, numbers);
    tenka_free(data);
    tenka_free(numbers);
    return status;
}

/* read: else it is only found out whether the tensors could be read */
static tenka_status take_known(tenka_module *net, const struct tenka_weights *file, bool read)
{
    struct tenka_error *const err = tenka_ctx_error(tenka_module_ctx(net));
    struct tenka_model_state s;
    if (tenka_step_is_open(tenka_module_ctx(net)))
        return tenka_fail(err, TENKA_E_INVALID, "model_load: a step is open; end or discard it first");
    TENKA_TRY(tenka_model_state_init(&s, net));
    tenka_status status = match(err, net, &s, file);
    if (status == TENKA_OK)
        status = check_dtypes(err, &s, file);
    if (status == TENKA_OK && read)
        status = transfer(err, &s, file);
    tenka_model_state_finish(&s);
    return status;
}

/* What the network's text does not show is as the file has it. */
static bool find_open(void *user, const char *path, struct tenka_open_state *out)
{
    const struct tenka_weights *const *const file = user;
    const struct tenka_weight *weight = tenka_weights_find(*file, path);
    if (weight == NULL)
        weight = tenka_wrapper_find(*file, path);
    if (weight == NULL)
        return false;
    *out = (struct tenka_open_state){.shape = weight->shape, .whole = tenka_file_dtype_is_whole(weight->dtype)};
    return true;
}

static tenka_status take(tenka_module *net, const struct tenka_weights *file, bool read)
{
    TENKA_TRY(tenka_module_give_open(net, find_open, &file));
    const tenka_status status = take_known(net, file, read);
    tenka_module_settle_open(net, status == TENKA_OK && read);
    return status;
}

/* ---- A part of the tensors ---- */

#define MAX_PART 12 /* names of a kind that are listed */

static void part_name(struct tenka_text *text, size_t *count, const char *title, const char *name)
{
    char shown[TENKA_PICKLE_SHOWN];
    if ((*count)++ < MAX_PART)
        tenka_text_add(text, "%s%s", *count == 1 ? title : ", ", tenka_pickle_show(name, shown));
}

static void part_end(struct tenka_text *text, size_t count)
{
    if (count > MAX_PART)
        tenka_text_add(text, " and %zu more", count - MAX_PART);
}

/* Takes what has one name and one shape on either side. */
static void keep_shapes(struct tenka_model_state *s, struct tenka_text *text, size_t *count)
{
    char here[TENKA_SHAPE_TEXT], there[TENKA_SHAPE_TEXT];
    for (size_t i = 0; i < s->count; i++) {
        const struct tenka_weight *const t = s->items[i].weight;
        if (s->items[i].number != NULL || t == NULL || tenka_shape_equal(&t->shape, &s->tensors[i].shape))
            continue;
        part_name(text, count, "; of another shape: ", s->tensors[i].name);
        if (*count <= MAX_PART)
            tenka_text_add(text, " (%s there, %s here)", tenka_shape_text(&t->shape, there),
                           tenka_shape_text(&s->tensors[i].shape, here));
        s->items[i].weight = NULL;
    }
    part_end(text, *count);
}

/* Names of one side that have no partner; those of another shape have one. */
static tenka_status list_alone(struct tenka_error *err, const struct tenka_model_state *s,
                               const struct tenka_weights *file, struct tenka_text *text)
{
    size_t missing = 0, unexpected = 0;
    bool *const used = tenka_alloc_array(file->count + 1, sizeof(used[0]));
    if (used == NULL)
        return tenka_fail_nomem(err);
    for (size_t i = 0; i < s->count; i++) {
        if (s->items[i].weight != NULL)
            used[s->items[i].weight - file->tensors] = true;
        else if (s->items[i].number == NULL)
            part_name(text, &missing, "; not in the file: ", s->tensors[i].name);
    }
    part_end(text, missing);
    for (size_t i = 0; i < file->count; i++)
        if (!used[i] && !is_ignored(file, file->tensors[i].name))
            part_name(text, &unexpected, "; not in the network: ", file->tensors[i].name);
    part_end(text, unexpected);
    tenka_free(used);
    return TENKA_OK;
}

static size_t count_found(const struct tenka_model_state *s, bool all)
{
    size_t count = 0;
    for (size_t i = 0; i < s->count; i++)
        count += s->items[i].number == NULL && (all || s->items[i].weight != NULL);
    return count;
}

/* Says what is taken and what is not; *text is to be freed. */
static tenka_status match_some(struct tenka_error *err, tenka_module *net, struct tenka_model_state *s,
                               const struct tenka_weights *file, struct tenka_text *text)
{
    const struct tenka_weight *first;
    struct tenka_text shapes = {0}, alone = {0};
    size_t other = 0;
    TENKA_TRY(tenka_wrapper_match_some(err, s, file, &first));
    if (first != NULL)
        say_wrapped(net, s, file, first);
    tenka_status status = list_alone(err, s, file, &alone);
    keep_shapes(s, &shapes, &other);
    tenka_text_add(text, "%zu of %zu tensors are taken%s%s", count_found(s, false), count_found(s, true),
                   shapes.text != NULL ? shapes.text : "", alone.text != NULL ? alone.text : "");
    if (status == TENKA_OK && (text->failed || shapes.failed || alone.failed))
        status = tenka_fail_nomem(err);
    if (status == TENKA_OK && count_found(s, false) == 0)
        status = tenka_fail(err, TENKA_E_FORMAT, "%s: nothing in it fits the network: %.700s", file->path, text->text);
    tenka_free(shapes.text);
    tenka_free(alone.text);
    return status;
}

static tenka_status load_known(tenka_module *net, const struct tenka_weights *file, struct tenka_text *text)
{
    struct tenka_error *const err = tenka_ctx_error(tenka_module_ctx(net));
    struct tenka_model_state s;
    if (tenka_step_is_open(tenka_module_ctx(net)))
        return tenka_fail(err, TENKA_E_INVALID, "model_load: a step is open; end or discard it first");
    TENKA_TRY(tenka_model_state_init(&s, net));
    tenka_status status = match_some(err, net, &s, file, text);
    if (status == TENKA_OK)
        status = check_dtypes(err, &s, file);
    if (status == TENKA_OK)
        status = transfer(err, &s, file);
    tenka_model_state_finish(&s);
    return status;
}

static tenka_status load_some(tenka_module *net, const struct tenka_weights *file, struct tenka_text *text)
{
    TENKA_TRY(tenka_module_give_open(net, find_open, &file));
    const tenka_status status = load_known(net, file, text);
    tenka_module_settle_open(net, status == TENKA_OK);
    return status;
}

tenka_status tenka_model_load_partial(tenka_module *net, const char *path, char **report)
{
    if (net == NULL)
        return TENKA_E_INVALID;
    struct tenka_error *const err = tenka_ctx_error(tenka_module_ctx(net));
    struct tenka_weights file;
    struct tenka_text text = {0};
    if (path == NULL || report == NULL)
        return tenka_fail(err, TENKA_E_INVALID, "model_load: path or report is NULL");
    *report = NULL;
    TENKA_TRY(tenka_weights_open(err, path, &file));
    const tenka_status status = load_some(net, &file, &text);
    tenka_weights_close(&file);
    if (status == TENKA_OK)
        *report = text.text;
    else
        tenka_free(text.text);
    return status;
}

/* ---- All of them ---- */

tenka_status tenka_model_match(tenka_module *net, const struct tenka_weights *file)
{
    return take(net, file, false);
}

tenka_status tenka_model_read(tenka_module *net, const struct tenka_weights *file)
{
    return take(net, file, true);
}

tenka_status tenka_model_load(tenka_module *net, const char *path)
{
    if (net == NULL)
        return TENKA_E_INVALID;
    struct tenka_error *const err = tenka_ctx_error(tenka_module_ctx(net));
    struct tenka_weights file;
    if (path == NULL)
        return tenka_fail(err, TENKA_E_INVALID, "model_load: path is NULL");
    TENKA_TRY(tenka_weights_open(err, path, &file));
    tenka_status status = tenka_model_check_code(tenka_module_ctx(net), net, &file);
    if (status == TENKA_OK)
        status = tenka_model_read(net, &file);
    if (status == TENKA_OK && tenka_weights_metadata(&file, TENKA_LAYERS_KEY) != NULL)
        tenka_module_set_own_forward(net);
    tenka_weights_close(&file);
    return status;
}
