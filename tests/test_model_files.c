/* Models in safetensors files: there and back, files for other networks, damaged files. */
#define _POSIX_C_SOURCE 200809L
#include "inputs.h"

#include <unistd.h>

static char file[64];
static const char net_text[] = "BatchNorm2d(2) Flatten() Linear(8,2)";

static int set_up(void **state)
{
    (void)state;
    strcpy(file, "/tmp/tenka-model-XXXXXX");
    const int descriptor = mkstemp(file);
    return descriptor < 0 || close(descriptor) != 0;
}

static int tear_down(void **state)
{
    (void)state;
    return unlink(file);
}

static tenka_module *make(tenka_ctx *ctx, const char *text)
{
    tenka_module *net;
    assert_int_equal(tenka_nn_parse(ctx, text, &net), TENKA_OK);
    return net;
}

static void save(tenka_ctx *ctx, float weight[16])
{
    static const char *const names[] = {"cat", "a \"dog\""};
    const struct tenka_preprocessing how = {.image = tenka_shape_of(2, 2, 2),
                                            .mean = {0.1307, 1e-7},
                                            .std = {0.3081, 3},
                                            .classes = 2,
                                            .class_names = names,
                                            .data = "/data/a \"b\"\n\u00e4",
                                            .transform = "Compose(\n    ToTensor()\n)"};
    tenka_module *net = make(ctx, net_text);
    assert_int_equal(tenka_model_save(net, &how, file), TENKA_OK);
    assert_int_equal(tenka_variable_read(tenka_module_find(net, "2.weight"), weight, 16 * sizeof(float)), TENKA_OK);
    tenka_module_destroy(&net);
}

static void test_there_and_back(void **state)
{
    (void)state;
    float saved[16], loaded[16];
    tenka_ctx *ctx = cpu(3);
    tenka_model *model;
    save(ctx, saved);
    assert_int_equal(tenka_model_open(ctx, file, &model), TENKA_OK);
    const struct tenka_preprocessing *const how = tenka_model_preprocessing(model);
    assert_int_equal(how->image.dim[2], 2);
    assert_true(how->mean[0] == 0.1307 && how->mean[1] == 1e-7 && how->std[1] == 3);
    assert_int_equal(how->classes, 2);
    assert_string_equal(how->class_names[1], "a \"dog\"");
    assert_string_equal(how->data, "/data/a \"b\"\n\u00e4");
    assert_string_equal(how->transform, "Compose(\n    ToTensor()\n)");
    tenka_variable *const weight = tenka_module_find(tenka_model_net(model), "2.weight");
    assert_int_equal(tenka_variable_read(weight, loaded, sizeof(loaded)), TENKA_OK);
    assert_memory_equal(saved, loaded, sizeof(saved));
    tenka_model_destroy(&model);
    tenka_ctx_destroy(&ctx);
}

static void test_other_network(void **state)
{
    (void)state;
    float saved[16];
    tenka_ctx *ctx = cpu(3);
    save(ctx, saved);
    tenka_module *net = make(ctx, "BatchNorm2d(3) Flatten() Linear(8,2)");
    assert_fails(ctx, tenka_model_load(net, file), TENKA_E_FORMAT,
                 "size mismatch for 0.bias: copying a param with shape torch.Size([2]) from checkpoint, the shape in "
                 "current model is torch.Size([3]).");
    tenka_module_destroy(&net);
    net = make(ctx, "Linear(8,2)");
    assert_fails(ctx, tenka_model_load(net, file), TENKA_E_FORMAT,
                 "Error(s) in loading state_dict for Linear: Missing key(s) in state_dict: \"weight\", \"bias\". "
                 "Unexpected key(s) in state_dict: \"0.num_batches_tracked\", \"0.weight\"");
    tenka_module_destroy(&net);
    tenka_ctx_destroy(&ctx);
}

/* A file with that header and that many bytes of data. */
static void write_header(const char *header, size_t data)
{
    static unsigned char bytes[2048];
    const size_t length = strlen(header);
    memset(bytes, 0, sizeof(bytes));
    bytes[0] = (unsigned char)length;
    bytes[1] = (unsigned char)(length >> 8);
    memcpy(bytes + 8, header, length);
    write_file(file, bytes, 8 + length + data);
}

#define TENSOR(name, dtype, shape, begin, end) \
    "\"" name "\":{\"dtype\":\"" dtype "\",\"shape\":[" shape "],\"data_offsets\":[" begin "," end "]}"

static void test_bad_headers(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        size_t data;
        const char *part;
    } cases[] = {
        {"[]", 0, "expected a JSON object"},
        {"{", 0, "expected a JSON header"},
        {"{\"a\":1}", 0, "tensor \"a\": expected dtype"},
        {"{\"__metadata__\":{\"a\":1}}", 0, "an object of strings"},
        {"{\"__metadata__\":{\"a\":null}}", 0, "an object of strings"},
        {"{\"__metadata__\":[]}", 0, "an object of strings"},
        {"{\"a\":null}", 0, "tensor \"a\": expected dtype"},
        {"{" TENSOR("a", "F4", "3", "0", "2") "}", 2, "do not fit its shape"},
        {"{" TENSOR("weight", "F8_E4M3", "1,1", "0", "1") "," TENSOR("bias", "F32", "1", "1", "5") "}", 5,
         "is F8_E4M3, expected F32, F64, F16 or BF16"},
        {"{" TENSOR("a", "F32", "1", "0", "4") "}", 3, "its bytes end after the file's"},
        {"{" TENSOR("a", "F32", "1", "0", "4") "}", 5, "expected the file to end"},
        {"{" TENSOR("a", "F32", "2", "0", "4") "}", 4, "do not fit its shape"},
        {"{" TENSOR("a", "F8", "1", "0", "4") "}", 4, "its dtype"},
        {"{" TENSOR("a", "F32", "-1", "0", "4") "}", 4, "expected sizes"},
        {"{" TENSOR("a", "F32", "1", "4", "0") "}", 4, "ascending order"},
        {"{" TENSOR("a", "F32", "1", "4", "8") "}", 8, "leave a hole"},
        {"{" TENSOR("a", "F32", "1", "0", "4") "," TENSOR("b", "F32", "1", "0", "4") "}", 4, "overlap"},
        {"{" TENSOR("a", "F32", "1", "0", "4") "," TENSOR("a", "F32", "1", "4", "8") "}", 8, "duplicate"},
        {"{" TENSOR("a", "F32", "4294967295,4294967295,4294967295", "0", "4") "}", 4, "too large"},
        {"{" TENSOR("weight", "I16", "1,1", "0", "2") "," TENSOR("bias", "F32", "1", "2", "6") "}", 6,
         "is I16, expected F32, F64, F16 or BF16"},
    };
    tenka_ctx *ctx = cpu(0);
    tenka_module *net = make(ctx, "Linear(1,1)");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        write_header(cases[i].header, cases[i].data);
        assert_fails(ctx, tenka_model_load(net, file), TENKA_E_FORMAT, cases[i].part);
    }
    write_header("{" TENSOR("weight", "F32", "1,1", "0", "4") "," TENSOR("bias", "F32", "1", "4", "8") "}", 8);
    assert_int_equal(tenka_model_load(net, file), TENKA_OK);
    tenka_module_destroy(&net);
    tenka_ctx_destroy(&ctx);
}

static void test_bad_metadata(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"\"a\":\"b\"", "no network text"},
        {"\"tenka.net\":\"Linear(1,1\"", "line 1, column 11"},
        {"\"tenka.net\":\"Linear(40000,40000)\"", "more parameters than the file has room for"},
        {"\"tenka.net\":\"ReLU()\",\"tenka.input\":\"1,28\"", "tenka.input is damaged"},
        {"\"tenka.net\":\"ReLU()\",\"tenka.input\":\"1,2,2\",\"tenka.mean\":\"0.5,1\"", "tenka.mean is damaged"},
        {"\"tenka.net\":\"ReLU()\",\"tenka.input\":\"1,2,2\",\"tenka.mean\":\"0\",\"tenka.std\":\"0\"",
         "tenka.std is damaged"},
        {"\"tenka.net\":\"ReLU()\",\"tenka.classes\":\"[1]\"", "tenka.classes is damaged"},
        {"\"tenka.net\":\"ReLU()\",\"tenka.table\":\"\"", "tenka.table is damaged"},
        {"\"tenka.net\":\"ReLU()\",\"tenka.transform\":\"\"", "tenka.transform is damaged"},
        {"\"tenka.net\":\"ReLU()\",\"tenka.split\":\"1.5,7,9\"", "tenka.split is damaged"},
        {"\"tenka.net\":\"ReLU()\",\"tenka.split\":\"0.2,7\"", "tenka.split is damaged"},
        {"\"tenka.net\":\"ReLU()\",\"tenka.split\":\"0.2,7,-1\"", "tenka.split is damaged"},
        {"\"tenka.net\":\"ReLU()\",\"tenka.split\":\"0.2,7,9,\"", "tenka.split is damaged"},
        {"\"tenka.net\":\"ReLU()\",\"tenka.data\":\"\"", "tenka.data is damaged"},
    };
    tenka_ctx *ctx = cpu(0);
    char header[400];
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        tenka_model *model;
        snprintf(header, sizeof(header), "{\"__metadata__\":{%s}}", cases[i][0]);
        write_header(header, 0);
        assert_fails(ctx, tenka_model_open(ctx, file, &model), TENKA_E_FORMAT, cases[i][1]);
        assert_null(model);
    }
    tenka_ctx_destroy(&ctx);
}

/* What a file says of its images is read without making its network; not every file says something. */
static void test_data(void **state)
{
    (void)state;
    static const char *const silent[] = {"\"tenka.net\":\"Fly()\"", "\"a\":\"b\""};
    float weight[16];
    char header[400], *data;
    tenka_ctx *ctx = cpu(3);
    save(ctx, weight);
    assert_int_equal(tenka_model_data(ctx, file, &data), TENKA_OK);
    assert_string_equal(data, "/data/a \"b\"\n\u00e4");
    tenka_text_free(data);
    for (size_t i = 0; i < sizeof(silent) / sizeof(silent[0]); i++) {
        snprintf(header, sizeof(header), "{\"__metadata__\":{%s}}", silent[i]);
        write_header(header, 0);
        assert_int_equal(tenka_model_data(ctx, file, &data), TENKA_OK);
        assert_null(data);
    }
    write_header("{\"__metadata__\":{\"tenka.data\":\"\"}}", 0);
    assert_fails(ctx, tenka_model_data(ctx, file, &data), TENKA_E_FORMAT, "tenka.data is damaged");
    assert_null(data);
    assert_fails(ctx, tenka_model_data(ctx, NULL, &data), TENKA_E_INVALID, "path is NULL");
    assert_fails(ctx, tenka_model_data(ctx, "no/file", &data), TENKA_E_IO, "no/file");
    tenka_ctx_destroy(&ctx);
}

/* What a layer has no variables for needs no room in the file. */
static void test_without_state(void **state)
{
    (void)state;
    tenka_ctx *ctx = cpu(0);
    tenka_model *model;
    tenka_module *net = make(ctx, "Conv2d(1,4096,1) BatchNorm2d(4096, affine=False, track_running_stats=False)");
    assert_int_equal(tenka_model_save(net, NULL, file), TENKA_OK);
    assert_int_equal(tenka_model_open(ctx, file, &model), TENKA_OK);
    tenka_model_destroy(&model);
    tenka_module_destroy(&net);
    tenka_ctx_destroy(&ctx);
}

/* A part of a network is saved under its own names, not the whole's. */
static void test_part(void **state)
{
    (void)state;
    tenka_ctx *ctx = cpu(0);
    tenka_module *whole, *part = make(ctx, "BatchNorm2d(3), ReLU()"), *alone = make(ctx, "BatchNorm2d(3), ReLU()");
    assert_int_equal(tenka_nn_sequential(ctx, &whole), TENKA_OK);
    assert_int_equal(tenka_nn_append(whole, "part", part), TENKA_OK);
    assert_int_equal(tenka_model_save(part, NULL, file), TENKA_OK);
    assert_int_equal(tenka_model_load(alone, file), TENKA_OK);
    assert_int_equal(tenka_model_load(part, file), TENKA_OK);
    tenka_module_destroy(&whole);
    tenka_module_destroy(&alone);
    tenka_ctx_destroy(&ctx);
}

/* F16 weights take half the room. */
static void test_halves(void **state)
{
    (void)state;
    tenka_ctx *ctx = cpu(0);
    tenka_model *model;
    write_header("{\"__metadata__\":{\"tenka.net\":\"Linear(700,1)\"}," TENSOR(
                     "weight", "F16", "1,700", "0", "1400") "," TENSOR("bias", "F16", "1", "1400", "1402") "}",
                 1402);
    assert_int_equal(tenka_model_open(ctx, file, &model), TENKA_OK);
    tenka_model_destroy(&model);
    tenka_ctx_destroy(&ctx);
}

/* What safetensors' own reader takes, too. */
static void test_other_headers(void **state)
{
    (void)state;
    static const char weight[] = TENSOR("weight", "F32", "1,1", "0", "4"),
                      bias[] = TENSOR("bias", "F32", "1", "4", "8");
    static const char *const formats[] = {
        "{\"__metadata__\":null,%s,%s}",
        "{\"__metadata__\":{},%s,%s}",
        "{%s,%s,\"__metadata__\":null}",
        "{%s,%s}                  ",
        "{ %s ,\n%s\t}\r\n",
        "{\"__metadata__\":{\"tenka.net\":\"Linear(1,1)\",\"\":\"\"},%s,%s}",
    };
    char header[600];
    bool has_net;
    tenka_ctx *ctx = cpu(0);
    tenka_module *net = make(ctx, "Linear(1,1)");
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        snprintf(header, sizeof(header), formats[i], weight, bias);
        write_header(header, 8);
        if (tenka_model_load(net, file) != TENKA_OK)
            fail_msg("%s: %s", header, tenka_last_error(ctx));
        assert_int_equal(tenka_model_has_net(ctx, file, &has_net), TENKA_OK);
        assert_int_equal(has_net, strstr(header, "tenka.net") != NULL);
    }
    tenka_module_destroy(&net);
    tenka_ctx_destroy(&ctx);
}

/* A counter is not needed: of whatever dtype and shape, and of no element, it makes nothing fail. */
static void test_other_dtypes(void **state)
{
    (void)state;
    static const struct {
        const char *dtype, *shape;
        unsigned bytes;
    } cases[] = {
        {"I64", "", 8},         {"I64", "1", 8},        {"I64", "0", 0},     {"BOOL", "", 1},     {"F64", "", 8},
        {"F16", "3", 6},        {"BF16", "0,7", 0},     {"F8_E4M3", "2", 2}, {"F8_E5M2", "", 1},  {"F8_E8M0", "", 1},
        {"F8_E4M3FNUZ", "", 1}, {"F8_E5M2FNUZ", "", 1}, {"F4", "2", 1},      {"F6_E2M3", "4", 3}, {"F6_E3M2", "4", 3},
        {"C64", "", 8},         {"U16", "", 2},         {"U32", "", 4},      {"U64", "", 8},      {"I8", "1,1,1", 1},
    };
    char header[600];
    tenka_ctx *ctx = cpu(0);
    tenka_module *net = make(ctx, "BatchNorm2d(1,affine=False)");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        snprintf(header, sizeof(header),
                 "{\"num_batches_tracked\":{\"dtype\":\"%s\",\"shape\":[%s],\"data_offsets\":[0,%u]},"
                 "\"running_mean\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[%u,%u]},"
                 "\"running_var\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[%u,%u]}}",
                 cases[i].dtype, cases[i].shape, cases[i].bytes, cases[i].bytes, cases[i].bytes + 4, cases[i].bytes + 4,
                 cases[i].bytes + 8);
        write_header(header, cases[i].bytes + 8);
        if (tenka_model_load(net, file) != TENKA_OK)
            fail_msg("%s: %s", cases[i].dtype, tenka_last_error(ctx));
    }
    tenka_module_destroy(&net);
    tenka_ctx_destroy(&ctx);
}

/* Every cut and many changed bytes: whatever happens, it is a status and a network that can still be used. */
static void test_damage(void **state)
{
    (void)state;
    static unsigned char whole[4096], bytes[4096];
    float weight[16];
    tenka_ctx *ctx = cpu(3);
    save(ctx, weight);
    FILE *const in = fopen(file, "rb");
    const size_t count = fread(whole, 1, sizeof(whole), in);
    fclose(in);
    uint32_t random = 1;
    for (size_t i = 0; i < 1500; i++) {
        tenka_model *model;
        memcpy(bytes, whole, count);
        for (int k = 0; k < 3; k++) {
            random = random * 1664525u + 1013904223u;
            bytes[(random >> 8) % count] = (unsigned char)(random >> 24);
        }
        write_file(file, i < count ? whole : bytes, i < count ? i : count);
        const tenka_status status = tenka_model_open(ctx, file, &model);
        assert_true(status == TENKA_E_FORMAT || (i >= count && status == TENKA_OK));
        tenka_model_destroy(&model);
    }
    tenka_ctx_destroy(&ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_and_back), cmocka_unit_test(test_other_network),
        cmocka_unit_test(test_bad_headers),    cmocka_unit_test(test_bad_metadata),
        cmocka_unit_test(test_without_state),  cmocka_unit_test(test_part),
        cmocka_unit_test(test_halves),         cmocka_unit_test(test_other_headers),
        cmocka_unit_test(test_other_dtypes),   cmocka_unit_test(test_data),
        cmocka_unit_test(test_damage),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
