/* Checkpoints as files: the tensors, and the order in which a run is checked and put back. */
#include <stdlib.h>

#include "io/model_state.h"
#include "train/checkpoint.h"

/* ---- The run as lists ---- */

static void run_finish(struct tenka_run *run)
{
    tenka_free(run->state);
    tenka_free(run->slots);
    tenka_free(run->slot_names);
}

static const char *name_of(const struct tenka_run *run, const tenka_variable *var)
{
    for (size_t i = 0; i < run->n_state; i++)
        if (run->state[i].var == var)
            return run->state[i].name;
    return NULL;
}

static tenka_status find_pairs(struct tenka_run *run, const tenka_average *average)
{
    if (average != NULL)
        run->pairs = tenka_average_pairs(average, &run->n_pairs);
    for (size_t i = 0; i < run->n_pairs; i++)
        if (name_of(run, run->pairs[i].var) == NULL)
            return tenka_fail(run->err, TENKA_E_INVALID, "checkpoint: the average is of another network");
    return TENKA_OK;
}

static tenka_status run_fill(struct tenka_run *run)
{
    const struct tenka_training *const t = run->training;
    run->n_state = tenka_module_state(t->net, NULL, 0);
    run->n_slots = tenka_optimizer_slots(t->optimizer, NULL, 0);
    run->state = tenka_alloc_array(run->n_state + 1, sizeof(run->state[0]));
    run->slots = tenka_alloc_array(run->n_slots + 1, sizeof(run->slots[0]));
    run->slot_names = tenka_alloc_array(run->n_slots + 1, sizeof(run->slot_names[0]));
    if (run->state == NULL || run->slots == NULL || run->slot_names == NULL)
        return tenka_fail_nomem(run->err);
    tenka_module_state(t->net, run->state, run->n_state);
    tenka_optimizer_slots(t->optimizer, run->slots, run->n_slots);
    TENKA_TRY(find_pairs(run, t->average));
    for (size_t i = 0; i < run->n_slots; i++) {
        run->slot_names[i] = name_of(run, run->slots[i].var);
        if (run->slot_names[i] == NULL)
            return tenka_fail(run->err, TENKA_E_INVALID,
                              "checkpoint: the optimizer trains a variable that is not in the network's state");
    }
    return TENKA_OK;
}

static tenka_status run_init(struct tenka_run *run, const struct tenka_training *t, const char *path)
{
    *run = (struct tenka_run){.training = t};
    if (t == NULL || t->size != sizeof(*t) || t->net == NULL)
        return TENKA_E_INVALID;
    run->ctx = tenka_module_ctx(t->net);
    run->err = tenka_ctx_error(run->ctx);
    if (t->optimizer == NULL || t->train_loader == NULL || path == NULL)
        return tenka_fail(run->err, TENKA_E_INVALID, "checkpoint: the optimizer, the training loader or path is NULL");
    if (tenka_step_is_open(run->ctx))
        return tenka_fail(run->err, TENKA_E_INVALID, "checkpoint: a step is open; end or discard it first");
    const tenka_status status = run_fill(run);
    if (status != TENKA_OK)
        run_finish(run);
    return status;
}

static bool is_double(const struct tenka_run *run)
{
    return tenka_ctx_backend(run->ctx) == TENKA_BACKEND_CPU_F64;
}

/* "optimizer.exp_avg.fc.weight", allocated. */
static char *moment_name(const struct tenka_run *run, size_t slot, size_t moment)
{
    return tenka_sprintf(TENKA_CHECKPOINT_PREFIX "%s.%s", run->slots[slot].name[moment], run->slot_names[slot]);
}

/* "optimizer.value.fc.weight", allocated: what training goes on with where the network's tensors are averages. */
static char *value_name(const struct tenka_run *run, size_t pair)
{
    return tenka_sprintf(TENKA_CHECKPOINT_PREFIX "value.%s", name_of(run, run->pairs[pair].var));
}

/* Whether an average is kept that has something in it. */
static bool is_averaged(const struct tenka_run *run)
{
    return run->n_pairs > 0 && tenka_average_updates(run->training->average) > 0;
}

/* ---- Saving ---- */

/* Parallel arrays of the file's tensors: the network's, then what the optimizer has. */
struct tensors {
    tenka_variable **vars; /* NULL: a number */
    const uint64_t **numbers;
    struct tenka_file_tensor *file;
    char **own; /* names that are ours */
    size_t count;
    bool doubles;
};

static void tensors_finish(struct tensors *t, size_t most)
{
    for (size_t i = 0; i < most && t->own != NULL; i++)
        tenka_free(t->own[i]);
    tenka_free(t->vars);
    tenka_free(t->numbers);
    tenka_free(t->file);
    tenka_free(t->own);
}

static void add_tensor(struct tensors *t, const struct tenka_state_entry *entry)
{
    t->vars[t->count] = entry->var;
    t->numbers[t->count] = entry->number;
    t->file[t->count++] = tenka_model_state_tensor(entry, t->doubles ? "F64" : "F32");
}

/* name: taken over; NULL: there was no memory. */
static tenka_status add_own(const struct tenka_run *run, struct tensors *t, char *name, tenka_variable *var)
{
    t->own[t->count] = name;
    if (name == NULL)
        return tenka_fail_nomem(run->err);
    /* A layer may be called "optimizer". */
    for (size_t i = 0; i < run->n_state; i++)
        if (strcmp(run->state[i].name, name) == 0)
            return tenka_fail(run->err, TENKA_E_INVALID, "checkpoint: the network has a tensor called %s", name);
    add_tensor(t, &(struct tenka_state_entry){.name = name, .var = var});
    return TENKA_OK;
}

static tenka_status add_moments(const struct tenka_run *run, struct tensors *t, size_t slot)
{
    for (size_t m = 0; m < TENKA_MAX_STATES; m++)
        if (run->slots[slot].state[m] != NULL)
            TENKA_TRY(add_own(run, t, moment_name(run, slot, m), run->slots[slot].state[m]));
    return TENKA_OK;
}

/* A tensor of the network: where there are averages, that of it. */
static void add_state(const struct tenka_run *run, struct tensors *t, struct tenka_state_entry entry)
{
    for (size_t i = 0; i < run->n_pairs && is_averaged(run); i++)
        if (run->pairs[i].var == entry.var) {
            entry.var = run->pairs[i].mean;
            break;
        }
    add_tensor(t, &entry);
}

static tenka_status tensors_fill(const struct tenka_run *run, struct tensors *t, size_t most)
{
    t->doubles = is_double(run);
    t->vars = tenka_alloc_array(most, sizeof(t->vars[0]));
    t->numbers = tenka_alloc_array(most, sizeof(t->numbers[0]));
    t->file = tenka_alloc_array(most, sizeof(t->file[0]));
    t->own = tenka_alloc_array(most, sizeof(t->own[0]));
    if (t->vars == NULL || t->numbers == NULL || t->file == NULL || t->own == NULL)
        return tenka_fail_nomem(run->err);
    /* Numbers first and whole numbers of 4 bytes last, so that each tensor's bytes begin at a multiple of its element's
     * size. */
    for (size_t i = 0; i < run->n_state; i++)
        if (run->state[i].number != NULL)
            add_tensor(t, &run->state[i]);
    for (size_t i = 0; i < run->n_state; i++)
        if (run->state[i].var != NULL && tenka_variable_dtype(run->state[i].var) == TENKA_F32)
            add_state(run, t, run->state[i]);
    for (size_t i = 0; i < run->n_slots; i++)
        TENKA_TRY(add_moments(run, t, i));
    for (size_t i = 0; i < run->n_pairs && is_averaged(run); i++)
        TENKA_TRY(add_own(run, t, value_name(run, i), run->pairs[i].var));
    for (size_t i = 0; i < run->n_state; i++)
        if (run->state[i].var != NULL && tenka_variable_dtype(run->state[i].var) != TENKA_F32)
            add_tensor(t, &run->state[i]);
    return TENKA_OK;
}

static tenka_status read_tensor(void *user, size_t i, void *dst, size_t bytes)
{
    const struct tensors *const t = user;
    if (t->vars[i] != NULL)
        return t->doubles && tenka_variable_dtype(t->vars[i]) == TENKA_F32
                   ? tenka_variable_read_f64(t->vars[i], dst, bytes / sizeof(double))
                   : tenka_variable_read(t->vars[i], dst, bytes);
    memcpy(dst, t->numbers[i], bytes);
    return TENKA_OK;
}

/* write: else it is only found out whether the file could be written */
static tenka_status write_file(const struct tenka_run *run, json_t *metadata, const char *path, bool write)
{
    struct tensors t = {.count = 0};
    const size_t most = run->n_state + TENKA_MAX_STATES * run->n_slots + run->n_pairs + 1;
    tenka_status status = tensors_fill(run, &t, most);
    if (status == TENKA_OK)
        status = write ? tenka_st_write(run->err, path, metadata, t.file, t.count, read_tensor, &t)
                       : tenka_file_writer_check(run->err, path);
    tensors_finish(&t, most);
    return status;
}

static tenka_status make_metadata(const struct tenka_run *run, const struct tenka_preprocessing *how, json_t **out)
{
    char *text = NULL;
    TENKA_TRY(tenka_model_metadata(run->training->net, how, out));
    tenka_status status = tenka_checkpoint_write_state(run, &text);
    if (status == TENKA_OK && json_object_set_new(*out, TENKA_CHECKPOINT_KEY, json_string(text)) != 0)
        status = tenka_fail_nomem(run->err);
    tenka_free(text);
    return status;
}

static tenka_status save(const struct tenka_training *training, const struct tenka_preprocessing *how, const char *path,
                         bool write)
{
    struct tenka_run run;
    json_t *metadata = NULL;
    TENKA_TRY(run_init(&run, training, path));
    tenka_status status = make_metadata(&run, how, &metadata);
    if (status == TENKA_OK)
        status = write_file(&run, metadata, path, write);
    json_decref(metadata);
    run_finish(&run);
    return status;
}

tenka_status tenka_checkpoint_save(const struct tenka_training *training, const struct tenka_preprocessing *how,
                                   const char *path)
{
    const tenka_status status = save(training, how, path, true);
    /* Runs that were killed while writing leave files as large as the checkpoint. */
    if (status == TENKA_OK)
        tenka_file_writer_sweep(path);
    return status;
}

tenka_status tenka_checkpoint_save_check(const struct tenka_training *training, const struct tenka_preprocessing *how,
                                         const char *path)
{
    return save(training, how, path, false);
}

/* ---- Comparing network and preprocessing ---- */

/* One line of a text, without the spaces before it; advances *at. */
static void next_line(const char **at, char *out, size_t size)
{
    const char *begin = *at + strspn(*at, " ");
    const size_t length = strcspn(begin, "\n");
    *at = begin + length + (begin[length] == '\n');
    const size_t kept = length < size - 1 ? length : size - 1;
    memcpy(out, begin, kept);
    out[kept] = '\0';
}

tenka_status tenka_checkpoint_other_text(struct tenka_error *err, const char *path, const char *what,
                                         const char *there, const char *here)
{
    char a[120], b[120];
    unsigned line = 0;
    do {
        next_line(&there, a, sizeof(a));
        next_line(&here, b, sizeof(b));
        line++;
    } while (strcmp(a, b) == 0 && *there != '\0' && *here != '\0');
    return tenka_fail(err, TENKA_E_INVALID,
                      "%s: the checkpoint belongs to %s: line %u is \"%s\" there and \"%s\" here", path, what, line, a,
                      b);
}

static tenka_status compare_key(const struct tenka_run *run, const struct tenka_st_file *file, const json_t *here,
                                const char *key, const char *title)
{
    const char *a = tenka_st_metadata(file, key), *b = json_string_value(json_object_get(here, key));
    a = a != NULL ? a : "nothing";
    b = b != NULL ? b : "nothing";
    return strcmp(a, b) == 0 ? TENKA_OK : tenka_checkpoint_differs(run->err, file->path, title, a, b);
}

static tenka_status compare_model(const struct tenka_run *run, const struct tenka_st_file *file, const json_t *here,
                                  bool preprocessing)
{
    static const char *const keys[] = {"tenka.input", "tenka.mean", "tenka.std"};
    static const char *const titles[] = {"images of (channels, height, width)", "images of mean",
                                         "images of standard deviation"};
    /* Only the file may know yet that the program's code is the forward. */
    const char *net = tenka_st_metadata(file, TENKA_NET_KEY);
    const char *own = json_string_value(json_object_get(here, TENKA_NET_KEY));
    net = net != NULL ? net : tenka_st_metadata(file, TENKA_LAYERS_KEY);
    own = own != NULL ? own : json_string_value(json_object_get(here, TENKA_LAYERS_KEY));
    if (net == NULL)
        return tenka_checkpoint_damaged(run->err, file->path, "it has no network text");
    if (strcmp(net, own) != 0)
        return tenka_checkpoint_other_text(run->err, file->path, "another network", net, own);
    TENKA_TRY(compare_key(run, file, here, TENKA_CODE_KEY, "code as the forward of"));
    for (size_t i = 0; i < 3 && preprocessing; i++)
        TENKA_TRY(compare_key(run, file, here, keys[i], titles[i]));
    return TENKA_OK;
}

/* ---- Loading ---- */

/* A tensor's content as it is in the file. */
struct content {
    void *data;
    size_t bytes;
    bool doubles;
};

static const struct tenka_st_tensor *find_tensor(const struct tenka_st_file *file, const char *name)
{
    for (size_t i = 0; i < file->count; i++)
        if (strcmp(file->tensors[i].name, name) == 0)
            return &file->tensors[i];
    return NULL;
}

static tenka_status read_content(const struct tenka_run *run, const struct tenka_st_file *file, const char *name,
                                 const tenka_variable *var, struct content *out)
{
    const struct tenka_st_tensor *const t = find_tensor(file, name);
    const struct tenka_shape shape = tenka_variable_shape(var);
    if (t == NULL || !tenka_shape_equal(&t->shape, &shape) ||
        (strcmp(t->dtype, "F32") != 0 && strcmp(t->dtype, "F64") != 0))
        return tenka_fail(run->err, TENKA_E_FORMAT,
                          "%s: the checkpoint is damaged: %.100s is missing or of another "
                          "shape",
                          file->path, name);
    out->doubles = strcmp(t->dtype, "F64") == 0;
    out->bytes = (size_t)t->bytes;
    out->data = tenka_alloc((size_t)t->bytes + 1);
    return out->data != NULL ? tenka_st_read(run->err, file, t, out->data) : tenka_fail_nomem(run->err);
}

static tenka_status read_moments(const struct tenka_run *run, const struct tenka_st_file *file, struct content *out)
{
    for (size_t i = 0; i < run->n_slots; i++) {
        for (size_t m = 0; m < TENKA_MAX_STATES; m++) {
            if (run->slots[i].state[m] == NULL)
                continue;
            char *const name = moment_name(run, i, m);
            if (name == NULL)
                return tenka_fail_nomem(run->err);
            const tenka_status status =
                read_content(run, file, name, run->slots[i].state[m], &out[TENKA_MAX_STATES * i + m]);
            tenka_free(name);
            TENKA_TRY(status);
        }
    }
    return TENKA_OK;
}

/* Of each pair what training goes on with, and the average, which has the network's name. */
static tenka_status read_pairs(const struct tenka_run *run, const struct tenka_st_file *file, struct content *out)
{
    for (size_t i = 0; i < run->n_pairs; i++) {
        char *const name = value_name(run, i);
        if (name == NULL)
            return tenka_fail_nomem(run->err);
        const tenka_status status = read_content(run, file, name, run->pairs[i].var, &out[2 * i]);
        tenka_free(name);
        TENKA_TRY(status);
        TENKA_TRY(read_content(run, file, name_of(run, run->pairs[i].var), run->pairs[i].mean, &out[2 * i + 1]));
    }
    return TENKA_OK;
}

static tenka_status write_content(tenka_variable *var, const struct content *c)
{
    return c->doubles ? tenka_variable_write_f64(var, c->data, c->bytes / sizeof(double))
                      : tenka_variable_write(var, c->data, c->bytes);
}

static tenka_status write_moments(const struct tenka_run *run, const struct content *contents)
{
    for (size_t i = 0; i < TENKA_MAX_STATES * run->n_slots; i++) {
        tenka_variable *const var = run->slots[i / TENKA_MAX_STATES].state[i % TENKA_MAX_STATES];
        if (var != NULL)
            TENKA_TRY(write_content(var, &contents[i]));
    }
    return TENKA_OK;
}

static tenka_status write_pairs(const struct tenka_run *run, const struct content *contents)
{
    for (size_t i = 0; i < run->n_pairs; i++) {
        TENKA_TRY(write_content(run->pairs[i].var, &contents[2 * i]));
        TENKA_TRY(write_content(run->pairs[i].mean, &contents[2 * i + 1]));
    }
    return TENKA_OK;
}

/* Everything was checked: from here on only the device can fail. */
static tenka_status apply(struct tenka_training *t, const struct tenka_run *run, const struct tenka_checkpoint *c)
{
    TENKA_TRY(tenka_loader_set_state(t->train_loader, &c->train_loader));
    if (t->test_loader != NULL)
        TENKA_TRY(tenka_loader_set_state(t->test_loader, &c->test_loader));
    if (t->loss != NULL)
        TENKA_TRY(tenka_meter_restore(t->loss, c->loss_sum, c->loss_count));
    for (size_t g = 0; g < tenka_optimizer_groups(t->optimizer); g++)
        TENKA_TRY(tenka_optimizer_put_lr(t->optimizer, g, c->lr[g]));
    for (size_t g = 0; g < tenka_optimizer_groups(t->optimizer); g++)
        tenka_optimizer_restore_initial_lr(t->optimizer, g, c->initial_lr[g]);
    if (t->schedule != NULL)
        tenka_schedule_restore(t->schedule, c->schedule);
    tenka_optimizer_restore(t->optimizer, c->optimizer_steps, c->slot_steps, c->slot_products);
    if (t->average != NULL)
        tenka_average_restore(t->average, c->averaged);
    *tenka_ctx_rng(run->ctx) = c->rng;
    t->epoch = c->epoch;
    t->step = c->step;
    memcpy(t->note, c->note, sizeof(t->note));
    return TENKA_OK;
}

static tenka_status load_all(struct tenka_training *t, const struct tenka_run *run, const struct tenka_weights *file,
                             struct tenka_checkpoint *c, struct content *moments)
{
    struct content *const pairs = moments + TENKA_MAX_STATES * run->n_slots;
    TENKA_TRY(tenka_checkpoint_read_state(run, file->path, tenka_weights_metadata(file, TENKA_CHECKPOINT_KEY), c));
    TENKA_TRY(tenka_model_match(t->net, file));
    TENKA_TRY(read_moments(run, &file->st, moments));
    if (c->averaged > 0)
        TENKA_TRY(read_pairs(run, &file->st, pairs));
    TENKA_TRY(tenka_model_read(t->net, file));
    TENKA_TRY(write_moments(run, moments));
    if (c->averaged > 0)
        TENKA_TRY(write_pairs(run, pairs));
    return apply(t, run, c);
}

static tenka_status load_file(struct tenka_training *t, const struct tenka_run *run, const struct tenka_weights *file)
{
    const size_t n_contents = TENKA_MAX_STATES * run->n_slots + 2 * run->n_pairs;
    const size_t n_groups = tenka_optimizer_groups(t->optimizer);
    const size_t n_numbers = t->schedule != NULL ? tenka_schedule_save(t->schedule, NULL, 0) : 0;
    struct tenka_checkpoint c = {
        .slot_steps = tenka_alloc_array(run->n_slots + 1, sizeof(c.slot_steps[0])),
        .slot_products = tenka_alloc_array(run->n_slots + 1, sizeof(c.slot_products[0])),
        .lr = tenka_alloc_array(n_groups + 1, sizeof(c.lr[0])),
        .initial_lr = tenka_alloc_array(n_groups + 1, sizeof(c.initial_lr[0])),
        .schedule = tenka_alloc_array(n_numbers + 1, sizeof(c.schedule[0])),
    };
    struct content *const contents = tenka_alloc_array(n_contents + 1, sizeof(contents[0]));
    tenka_status status = TENKA_OK;
    if (c.slot_steps == NULL || c.slot_products == NULL || c.lr == NULL || c.initial_lr == NULL || c.schedule == NULL ||
        contents == NULL)
        status = tenka_fail_nomem(run->err);
    if (status == TENKA_OK)
        status = load_all(t, run, file, &c, contents);
    for (size_t i = 0; i < n_contents && contents != NULL; i++)
        tenka_free(contents[i].data);
    tenka_free(contents);
    tenka_free(c.slot_steps);
    tenka_free(c.slot_products);
    tenka_free(c.lr);
    tenka_free(c.initial_lr);
    tenka_free(c.schedule);
    return status;
}

static tenka_status load(struct tenka_training *t, const struct tenka_run *run, const struct tenka_preprocessing *how,
                         const struct tenka_weights *file)
{
    json_t *here = NULL;
    if (tenka_weights_metadata(file, TENKA_CHECKPOINT_KEY) == NULL)
        return tenka_fail(run->err, TENKA_E_FORMAT,
                          "%s: this is no checkpoint: it has no metadata " TENKA_CHECKPOINT_KEY, file->path);
    tenka_status status = tenka_model_metadata(t->net, how, &here);
    if (status == TENKA_OK)
        status = compare_model(run, &file->st, here, how != NULL);
    json_decref(here);
    if (status == TENKA_OK)
        status = load_file(t, run, file);
    if (status == TENKA_OK && tenka_weights_metadata(file, TENKA_LAYERS_KEY) != NULL)
        tenka_module_set_own_forward(t->net);
    return status;
}

tenka_status tenka_checkpoint_load(struct tenka_training *training, const struct tenka_preprocessing *how,
                                   const char *path)
{
    struct tenka_run run;
    struct tenka_weights file;
    TENKA_TRY(run_init(&run, training, path));
    tenka_status status = tenka_weights_open(run.err, path, &file);
    if (status == TENKA_OK) {
        status = load(training, &run, how, &file);
        tenka_weights_close(&file);
    }
    run_finish(&run);
    return status;
}
