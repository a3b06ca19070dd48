/* The operating system: the only header of the library, besides backend/vulkan, whose implementation is platform
 * code (os_posix.c, os_write.c, os_memory.c). */
#ifndef TENKA_OS_H
#define TENKA_OS_H

#include "core/core.h"

/* Nanoseconds of a clock that never goes back; its zero means nothing. */
uint64_t tenka_os_now(void);

/* Bytes that the system would still give to this process, swap included, within the limits that are set for it (ulimit
 * -v, control groups); at least 1. 0: not known. */
uint64_t tenka_os_free_memory(void);

/* Processors that run threads of this machine; at least 1. */
uint32_t tenka_os_processors(void);

/* ---- Threads ---- */

/* Threads, and a lock that they share with whoever started them. */
typedef struct tenka_worker tenka_worker;
/* Calls run(worker, user) on each of so many threads, or of fewer where the system gives no more.
 * Errors: E_NOMEM; E_UNSUPPORTED when the system gives no thread. */
tenka_status tenka_worker_start(struct tenka_error *err, uint32_t threads,
                                void (*run)(tenka_worker *worker, void *user), void *user, tenka_worker **out);
/* Waits until all have returned from run. Begin with the lock free. */
void tenka_worker_join(tenka_worker **worker);
void tenka_worker_lock(tenka_worker *worker);
void tenka_worker_unlock(tenka_worker *worker);
/* Gives the lock away until somebody wakes those that wait; may also return for no reason. */
void tenka_worker_wait(tenka_worker *worker);
void tenka_worker_wake(tenka_worker *worker);

/* "cannot <verb> <path>: <the system's reason>" as E_IO, or E_NOMEM; number: as errno has it. */
tenka_status tenka_fail_io(struct tenka_error *err, const char *verb, const char *path, int number);

/* ---- Folders ---- */

/* $XDG_CACHE_HOME/tenka, else ~/.cache/tenka, as an allocated string; NULL: no home, or no memory. */
char *tenka_os_cache_dir(void);

/* Makes a folder and those above it; one that exists is fine. Errors: E_IO, E_NOMEM. */
tenka_status tenka_os_make_dirs(struct tenka_error *err, const char *path);

/* Whether a file, folder or device of that name exists. */
bool tenka_os_exists(const char *path);

/* What tells a folder from all others, by whatever name it is reached. Errors: E_IO (also what is no folder). */
struct tenka_folder_identity {
    uint64_t device, number;
};
tenka_status tenka_os_identify(struct tenka_error *err, const char *path, struct tenka_folder_identity *out);

/* Calls see for each entry of a folder, in no order, but for those whose names begin with a dot; folder: it is one, or
 * a link to one. A failure of see ends it and is returned. Errors: E_IO (no folder, unreadable). */
tenka_status tenka_os_list(struct tenka_error *err, const char *path,
                           tenka_status (*see)(void *user, const char *name, bool folder), void *user);

/* ---- Reading ---- */

/* Bytes of a regular file. Errors: E_IO, also when path is none. */
tenka_status tenka_os_file_size(struct tenka_error *err, const char *path, uint64_t *bytes);

/* The whole of a regular file.
 *   max_bytes  a larger file is E_FORMAT; 0: no limit
 *   data       allocated, to be freed with tenka_free; followed by a zero byte, so that text is a string
 * Errors: E_IO, E_FORMAT, E_NOMEM. */
tenka_status tenka_os_read_file(struct tenka_error *err, const char *path, uint64_t max_bytes, void **data,
                                uint64_t *bytes);

/* Exactly bytes bytes from an offset of a regular file. Errors: E_IO; E_FORMAT when the file ends before. */
tenka_status tenka_os_read_range(struct tenka_error *err, const char *path, uint64_t offset, void *dst, uint64_t bytes);

/* ---- Writing: the file appears under its name whole or not at all ---- */

/* The name of the file that writing to path replaces: path, or what it leads to as a symbolic link, which need not
 * exist. With a suffix that of a companion in the same folder, "name.suffix"; a name of more than TENKA_MAX_STEM bytes
 * has "tenka-" and 16 digits in its place. Allocated; NULL: links lead in a circle, or no memory. */
#define TENKA_MAX_STEM 100
char *tenka_os_write_name(const char *path, const char *suffix);

/* Begins as { 0 }; create fills it, and either commit or abort empties it. */
struct tenka_file_writer {
    const char *verb; /* what cannot be done to path */
    char *path;       /* the file's name as it was given, for sentences */
    char *target;     /* the file that is replaced: not the link to it */
    char *temporary;  /* the name that it is written under, in the same folder */
    int file;         /* descriptor, while temporary is set; -1 once it is closed */
};
/* A file that is replaced keeps owner, group and permissions as far as the system allows. Errors: E_IO (also when path
 * leads to something that is no regular file, or to a mount point), E_NOMEM. */
tenka_status tenka_file_writer_create(struct tenka_file_writer *writer, struct tenka_error *err, const char *path);
/* Whether a file could be written so; leaves nothing, neither its own nor what writers that were killed have left, and an
 * older file as it is. Errors: as create and commit. */
tenka_status tenka_file_writer_check(struct tenka_error *err, const char *path);
/* Appends. On failure the writer still needs its abort. */
tenka_status tenka_file_writer_write(struct tenka_file_writer *writer, struct tenka_error *err, const void *src,
                                     uint64_t bytes);
/* Takes the file name, of the same folder, for the content: one that somebody else has written. It loses that name. On
 * failure the writer still needs its abort. */
tenka_status tenka_file_writer_adopt(struct tenka_file_writer *writer, struct tenka_error *err, const char *name);
/* Brings the content to the disk and gives the file its name; on failure nothing is left of it. */
tenka_status tenka_file_writer_commit(struct tenka_file_writer *writer, struct tenka_error *err);
/* Removes what was written. Accepts an empty writer, so that it can stand on every way out. */
void tenka_file_writer_abort(struct tenka_file_writer *writer);

/* Removes what writers of path left behind whose process was killed. Nothing that goes wrong here matters. */
void tenka_file_writer_sweep(const char *path);

/* The four in one. */
tenka_status tenka_os_write_file(struct tenka_error *err, const char *path, const void *src, uint64_t bytes);

#endif
