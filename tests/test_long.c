/* A long run grows nothing: not the host's memory, not the device's, not the number of objects.
 *   test_long [cpu|cpu-f64|vulkan|mock] [STEPS] */
#include "support.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <unistd.h>

#include "core/core.h"
#ifdef WITH_MOCK
#include "faulty_vulkan.h"
#include "mock_vulkan.h"
#endif

#define BATCH 4
#define IMAGES 14 /* a last batch that is smaller */
#define SIDE 6

static unsigned steps = 100000;

struct run {
    tenka_ctx *ctx;
    tenka_dataset *data;
    tenka_loader *loader;
    tenka_module *net;
    tenka_optimizer *opt;
    tenka_meter *meter;
};

static void begin(struct run *r, const struct target *target)
{
    static uint8_t images[IMAGES * SIDE * SIDE];
    static int32_t labels[IMAGES];
    struct tenka_ctx_params params = TENKA_CTX_DEFAULTS;
    struct tenka_loader_params loader = TENKA_LOADER_DEFAULTS;
    for (size_t i = 0; i < sizeof(images); i++)
        images[i] = (uint8_t)(i * 37);
    for (int32_t i = 0; i < IMAGES; i++)
        labels[i] = i % 3;
    params.backend = target->backend;
    params.device = target->backend == TENKA_BACKEND_VULKAN ? target->index : NULL;
    params.threads = 1;
    loader.batch_size = BATCH;
    loader.shuffle = true;
    must(NULL, tenka_ctx_create(&params, &r->ctx));
    must(r->ctx, tenka_dataset_create(r->ctx, images, labels, IMAGES, 1, SIDE, SIDE, &r->data));
    must(r->ctx, tenka_loader_create(r->ctx, r->data, &loader, &r->loader));
    must(r->ctx, tenka_nn_parse(r->ctx, "Conv2d(1,2,3) ReLU() Dropout(0.25) Flatten() Linear(32,3)", &r->net));
    must(r->ctx, tenka_adam_create(r->ctx, r->net, NULL, &r->opt));
    must(r->ctx, tenka_meter_create(r->ctx, &r->meter));
}

static void end(struct run *r)
{
    tenka_meter_destroy(&r->meter);
    tenka_optimizer_destroy(&r->opt);
    tenka_module_destroy(&r->net);
    tenka_loader_destroy(&r->loader);
    tenka_dataset_destroy(&r->data);
    tenka_ctx_destroy(&r->ctx);
}

/* Epochs as a program would run them, until so many steps are done. */
static void train(struct run *r, unsigned count)
{
    struct tenka_batch batch;
    double mean;
    for (unsigned done = 0; done < count;) {
        const tenka_status status = tenka_loader_next(r->loader, &batch);
        if (status == TENKA_END) {
            must(r->ctx, tenka_meter_read(r->meter, NULL, &mean, NULL));
            must(r->ctx, tenka_meter_reset(r->meter));
            continue;
        }
        must(r->ctx, status);
        const tenka_tensor loss = tenka_cross_entropy(tenka_forward(r->net, batch.input), batch.target);
        tenka_backward(loss);
        tenka_meter_add(r->meter, loss);
        must(r->ctx, tenka_optimizer_step(r->opt));
        must(r->ctx, tenka_meter_peek(r->meter, NULL, NULL, NULL));
        done++;
    }
}

/* What must not grow. */
struct size {
    struct tenka_ctx_stats stats;
    int64_t blocks;
    size_t resident;           /* bytes of the process */
    size_t objects, allocated; /* of the mock */
};

static size_t resident_bytes(void)
{
    unsigned long long total, resident = 0;
    FILE *const file = fopen("/proc/self/statm", "r");
    if (file && fscanf(file, "%llu %llu", &total, &resident) != 2)
        resident = 0;
    if (file)
        fclose(file);
    return (size_t)resident * (size_t)sysconf(_SC_PAGESIZE);
}

static struct size measure(const struct run *r)
{
    struct size size = {.stats = {.size = sizeof(size.stats)}};
#ifdef __GLIBC__
    malloc_trim(0); /* what has been freed, and is kept, is no growth */
#endif
    must(r->ctx, tenka_synchronize(r->ctx));
    tenka_ctx_stats(r->ctx, &size.stats);
    size.blocks = tenka_alloc_live();
    size.resident = resident_bytes();
#ifdef WITH_MOCK
    size.objects = mock_vulkan.live;
    size.allocated = (size_t)mock_vulkan.allocated;
#endif
    return size;
}

/* What the allocator of the C library or a driver keeps for itself may come late, but a leak grows with each step. The
 * address sanitizer keeps what is freed for a while. */
#ifdef __SANITIZE_ADDRESS__
#define SLACK ((size_t)512 << 20)
#else
#define SLACK ((size_t)2 << 20)
#endif

static void test_nothing_grows(void **state)
{
    struct run r;
    begin(&r, *state);
    train(&r, 500);
    const struct size before = measure(&r);
    train(&r, steps);
    const struct size after = measure(&r);
    assert_int_equal(after.stats.steps - before.stats.steps, steps);
    assert_int_equal(after.stats.device_objects, before.stats.device_objects);
    assert_int_equal(after.stats.device_bytes, before.stats.device_bytes);
    assert_int_equal(after.stats.plans_made, before.stats.plans_made);
    assert_int_equal(after.blocks, before.blocks);
    assert_int_equal(after.objects, before.objects);
    assert_int_equal(after.allocated, before.allocated);
    printf("    %u steps: resident memory %zu KiB, then %zu KiB\n", steps, before.resident >> 10, after.resident >> 10);
    if (after.resident > before.resident + SLACK)
        fail_msg("the process has grown from %zu to %zu KiB", before.resident >> 10, after.resident >> 10);
    end(&r);
}

/* Contexts that come and go leave nothing either. */
static void test_contexts(void **state)
{
    const int64_t blocks = tenka_alloc_live();
    size_t resident = 0;
    for (int i = 0; i < 12; i++) {
        struct run r;
        begin(&r, *state);
        train(&r, 10);
        end(&r);
        assert_int_equal(tenka_alloc_live(), blocks);
#ifdef WITH_MOCK
        assert_int_equal(mock_vulkan.live, 0);
        assert_string_equal(mock_vulkan.complaint, "");
        mock_vulkan_reset();
#endif
        if (i == 3)
            resident = resident_bytes();
    }
    printf("    12 contexts: resident memory %zu KiB after 4, then %zu KiB\n", resident >> 10, resident_bytes() >> 10);
}

int main(int argc, char **argv)
{
    struct CMUnitTest tests[] = {cmocka_unit_test(test_nothing_grows), cmocka_unit_test(test_contexts)};
    char *names[] = {argv[0], argc > 1 ? argv[1] : NULL};
    if (argc > 2)
        steps = (unsigned)strtoul(argv[2], NULL, 10);
    else if (argc > 1 && strcmp(argv[1], "vulkan") == 0)
        steps = 5000; /* some dispatches of each take their time, also where little is to do */
#ifdef WITH_MOCK
    static char vulkan[] = "vulkan";
    if (argc > 1 && strcmp(argv[1], "mock") == 0) {
        faulty_vulkan_begin(true);
        names[1] = vulkan;
    } else if (argc > 1 && strcmp(argv[1], "vulkan") == 0) {
        faulty_vulkan_hold_drivers();
    }
#endif
    RUN_ON_TARGETS(argc > 1 ? 2 : 1, names, tests);
}
