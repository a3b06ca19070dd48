#define _POSIX_C_SOURCE 200809L
#include "fault_script.h"

#include <dirent.h>
#include <unistd.h>

#include "tenka/profile.h"

#define IMAGES 12
#define SIDE 6

static const char net_text[] = "Conv2d(1,2,3) BatchNorm2d(2) ReLU() MaxPool2d(2) Dropout(0.25) Flatten() Linear(8,3)";

static const char *path_of(const struct script *s, const char *name)
{
    static char path[300];
    snprintf(path, sizeof(path), "%s/%s", s->folder, name);
    return path;
}

void script_make_folder(char *path, size_t bytes)
{
    snprintf(path, bytes, "%s/tenka-faults-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(path));
}

void script_remove_folder(const char *folder)
{
    const struct script s = {.folder = folder};
    DIR *dir = opendir(folder);
    for (struct dirent *entry = dir ? readdir(dir) : NULL; entry != NULL; entry = readdir(dir))
        if (entry->d_name[0] != '.')
            unlink(path_of(&s, entry->d_name));
    closedir(dir);
    rmdir(folder);
}

static void put(FILE *file, uint32_t word)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        fputc((int)(word >> shift & 255), file);
}

void script_write_data(const char *folder)
{
    const struct script s = {.folder = folder};
    FILE *const images = fopen(path_of(&s, "train-images-idx3-ubyte"), "wb");
    FILE *const labels = fopen(path_of(&s, "train-labels-idx1-ubyte"), "wb");
    assert_true(images && labels);
    put(images, 0x803);
    put(labels, 0x801);
    put(images, IMAGES);
    put(labels, IMAGES);
    put(images, SIDE);
    put(images, SIDE);
    for (int i = 0; i < IMAGES * SIDE * SIDE; i++)
        fputc(i * 37 % 251, images);
    for (int i = 0; i < IMAGES; i++)
        fputc(i % 3, labels);
    fclose(images);
    fclose(labels);
}

/* ---- Making the parts ---- */

static tenka_status open_context(struct script *s)
{
    struct tenka_ctx_params params = TENKA_CTX_DEFAULTS;
    params.backend = s->target->backend;
    params.device = s->target->backend == TENKA_BACKEND_VULKAN ? s->target->index : NULL;
    params.threads = 1; /* many small steps, beside other tests */
    params.tune = s->tune;
    params.cache_dir = s->cache_dir ? s->cache_dir : "";
    return tenka_ctx_create(&params, &s->ctx);
}

static tenka_status load_data(struct script *s)
{
    return tenka_dataset_load_idx(s->ctx, s->folder, true, &s->data);
}

static tenka_status make_loader(struct script *s, enum tenka_images_at at, tenka_loader **out)
{
    struct tenka_loader_params params = TENKA_LOADER_DEFAULTS;
    params.batch_size = 5;
    params.shuffle = true;
    params.images_at = at;
    return tenka_loader_create(s->ctx, s->data, &params, out);
}

static tenka_status load_on_device(struct script *s)
{
    return make_loader(s, TENKA_IMAGES_DEVICE, &s->on_device);
}

static tenka_status load_on_host(struct script *s)
{
    return make_loader(s, TENKA_IMAGES_HOST, &s->on_host);
}

static tenka_status make_net(struct script *s)
{
    tenka_manual_seed(s->ctx, 3);
    return tenka_nn_parse(s->ctx, net_text, &s->net);
}

static tenka_status make_optimizer(struct script *s)
{
    return tenka_adam_create(s->ctx, s->net, NULL, &s->opt);
}

static tenka_status make_meter(struct script *s)
{
    return tenka_meter_create(s->ctx, &s->meter);
}

/* ---- Training ---- */

static tenka_tensor trace_loss(struct script *s, uint32_t batch, tenka_tensor *out)
{
    float x[4 * SIDE * SIDE];
    int32_t y[4];
    for (size_t i = 0; i < sizeof(x) / sizeof(*x); i++)
        x[i] = (float)(i % 11) / 11;
    for (int32_t i = 0; i < 4; i++)
        y[i] = i % 3;
    const tenka_tensor input = tenka_input(s->ctx, TENKA_F32, tenka_shape_of(batch, 1, SIDE, SIDE), x);
    *out = tenka_forward(s->net, input);
    return tenka_cross_entropy(*out, tenka_input(s->ctx, TENKA_I32, tenka_shape_of(batch), y));
}

static tenka_status step(struct script *s, uint32_t batch)
{
    tenka_tensor out;
    tenka_manual_seed(s->ctx, 100 + batch); /* a failed step has drawn for its dropout */
    s->loss = trace_loss(s, batch, &out);
    tenka_backward(s->loss);
    tenka_meter_add(s->meter, s->loss);
    return tenka_optimizer_step(s->opt);
}

static tenka_status step_of_four(struct script *s)
{
    return step(s, 4);
}

static tenka_status step_of_two(struct script *s)
{
    return step(s, 2);
}

static tenka_status read_loss(struct script *s)
{
    double loss;
    return tenka_item(s->loss, &loss);
}

static tenka_status peek(struct script *s)
{
    return tenka_meter_peek(s->meter, NULL, NULL, NULL);
}

/* Gradients that the next step adds to. */
static tenka_status accumulate(struct script *s)
{
    tenka_tensor out;
    tenka_manual_seed(s->ctx, 5);
    tenka_backward(trace_loss(s, 3, &out));
    return tenka_step_end(s->ctx);
}

static tenka_status keep(struct script *s)
{
    tenka_tensor out;
    tenka_variable_destroy(&s->kept);
    tenka_manual_seed(s->ctx, 6);
    tenka_backward(trace_loss(s, 2, &out));
    const tenka_status status = tenka_keep(out, &s->kept);
    if (status == TENKA_OK)
        return tenka_optimizer_step(s->opt);
    tenka_step_discard(s->ctx); /* it could also go on without the tensor */
    return status;
}

static tenka_status forget_kept(struct script *s)
{
    tenka_variable_destroy(&s->kept);
    return TENKA_OK;
}

static tenka_status profile(struct script *s)
{
    struct tenka_kernel_time times[4];
    size_t count;
    tenka_status status = tenka_profile_begin(s->ctx);
    if (status != TENKA_OK)
        return status;
    tenka_module_train(s->net, false); /* a step that is run a second time changes nothing */
    tenka_no_grad_begin(s->ctx);
    tenka_tensor out;
    double value;
    status = tenka_item(trace_loss(s, 1, &out), &value);
    tenka_no_grad_end(s->ctx);
    tenka_module_train(s->net, true);
    if (status == TENKA_OK)
        status = tenka_profile_kernels(s->ctx, times, 4, &count);
    tenka_step_discard(s->ctx);
    const tenka_status ended = tenka_profile_end(s->ctx);
    return status == TENKA_OK ? ended : status;
}

/* ---- Evaluation ---- */

static tenka_status count_right(struct script *s, const struct tenka_batch *batch)
{
    double right;
    const tenka_tensor guess = tenka_argmax(tenka_forward(s->net, batch->input), 1);
    const tenka_status status = tenka_item(tenka_equal_count(guess, batch->target), &right);
    if (status == TENKA_OK)
        s->outcome.right += (uint64_t)right;
    return status;
}

static tenka_status evaluate(struct script *s, tenka_loader *loader)
{
    struct tenka_batch batch;
    tenka_status status;
    const uint64_t before = s->outcome.right;
    tenka_manual_seed(s->ctx, 8);
    tenka_loader_rewind(loader);
    tenka_module_train(s->net, false);
    tenka_no_grad_begin(s->ctx);
    while ((status = tenka_loader_next(loader, &batch)) == TENKA_OK)
        if ((status = count_right(s, &batch)) != TENKA_OK)
            break;
    tenka_no_grad_end(s->ctx);
    tenka_module_train(s->net, true);
    if (status == TENKA_END)
        return TENKA_OK;
    s->outcome.right = before;
    return status;
}

static tenka_status evaluate_from_device(struct script *s)
{
    return evaluate(s, s->on_device);
}

static tenka_status evaluate_from_host(struct script *s)
{
    return evaluate(s, s->on_host);
}

/* ---- Files ---- */

static tenka_status save_model(struct script *s)
{
    struct tenka_preprocessing how;
    const char *names[8];
    const tenka_status status = tenka_preprocessing_of(s->ctx, s->data, &how, names, 8);
    how.data = s->folder;
    return status == TENKA_OK ? tenka_model_save(s->net, &how, path_of(s, "net.safetensors")) : status;
}

static tenka_status read_where_images_are(struct script *s)
{
    char *data;
    const tenka_status status = tenka_model_data(s->ctx, path_of(s, "net.safetensors"), &data);
    if (status == TENKA_OK)
        assert_string_equal(data, s->folder);
    tenka_text_free(data);
    return status;
}

static tenka_status load_model(struct script *s)
{
    return tenka_model_load(s->net, path_of(s, "net.safetensors"));
}

static tenka_status save_pt(struct script *s)
{
    return tenka_model_save(s->net, NULL, path_of(s, "net.pt"));
}

static tenka_status load_pt(struct script *s)
{
    return tenka_model_load(s->net, path_of(s, "net.pt"));
}

static tenka_status open_model(struct script *s)
{
    tenka_manual_seed(s->ctx, 9); /* it draws the weights that it then replaces */
    return tenka_model_open(s->ctx, path_of(s, "net.safetensors"), &s->model);
}

static tenka_status forget_model(struct script *s)
{
    tenka_model_destroy(&s->model);
    return TENKA_OK;
}

static struct tenka_training training_of(const struct script *s)
{
    struct tenka_training training = TENKA_TRAINING_DEFAULTS;
    training.net = s->net;
    training.optimizer = s->opt;
    training.train_loader = s->on_device;
    training.test_loader = s->on_host;
    training.loss = s->meter;
    return training;
}

static tenka_status save_checkpoint(struct script *s)
{
    const struct tenka_training training = training_of(s);
    return tenka_checkpoint_save(&training, NULL, path_of(s, "run.ckpt"));
}

static tenka_status load_checkpoint(struct script *s)
{
    struct tenka_training training = training_of(s);
    return tenka_checkpoint_load(&training, NULL, path_of(s, "run.ckpt"));
}

/* ---- The outcome ---- */

/* FNV-1a */
static uint64_t hash(uint64_t start, const void *data, size_t bytes)
{
    const unsigned char *at = data;
    for (size_t i = 0; i < bytes; i++)
        start = (start ^ at[i]) * 1099511628211u;
    return start;
}

static uint64_t hash_file(const char *path)
{
    char text[65536];
    FILE *const file = fopen(path, "rb");
    assert_non_null(file);
    const size_t bytes = fread(text, 1, sizeof(text), file);
    fclose(file);
    return hash(1, text, bytes);
}

static tenka_status look(struct script *s)
{
    struct tenka_state_entry state[16];
    const size_t n = tenka_module_state(s->net, state, 16);
    uint64_t weights = 1;
    for (size_t i = 0; i < n; i++) {
        float values[128];
        if (state[i].var == NULL) {
            weights = hash(weights, state[i].number, sizeof(*state[i].number));
            continue;
        }
        const struct tenka_shape shape = tenka_variable_shape(state[i].var);
        size_t count = 1;
        for (uint32_t k = 0; k < shape.rank; k++)
            count *= shape.dim[k];
        const tenka_status status = tenka_variable_read(state[i].var, values, count * sizeof(*values));
        if (status != TENKA_OK)
            return status;
        weights = hash(weights, values, count * sizeof(*values));
    }
    s->outcome.weights = weights;
    s->outcome.file = hash_file(path_of(s, "run.ckpt"));
    return tenka_meter_read(s->meter, NULL, &s->outcome.mean, &s->outcome.values);
}

/* ---- The script ---- */

const struct stage script_stages[] = {
    {"open a context", open_context},
    {"load data", load_data},
    {"a loader on the device", load_on_device},
    {"a loader on the host", load_on_host},
    {"make a network", make_net},
    {"make an optimizer", make_optimizer},
    {"make a meter", make_meter},
    {"step", step_of_four},
    {"read the loss", read_loss},
    {"step of another size", step_of_two},
    {"step again", step_of_four},
    {"peek", peek},
    {"accumulate gradients", accumulate},
    {"step with them", step_of_four},
    {"peek again", peek},
    {"keep a tensor", keep},
    {"forget it", forget_kept},
    {"profile", profile},
    {"evaluate from the device", evaluate_from_device},
    {"evaluate from the host", evaluate_from_host},
    {"save a model", save_model},
    {"load it", load_model},
    {"read where its images are", read_where_images_are},
    {"save a .pt", save_pt},
    {"load that", load_pt},
    {"open the model", open_model},
    {"forget it", forget_model},
    {"save a checkpoint", save_checkpoint},
    {"step after it", step_of_two},
    {"load the checkpoint", load_checkpoint},
    {"step after that", step_of_two},
    {"look", look},
};
const size_t script_length = sizeof(script_stages) / sizeof(*script_stages);

void script_finish(struct script *s)
{
    tenka_model_destroy(&s->model);
    tenka_variable_destroy(&s->kept);
    tenka_meter_destroy(&s->meter);
    tenka_optimizer_destroy(&s->opt);
    tenka_module_destroy(&s->net);
    tenka_loader_destroy(&s->on_host);
    tenka_loader_destroy(&s->on_device);
    tenka_dataset_destroy(&s->data);
    tenka_ctx_destroy(&s->ctx);
}

const char *script_run(struct script *s, bool (*expected)(tenka_status status), void (*disarm)(void))
{
    const char *failed = "";
    for (size_t i = 0; i < script_length; i++) {
        tenka_status status = script_stages[i].run(s);
        if (status == TENKA_OK)
            continue;
        failed = script_stages[i].name;
        if (!expected(status) || tenka_last_error(s->ctx)[0] == '\0')
            fail_msg("%s: %s: \"%s\"", failed, tenka_status_text(status), tenka_last_error(s->ctx));
        disarm();
        status = script_stages[i].run(s);
        if (status != TENKA_OK)
            fail_msg("%s, once more: %s: \"%s\"", failed, tenka_status_text(status), tenka_last_error(s->ctx));
    }
    return failed;
}
