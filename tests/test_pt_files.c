/* PyTorch's .pt files: there and back, files of PyTorch's own, and files that must be refused.
 *   test_pt_files FOLDER-OF-GOLDEN-WEIGHTS */
#define _POSIX_C_SOURCE 200809L
#include "allocations.h"
#include "inputs.h"

#include <unistd.h>
#include <zip.h>

static char dir[64], file[80];
static const char *golden;
static const char net_text[] = "BatchNorm2d(2) Flatten() Linear(8,2)", linear_text[] = "Linear(3,2) Linear(2,2)";

static int set_up(void **state)
{
    (void)state;
    strcpy(dir, "/tmp/tenka-pt-XXXXXX");
    if (mkdtemp(dir) == NULL)
        return 1;
    snprintf(file, sizeof(file), "%s/net.pt", dir);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(file);
    return rmdir(dir);
}

static tenka_module *make(tenka_ctx *ctx, const char *text)
{
    tenka_module *net;
    assert_int_equal(tenka_nn_parse(ctx, text, &net), TENKA_OK);
    return net;
}

static void read_values(tenka_module *net, const char *name, float *out, size_t count)
{
    assert_int_equal(tenka_variable_read(tenka_module_find(net, name), out, count * sizeof(float)), TENKA_OK);
}

static size_t read_whole(const char *path, unsigned char *out, size_t room)
{
    FILE *const in = fopen(path, "rb");
    assert_non_null(in);
    const size_t count = fread(out, 1, room, in);
    assert_true(count < room);
    fclose(in);
    return count;
}

/* ---- There and back ---- */

static void test_there_and_back(void **state)
{
    (void)state;
    static unsigned char first[8192], second[8192];
    float saved[16], loaded[16];
    bool has_net = true;
    tenka_model *model;
    tenka_ctx *ctx = cpu(3);
    tenka_module *net = make(ctx, net_text), *other = make(ctx, net_text);
    assert_int_equal(tenka_model_save(net, NULL, file), TENKA_OK);
    const size_t bytes = read_whole(file, first, sizeof(first));
    assert_int_equal(tenka_model_load(other, file), TENKA_OK);
    read_values(net, "2.weight", saved, 16);
    read_values(other, "2.weight", loaded, 16);
    assert_memory_equal(saved, loaded, sizeof(saved));
    assert_int_equal(tenka_model_has_net(ctx, file, &has_net), TENKA_OK);
    assert_false(has_net);
    assert_fails(ctx, tenka_model_open(ctx, file, &model), TENKA_E_FORMAT, "no network text");
    /* Equal content, equal file. */
    assert_int_equal(tenka_model_save(other, NULL, file), TENKA_OK);
    assert_int_equal(read_whole(file, second, sizeof(second)), bytes);
    assert_memory_equal(first, second, bytes);
    tenka_module_destroy(&net);
    tenka_module_destroy(&other);
    tenka_ctx_destroy(&ctx);
}

static unsigned little_endian(const unsigned char *p, int bytes)
{
    return bytes > 0 ? p[0] | little_endian(p + 1, bytes - 1) << 8 : 0;
}

/* Every entry's data begins at a multiple of 64 bytes, as in torch.save. */
static void test_alignment(void **state)
{
    (void)state;
    static unsigned char bytes[8192];
    tenka_ctx *ctx = cpu(3);
    tenka_module *net = make(ctx, net_text);
    assert_int_equal(tenka_model_save(net, NULL, file), TENKA_OK);
    read_whole(file, bytes, sizeof(bytes));
    int entries = 0;
    for (size_t at = 0; little_endian(bytes + at, 4) == 0x04034b50; entries++) {
        const size_t data = at + 30 + little_endian(bytes + at + 26, 2) + little_endian(bytes + at + 28, 2);
        assert_int_equal(data % 64, 0);
        assert_int_equal(little_endian(bytes + at + 8, 2), 0); /* stored */
        at = data + little_endian(bytes + at + 18, 4);
    }
    assert_int_equal(entries, 9); /* data.pkl, seven tensors, version */
    tenka_module_destroy(&net);
    tenka_ctx_destroy(&ctx);
}

/* BatchNorm2d's num_batches_tracked: counted while training alone, and kept by both formats. */
static void test_counter(void **state)
{
    (void)state;
    static unsigned char bytes[8192];
    static const char *const names[] = {"net.pt", "net.safetensors"};
    static const float x[16] = {1, 2, 3};
    tenka_ctx *ctx = cpu(3);
    for (size_t i = 0; i < 2; i++) {
        char path[100];
        snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
        tenka_module *net = make(ctx, net_text), *other = make(ctx, net_text);
        assert_int_equal(tenka_module_check(net, tenka_shape_of(2, 2, 2, 2), NULL), TENKA_OK);
        for (int step = 0; step < 4; step++) {
            tenka_module_train(net, step != 1);
            tenka_forward(net, tenka_input(ctx, TENKA_F32, tenka_shape_of(2, 2, 2, 2), x));
            assert_int_equal(tenka_step_end(ctx), TENKA_OK);
        }
        assert_int_equal(tenka_model_save(net, NULL, path), TENKA_OK);
        assert_int_equal(tenka_model_load(other, path), TENKA_OK);
        assert_int_equal(tenka_model_save(other, NULL, path), TENKA_OK);
        const size_t count = read_whole(path, bytes, sizeof(bytes));
        bool found = false;
        for (size_t at = 0; at + 8 <= count && !found; at++)
            found = bytes[at] == 3 && at % 8 == 0 && memcmp(bytes + at + 1, "\0\0\0\0\0\0", 7) == 0;
        assert_true(found);
        unlink(path);
        tenka_module_destroy(&net);
        tenka_module_destroy(&other);
    }
    tenka_ctx_destroy(&ctx);
}

/* ---- PyTorch's files ---- */

static void test_torch_dtypes(void **state)
{
    (void)state;
    static const float expected[] = {7, 10, 13, 8, 11, 14, -0x1p-24f, 65504, 1.5f, 1.5f, -3, -3, -0.5f, 0x1p-20f};
    char path[4096];
    float found[14];
    tenka_ctx *ctx = cpu(0);
    tenka_module *net = make(ctx, linear_text);
    snprintf(path, sizeof(path), "%s/torch_dtypes.pt", golden);
    if (tenka_model_load(net, path) != TENKA_OK)
        fail_msg("%s", tenka_last_error(ctx));
    read_values(net, "0.weight", found, 6);
    read_values(net, "0.bias", found + 6, 2);
    read_values(net, "1.weight", found + 8, 4);
    read_values(net, "1.bias", found + 12, 2);
    assert_memory_equal(found, expected, sizeof(expected));
    snprintf(path, sizeof(path), "%s/torch_extra.pt", golden);
    assert_fails(ctx, tenka_model_load(net, path), TENKA_E_FORMAT, "Unexpected key(s) in state_dict: \"2.extra\".");
    snprintf(path, sizeof(path), "%s/torch_legacy.pt", golden);
    assert_fails(ctx, tenka_model_load(net, path), TENKA_E_FORMAT, "Unexpected key(s) in state_dict: \"2.extra\".");
    tenka_module_destroy(&net);
    tenka_ctx_destroy(&ctx);
}

/* ---- Files that must be refused ---- */

struct entry {
    const char *name;
    const void *data;
    size_t bytes;
};

static void write_zip(const struct entry *entries, size_t count, bool compress)
{
    int code;
    unlink(file);
    zip_t *const zip = zip_open(file, ZIP_CREATE, &code);
    assert_non_null(zip);
    for (size_t i = 0; i < count; i++) {
        zip_source_t *const source = zip_source_buffer(zip, entries[i].data, entries[i].bytes, 0);
        const zip_int64_t index = zip_file_add(zip, entries[i].name, source, 0);
        assert_true(index >= 0);
        zip_set_file_compression(zip, (zip_uint64_t)index, compress ? ZIP_CM_DEFLATE : ZIP_CM_STORE, 0);
    }
    assert_int_equal(zip_close(zip), 0);
}

/* Pieces of pickles: a state_dict of one tensor "w". */
#define TEXT(length, text) "X" length "\0\0\0" text
#define DICT "ccollections\nOrderedDict\n)R"
#define STORAGE(class, count) \
    "(" TEXT("\7", "storage") "ctorch\n" class "\n" TEXT("\1", "0") TEXT("\3", "cpu") "K" count "tQ"
#define TENSOR(class, count, offset, size, stride) \
    "ctorch._utils\n_rebuild_tensor_v2\n(" STORAGE(class, count) "K" offset size stride "\x89" DICT "tR"
#define W TEXT("\1", "w")

#define PICKLE(text) text, sizeof(text) - 1
static const struct {
    const char *pickle;
    size_t bytes;
    const char *part;
} refused[] = {
    {PICKLE("\x80\2cos\nsystem\n" TEXT("\2", "ls") "\x85R."), "asks for os.system"},
    {PICKLE("\x80\2c__builtin__\neval\n" TEXT("\1", "1") "\x85R."), "asks for __builtin__.eval"},
    {PICKLE("\x80\2ctorch\nLoad\x1b[31m\n."), "asks for torch.Load?[31m"},
    {PICKLE("\x80\2S'text'\n."), "0x53 (STRING)"},
    {PICKLE("\x80\2(i__main__\nNet\n."), "(INST)"},
    {PICKLE("\x80\2\xff."), "0xff (unknown)"},
    {PICKLE("\x80\6\x95."), "protocol 6, expected 2 to 5"},
    {PICKLE("\x80\4\x95."), "ends in the middle"},
    {PICKLE("\x80\2I1\n."), "0x49 (INT)"},
    {PICKLE("\x80\5\x97."), "(NEXT_BUFFER)"},
    {PICKLE("\x80\2\x82\1."), "(EXT1)"},
    {PICKLE("\x80\2"), "ends in the middle"},
    {PICKLE("\x80\2."), "exactly one value"},
    {PICKLE("\x80\2R."), "takes a value that is not there"},
    {PICKLE("\x80\2t."), "takes a mark that is not there"},
    {PICKLE("\x80\2h\0."), "was not remembered"},
    {PICKLE("\x80\2K\1j\xff\xff\xff\xff."), "was not remembered"},
    {PICKLE("\x80\2K\1r\xff\xff\xff\xff."), "remembers more values"},
    {PICKLE("\x80\2X\xff\xff\xff\xffw."), "ends in the middle"},
    {PICKLE("\x80\2X\2\0\0\0w\0."), "found a text with a zero byte"},
    {PICKLE("\x80\2}X\2\0\0\0w\0K\1s."), "no text but a text with a zero byte"},
    {PICKLE("\x80\2cos\0\nsystem\n."), "a name has a zero byte"},
    {PICKLE("\x80\4K\1\x8c\1a\x93."), "texts of a module and of a name"},
    {PICKLE("\x80\4\x8c\2os\x8c\6system\x93\x8c\2ls\x85R."), "asks for os.system"},
    {PICKLE("\x80\4\x8c\2os\x8c\6system\x93)}\x92."), "asks for os.system"},
    {PICKLE("\x80\2}" W "cos\nsystem\n" TEXT("\2", "ls") "\x85Rs."), "\"w\" is no tensor but os.system"},
    {PICKLE("\x80\2K\1K\2R."), "a tuple of arguments"},
    {PICKLE("\x80\2K\1)R."), "something that can be called"},
    {PICKLE("\x80\2K\1}b."), "a dict or an object to give attributes to"},
    {PICKLE("\x80\2)1."), "takes a mark that is not there"},
    {PICKLE("\x80\2"
            "0."),
     "takes a value that is not there"},
    {PICKLE("\x80\4K\1(K\2\x90."), "expected a set"},
    {PICKLE("\x80\2\x8a\x09"
            "123456789."),
     "more than 64 bits"},
    {PICKLE("\x80\2}(K\1u."), "a value for each key"},
    {PICKLE("\x80\2K\1K\2a."), "expected a list"},
    {PICKLE("\x80\2ctorch\nFloatStorage\n)R."), "found a storage class"},
    {PICKLE("\x80\2" DICT "K\1b."), "attributes as a dict"},
    {PICKLE("\x80\2K\1Q."), "expected a persistent id"},
    {PICKLE("\x80\2]."), "expected a state_dict"},
    {PICKLE("\x80\2}K\1K\2s."), "is no text"},
    {PICKLE("\x80\2}" W "K\2s."), "the value of \"w\" is no tensor"},
    {PICKLE("\x80\2}" W TENSOR("FloatStorage", "\3", "\0", "K\2K\2\x86", "K\2K\1\x86") "s."), "beyond the end"},
    {PICKLE("\x80\2}" W TENSOR("FloatStorage", "\4", "\2", "K\3\x85", "K\1\x85") "s."), "beyond the end"},
    {PICKLE("\x80\2}" W TENSOR("FloatStorage", "\4", "\0", "K\3\x85", "J\xff\xff\xff\xff\x85") "s."), "all whole"},
    {PICKLE("\x80\2}" W TENSOR("FloatStorage", "\4", "\0", "K\3K\1\x86", "K\1\x85") "s."), "a size and a stride"},
    {PICKLE("\x80\2}" W TENSOR("FloatStorage", "\4", "\0", "(K\1K\1K\1K\1K\1K\1K\1t", "(K\1K\1K\1K\1K\1K\1K\1t") "s."),
     "is no tensor but a tensor of more than 6 axes"},
    {PICKLE("\x80\2}" W TENSOR("FloatStorage", "\5", "\0", "K\3\x85", "K\1\x85") "s."), "smaller than the tensors"},
    {PICKLE("\x80\2}" W TENSOR("LongStorage", "\3", "\0", "K\1\x85", "K\1\x85") "s."), "smaller than the tensors"},
    {PICKLE("\x80\2}(" W TENSOR("FloatStorage", "\1", "\0", ")", ")")
                W TENSOR("FloatStorage", "\1", "\0", ")", ")") "u."),
     "two tensors named \"w\""},
    {PICKLE("\x80\2}" TEXT("\6", "weight") TENSOR("IntStorage", "\4", "\0", "K\1K\3\x86", "K\3K\1\x86") "s" TEXT(
         "\4", "bias") TENSOR("FloatStorage", "\4", "\0", "K\1\x85", "K\1\x85") "s."),
     "\"weight\" is I32, expected F32"},
};

static void test_refused(void **state)
{
    (void)state;
    static const float storage[4] = {1, 2, 3, 4};
    tenka_ctx *ctx = cpu(0);
    tenka_module *net = make(ctx, "Linear(3,1)");
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        const struct entry entries[] = {{"a/data.pkl", refused[i].pickle, refused[i].bytes}, {"a/data/0", storage, 16}};
        write_zip(entries, 2, false);
        assert_fails(ctx, tenka_model_load(net, file), TENKA_E_FORMAT, refused[i].part);
    }
    tenka_module_destroy(&net);
    tenka_ctx_destroy(&ctx);
}

static const char good_pickle[] = "\x80\2}(" TEXT("\6", "weight")
    TENSOR("FloatStorage", "\4", "\0", "K\1K\3\x86", "K\3K\1\x86") TEXT("\4", "bias")
        TENSOR("FloatStorage", "\4", "\3", "K\1\x85", "K\1\x85") "u.";

static void test_archives(void **state)
{
    (void)state;
    static const float storage[4] = {1, 2, 3, 4};
    static const struct entry good[] = {{"a/data.pkl", good_pickle, sizeof(good_pickle) - 1},
                                        {"a/data/0", storage, 16},
                                        {"a/byteorder", "little", 6},
                                        {"a/.data/serialization_id", "7", 1}},
                              odd[] = {{"a/data.pkl", good_pickle, sizeof(good_pickle) - 1}, {"a/byteorder", "?", 1}},
                              two[] = {{"a/data.pkl", good_pickle, 5}, {"b/data.pkl", good_pickle, 5}};
    float found[3];
    tenka_ctx *ctx = cpu(0);
    tenka_module *net = make(ctx, "Linear(3,1)");
    write_zip(good, 4, false);
    assert_int_equal(tenka_model_load(net, file), TENKA_OK);
    read_values(net, "weight", found, 3);
    assert_memory_equal(found, storage, sizeof(found));
    read_values(net, "bias", found, 1);
    assert_true(found[0] == 4);
    write_zip(good, 1, false);
    assert_fails(ctx, tenka_model_load(net, file), TENKA_E_FORMAT, "the entry 0 of its folder data/ is missing");
    write_zip(good + 1, 1, false);
    assert_fails(ctx, tenka_model_load(net, file), TENKA_E_FORMAT, "without data.pkl");
    write_zip(good, 2, true);
    assert_fails(ctx, tenka_model_load(net, file), TENKA_E_FORMAT, "is compressed");
    write_zip(odd, 2, false);
    assert_fails(ctx, tenka_model_load(net, file), TENKA_E_FORMAT, "neither \"little\" nor \"big\"");
    write_zip(two, 2, false);
    assert_fails(ctx, tenka_model_load(net, file), TENKA_E_FORMAT, "b/data.pkl is not the only");
    write_file(file, "\x80\3}q\0(X\0", 8);
    assert_fails(ctx, tenka_model_load(net, file), TENKA_E_FORMAT, "header"); /* a zero on top: a length in reach */
    write_file(file, "\x80\2]qabcdefg", 11);
    assert_fails(ctx, tenka_model_load(net, file), TENKA_E_FORMAT, "bare pickle");
    write_file(file, "\x80\4\x95\5\0\0\0\0\0\0\0}\x94K\1.", 16); /* in a frame, as Python's own */
    assert_fails(ctx, tenka_model_load(net, file), TENKA_E_FORMAT, "bare pickle");
    write_file(file, "\x80\2\1\0\0\0\0\0{", 9); /* but this is the length of a header and its begin */
    assert_fails(ctx, tenka_model_load(net, file), TENKA_E_FORMAT, "a header of 66176");
    tenka_module_destroy(&net);
    tenka_ctx_destroy(&ctx);
}

/* Every cut and many changed bytes: a status, and a network that keeps its weights unless all was read. */
static void test_damage(void **state)
{
    (void)state;
    static unsigned char whole[8192], bytes[8192];
    tenka_ctx *ctx = cpu(3);
    tenka_module *net = make(ctx, "Linear(3,1)");
    assert_int_equal(tenka_model_save(net, NULL, file), TENKA_OK);
    const size_t count = read_whole(file, whole, sizeof(whole));
    uint32_t random = 1;
    for (size_t i = 0; i < count + 500; i++) {
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

struct file {
    tenka_module *net;
    char path[100];
};

static tenka_status save_file(void *user)
{
    const struct file *const f = user;
    return tenka_model_save(f->net, NULL, f->path);
}

static tenka_status load_file(void *user)
{
    const struct file *const f = user;
    return tenka_model_load(f->net, f->path);
}

/* Each allocation of a save and a load fails once: a typed error, and nothing leaks. */
static void test_each_allocation(void **state)
{
    (void)state;
    static const char *const names[] = {"net.pt", "net.safetensors"};
    tenka_ctx *ctx = cpu(3);
    struct file f = {.net = make(ctx, net_text)};
    for (size_t i = 0; i < 2; i++) {
        snprintf(f.path, sizeof(f.path), "%s/%s", dir, names[i]);
        assert_true(fail_each_allocation(ctx, save_file, &f) > 4);
        assert_true(fail_each_allocation(ctx, load_file, &f) > 4);
        unlink(f.path);
    }
    tenka_module_destroy(&f.net);
    tenka_ctx_destroy(&ctx);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_and_back), cmocka_unit_test(test_alignment),       cmocka_unit_test(test_counter),
        cmocka_unit_test(test_torch_dtypes),   cmocka_unit_test(test_refused),         cmocka_unit_test(test_archives),
        cmocka_unit_test(test_damage),         cmocka_unit_test(test_each_allocation),
    };
    golden = argc > 1 ? argv[1] : "tests/golden/weights";
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
