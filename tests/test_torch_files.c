/* Files with weights as people have them: PyTorch's of all ages, with whatever a run keeps beside the weights, under
 * names that wrappers have changed.   test_torch_files FOLDER-OF-GOLDEN-FILES (tools/golden/torch_files.py) */
#define _POSIX_C_SOURCE 200809L
#include "allocations.h"
#include "inputs.h"

#include <unistd.h>
#include <zip.h>

static char file[64], said[1000];
static int times_said;
static const char *golden;

static int set_up(void **state)
{
    (void)state;
    strcpy(file, "/tmp/tenka-torch-XXXXXX");
    const int descriptor = mkstemp(file);
    return descriptor < 0 || close(descriptor) != 0;
}

static int tear_down(void **state)
{
    (void)state;
    return unlink(file);
}

static void remember(void *user, enum tenka_log_level level, const char *text)
{
    (void)user;
    if (level != TENKA_LOG_INFO)
        return;
    snprintf(said, sizeof(said), "%s", text);
    times_said++;
}

static tenka_ctx *listening(void)
{
    struct tenka_ctx_params params = TENKA_CTX_DEFAULTS;
    tenka_ctx *ctx;
    params.backend = TENKA_BACKEND_CPU;
    params.log = remember;
    assert_int_equal(tenka_ctx_create(&params, &ctx), TENKA_OK);
    return ctx;
}

static tenka_module *make(tenka_ctx *ctx, const char *text)
{
    tenka_module *net;
    assert_int_equal(tenka_nn_parse(ctx, text, &net), TENKA_OK);
    said[0] = '\0';
    times_said = 0;
    return net;
}

/* The first layer's weight is [[1.5, -3]], its bias 0.25. */
static void assert_weights(tenka_module *net, const char *weight, const char *bias)
{
    float w[2], b;
    assert_int_equal(tenka_variable_read(tenka_module_find(net, weight), w, sizeof(w)), TENKA_OK);
    assert_int_equal(tenka_variable_read(tenka_module_find(net, bias), &b, sizeof(b)), TENKA_OK);
    assert_true(w[0] == 1.5f && w[1] == -3 && b == 0.25f);
}

/* ---- PyTorch's own files ---- */

/* part: of the sentence with which it is refused, or else of the notice. */
static void check_golden(tenka_ctx *ctx, const char *name, bool loads, const char *part)
{
    char path[4096];
    tenka_module *net = make(ctx, "Linear(2,1) Identity()");
    snprintf(path, sizeof(path), "%s/%s.pt", golden, name);
    const tenka_status status = tenka_model_load(net, path);
    if (loads && status != TENKA_OK)
        fail_msg("%s", tenka_last_error(ctx));
    if (loads) {
        assert_weights(net, "0.weight", "0.bias");
        assert_int_equal(times_said, part != NULL);
        if (strstr(said, part != NULL ? part : "") == NULL)
            fail_msg("%s: expected \"%s\" in \"%s\"", name, part, said);
    } else {
        assert_fails(ctx, status, TENKA_E_FORMAT, part);
    }
    tenka_module_destroy(&net);
}

static void test_golden(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bool loads;
        const char *part;
    } cases[] = {
        {"checkpoint2", true, NULL},
        {"checkpoint3", true, NULL},
        {"checkpoint4", true, NULL},
        {"checkpoint5", true, NULL},
        {"old2", true, NULL},
        {"old4", true, NULL},
        {"attributes", true, NULL},
        {"parameters", true, NULL},
        {"averaged", true, "\"module.0.bias\" is taken for \"0.bias\""},
        {"parallel", true, "\"module.0.bias\" is taken for \"0.bias\""},
        {"whole", false, "as a whole (torch.nn.modules.container.Sequential)"},
        {"whole", false, "torch.save(torch.load(\"old.pt\", map_location=\"cpu\", weights_only=False).state_dict(), "},
        {"whole_beside", false, "weights_only=False)[\"model\"].state_dict(), \"new.pt\")"},
    };
    tenka_ctx *ctx = listening();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char name[40];
        for (int major = 1; major <= 2; major++) {
            snprintf(name, sizeof(name), "torch%d_%s", major, cases[i].name);
            check_golden(ctx, name, cases[i].loads, cases[i].part);
        }
    }
    check_golden(ctx, "torch2_compiled", true, "\"_orig_mod.0.bias\" is taken for \"0.bias\"");
    check_golden(ctx, "torch2_eights", true, NULL);
    check_golden(ctx, "torch2_eight_weight", false, "\"0.weight\" is F8_E4M3, expected F32, F64, F16 or BF16");
    tenka_ctx_destroy(&ctx);
}

/* ---- Files made here: the pickle of a dict of the storages 0, two floats, and 1, one float ---- */

#define TEXT(length, text) "X" length "\0\0\0" text
#define DICT "ccollections\nOrderedDict\n)R"
#define TENSOR(key, count, size, stride)                                                                   \
    "ctorch._utils\n_rebuild_tensor_v2\n((" TEXT("\7", "storage") "ctorch\nFloatStorage\n" TEXT("\1", key) \
        TEXT("\3", "cpu") "K" count "tQK\0" size stride "\x89" DICT "tR"
#define WEIGHT TENSOR("0", "\2", "K\1K\2\x86", "K\2K\1\x86")
#define BIAS TENSOR("1", "\1", "K\1\x85", "K\1\x85")
#define STATE "(" TEXT("\6", "weight") WEIGHT TEXT("\4", "bias") BIAS "u"
#define PICKLE(text) text, sizeof(text) - 1

static const float weight[2] = {1.5f, -3}, bias[1] = {0.25f};

static void add(zip_t *zip, const char *name, const void *data, size_t bytes)
{
    zip_source_t *const source = zip_source_buffer(zip, data, bytes, 0);
    const zip_int64_t index = zip_file_add(zip, name, source, 0);
    assert_true(index >= 0);
    zip_set_file_compression(zip, (zip_uint64_t)index, ZIP_CM_STORE, 0);
}

/* swapped: as a machine writes them whose bytes stand the other way round. */
static void write_zip(const void *pickle, size_t bytes, bool swapped)
{
    unsigned char first[8], second[4];
    int code;
    for (size_t i = 0; i < 12; i++) {
        const unsigned char byte = i < 8 ? ((const unsigned char *)weight)[i] : ((const unsigned char *)bias)[i - 8];
        const size_t at = swapped ? i / 4 * 4 + 3 - i % 4 : i;
        *(at < 8 ? &first[at] : &second[at - 8]) = byte;
    }
    unlink(file);
    zip_t *const zip = zip_open(file, ZIP_CREATE, &code);
    assert_non_null(zip);
    add(zip, "a/data.pkl", pickle, bytes);
    add(zip, "a/data/0", first, sizeof(first));
    add(zip, "a/data/1", second, sizeof(second));
    add(zip, "a/byteorder", swapped ? "big" : "little", swapped ? 3 : 6);
    assert_int_equal(zip_close(zip), 0);
}

struct place {
    const char *pickle;
    size_t bytes;
    const char *part; /* NULL: it loads */
};

static void check_places(const struct place *places, size_t count)
{
    tenka_ctx *ctx = listening();
    tenka_module *net = make(ctx, "Linear(2,1)");
    for (size_t i = 0; i < count; i++) {
        write_zip(places[i].pickle, places[i].bytes, false);
        const tenka_status status = tenka_model_load(net, file);
        if (places[i].part != NULL)
            assert_fails(ctx, status, TENKA_E_FORMAT, places[i].part);
        else if (status != TENKA_OK)
            fail_msg("case %zu: %s", i, tenka_last_error(ctx));
        else
            assert_weights(net, "weight", "bias");
    }
    tenka_module_destroy(&net);
    tenka_ctx_destroy(&ctx);
}

/* Where people keep a state_dict, and dicts that Python 2 or others have written. */
static void test_places(void **state)
{
    (void)state;
    static const struct place places[] = {
        {PICKLE("\x80\2}" STATE "."), NULL},
        {PICKLE("\x80\2}" TEXT("\12", "state_dict") "}" STATE "s."), NULL},
        {PICKLE("\x80\2}" TEXT("\20", "model_state_dict") "}" STATE "s."), NULL},
        {PICKLE("\x80\2}" TEXT("\13", "model_state") "}" STATE "s."), NULL},
        {PICKLE("\x80\2}" TEXT("\5", "model") "}" STATE "s."), NULL},
        {PICKLE("\x80\2}" TEXT("\3", "net") "}" STATE "s."), NULL},
        {PICKLE("\x80\2}" TEXT("\7", "network") "}" STATE "s."), NULL},
        {PICKLE("\x80\2}" TEXT("\7", "weights") "}" STATE "s."), NULL},
        {PICKLE("\x80\2}(" TEXT("\5", "model") "}K\1K\2s" TEXT("\3", "net") "}" STATE "u."), NULL}, /* of settings */
        {PICKLE("\x80\2}(" TEXT("\3", "ema") "}" STATE TEXT("\5", "model") "}" STATE "u."), NULL},
        {PICKLE("\x80\2}(" TEXT("\1", "G") "}" STATE TEXT("\5", "epoch") "K\1u."), NULL}, /* the only one */
        {PICKLE("\x80\2}(" TEXT("\1", "G") "}" STATE TEXT("\1", "D") "}" STATE "u."),
         "it holds 2 state_dicts (\"G\", \"D\"); save the one that is meant"},
        {PICKLE("\x80\2}(" TEXT("\5", "epoch") "K\1" TEXT("\6", "weight") WEIGHT TEXT("\4", "bias") BIAS "u."), NULL},
        {PICKLE("\x80\2}q\0(" TEXT("\5", "model") "h\0" TEXT("\3", "net") "h\0u."),
         "\"model\" is no tensor but a dict"},
        {PICKLE("\x80\2}(" TEXT("\6", "weight") "C\1wu."), "\"weight\" is no tensor but bytes"},
        {PICKLE("\x80\2ccollections\nOrderedDict\n(](](U\6weight" WEIGHT "e](U\4bias" BIAS "eetR."), NULL},
        {PICKLE("\x80\2ccollections\nOrderedDict\n](K\1e\x85R."), "a dict's items as pairs"},
        {PICKLE("\x80\4\x95\0\0\0\0\0\0\0\0\x8c\x0b"
                "collections\x8c\x0bOrderedDict\x93\x94)R\x94" STATE "."),
         NULL},
        {PICKLE("\x80\2c__main__\nNet\n)\x81}(" TEXT("\13", "_parameters") "}" TEXT("\10", "_modules") "}ub."),
         "as a whole (__main__.Net)"},
        {PICKLE("\x80\2(" TEXT("\6", "module") "c__main__\nNet\n" TEXT("\1", "f")
                    TEXT("\1", "s") "tQ)\x81}(" TEXT("\13", "_parameters") "}" TEXT("\10", "_modules") "}ub."),
         "as a whole (__main__.Net)"},
    };
    check_places(places, sizeof(places) / sizeof(places[0]));
}

/* Empty dicts under the names that it is looked for under, and tensors beside it. */
static void test_beside(void **state)
{
    (void)state;
    static const struct place places[] = {
        {PICKLE("\x80\2}(" TEXT("\6", "params") "}" TEXT("\1", "G") "}" STATE "u."), NULL},
        {PICKLE("\x80\2}(" TEXT("\6", "params") "}" TEXT("\5", "model") "}" TEXT("\3", "net") "}" STATE "u."), NULL},
        {PICKLE("\x80\2}(" TEXT("\6", "params") "}" TEXT("\1", "G") "}" STATE TEXT("\1", "D") "}" STATE "u."),
         "it holds 2 state_dicts"},
        {PICKLE("\x80\2}" TEXT("\6", "params") "}s."), "Missing key(s) in state_dict: \"weight\", \"bias\"."},
        {PICKLE("\x80\2}" TEXT("\5", "model") "}" TEXT("\6", "params") "}ss."), "Missing key(s)"},
        {PICKLE("\x80\2}."), "Missing key(s)"},
        {PICKLE("\x80\2}(" TEXT("\3", "acc") BIAS TEXT("\1", "G") "}" STATE "u."), NULL}, /* G has more elements */
        {PICKLE("\x80\2}(" TEXT("\6", "weight") WEIGHT TEXT("\4", "bias") BIAS TEXT("\4", "more") "}" TEXT("\1", "s")
                    BIAS "su."),
         NULL},
        {PICKLE("\x80\2}(" TEXT("\3", "acc") BIAS TEXT("\1", "G") "}" STATE TEXT("\1", "D") "}" STATE "u."),
         "Unexpected key(s) in state_dict: \"acc\""},
    };
    check_places(places, sizeof(places) / sizeof(places[0]));
}

static void test_big_endian(void **state)
{
    (void)state;
    static const char pickle[] = "\x80\2}" STATE ".";
    tenka_ctx *ctx = listening();
    tenka_module *net = make(ctx, "Linear(2,1)");
    write_zip(pickle, sizeof(pickle) - 1, true);
    assert_int_equal(tenka_model_load(net, file), TENKA_OK);
    assert_weights(net, "weight", "bias");
    tenka_module_destroy(&net);
    tenka_ctx_destroy(&ctx);
}

/* ---- Names ---- */

/* A safetensors file of two tensors under these names, and of a third of no elements. */
static void write_names(const char *w, const char *b, const char *third)
{
    unsigned char bytes[1024] = {0};
    char more[200] = "";
    if (third != NULL)
        snprintf(more, sizeof(more), ",\"%s\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[12,12]}", third);
    const int length = snprintf((char *)bytes + 8, sizeof(bytes) - 8,
                                "{\"%s\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[0,8]},\"%s\":{\"dtype\":"
                                "\"F32\",\"shape\":[1],\"data_offsets\":[8,12]}%s}",
                                w, b, more);
    bytes[0] = (unsigned char)length;
    bytes[1] = (unsigned char)(length >> 8);
    memcpy(bytes + 8 + length, weight, sizeof(weight));
    memcpy(bytes + 16 + length, bias, sizeof(bias));
    write_file(file, bytes, (size_t)length + 20);
}

static void test_wrapped_names(void **state)
{
    (void)state;
    static const char plain[] = "Linear(2,1) Identity()", held[] = "Net((model): Sequential((0): Linear(2,1)))",
                      wrapped[] = "Net((module): Sequential((0): Linear(2,1)))";
    static const struct {
        const char *net, *weight, *bias, *third;
        bool loads;
        const char *part; /* of the notice, or of the sentence; NULL: there is no notice */
    } cases[] = {
        {plain, "0.weight", "0.bias", NULL, true, NULL},
        {plain, "module.0.weight", "module.0.bias", NULL, true, "\"module.0.bias\" is taken for \"0.bias\""},
        {plain, "_orig_mod.0.weight", "_orig_mod.0.bias", NULL, true, "_orig_mod"},
        {plain, "module._orig_mod.0.weight", "module._orig_mod.0.bias", NULL, true, "module._orig_mod.0.bias"},
        {plain, "0._orig_mod.weight", "0._orig_mod.bias", NULL, true, "0._orig_mod.bias"}, /* one layer compiled */
        {plain, "0.module.weight", "0.bias", NULL, true, "\"0.module.weight\" is taken for \"0.weight\""},
        {plain, "model.0.weight", "model.0.bias", NULL, true, "\"model.0.bias\" is taken for \"0.bias\""},
        {plain, "net.0.weight", "net.0.bias", NULL, true, "net.0.bias"},
        {plain, "model.net._orig_mod.0.weight", "model.net._orig_mod.0.bias", NULL, true, "model.net._orig_mod.0.bias"},
        {plain, "module.0.weight", "module.0.bias", "n_averaged", true, "module.0.bias"},
        {held, "model.0.weight", "model.0.bias", NULL, true, NULL},
        {held, "module.model.0.weight", "module.model.0.bias", NULL, true, "module.model.0.bias"},
        {wrapped, "module.0.weight", "module.0.bias", NULL, true, NULL},
        {wrapped, "module.module.0.weight", "module.module.0.bias", NULL, true, "module.module.0.bias"},
        {wrapped, "0.weight", "0.bias", NULL, true, "\"0.bias\" is taken for \"module.0.bias\""},
        {plain, "model.0.weight", "net.0.bias", NULL, false, "Unexpected key(s) in state_dict: \"model.0.weight\""},
        {plain, "model.0.weight", "model.0.bias", "loss.weight", false, "\"loss.weight\""},
        {plain, "module.0.weight", "module.1.bias", NULL, false, "Missing key(s) in state_dict: \"0.weight\""},
        {plain, "encoder.0.weight", "encoder.0.bias", NULL, false, "\"encoder.0.weight\""},
        {plain, "module.0.weight", "module.0.bias", "0.weight", false, "Missing key(s) in state_dict: \"0.bias\""},
        {plain, "0.module", "0.bias", NULL, false, "\"0.module\""},
        {plain, "0.weight", "0.bias", "n_averaged", false, "Unexpected key(s) in state_dict: \"n_averaged\""},
    };
    tenka_ctx *ctx = listening();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        tenka_module *net = make(ctx, cases[i].net);
        struct tenka_state_entry entries[2];
        tenka_module_state(net, entries, 2);
        write_names(cases[i].weight, cases[i].bias, cases[i].third);
        const tenka_status status = tenka_model_load(net, file);
        if (!cases[i].loads) {
            assert_fails(ctx, status, TENKA_E_FORMAT, cases[i].part);
        } else {
            if (status != TENKA_OK || times_said != (cases[i].part != NULL) ||
                strstr(said, cases[i].part != NULL ? cases[i].part : "") == NULL)
                fail_msg("case %zu: \"%s\", \"%s\"", i, said, tenka_last_error(ctx));
            assert_weights(net, entries[0].name, entries[1].name);
        }
        tenka_module_destroy(&net);
    }
    tenka_ctx_destroy(&ctx);
}

/* ---- What is there instead of a file ---- */

static void test_other_files(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n", "a pointer of Git LFS"},
        {"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n", "\"git lfs pull\""},
        {"/annex/objects/SHA256E-s5--00.pt\n", "\"git annex get\""},
    };
    tenka_ctx *ctx = listening();
    tenka_module *net = make(ctx, "Linear(2,1)");
    bool has_net;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        write_file(file, cases[i][0], strlen(cases[i][0]));
        assert_fails(ctx, tenka_model_load(net, file), TENKA_E_FORMAT, cases[i][1]);
        assert_fails(ctx, tenka_model_has_net(ctx, file, &has_net), TENKA_E_FORMAT, cases[i][1]);
    }
    tenka_module_destroy(&net);
    tenka_ctx_destroy(&ctx);
}

/* An archive whose first member has that name. */
static void write_tar(const char *name)
{
    char bytes[1024] = "";
    snprintf(bytes, 100, "%s", name);
    memcpy(bytes + 257, "ustar", 6);
    write_file(file, bytes, sizeof(bytes));
}

static void test_tar(void **state)
{
    (void)state;
    static const char *const names[] = {"sys_info", "./a"};
    static const char part[] =
        "torch.save(torch.load(\"old.pt\", map_location=\"cpu\", weights_only=False), \"new.pt\")";
    tenka_ctx *ctx = listening();
    tenka_module *net = make(ctx, "Linear(2,1)");
    bool has_net;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        write_tar(names[i]);
        assert_fails(ctx, tenka_model_load(net, file), TENKA_E_FORMAT, part);
        assert_fails(ctx, tenka_model_has_net(ctx, file, &has_net), TENKA_E_FORMAT, "a tar archive");
    }
    write_tar("\7\1\1\1\1\1\1\1{"); /* the header of a safetensors file may have the word in it */
    assert_fails(ctx, tenka_model_load(net, file), TENKA_E_FORMAT, "a header of");
    tenka_module_destroy(&net);
    tenka_ctx_destroy(&ctx);
}

static void test_program(void **state)
{
    (void)state;
    int code;
    tenka_ctx *ctx = listening();
    tenka_module *net = make(ctx, "Linear(2,1)");
    unlink(file);
    zip_t *const zip = zip_open(file, ZIP_CREATE, &code);
    assert_non_null(zip);
    add(zip, "net/data.pkl", "\x80\2}.", 4);
    add(zip, "net/constants.pkl", "\x80\2).", 4);
    assert_int_equal(zip_close(zip), 0);
    assert_fails(ctx, tenka_model_load(net, file), TENKA_E_FORMAT, "torch.save(torch.jit.load(\"old.pt\"");
    tenka_module_destroy(&net);
    tenka_ctx_destroy(&ctx);
}

/* ---- Damaged files of before PyTorch 1.6 ---- */

/* Every cut and many changed bytes: a status, and a network that keeps its weights unless all was read. */
static void test_damage(void **state)
{
    (void)state;
    static unsigned char whole[8192], bytes[8192];
    char path[4096];
    tenka_ctx *ctx = listening();
    tenka_module *net = make(ctx, "Linear(2,1) Identity()");
    snprintf(path, sizeof(path), "%s/torch1_old4.pt", golden);
    FILE *const in = fopen(path, "rb");
    assert_non_null(in);
    const size_t count = fread(whole, 1, sizeof(whole), in);
    fclose(in);
    uint32_t random = 1;
    for (size_t i = 0; i < count + 2000; i++) {
        memcpy(bytes, whole, count);
        for (int k = 0; k < 3; k++) {
            random = random * 1664525u + 1013904223u;
            bytes[(random >> 8) % count] = (unsigned char)(random >> 24);
        }
        write_file(file, i < count ? whole : bytes, i < count ? i : count);
        const tenka_status status = tenka_model_load(net, file);
        if (status != TENKA_E_FORMAT && !(i >= count && status == TENKA_OK))
            fail_msg("damage %zu: %s: %s", i, tenka_status_text(status), tenka_last_error(ctx));
    }
    tenka_module_destroy(&net);
    tenka_ctx_destroy(&ctx);
}

struct loading {
    tenka_module *net;
    char path[4096];
};

static tenka_status load(void *user)
{
    const struct loading *const l = user;
    return tenka_model_load(l->net, l->path);
}

/* Each allocation of a load fails once: a typed error, and nothing leaks. */
static void test_each_allocation(void **state)
{
    (void)state;
    static const char *const names[] = {"torch1_parallel", "torch1_old4", "torch2_checkpoint2", "torch2_averaged"};
    tenka_ctx *ctx = cpu(0);
    struct loading l = {.net = make(ctx, "Linear(2,1) Identity()")};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(l.path, sizeof(l.path), "%s/%s.pt", golden, names[i]);
        assert_true(fail_each_allocation(ctx, load, &l) > 4);
    }
    tenka_module_destroy(&l.net);
    tenka_ctx_destroy(&ctx);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),        cmocka_unit_test(test_places),
        cmocka_unit_test(test_beside),        cmocka_unit_test(test_big_endian),
        cmocka_unit_test(test_wrapped_names), cmocka_unit_test(test_other_files),
        cmocka_unit_test(test_tar),           cmocka_unit_test(test_program),
        cmocka_unit_test(test_damage),        cmocka_unit_test(test_each_allocation),
    };
    golden = argc > 1 ? argv[1] : "tests/golden/torch_files";
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
