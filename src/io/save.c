/* Saving bytes; and looking before saving: where a file would go, and whether it could be written. */
#include "core/os.h"
#include "graph/graph.h"
#include "io/model.h"

tenka_status tenka_save_check(tenka_ctx *ctx, const char *path)
{
    struct tenka_error *const err = tenka_ctx_error(ctx);
    if (path == NULL)
        return tenka_fail(err, TENKA_E_INVALID, "save_check: path is NULL");
    return tenka_file_writer_check(err, path);
}

tenka_status tenka_save_bytes(tenka_ctx *ctx, const char *path, const void *data, size_t bytes)
{
    struct tenka_error *const err = tenka_ctx_error(ctx);
    if (path == NULL || data == NULL)
        return tenka_fail(err, TENKA_E_INVALID, "save_bytes: path or data is NULL");
    TENKA_TRY(tenka_os_write_file(err, path, data, bytes));
    tenka_file_writer_sweep(path);
    return TENKA_OK;
}

char *tenka_save_name(const char *path, const char *suffix)
{
    return path != NULL ? tenka_os_write_name(path, suffix) : NULL;
}

/* The network's text has all names that a file of either format would have. */
tenka_status tenka_model_save_check(tenka_module *net, const struct tenka_preprocessing *how, const char *path)
{
    json_t *metadata;
    if (net == NULL)
        return TENKA_E_INVALID;
    TENKA_TRY(tenka_model_metadata(net, how, &metadata));
    json_decref(metadata);
    return tenka_save_check(tenka_module_ctx(net), path);
}
