/* The step being traced, variables, plans and the context that holds them. Only src/graph includes this. */
#ifndef TENKA_GRAPH_INTERNAL_H
#define TENKA_GRAPH_INTERNAL_H

#include "graph/graph.h"
#include "plan/plan.h"

struct tenka_variable {
    struct tenka_variable_head head; /* first, so that a place's variable is one of these */
    tenka_ctx *ctx;
    tenka_variable *next, **link; /* the context's list */
    bool requires_grad;
    tenka_buffer *buffer;

    uint32_t leaf_step, leaf;       /* value of the content at the begin of step leaf_step */
    uint32_t current_step, current; /* value that the variable holds now, in step current_step */
    size_t assigned_at;             /* entry that made it so */
    uint32_t lost_step;             /* last step that assigned it and was not run; 0: none */
    uint32_t grad_step, grad;       /* value of the gradient gathered in step grad_step */
    tenka_variable *stored_grad;    /* gradient that outlived its step; made on demand */
    bool has_stored_grad;
    uint32_t written_after; /* the step after which the program wrote it, while that was readable */
};

/* The variable that a record or a place means; NULL: none. */
static inline tenka_variable *tenka_variable_of(struct tenka_variable_head *head)
{
    return (tenka_variable *)head;
}

/* Blocks of device memory that plans lay their values into. */
struct tenka_blocks {
    tenka_buffer *buffer[TENKA_MAX_BLOCKS];
    size_t count;
};

/* ---- Plans ---- */

/* A plan that the context keeps. */
struct tenka_kept_plan {
    struct tenka_entry *key;
    size_t n_key;
    uint64_t hash;
    uint64_t last_use;                /* for evicting the least recently used */
    struct tenka_kept_plan *follower; /* the plan that came next last time; may be gone: check the cache */
    struct tenka_step_plan step;
    tenka_program *program; /* NULL: not prepared for the present arena */
};

#define TENKA_MAX_PLANS 64
#define TENKA_MAX_HOST_TIMES 16

/* ---- The context ---- */

struct tenka_ctx {
    struct tenka_error err;     /* the last failure */
    struct tenka_error mistake; /* the first mistake of the open step's operators; OK: none */
    bool blamed;                /* mistake has its place in front */
    struct tenka_log log;
    enum tenka_backend backend;
    tenka_device *dev;
    struct tenka_limits limits;
    struct tenka_rng rng;
    bool torch_masks; /* dropout draws PyTorch's masks on the host */

    const char *layer; /* of the module whose forward is at work; NULL: of none */
    char **names;      /* of layers: they live as long as the context */
    size_t n_names, names_capacity;

    /* the step being traced */
    uint32_t generation; /* of the step: 1, 2, ... */
    bool open, placeholder, quiet;
    bool has_grad; /* some value of the step requires a gradient */
    struct tenka_step_watcher *watchers;
    unsigned no_grad;
    unsigned sizing; /* variables are made without memory */
    struct tenka_entry *entries;
    size_t n_entries, entries_capacity;
    struct tenka_log_value *values;
    size_t n_values, values_capacity;
    struct tenka_assignment *assignments;
    size_t n_assignments, assignments_capacity;
    double *scalars;
    size_t n_scalars, scalars_capacity;
    unsigned char *inputs; /* input bytes as the device will see them, scalars appended at submission */
    size_t inputs_bytes, inputs_capacity;
    size_t unlimited_bytes;      /* of the inputs: what their limit leaves out, those of the library on the CPU */
    bool has_masks;              /* among them are dropout's */
    struct tenka_place *spilled; /* of each value computed by a flush of this step; kind NONE: not */
    size_t n_spilled, spilled_capacity;
    size_t flushed; /* entries that were run by flushes */
    uint8_t *marks; /* one for each value, for walks over the log */
    size_t marks_capacity;
    bool matching; /* all entries so far equal the expected plan's */
    struct tenka_kept_plan *expected;

    /* the step before, until the next operator */
    uint32_t readable_generation; /* 0: none */
    struct tenka_kept_plan *readable;

    struct tenka_kept_plan *plans[TENKA_MAX_PLANS];
    size_t n_plans;
    struct tenka_kept_plan *previous; /* last plan submitted */
    uint64_t clock, steps, plans_made, misses_in_a_row;
    uint32_t profiling;       /* tenka_profile_begin calls that are open */
    enum tenka_timing timing; /* of plans that are prepared while there are some */
    bool capturing;
    struct tenka_host_time host[TENKA_MAX_HOST_TIMES]; /* of the step traced last, while profiling */
    size_t n_host;
    double traced_since; /* when the host turned to tracing the open step */
    bool warned_misses, warned_flush;
    struct tenka_blocks arena, spill;
    size_t spill_used[TENKA_MAX_BLOCKS];
    tenka_variable *variables;
    uint64_t next_id;
};

/* trace.c */
tenka_tensor tenka_inert(tenka_ctx *ctx);
void tenka_step_begin(tenka_ctx *ctx); /* opens a step unless one is open */
struct tenka_entry *tenka_trace_entry(tenka_ctx *ctx,
                                      enum tenka_entry_kind kind); /* zeroed, not yet committed; NULL: no memory */
void tenka_trace_commit(tenka_ctx *ctx); /* the entry is filled: compare it with the expected plan's */
uint32_t tenka_trace_value(tenka_ctx *ctx, const struct tenka_desc *desc); /* the next value, of the newest entry */
bool tenka_trace_input(tenka_ctx *ctx, tenka_tensor t, const char *what);  /* t is a value of the open step */
/* The first mistake of the step, if any, becomes the context's failure and the step is forgotten. */
tenka_status tenka_take_mistake(tenka_ctx *ctx);

/* profile.c: what the host does while profiling */
void tenka_host_begin_step(tenka_ctx *ctx);
/* The seconds now; 0 unless steps are profiled. */
double tenka_host_now(const tenka_ctx *ctx);
/* Notes that the host did this since begin, a value of tenka_host_now; returns the seconds now, or 0. */
double tenka_host_note(tenka_ctx *ctx, enum tenka_host_work work, double begin);

/* backward.c */
bool tenka_grow_marks(tenka_ctx *ctx); /* a mark for each value */

/* step.c */
tenka_status tenka_step_for_read(tenka_ctx *ctx, uint32_t value, bool unassigned, struct tenka_place *where);
void tenka_step_close(tenka_ctx *ctx);
void tenka_step_abandon(tenka_ctx *ctx); /* closes a step that is not run: what it assigned is lost */
void tenka_step_tell(tenka_ctx *ctx, bool ran); /* tells those who watch the step, who then watch no more */

/* plan.c */
tenka_status tenka_plan_build(tenka_ctx *ctx, struct tenka_kept_plan **out); /* from the context's log */
void tenka_plan_free(tenka_ctx *ctx, struct tenka_kept_plan *plan);
tenka_buffer *tenka_place_buffer(tenka_ctx *ctx, const struct tenka_place *place);
size_t tenka_desc_bytes(const tenka_ctx *ctx, const struct tenka_desc *desc);

/* cache.c */
tenka_status tenka_cache_find(tenka_ctx *ctx, struct tenka_kept_plan **out); /* of the log; makes it on a miss */
void tenka_cache_expect(tenka_ctx *ctx); /* guesses the plan of the step that begins */
void tenka_cache_drop_variable(tenka_ctx *ctx, const tenka_variable *var);
void tenka_cache_drop_programs(tenka_ctx *ctx); /* each plan is prepared anew when it next runs */
void tenka_cache_finish(tenka_ctx *ctx);
tenka_status tenka_cache_ready(tenka_ctx *ctx, struct tenka_kept_plan *plan); /* arena large enough, program prepared */

#endif
