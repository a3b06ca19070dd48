#define _POSIX_C_SOURCE 200809L
#define _FILE_OFFSET_BITS 64

#include "core/os.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Linux transfers at most about 2 GiB a call; a smaller piece also stays below every ssize_t. */
#define PIECE ((uint64_t)1 << 30)

uint64_t tenka_os_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint32_t tenka_os_processors(void)
{
    const long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count > 1 ? (uint32_t)count : 1;
}

/* ---- Threads ---- */

struct tenka_worker {
    pthread_t *threads;
    uint32_t count;
    pthread_mutex_t lock;
    pthread_cond_t woken;
    void (*run)(tenka_worker *worker, void *user);
    void *user;
};

static void *call_run(void *argument)
{
    tenka_worker *worker = argument;
    worker->run(worker, worker->user);
    return NULL;
}

static void destroy(tenka_worker *worker)
{
    pthread_cond_destroy(&worker->woken);
    pthread_mutex_destroy(&worker->lock);
    tenka_free(worker->threads);
    tenka_free(worker);
}

tenka_status tenka_worker_start(struct tenka_error *err, uint32_t threads,
                                void (*run)(tenka_worker *worker, void *user), void *user, tenka_worker **out)
{
    *out = NULL;
    tenka_worker *worker = tenka_alloc(sizeof(*worker));
    if (worker == NULL)
        return tenka_fail_nomem(err);
    worker->run = run;
    worker->user = user;
    pthread_mutex_init(&worker->lock, NULL);
    pthread_cond_init(&worker->woken, NULL);
    worker->threads = tenka_alloc_array(threads, sizeof(worker->threads[0]));
    const bool has_memory = worker->threads != NULL;
    while (has_memory && worker->count < threads &&
           pthread_create(&worker->threads[worker->count], NULL, call_run, worker) == 0)
        worker->count++;
    if (worker->count == 0) {
        destroy(worker);
        return has_memory ? tenka_fail(err, TENKA_E_UNSUPPORTED, "the system gives no further thread")
                          : tenka_fail_nomem(err);
    }
    *out = worker;
    return TENKA_OK;
}

void tenka_worker_join(tenka_worker **worker)
{
    for (uint32_t i = 0; i < (*worker)->count; i++)
        pthread_join((*worker)->threads[i], NULL);
    destroy(*worker);
    *worker = NULL;
}

void tenka_worker_lock(tenka_worker *worker)
{
    pthread_mutex_lock(&worker->lock);
}

void tenka_worker_unlock(tenka_worker *worker)
{
    pthread_mutex_unlock(&worker->lock);
}

void tenka_worker_wait(tenka_worker *worker)
{
    pthread_cond_wait(&worker->woken, &worker->lock);
}

void tenka_worker_wake(tenka_worker *worker)
{
    pthread_cond_broadcast(&worker->woken);
}

tenka_status tenka_fail_io(struct tenka_error *err, const char *verb, const char *path, int number)
{
    char reason[128];
    if (number == ENOMEM)
        return tenka_fail_nomem(err);
    if (strerror_r(number, reason, sizeof(reason)) != 0)
        snprintf(reason, sizeof(reason), "error %d", number);
    return tenka_fail(err, TENKA_E_IO, "cannot %s %s: %s", verb, path, reason);
}

char *tenka_os_cache_dir(void)
{
    const char *dir = getenv("XDG_CACHE_HOME");
    /* The base directory specification says that a relative path is to be ignored. */
    if (dir != NULL && dir[0] == '/')
        return tenka_sprintf("%s/tenka", dir);
    dir = getenv("HOME");
    return dir != NULL && dir[0] == '/' ? tenka_sprintf("%s/.cache/tenka", dir) : NULL;
}

tenka_status tenka_os_make_dirs(struct tenka_error *err, const char *path)
{
    char *part = tenka_strdup(path);
    if (part == NULL)
        return tenka_fail_nomem(err);
    tenka_status status = TENKA_OK;
    for (size_t i = 1; i <= strlen(path) && status == TENKA_OK; i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        part[i] = '\0';
        struct stat info;
        if (mkdir(part, 0777) != 0 && (stat(part, &info) != 0 || !S_ISDIR(info.st_mode)))
            status = tenka_fail_io(err, "make the folder", part, errno != 0 ? errno : ENOTDIR);
        part[i] = path[i];
    }
    tenka_free(part);
    return status;
}

bool tenka_os_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

tenka_status tenka_os_identify(struct tenka_error *err, const char *path, struct tenka_folder_identity *out)
{
    struct stat info;
    if (stat(path, &info) != 0)
        return tenka_fail_io(err, "read the folder", path, errno);
    if (!S_ISDIR(info.st_mode))
        return tenka_fail_io(err, "read the folder", path, ENOTDIR);
    *out = (struct tenka_folder_identity){(uint64_t)info.st_dev, (uint64_t)info.st_ino};
    return TENKA_OK;
}

tenka_status tenka_os_list(struct tenka_error *err, const char *path,
                           tenka_status (*see)(void *user, const char *name, bool folder), void *user)
{
    DIR *const dir = opendir(path);
    if (dir == NULL)
        return tenka_fail_io(err, "read the folder", path, errno);
    tenka_status status = TENKA_OK;
    errno = 0;
    for (const struct dirent *entry; status == TENKA_OK && (entry = readdir(dir)) != NULL; errno = 0) {
        struct stat info;
        const bool folder = fstatat(dirfd(dir), entry->d_name, &info, 0) == 0 && S_ISDIR(info.st_mode);
        if (entry->d_name[0] != '.')
            status = see(user, entry->d_name, folder);
    }
    if (status == TENKA_OK && errno != 0)
        status = tenka_fail_io(err, "read the folder", path, errno);
    closedir(dir);
    return status;
}

/* ---- Reading ---- */

static tenka_status open_regular(struct tenka_error *err, const char *path, int *file, uint64_t *bytes)
{
    struct stat info;
    /* O_NONBLOCK: opening a pipe that nobody writes would wait for ever. Regular files ignore it. */
    *file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (*file < 0)
        return tenka_fail_io(err, "open", path, errno);
    tenka_status status = TENKA_OK;
    if (fstat(*file, &info) != 0)
        status = tenka_fail_io(err, "read", path, errno);
    else if (!S_ISREG(info.st_mode))
        status = tenka_fail(err, TENKA_E_IO, "cannot read %s: it is no regular file", path);
    if (status != TENKA_OK) {
        close(*file);
        return status;
    }
    *bytes = (uint64_t)info.st_size;
    return TENKA_OK;
}

static tenka_status read_at(struct tenka_error *err, const char *path, int file, uint64_t offset, void *dst,
                            uint64_t bytes)
{
    for (uint64_t done = 0; done < bytes;) {
        const size_t piece = (size_t)(bytes - done < PIECE ? bytes - done : PIECE);
        const ssize_t got = pread(file, (unsigned char *)dst + done, piece, (off_t)(offset + done));
        if (got == 0)
            return tenka_fail(err, TENKA_E_FORMAT, "%s ends at byte %llu, %llu bytes too early: it is truncated", path,
                              (unsigned long long)(offset + done), (unsigned long long)(bytes - done));
        if (got < 0 && errno != EINTR)
            return tenka_fail_io(err, "read", path, errno);
        if (got > 0)
            done += (uint64_t)got;
    }
    return TENKA_OK;
}

tenka_status tenka_os_file_size(struct tenka_error *err, const char *path, uint64_t *bytes)
{
    int file;
    TENKA_TRY(open_regular(err, path, &file, bytes));
    close(file);
    return TENKA_OK;
}

tenka_status tenka_os_read_range(struct tenka_error *err, const char *path, uint64_t offset, void *dst, uint64_t bytes)
{
    int file;
    uint64_t size;
    TENKA_TRY(open_regular(err, path, &file, &size));
    tenka_status status;
    if (offset > size || bytes > size - offset)
        status = tenka_fail(err, TENKA_E_FORMAT,
                            "%s has %llu bytes, but bytes %llu to %llu of it are needed: "
                            "it is truncated",
                            path, (unsigned long long)size, (unsigned long long)offset,
                            (unsigned long long)(offset + bytes));
    else
        status = read_at(err, path, file, offset, dst, bytes);
    close(file);
    return status;
}

static tenka_status read_open(struct tenka_error *err, const char *path, int file, uint64_t max_bytes, uint64_t size,
                              void **data)
{
    if (max_bytes != 0 && size > max_bytes)
        return tenka_fail(err, TENKA_E_FORMAT, "%s has %llu bytes, more than the %llu that are allowed", path,
                          (unsigned long long)size, (unsigned long long)max_bytes);
    if (size >= SIZE_MAX)
        return tenka_fail_nomem(err);
    char *memory = tenka_alloc((size_t)size + 1);
    if (memory == NULL)
        return tenka_fail(err, TENKA_E_NOMEM, "out of host memory: %s has %llu bytes", path, (unsigned long long)size);
    const tenka_status status = read_at(err, path, file, 0, memory, size);
    if (status == TENKA_OK)
        *data = memory;
    else
        tenka_free(memory);
    return status;
}

tenka_status tenka_os_read_file(struct tenka_error *err, const char *path, uint64_t max_bytes, void **data,
                                uint64_t *bytes)
{
    int file;
    *data = NULL;
    *bytes = 0;
    uint64_t size;
    TENKA_TRY(open_regular(err, path, &file, &size));
    const tenka_status status = read_open(err, path, file, max_bytes, size, data);
    close(file);
    if (status == TENKA_OK)
        *bytes = size;
    return status;
}
