/* Files that only save time, the pipeline cache and what tuning found out: whatever becomes of them, or of the folder
 * that they are to lie in, training goes on and computes the same, with one line in the log at most.
 *   test_kept [mock|vulkan] */
#define _POSIX_C_SOURCE 200809L

#include "backend/vulkan/keep.h"
#include "core/os.h"
#include "support.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "faulty_vulkan.h"
#include "mock_vulkan.h"

#define STEPS 2

struct seen {
    double loss[STEPS];
    unsigned warnings, rehearsals;
    size_t caches_filled;
};

static char folder[] = "/tmp/tenka-kept-XXXXXX";
static bool mock;

static void count_warning(void *user, enum tenka_log_level level, const char *text)
{
    struct seen *seen = user;
    seen->warnings += level >= TENKA_LOG_WARNING;
    seen->rehearsals += strstr(text, "compiled ahead") != NULL;
}

/* dir and tune: as in struct tenka_ctx_params */
static struct seen train_tuned(const struct target *target, const char *dir, enum tenka_tune tune)
{
    static float x[8 * 20];
    static const int32_t y[8] = {0, 1, 2, 3, 4, 0, 1, 2};
    struct tenka_ctx_params params = TENKA_CTX_DEFAULTS;
    struct seen seen = {{0}, 0, 0, 0};
    tenka_ctx *ctx;
    tenka_module *net;
    tenka_optimizer *opt;
    for (size_t i = 0; i < sizeof(x) / sizeof(*x); i++)
        x[i] = (float)(i % 19) / 19 - 0.5f;
    params.backend = target->backend;
    params.device = target->index;
    params.log = count_warning;
    params.log_user = &seen;
    params.cache_dir = dir;
    params.tune = tune;
    must(NULL, tenka_ctx_create(&params, &ctx));
    must(ctx, tenka_nn_parse(ctx, "Linear(20, 12) ReLU() Linear(12, 5) LogSoftmax(dim=1)", &net));
    must(ctx, tenka_adam_create(ctx, net, NULL, &opt));
    for (int i = 0; i < STEPS; i++) {
        const tenka_tensor input = tenka_input(ctx, TENKA_F32, tenka_shape_of(8, 20), x);
        const tenka_tensor loss =
            tenka_nll_loss(tenka_forward(net, input), tenka_input(ctx, TENKA_I32, tenka_shape_of(8), y));
        tenka_backward(loss);
        must(ctx, tenka_optimizer_step(opt));
        must(ctx, tenka_item(loss, &seen.loss[i]));
    }
    tenka_optimizer_destroy(&opt);
    tenka_module_destroy(&net);
    tenka_ctx_destroy(&ctx);
    seen.caches_filled = mock_vulkan.caches_filled;
    if (mock_vulkan.live > 0 || mock_vulkan.complaint[0] != '\0')
        fail_msg("%zu Vulkan objects are left; %s", mock_vulkan.live, mock_vulkan.complaint);
    mock_vulkan_reset();
    return seen;
}

static struct seen train(const struct target *target, const char *dir)
{
    return train_tuned(target, dir, TENKA_TUNE_ON);
}

static void same(const struct seen *a, const struct seen *b, unsigned most_warnings, const char *what)
{
    if (memcmp(a->loss, b->loss, sizeof(a->loss)) != 0)
        fail_msg("%s: other losses", what);
    if (b->warnings > most_warnings)
        fail_msg("%s: %u warnings", what, b->warnings);
}

/* ---- Files ---- */

/* The path of the folder's file whose name ends so; false: there is none. */
static bool find_file(const char *end, char *path, size_t bytes)
{
    DIR *dir = opendir(folder);
    bool found = false;
    assert_non_null(dir);
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        const char *const dot = strrchr(entry->d_name, '.');
        if (dot && strcmp(dot, end) == 0) {
            snprintf(path, bytes, "%s/%s", folder, entry->d_name);
            found = true;
        }
    }
    closedir(dir);
    return found;
}

static void remove_files(void)
{
    char path[400];
    const char *const ends[] = {".cache", ".tune"};
    for (size_t i = 0; i < 2; i++)
        if (find_file(ends[i], path, sizeof(path)) && remove(path) != 0)
            fail_msg("cannot remove %s", path);
}

static void remove_folder(void)
{
    remove_files();
    rmdir(folder);
}

static size_t read_file(const char *path, unsigned char *data, size_t most)
{
    FILE *const file = fopen(path, "rb");
    assert_non_null(file);
    const size_t bytes = fread(data, 1, most, file);
    fclose(file);
    return bytes;
}

static void write_file(const char *path, const void *data, size_t bytes)
{
    FILE *const file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, bytes, file), bytes);
    fclose(file);
}

#define MOST ((size_t)64 << 20)

/* Trains with those bytes in the file's place, which then is made anew. */
static void try_content(const struct target *target, const struct seen *first, const char *path, const void *data,
                        size_t bytes, const char *what)
{
    struct stat info;
    write_file(path, data, bytes);
    const struct seen seen = train(target, folder);
    same(first, &seen, 0, what);
    if (stat(path, &info) != 0 || !S_ISREG(info.st_mode))
        fail_msg("%s: the file is gone", what);
    /* A driver that is not the mock does not say what it was given. */
    if (mock && train(target, folder).caches_filled != 1)
        fail_msg("%s: the pipeline cache was not made anew", what);
}

static void try_contents(const struct target *target, const struct seen *first, const char *path)
{
    unsigned char *const data = malloc(MOST), noise[4096];
    const size_t bytes = read_file(path, data, MOST);
    const size_t lengths[] = {0, 1, 7, 23, 24, 25, bytes / 2, bytes - 1};
    uint32_t word = 1;
    assert_true(bytes > 24 && bytes < MOST);
    /* Each costs an opened device, so real ones try less. */
    for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i += mock ? 1 : 6)
        try_content(target, first, path, data, lengths[i], "cut off");
    for (size_t i = 0; i < sizeof(noise); i++) {
        word = word * 1664525u + 1013904223u;
        noise[i] = (unsigned char)(word >> 24);
    }
    try_content(target, first, path, noise, sizeof(noise), "noise");
    /* A file that says that it is whole, of another program's making. */
    memcpy(noise, "tenkapc1", 8);
    memcpy(noise + 8, &(uint64_t){sizeof(noise) - 24}, 8);
    memcpy(noise + 16, &(uint64_t){tenka_vk_hash(TENKA_VK_HASH, noise + 24, sizeof(noise) - 24)}, 8);
    try_content(target, first, path, noise, sizeof(noise), "noise with a good checksum");
    for (size_t at = mock ? 0 : bytes / 2; at < bytes; at += mock ? 1 : bytes) {
        data[at] ^= 0x10;
        try_content(target, first, path, data, bytes, "a flipped bit");
        data[at] ^= 0x10;
    }
    free(data);
}

static void test_contents(void **state)
{
    char path[400];
    const char *const ends[] = {".cache", ".tune"};
    const struct seen first = train(*state, folder);
    for (size_t i = 0; i < 2; i++) {
        assert_true(find_file(ends[i], path, sizeof(path)));
        try_contents(*state, &first, path);
    }
    remove_files();
}

/* A folder where the file should be: it stays, and each start says once that its work is not kept. */
static void test_folder_in_place(void **state)
{
    char path[400];
    const char *const ends[] = {".cache", ".tune"};
    const struct seen first = train(*state, folder);
    for (size_t i = 0; i < 2; i++) {
        assert_true(find_file(ends[i], path, sizeof(path)));
        assert_int_equal(remove(path), 0);
        assert_int_equal(mkdir(path, 0777), 0);
        const struct seen seen = train(*state, folder);
        same(&first, &seen, 1, "a folder in the file's place");
        assert_int_equal(rmdir(path), 0);
        train(*state, folder);
    }
    remove_files();
}

/* What another version of the driver kept is not given to this one. */
static void test_other_driver(void **state)
{
    if (!mock)
        skip();
    mock_vulkan.cache_uuid = 1;
    const struct seen first = train(*state, folder), second = train(*state, folder);
    assert_int_equal(first.caches_filled, 0);
    assert_int_equal(second.caches_filled, 1);
    mock_vulkan.cache_uuid = 2;
    const struct seen other = train(*state, folder), again = train(*state, folder);
    assert_int_equal(other.caches_filled, 0);
    assert_int_equal(again.caches_filled, 1);
    same(&first, &other, 0, "another driver");
    mock_vulkan.cache_uuid = 0;
    remove_files();
}

/* ---- Rehearsals ---- */

/* Mesa's software driver compiles one kernel after the other, so a first start has them compiled ahead, on devices of
 * their own; the next ones find them kept, and nothing else differs. */
static void test_first_start(void **state)
{
    const struct target *target = *state;
    const bool lazy = strstr(target->label, "llvmpipe") != NULL && tenka_os_processors() > 1;
    const struct seen none = train_tuned(target, "", TENKA_TUNE_OFF);
    const struct seen first = train_tuned(target, folder, TENKA_TUNE_OFF);
    const struct seen second = train_tuned(target, folder, TENKA_TUNE_OFF);
    assert_int_equal(none.rehearsals, 0);
    assert_int_equal(first.rehearsals, lazy);
    assert_int_equal(second.rehearsals, 0);
    same(&none, &first, 0, "a first start");
    same(&none, &second, 0, "a second start");
    remove_files();
}

/* ---- Folders ---- */

static void test_no_folder(void **state)
{
    char file[400];
    const struct seen first = train(*state, "");
    const char *const bad[] = {"/proc/tenka", "/dev/null", "/dev/null/below", file};
    snprintf(file, sizeof(file), "%s/file.cache", folder);
    write_file(file, "x", 1);
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        const struct seen seen = train(*state, bad[i]);
        same(&first, &seen, 1, bad[i]);
    }
    remove_files();
}

/* Where the usual folder would be: a home that cannot be written, that is no path, that is not there. */
static void test_no_home(void **state)
{
    const struct {
        const char *home, *cache;
    } cases[] = {{"/proc", NULL},          {"/dev/null", NULL}, {"", NULL},
                 {"relative", "relative"}, {NULL, NULL},        {NULL, "/proc/self/nothing"}};
    const char *const old_home = getenv("HOME"), *const old_cache = getenv("XDG_CACHE_HOME");
    char *const home = old_home ? strdup(old_home) : NULL, *const cache = old_cache ? strdup(old_cache) : NULL;
    const struct seen first = train(*state, "");
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        if (cases[i].home)
            setenv("HOME", cases[i].home, 1);
        else
            unsetenv("HOME");
        if (cases[i].cache)
            setenv("XDG_CACHE_HOME", cases[i].cache, 1);
        else
            unsetenv("XDG_CACHE_HOME");
        const struct seen seen = train(*state, NULL);
        same(&first, &seen, 1, cases[i].home ? cases[i].home : "no home");
    }
    if (home)
        setenv("HOME", home, 1);
    if (cache)
        setenv("XDG_CACHE_HOME", cache, 1);
    free(home);
    free(cache);
}

int main(int argc, char **argv)
{
    struct CMUnitTest tests[] = {
        cmocka_unit_test(test_contents),    cmocka_unit_test(test_folder_in_place), cmocka_unit_test(test_other_driver),
        cmocka_unit_test(test_first_start), cmocka_unit_test(test_no_folder),       cmocka_unit_test(test_no_home),
    };
    char vulkan[] = "vulkan", *names[] = {argv[0], vulkan};
    mock = argc < 2 || strcmp(argv[1], "mock") == 0;
    if (!mkdtemp(folder)) {
        perror("mkdtemp");
        return 1;
    }
    atexit(remove_folder);
    if (mock)
        faulty_vulkan_begin(true);
    else
        faulty_vulkan_hold_drivers();
    RUN_ON_TARGETS(2, names, tests);
}
