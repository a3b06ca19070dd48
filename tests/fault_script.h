/* A training with everything that can fail, as a list of stages. A stage that failed can be tried again, and the
 * outcome is then what it is without failures, bit for bit. */
#ifndef TENKA_TESTS_FAULT_SCRIPT_H
#define TENKA_TESTS_FAULT_SCRIPT_H

#include "support.h"

struct outcome {
    uint64_t weights; /* a hash of the network's state, read from the device */
    uint64_t file;    /* a hash of the checkpoint without what depends on the process */
    uint64_t right, values;
    double mean;
};

struct script {
    const struct target *target;
    const char *folder;    /* has the data, gets the files */
    const char *cache_dir; /* NULL: none */
    enum tenka_tune tune;
    tenka_ctx *ctx;
    tenka_dataset *data;
    tenka_loader *on_device, *on_host;
    tenka_module *net;
    tenka_optimizer *opt;
    tenka_meter *meter;
    tenka_variable *kept;
    tenka_model *model;
    tenka_tensor loss;
    struct outcome outcome;
};

typedef tenka_status (*stage_fn)(struct script *s);
struct stage {
    const char *name;
    stage_fn run;
};
extern const struct stage script_stages[];
extern const size_t script_length;

/* A folder of its own, in memory where there is such a place: thousands of files are brought to the disk. */
void script_make_folder(char *path, size_t bytes);
void script_remove_folder(const char *path);
/* Makes the folder's data. */
void script_write_data(const char *folder);
/* Destroys what is there, half-made or not. */
void script_finish(struct script *s);
/* Runs stage by stage. One that fails must give a status that is expected, and a sentence; then disarm is called, and
 * it must succeed. Returns the name of the stage for which that was needed; "": none. */
const char *script_run(struct script *s, bool (*expected)(tenka_status status), void (*disarm)(void));

#endif
