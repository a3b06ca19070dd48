/* The seam between the graph and the devices. A backend is handed whole plans, so that it can record once and replay;
 * never single calls. backend.c checks every argument once and calls through; backends trust it. */
#ifndef TENKA_BACKEND_H
#define TENKA_BACKEND_H

#include "op/plan.h"

typedef struct tenka_device tenka_device;
typedef struct tenka_program tenka_program;
typedef struct tenka_fetch tenka_fetch;
typedef uint64_t tenka_ticket; /* never falls from submission to submission of a device; 0: nothing, always done */

/* Recordings of one plan that may be pending at a time. */
#define TENKA_SLOTS 4

/* A kernel's launch in a run of a timed program. */
struct tenka_span {
    uint32_t node, jobs; /* it ran the nodes node .. node + jobs - 1; several launches may share the work of one node */
    double begin, end;   /* seconds of tenka_os_now's clock; a launch begins after the end of the one before */
};

struct tenka_limits {
    size_t real_bytes;  /* a device word: 4, or 8 on the f64 CPU device */
    size_t max_buffer;  /* bytes of the largest buffer */
    size_t max_operand; /* bytes of the largest tensor a kernel can bind (but see TENKA_PASS_PIECES) */
    uint64_t memory;    /* bytes of device memory in all, 0: unknown */
    bool bounded_loops; /* an invocation that loops more than TENKA_MAX_LOOPS times is not to be trusted */
    bool rests;         /* its clock falls while it has nothing to do, and its kernels can be timed */
};

/* A driver has been seen to end longer loops early, and a GPU's watchdog ends kernels that take seconds. */
#define TENKA_MAX_LOOPS 65535

struct tenka_backend_fns {              /* called by backend.c only */
    void (*destroy)(tenka_device *dev); /* waits for the device */
    /* Zeroed memory. name is for debuggers. */
    tenka_status (*buffer_create)(tenka_device *dev, size_t bytes, const char *name, tenka_buffer **out);
    /* Optional: a buffer that is only read, over memory of the host, which outlives it. */
    tenka_status (*buffer_borrow)(tenka_device *dev, const void *memory, size_t bytes, tenka_buffer **out);
    void (*buffer_destroy)(tenka_device *dev, tenka_buffer *buf); /* waits for pending work that uses it; never NULL */
    /* After all submitted work, before all later work. */
    tenka_status (*write)(tenka_device *dev, tenka_buffer *buf, size_t offset, const void *src, size_t bytes);
    tenka_status (*read)(tenka_device *dev, const tenka_buffer *buf, size_t offset, void *dst, size_t bytes);
    /* Copies of plan are made; its buffers must outlive the program. */
    tenka_status (*prepare)(tenka_device *dev, const struct tenka_plan *plan, tenka_program **out);
    void (*program_destroy)(tenka_device *dev, tenka_program *prog); /* waits for its pending work; never NULL */
    /* Runs the program once. Copies inputs; waits only when all TENKA_SLOTS recordings are pending, then for the
     * oldest. */
    tenka_status (*submit)(tenka_device *dev, tenka_program *prog, const void *inputs, tenka_ticket *out);
    size_t (*dispatches)(const tenka_program *prog);              /* kernels that a run launches */
    tenka_status (*wait)(tenka_device *dev, tenka_ticket ticket); /* 0 or the newest: everything up to it */
    void (*limits)(const tenka_device *dev, struct tenka_limits *out);
    const char *(*name)(const tenka_device *dev);
    /* Of a timed plan's program: its launches in the last run, which is over; as many as dispatches says. */
    tenka_status (*spans)(tenka_device *dev, tenka_program *prog, struct tenka_span *out);
    /* Optional: how the device's clock was compared with the host's, as a clause of a sentence. */
    const char *(*clock)(tenka_device *dev);
    /* Optional: see tenka_device_capture_begin. */
    tenka_status (*capture_check)(tenka_device *dev);
    tenka_status (*capture_begin)(tenka_device *dev);
    tenka_status (*capture_end)(tenka_device *dev, const char *path);
    /* Optional: see tenka_device_fuses. */
    bool (*fuses)(const tenka_device *dev, enum tenka_kernel kernel, const int32_t *params);
    /* Optional, all of them: fetches, on a device whose reads may wait. arrived: then they are in fetch->copy. */
    tenka_status (*fetch_create)(tenka_device *dev, const tenka_buffer *buf, size_t offset, size_t bytes,
                                 tenka_fetch **out);
    void (*fetch_destroy)(tenka_device *dev, tenka_fetch *fetch);
    tenka_status (*fetch_ask)(tenka_device *dev, tenka_fetch *fetch);
    tenka_status (*fetch_arrived)(tenka_device *dev, tenka_fetch *fetch, bool *arrived);
    /* Optional: see tenka_device_pin. */
    void (*pin)(tenka_device *dev, uint32_t variant);
    /* Optional: see tenka_program_check_order. */
    tenka_status (*check_order)(tenka_device *dev, const struct tenka_plan *plan, const tenka_program *prog);
};

/* The beginning of every backend's device. */
struct tenka_device {
    const struct tenka_backend_fns *fns;
    struct tenka_error *err;     /* where sentences go: the context's */
    const struct tenka_log *log; /* the context's */
    tenka_ticket newest;         /* of the last submission; kept by backend.c */
    uint64_t bytes;              /* held by buffers; kept by backend.c */
    uint64_t objects;            /* created so far: buffers by backend.c, device objects by the backend */
    struct {
        double seconds; /* of warm.c's work at full clock */
        double given;   /* how long that was looked for; 0: never */
    } warm;
};

/* Each backend makes its device: cpu/ and vulkan/ (or its stub, when built without Vulkan). */
tenka_status tenka_cpu_device_create(const struct tenka_ctx_params *params, struct tenka_error *err,
                                     const struct tenka_log *log,
                                     tenka_device **out); /* params->backend says CPU or CPU_F64 */
tenka_status tenka_vulkan_device_create(const struct tenka_ctx_params *params, struct tenka_error *err,
                                        const struct tenka_log *log, tenka_device **out);
/* Vulkan's devices as tenka_devices promises (chosen is filled by open/choose.c). Fails when there is none: err says why. */
tenka_status tenka_vulkan_list(struct tenka_error *err, struct tenka_device_info *out, size_t max, size_t *count);

/* ---- open/choose.c: which of them a context gets ---- */

/* tenka_devices. */
tenka_status tenka_device_list(struct tenka_error *err, struct tenka_device_info *out, size_t max, size_t *count);

/* Opens the device that params ask for; AUTO chooses, and says its choice in one log line. err and log outlive it. */
tenka_status tenka_device_open(const struct tenka_ctx_params *params, struct tenka_error *err,
                               const struct tenka_log *log, enum tenka_backend *chosen, tenka_device **out);

/* ---- backend.c ---- */

void tenka_device_close(tenka_device **dev);
/* Zeroed; rounded up to whole 32-bit words, in which kernels move bytes. */
tenka_status tenka_buffer_create(tenka_device *dev, size_t bytes, const char *name, tenka_buffer **out);
/* Over memory of the host, whole 32-bit words, which outlives it; it is only read. For devices that borrow. */
tenka_status tenka_buffer_borrow(tenka_device *dev, const void *memory, size_t bytes, tenka_buffer **out);
bool tenka_device_borrows(const tenka_device *dev);
void tenka_buffer_destroy(tenka_device *dev, tenka_buffer **buf);
size_t tenka_buffer_size(const tenka_buffer *buf);
tenka_status tenka_buffer_write(tenka_device *dev, tenka_buffer *buf, size_t offset, const void *src, size_t bytes);
tenka_status tenka_buffer_read(tenka_device *dev, const tenka_buffer *buf, size_t offset, void *dst, size_t bytes);
/* Whether so many bytes at an offset lie inside `size` of them. */
static inline bool tenka_inside(size_t offset, size_t bytes, size_t size)
{
    return offset <= size && bytes <= size - offset;
}

/* ---- fetch.c: a few bytes of a buffer, looked at while the device works on. The buffer must outlive the fetch ---- */

#define TENKA_FETCH_BYTES 16
tenka_status tenka_fetch_create(tenka_device *dev, const tenka_buffer *buf, size_t offset, size_t bytes,
                                tenka_fetch **out);
void tenka_fetch_destroy(tenka_device *dev, tenka_fetch **fetch); /* waits for the device */
/* Asks for the bytes as they are after all work submitted so far; nobody waits. Once asked for, they must be taken
 * before they can be asked for again: until then nothing happens. */
tenka_status tenka_fetch_ask(tenka_device *dev, tenka_fetch *fetch);
/* *arrived: dst has what was asked for. Else it is untouched: nothing was asked for, or the device is not there yet. */
tenka_status tenka_fetch_take(tenka_device *dev, tenka_fetch *fetch, void *dst, bool *arrived);

/* ---- check_plan.c: called by backend.c ---- */

/* Fails, with a sentence, unless a device of these limits can run the plan: its operands exist, have the bytes of their
 * shapes and lie inside their buffers, and none is written where the node reads or writes another; none is too large to
 * bind, and no kernel loops too often. */
tenka_status tenka_check_plan(const struct tenka_plan *plan, const struct tenka_limits *limits,
                              struct tenka_error *err);
/* Fails for what is too large to bind or loops too often: all that is known of operands without a place. */
tenka_status tenka_check_plan_sizes(const struct tenka_plan *plan, const struct tenka_limits *limits,
                                    struct tenka_error *err);

/* ---- backend.c: programs ---- */

/* Refuses, with a sentence, plans that the device cannot run (operand too large, too many loop iterations). */
tenka_status tenka_program_prepare(tenka_device *dev, const struct tenka_plan *plan, tenka_program **out);
/* The same for a plan whose operands have sizes, but no place yet. */
tenka_status tenka_plan_check_sizes(tenka_device *dev, const struct tenka_plan *plan);
void tenka_program_destroy(tenka_device *dev, tenka_program **prog);
tenka_status tenka_program_submit(tenka_device *dev, tenka_program *prog, const void *inputs);
/* Looks through what was recorded of plan: whether each two kernels that touch the same memory run one after the other.
 * E_DEVICE with a sentence when two do not; E_UNSUPPORTED: the device records nothing. */
tenka_status tenka_program_check_order(tenka_device *dev, const struct tenka_plan *plan, const tenka_program *prog);
/* Of a program whose plan was timed: its launches in the last run, which it waits for. out: as many as
 * tenka_program_dispatches */
tenka_status tenka_program_spans(tenka_device *dev, tenka_program *prog, struct tenka_span *out);
/* The same as seconds of each node of the plan; NaN: in those of the node before. out: n_nodes */
tenka_status tenka_program_timings(tenka_device *dev, tenka_program *prog, double *out, size_t n_nodes);
/* How the spans of the device came onto the host's clock, such as "the host computes". */
const char *tenka_device_clock(tenka_device *dev);
/* All that is submitted between the two becomes one capture of a debugger, which the file path then holds; begin waits
 * for what came before. check tells E_UNSUPPORTED alone, and begins nothing.
 * Errors: E_UNSUPPORTED (no debugger, or a backend without), E_IO, E_NOMEM, E_DEVICE. */
tenka_status tenka_device_capture_check(tenka_device *dev);
tenka_status tenka_device_capture_begin(tenka_device *dev);
tenka_status tenka_device_capture_end(tenka_device *dev, const char *path);
size_t tenka_program_dispatches(const tenka_device *dev, const tenka_program *prog);
tenka_status tenka_device_wait(tenka_device *dev);
void tenka_device_limits(const tenka_device *dev, struct tenka_limits *out);
const char *tenka_device_name(const tenka_device *dev);
/* Whether this fused kernel is worth more than its parts on the device. */
bool tenka_device_fuses(const tenka_device *dev, enum tenka_kernel kernel, const int32_t *params);
/* For tests: kernels of later plans that come in variants run in that one, and a plan of one that cannot is refused as
 * E_UNSUPPORTED. TENKA_ABSENT: the device chooses again. false: a device without variants. */
bool tenka_device_pin(tenka_device *dev, uint32_t variant);

/* ---- warm.c ---- */

/* Runs work of no use until a device that rests has its full clock, as far as that can be told: a moment where it is
 * known to have it, else about so many seconds at most. To be called after all that takes the host long. */
tenka_status tenka_device_warm_up(tenka_device *dev, double seconds);

/* ---- cost.c: what a node has to do, for those who time it ---- */

uint64_t tenka_node_flops(const struct tenka_plan *plan, const struct tenka_node *node);
/* Bytes that it moves: of the tensors that it reads and writes, each once, where it touches all of them. */
uint64_t tenka_node_bytes(const struct tenka_plan *plan, const struct tenka_node *node);
/* "100x20x12x12 40x20x5x5 40 -> 100x40x8x8", cut to fit; returns out. */
const char *tenka_node_shapes(const struct tenka_plan *plan, const struct tenka_node *node, char *out, size_t size);

/* Of nodes that one launch runs: "adam_fwd 31", or "adam_fwd 31 and 7 more"; returns out, as the next does. */
const char *tenka_nodes_label(const struct tenka_node *first, uint32_t count, char *out, size_t size);
/* Their layers, each once and cut to fit: "base_net.0 + base_net.3". */
const char *tenka_nodes_layer(const struct tenka_node *first, uint32_t count, char *out, size_t size);

/* The beginning of every backend's buffer. */
struct tenka_buffer {
    size_t bytes;
};

/* The beginning of every backend's fetch. */
struct tenka_fetch {
    const tenka_buffer *buffer;
    size_t offset, bytes;
    bool asked;
    unsigned char copy[TENKA_FETCH_BYTES];
};

#endif
