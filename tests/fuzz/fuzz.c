#define _POSIX_C_SOURCE 200809L
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static tenka_ctx *ctx;
static char dir[64];

static void leave(void)
{
    static const char *const names[] = {"file", "file.gz"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        fuzz_remove(names[i]);
    rmdir(dir);
    tenka_ctx_destroy(&ctx);
}

void fuzz_expect(int condition, const char *expected)
{
    if (condition)
        return;
    fprintf(stderr, "expected: %s\n", expected);
    abort();
}

tenka_ctx *fuzz_ctx(void)
{
    if (ctx != NULL)
        return ctx;
    struct tenka_ctx_params params = TENKA_CTX_DEFAULTS;
    params.backend = TENKA_BACKEND_CPU;
    params.threads = 1;
    fuzz_expect(tenka_ctx_create(&params, &ctx) == TENKA_OK, "a context");
    fuzz_dir();
    return ctx;
}

const char *fuzz_dir(void)
{
    if (dir[0] != '\0')
        return dir;
    snprintf(dir, sizeof(dir), "%s/tenka-fuzz-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    fuzz_expect(mkdtemp(dir) != NULL, "a folder for the input");
    atexit(leave);
    return dir;
}

static const char *path_of(const char *name)
{
    static char path[128];
    snprintf(path, sizeof(path), "%s/%s", fuzz_dir(), name);
    return path;
}

const char *fuzz_file(const char *name, const uint8_t *data, size_t size)
{
    const char *const path = path_of(name);
    FILE *const file = fopen(path, "wb");
    fuzz_expect(file != NULL, "a file for the input");
    fuzz_expect(fwrite(data, 1, size, file) == size && fclose(file) == 0, "room for the input");
    return path;
}

void fuzz_remove(const char *name)
{
    unlink(path_of(name));
}
