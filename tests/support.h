/* Shared by the tests that run on devices: which devices there are, and contexts on them. */
#ifndef TENKA_TESTS_SUPPORT_H
#define TENKA_TESTS_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "failing.h"
#include "tenka/tenka.h"

#define SKIPPED 77
#define MAX_DEVICES 16

/* One device to test: "cpu", "cpu-f64" or a Vulkan device by its index. */
struct target {
    enum tenka_backend backend;
    char index[8], label[300];
    enum tenka_dropout_mask dropout_mask;
};

static inline bool env_is(const char *name, const char *value)
{
    const char *const have = getenv(name);
    return have && strcmp(have, value) == 0;
}

static inline void print_log(void *user, enum tenka_log_level level, const char *text)
{
    (void)user;
    if (level >= TENKA_LOG_WARNING)
        fprintf(stderr, "%s\n", text);
}

/* A context on a target. The validation layer watches Vulkan unless TENKA_TEST_VALIDATE=0; TENKA_TEST_TUNE=1 has
 * software devices tuned, too. */
static inline tenka_ctx *open_target(const struct target *target)
{
    struct tenka_ctx_params params = TENKA_CTX_DEFAULTS;
    tenka_ctx *ctx;
    params.backend = target->backend;
    params.device = target->backend == TENKA_BACKEND_VULKAN ? target->index : NULL;
    params.validate = target->backend == TENKA_BACKEND_VULKAN && !env_is("TENKA_TEST_VALIDATE", "0");
    params.log = print_log;
    params.dropout_mask = target->dropout_mask;
    params.tune = env_is("TENKA_TEST_TUNE", "1") ? TENKA_TUNE_ON : TENKA_TUNE_AUTO;
    if (tenka_ctx_create(&params, &ctx) != TENKA_OK)
        fail_msg("%s: %s", target->label, tenka_last_error(NULL));
    return ctx;
}

/* Fails with the context's sentence. */
static inline void must(tenka_ctx *ctx, tenka_status status)
{
    if (status != TENKA_OK)
        fail_msg("%s: %s", tenka_status_text(status), tenka_last_error(ctx));
}

/* False when TENKA_CPU names an instruction set that this machine lacks. */
static inline bool cpu_is_there(void)
{
    struct tenka_ctx_params params = TENKA_CTX_DEFAULTS;
    tenka_ctx *ctx;
    params.backend = TENKA_BACKEND_CPU;
    const tenka_status status = tenka_ctx_create(&params, &ctx);
    tenka_ctx_destroy(&ctx);
    return status != TENKA_E_UNSUPPORTED;
}

/* The targets that a test's argument asks for: cpu, cpu-f64, or vulkan for every Vulkan device. 0: none is there. */
static inline size_t find_targets(const char *name, struct target out[MAX_DEVICES])
{
    static struct tenka_device_info info[MAX_DEVICES];
    size_t count = 0, found = 0;
    if (strcmp(name, "cpu") == 0 && !cpu_is_there())
        return 0;
    if (strcmp(name, "vulkan") != 0) {
        out[0].backend = strcmp(name, "cpu") == 0 ? TENKA_BACKEND_CPU : TENKA_BACKEND_CPU_F64;
        snprintf(out[0].label, sizeof(out[0].label), "%s", name);
        return 1;
    }
    if (tenka_devices(info, MAX_DEVICES, &count) != TENKA_OK)
        return 0;
    for (size_t i = 0; i < count && i < MAX_DEVICES; i++) {
        if (strcmp(info[i].kind, "cpu") == 0 || !info[i].usable)
            continue;
        out[found].backend = TENKA_BACKEND_VULKAN;
        snprintf(out[found].index, sizeof(out[found].index), "%u", (unsigned)i);
        snprintf(out[found++].label, sizeof(out[0].label), "vulkan %zu: %s", i, info[i].name);
    }
    return found;
}

/* What main returns when there is no target. */
static inline int no_target(const char *name)
{
    fprintf(stderr, "no device for %s\n", name);
    return strcmp(name, "vulkan") == 0 && env_is("TENKA_REQUIRE_VULKAN", "1") ? 1 : SKIPPED;
}

/* Runs the tests on each target of argv[1]; their state is the target. */
#define RUN_ON_TARGETS(argc, argv, tests)                                                  \
    do {                                                                                   \
        static struct target targets_[MAX_DEVICES];                                        \
        const char *const name_ = (argc) > 1 ? (argv)[1] : "cpu";                          \
        const size_t count_ = find_targets(name_, targets_);                               \
        int failed_ = 0;                                                                   \
        if (count_ == 0)                                                                   \
            return no_target(name_);                                                       \
        for (size_t t_ = 0; t_ < count_; t_++) {                                           \
            for (size_t i_ = 0; i_ < sizeof(tests) / sizeof(tests)[0]; i_++)               \
                (tests)[i_].initial_state = &targets_[t_];                                 \
            failed_ += cmocka_run_group_tests_name(targets_[t_].label, tests, NULL, NULL); \
        }                                                                                  \
        return failed_ != 0;                                                               \
    } while (0)

#endif
