/* Contexts, status codes and messages: what every program that uses Tenka touches first.
 *
 * A context owns one device, the plans recorded for it and the step being traced. It is used by one
 * thread at a time; several contexts, also on several devices, may live in one process.
 *
 * Errors. A function that creates something or does I/O returns a tenka_status; on failure its results
 * are NULL (or untouched, where they are the caller's buffers) and tenka_last_error() has a sentence that
 * says what to do. Operators (tensor.h) return a tensor always: on a mistake an inert one, which later
 * operators pass on; the next call that returns a status reports the first cause and clears it. */
#ifndef TENKA_CONTEXT_H
#define TENKA_CONTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define TENKA_API __attribute__((visibility("default")))
#define TENKA_PRINTF(text, first) __attribute__((__format__(__printf__, text, first)))
#else
#define TENKA_API
#define TENKA_PRINTF(text, first)
#endif

#define TENKA_VERSION "0.1.0"

/* clang-format off */
#define TENKA_STATUS_LIST(X)                                             \
    X(OK,            "success")                                          \
    X(END,           "nothing is left: the epoch has ended")             \
    X(E_INVALID,     "argument breaks the documented contract")          \
    X(E_SHAPE,       "tensor shapes do not fit the operator")            \
    X(E_NOMEM,       "out of host or device memory")                     \
    X(E_DEVICE,      "the device failed or was lost")                    \
    X(E_IO,          "a file could not be read or written")              \
    X(E_FORMAT,      "a file is not what it should be")                  \
    X(E_UNSUPPORTED, "this device or build cannot do it")
/* clang-format on */

typedef enum tenka_status {
#define X(name, text) TENKA_##name,
    TENKA_STATUS_LIST(X)
#undef X
} tenka_status;

/* The short text of a status, as in the list above; never NULL, static. */
TENKA_API const char *tenka_status_text(tenka_status status);

typedef struct tenka_ctx tenka_ctx;

enum tenka_backend {
    TENKA_BACKEND_AUTO, /* a discrete, then an integrated GPU through Vulkan, else the CPU */
    TENKA_BACKEND_VULKAN,
    TENKA_BACKEND_CPU,     /* float32 */
    TENKA_BACKEND_CPU_F64, /* the CPU kernels built for double: slow, the yardstick of tests */
};

/* Who draws dropout's masks. The same seed gives the same masks in either way.
 * TORCH   PyTorch's masks on the CPU, bit for bit: made on the host from the context's generator, two draws for each
 *         element in memory order. (PyTorch built without MKL, as Debian's; with MKL it draws others.) On a GPU the
 *         masks travel with each step, as inputs do, and count towards their limit (tenka_input).
 * PHILOX  made on the device, the same on every device: each call draws a key from the context's generator, so that
 *         a mask depends on the seed, on how many draws came before (the step and the layer) and on the element. */
enum tenka_dropout_mask {
    TENKA_DROPOUT_AUTO, /* TORCH on the CPU backends, PHILOX on Vulkan */
    TENKA_DROPOUT_TORCH,
    TENKA_DROPOUT_PHILOX,
};

/* Kernels come in variants that give the same results bit for bit. Which one is the fastest depends on the device and
 * the shape; without measuring, a rule chooses. Measuring happens when a plan is made, takes at most some seconds of a
 * start, and its results are kept in cache_dir for later ones. */
enum tenka_tune {
    TENKA_TUNE_AUTO, /* ON on GPUs, OFF on software devices */
    TENKA_TUNE_OFF,
    TENKA_TUNE_ON,
};

enum tenka_log_level { TENKA_LOG_DEBUG, TENKA_LOG_INFO, TENKA_LOG_WARNING, TENKA_LOG_ERROR };

/* Receives one line without newline, valid during the call. Called on the thread that uses the context, inside one of
 * the library's functions: what the validation layer says on a thread of the driver waits for the next of these. */
typedef void (*tenka_log_fn)(void *user, enum tenka_log_level level, const char *text);

/* Told how far a call is that takes more than a second, on the thread that called: done of all have been done of what,
 * such as "compiling kernels". The last time done is all. */
typedef void (*tenka_progress_fn)(void *user, const char *what, size_t done, size_t all);

struct tenka_ctx_params {
    size_t size; /* sizeof(struct tenka_ctx_params) */
    enum tenka_backend backend;
    const char *device;    /* Vulkan: an index, part of a name, or a UUID, as `tenka devices` lists them;
                               * NULL: the best device. An error with the other backends. */
    uint64_t seed;         /* of the context's generator; the low 32 bits count, as in PyTorch */
    int threads;           /* CPU backend; 0: as many as OpenMP takes. Results do not depend on it. How they wait is
                               * for the environment to say: see tenka_ctx_create */
    bool validate;         /* Vulkan: load the validation layer; any message of it is E_DEVICE */
    const char *cache_dir; /* compiled kernels and what tuning found out; NULL: $XDG_CACHE_HOME/tenka or
                               * ~/.cache/tenka; "": none */
    tenka_log_fn log;      /* NULL: silence. The library itself never prints. */
    void *log_user;
    enum tenka_dropout_mask dropout_mask;
    enum tenka_tune tune;       /* Vulkan */
    const char *shader_dir;     /* Vulkan: a folder like shaders/ of Tenka's sources: kernels are compiled from it when
                                 * they are first used, and what is wrong in one fails the step with E_FORMAT, file and
                                 * line; nothing is written to cache_dir. With AUTO only for a GPU, never the CPU.
                                 * E_UNSUPPORTED in a build without shaderc. NULL: the build's kernels */
    tenka_progress_fn progress; /* Vulkan on Mesa's lavapipe: the kernels that the steps of a first start need are
                                 * compiled on all processors, which takes seconds; NULL: nobody is told */
    void *progress_user;
};
#define TENKA_CTX_DEFAULTS                                                     \
    {                                                                          \
        .size = sizeof(struct tenka_ctx_params), .backend = TENKA_BACKEND_AUTO \
    }

/* Opens a device and makes a context on it.
 *   params  NULL: the defaults
 *   out     the context, owned by the caller; NULL on failure, and tenka_last_error(NULL) then has the
 *           sentence (one for each thread)
 * The CPU backend's threads are OpenMP's, and how they wait for each other is one thing for all of a process, which
 * OpenMP reads from the environment when it is loaded, before main. Unless told otherwise they spin, gcc's for some
 * 20 ms: where the machine has other work, on cores that somebody needs, be it the thread that is waited for. A program
 * that may meet such a machine is to be started with OMP_WAIT_POLICY=passive, or, to spin for a short while as the
 * command `tenka` does, with GOMP_SPINCOUNT=3000 (gcc's OpenMP) or KMP_BLOCKTIME=1 (clang's); without, training has
 * been seen to take up to 25 times as long there. The library changes no environment.
 * Errors: E_INVALID (unknown device, bad params), E_UNSUPPORTED (no Vulkan, device too small),
 * E_NOMEM, E_DEVICE. */
TENKA_API tenka_status tenka_ctx_create(const struct tenka_ctx_params *params, tenka_ctx **out);

/* Waits for the device and frees the context. Everything made with it (modules, optimizers, loaders,
 * variables) must have been destroyed before. Accepts a pointer to NULL. */
TENKA_API void tenka_ctx_destroy(tenka_ctx **ctx);

/* The sentence of the context's last failure, numbers included; "" when there was none. The context owns
 * it until its next failure. ctx NULL: the last failure on this thread of tenka_ctx_create, or of another
 * function that was called without a context. */
TENKA_API const char *tenka_last_error(const tenka_ctx *ctx);
/* The status that belongs to that sentence; TENKA_OK when there was none. */
TENKA_API tenka_status tenka_last_status(const tenka_ctx *ctx);

/* The device in one line, such as "cpu, AVX-512, 2 threads" or "vulkan: AMD Radeon RX 7900 XT (driver ...)".
 * The context owns it. */
TENKA_API const char *tenka_ctx_device_name(const tenka_ctx *ctx);

/* Which backend runs: never TENKA_BACKEND_AUTO. */
TENKA_API enum tenka_backend tenka_ctx_backend(const tenka_ctx *ctx);

/* Sets the context's generator anew (PyTorch's manual_seed): what is drawn afterwards repeats. */
TENKA_API void tenka_manual_seed(tenka_ctx *ctx, uint64_t seed);

/* Waits until the device has done all submitted work. Errors: E_DEVICE. */
TENKA_API tenka_status tenka_synchronize(tenka_ctx *ctx);

/* What a context has done so far, for tests and curious people. */
struct tenka_ctx_stats {
    size_t size;               /* sizeof(struct tenka_ctx_stats), set by the caller */
    uint64_t steps;            /* plans submitted */
    uint64_t plans_made;       /* cache misses */
    uint64_t plans_cached;     /* alive now */
    uint64_t device_bytes;     /* device memory held by variables and the arena */
    uint64_t device_objects;   /* buffers and Vulkan objects created since the start, never decremented */
    uint64_t host_allocations; /* host allocations of the library since the start of the process */
    uint64_t dispatches;       /* kernels that the last plan submitted launches */
};
TENKA_API void tenka_ctx_stats(const tenka_ctx *ctx, struct tenka_ctx_stats *out);

/* One Vulkan device, or the CPU, as tenka_devices lists them. */
struct tenka_device_info {
    char name[256];
    char driver[256];
    char uuid[37];   /* "" for the CPU */
    char kind[16];   /* "discrete", "integrated", "virtual" (a GPU that a virtual machine was lent), "other"
                               * (its driver does not say), "software", "cpu" */
    char note[1024]; /* "" or why Tenka cannot use it; of the CPU: why there is no Vulkan device beside it */
    uint64_t memory; /* bytes of the largest device-local heap */
    bool usable;
    bool chosen; /* what --backend auto picks */
};

/* Lists the devices: the Vulkan ones in the order of their index, the CPU last.
 *   out, max  the caller's array; at most max entries are written
 *   count     how many there are in all
 * Never fails for want of Vulkan, be it that a driver or the loader fails: the list then holds the CPU alone, and its
 * note says why. Errors: E_NOMEM; tenka_last_error(NULL) then has the sentence. */
TENKA_API tenka_status tenka_devices(struct tenka_device_info *out, size_t max, size_t *count);

#ifdef __cplusplus
}
#endif
#endif
