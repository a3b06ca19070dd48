/* Files that only save time, kept under the cache folder for each device and driver version: whatever goes wrong with
 * one is at most a line in the log. */
#include "backend/vulkan/keep.h"
#include "core/os.h"

/* In front of the content: not even drivers check well what they are handed. */
struct header {
    char magic[8];
    uint64_t bytes, hash;
};
static const char magic[8] = {'t', 'e', 'n', 'k', 'a', 'p', 'c', '1'};
/* More is no file of ours. */
#define LARGEST ((uint64_t)256 << 20)

struct tenka_vk_keep {
    char *dir; /* NULL: nothing is kept */
    bool frozen;
};

uint64_t tenka_vk_hash(uint64_t hash, const void *data, size_t bytes)
{
    const unsigned char *at = data;
    for (size_t i = 0; i < bytes; i++)
        hash = (hash ^ at[i]) * 1099511628211u;
    return hash;
}

tenka_status tenka_vk_keep_open(struct tenka_vk_device *dev, const char *dir, bool frozen)
{
    struct tenka_vk_keep *keep = dev->keep = tenka_alloc(sizeof(*keep));
    if (keep == NULL)
        return tenka_fail_nomem(dev->base.err);
    char *usual = dir != NULL ? NULL : tenka_os_cache_dir();
    const char *folder = dir != NULL ? dir : usual;
    const bool wanted = folder != NULL && folder[0];
    keep->frozen = frozen;
    if (wanted)
        keep->dir = tenka_strdup(folder);
    tenka_free(usual);
    return wanted && keep->dir == NULL ? tenka_fail_nomem(dev->base.err) : TENKA_OK;
}

static void forget_dir(struct tenka_vk_device *dev)
{
    tenka_free(dev->keep->dir);
    dev->keep->dir = NULL;
}

void tenka_vk_keep_finish(struct tenka_vk_device *dev)
{
    if (dev->keep == NULL)
        return;
    forget_dir(dev);
    tenka_free(dev->keep);
}

bool tenka_vk_keep_saves(const struct tenka_vk_device *dev)
{
    return dev->keep->dir != NULL && !dev->keep->frozen;
}

/* NULL: nothing is kept, or no memory. */
static char *path_of(const struct tenka_vk_device *dev, const char *name)
{
    const char *dir = dev->keep->dir;
    return dir != NULL ? tenka_sprintf("%s/vulkan-%s-%08x.%s", dir, dev->gpu.info.uuid, dev->gpu.driver_version, name)
                       : NULL;
}

static bool intact(const unsigned char *file, uint64_t bytes)
{
    struct header head;
    if (bytes < sizeof(head))
        return false;
    memcpy(&head, file, sizeof(head));
    return memcmp(head.magic, magic, sizeof(magic)) == 0 && head.bytes == bytes - sizeof(head) &&
           tenka_vk_hash(TENKA_VK_HASH, file + sizeof(head), (size_t)head.bytes) == head.hash;
}

void *tenka_vk_keep_load(struct tenka_vk_device *dev, const char *name, size_t *bytes)
{
    struct tenka_error err = {0};
    void *file = NULL;
    uint64_t size = 0;
    char *path = path_of(dev, name);
    *bytes = 0;
    if (path != NULL && tenka_os_exists(path)) {
        if (tenka_os_read_file(&err, path, LARGEST, &file, &size) == TENKA_OK && intact(file, size)) {
            *bytes = (size_t)size - sizeof(struct header);
            memmove(file, (char *)file + sizeof(struct header), *bytes);
        } else {
            tenka_say(dev->base.log, TENKA_LOG_DEBUG, "%s is damaged: it will be made anew", path);
            tenka_free(file);
            file = NULL;
        }
    }
    tenka_free(path);
    return file;
}

static tenka_status save(const struct tenka_vk_device *dev, struct tenka_error *err, const char *path, const void *data,
                         size_t bytes)
{
    struct tenka_file_writer writer = {0};
    struct header head = {.bytes = bytes, .hash = tenka_vk_hash(TENKA_VK_HASH, data, bytes)};
    memcpy(head.magic, magic, sizeof(magic));
    TENKA_TRY(tenka_os_make_dirs(err, dev->keep->dir));
    tenka_status status = tenka_file_writer_create(&writer, err, path);
    if (status == TENKA_OK)
        status = tenka_file_writer_write(&writer, err, &head, sizeof(head));
    if (status == TENKA_OK)
        status = tenka_file_writer_write(&writer, err, data, bytes);
    if (status == TENKA_OK)
        status = tenka_file_writer_commit(&writer, err);
    tenka_file_writer_abort(&writer);
    if (status == TENKA_OK)
        tenka_file_writer_sweep(path);
    return status;
}

void tenka_vk_keep_save(struct tenka_vk_device *dev, const char *name, const void *data, size_t bytes)
{
    struct tenka_error err = {0};
    char *path = tenka_vk_keep_saves(dev) ? path_of(dev, name) : NULL;
    if (path != NULL && save(dev, &err, path, data, bytes) != TENKA_OK) {
        tenka_say(dev->base.log, TENKA_LOG_WARNING, "the work of this start will be done again next time: %s",
                  err.text);
        forget_dir(dev); /* one such line is enough */
    }
    tenka_free(path);
}
