/* Files that appear under their name whole or not at all. */
#define _GNU_SOURCE /* statx */
#define _FILE_OFFSET_BITS 64

#include "core/os.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Linux transfers at most about 2 GiB a call; a smaller piece also stays below every ssize_t. */
#define PIECE ((uint64_t)1 << 30)
/* As many symbolic links as Linux follows, and as long as it makes them. */
#define MAX_LINKS 40
#define MAX_LINK_TEXT 4096
/* What is in the folder of probe_replacing. */
#define INNER "full"

/* ---- Names ---- */

/* Bytes of the folder that path begins with, its slash included; 0: the current one. */
static size_t folder_length(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? 0 : (size_t)(slash - path) + 1;
}

/* The folder without that slash; allocated, NULL: no memory. */
static char *folder_of(const char *path)
{
    const size_t length = folder_length(path);
    return length == 0 ? tenka_strdup(".") : tenka_sprintf("%.*s", length > 1 ? (int)length - 1 : 1, path);
}

/* What stands for a file's name in the names of files beside it: that name, or, as these must not grow beyond what a
 * folder takes (143 bytes on eCryptfs), a number made of a long one.
 * The hash is FNV-1a: http://www.isthe.com/chongo/tech/comp/fnv/ */
static const char *stem_of(const char *name, char buffer[32])
{
    uint64_t hash = 14695981039346656037u;
    if (strlen(name) <= TENKA_MAX_STEM)
        return name;
    for (; *name != '\0'; name++)
        hash = (hash ^ (unsigned char)*name) * 1099511628211u;
    snprintf(buffer, 32, "tenka-%016" PRIx64, hash);
    return buffer;
}

/* The folder of path, its stem and then tail; allocated, NULL: no memory. */
static char *name_beside(const char *path, const char *tail)
{
    char buffer[32];
    const size_t length = folder_length(path);
    return tenka_sprintf("%.*s%s%s", (int)length, path, stem_of(path + length, buffer), tail);
}

/* ---- Symbolic links ---- */

/* What the link leads to, in one step. Returns 0 or the number of an error. */
static int follow(const char *link, char **out)
{
    char text[MAX_LINK_TEXT];
    const ssize_t length = readlink(link, text, sizeof(text));
    if (length < 0)
        return errno;
    if ((size_t)length == sizeof(text))
        return ENAMETOOLONG;
    text[length] = '\0';
    *out = tenka_sprintf("%.*s%s", text[0] == '/' ? 0 : (int)folder_length(link), link, text);
    return *out != NULL ? 0 : ENOMEM;
}

/* path, or where it leads in the end, which need not exist; allocated. Returns 0 or the number of an error. */
static int find_target(const char *path, char **target)
{
    struct stat info;
    int number = 0;
    *target = tenka_strdup(path);
    for (int links = 0; *target != NULL && lstat(*target, &info) == 0 && S_ISLNK(info.st_mode); links++) {
        char *next = NULL;
        number = links < MAX_LINKS ? follow(*target, &next) : ELOOP;
        tenka_free(*target);
        *target = next;
    }
    return *target == NULL && number == 0 ? ENOMEM : number;
}

char *tenka_os_write_name(const char *path, const char *suffix)
{
    char *target, *name;
    if (find_target(path, &target) != 0)
        return NULL;
    if (suffix == NULL)
        return target;
    name = name_beside(target, suffix);
    tenka_free(target);
    return name;
}

/* ---- Beginning ---- */

/* Of a path that leads nowhere the system does not say where it ends. */
static tenka_status fail_write(const struct tenka_file_writer *writer, struct tenka_error *err, int number)
{
    char *folder = folder_of(writer->target != NULL ? writer->target : writer->path);
    tenka_status status;
    if (folder != NULL && (number == ENOENT || number == EISDIR) && !tenka_os_exists(folder))
        status = tenka_fail(err, TENKA_E_IO, "cannot %s %s: there is no folder %s", writer->verb, writer->path, folder);
    else if (folder != NULL && number == ENOTDIR)
        status = tenka_fail(err, TENKA_E_IO, "cannot %s %s: %s is no folder", writer->verb, writer->path, folder);
    else
        status = tenka_fail_io(err, writer->verb, writer->path, number);
    tenka_free(folder);
    return status;
}

/* The file takes another's place, and is as open to others as that one was. Not every file system knows such things,
 * and the file matters more. */
static void take_over(int file, const struct stat *old)
{
    mode_t mode = old->st_mode & 0777;
    /* What a group may do that the file cannot keep, the new group may not. */
    if (fchown(file, old->st_uid, old->st_gid) != 0 && fchown(file, (uid_t)-1, old->st_gid) != 0)
        mode = (mode & 0707) | (mode & 07) << 3;
    fchmod(file, mode);
}

/* The end of a temporary name, which no other thread or process has. */
static void make_tail(char tail[64])
{
    static _Atomic unsigned counter;
    snprintf(tail, 64, ".tmp-%ld-%u", (long)getpid(), atomic_fetch_add(&counter, 1));
}

/* old: what is at the target; st_mode 0: nothing */
static tenka_status open_temporary(struct tenka_file_writer *writer, struct tenka_error *err, const struct stat *old)
{
    const mode_t mode = old->st_mode != 0 ? 0600 : 0666;
    for (int attempt = 0; attempt < 100; attempt++) {
        char tail[64];
        make_tail(tail);
        writer->temporary = name_beside(writer->target, tail);
        if (writer->temporary == NULL)
            return tenka_fail_nomem(err);
        writer->file = open(writer->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
        if (writer->file >= 0 && old->st_mode != 0)
            take_over(writer->file, old);
        if (writer->file >= 0) {
            /* For sweepers that do not see this process: those of another container. Where it fails they have its
             * number alone. */
            flock(writer->file, LOCK_EX | LOCK_NB);
            return TENKA_OK;
        }
        const int number = errno;
        tenka_free(writer->temporary);
        writer->temporary = NULL;
        if (number != EEXIST)
            return fail_write(writer, err, number);
    }
    return fail_write(writer, err, EEXIST);
}

/* Whether a file is where another one is mounted, as containers do: no file takes its place. */
static bool is_mount_point(const char *path)
{
#ifdef STATX_ATTR_MOUNT_ROOT
    struct statx info;
    return statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, 0, &info) == 0 &&
           (info.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
#else
    (void)path;
    return false;
#endif
}

/* Finds out what is to be replaced; *old: as in open_temporary. The system follows links, too, and knows of some that
 * must not be followed. */
static tenka_status find_place(struct tenka_file_writer *writer, struct tenka_error *err, struct stat *old)
{
    const bool leads = stat(writer->path, old) == 0;
    if (!leads && errno != ENOENT)
        return fail_write(writer, err, errno);
    if (leads && !S_ISREG(old->st_mode))
        return tenka_fail(err, TENKA_E_IO, "cannot %s %s: it %s", writer->verb, writer->path,
                          S_ISDIR(old->st_mode) ? "is a folder" : "exists and is no regular file");
    const int number = find_target(writer->path, &writer->target);
    if (number != 0)
        return fail_write(writer, err, number);
    if (is_mount_point(writer->target))
        return tenka_fail(err, TENKA_E_IO,
                          "cannot %s %s: it is a mount point, which no other file can replace; mount "
                          "its folder instead",
                          writer->verb, writer->path);
    if (lstat(writer->target, old) == 0)
        return TENKA_OK;
    old->st_mode = 0;
    if (errno == ENOENT && !leads)
        return TENKA_OK;
    return tenka_fail_io(err, writer->verb, writer->path, errno); /* it has no name any more, but /proc leads to it */
}

static tenka_status begin(struct tenka_file_writer *writer, struct tenka_error *err, const char *path, const char *verb,
                          struct stat *old)
{
    *writer = (struct tenka_file_writer){.verb = verb, .file = -1};
    writer->path = tenka_strdup(path);
    return writer->path == NULL ? tenka_fail_nomem(err) : find_place(writer, err, old);
}

tenka_status tenka_file_writer_create(struct tenka_file_writer *writer, struct tenka_error *err, const char *path)
{
    struct stat old;
    tenka_status status = begin(writer, err, path, "write", &old);
    if (status == TENKA_OK)
        status = open_temporary(writer, err, &old);
    if (status != TENKA_OK)
        tenka_file_writer_abort(writer);
    return status;
}

/* ---- Writing ---- */

tenka_status tenka_file_writer_write(struct tenka_file_writer *writer, struct tenka_error *err, const void *src,
                                     uint64_t bytes)
{
    for (uint64_t done = 0; done < bytes;) {
        const size_t piece = (size_t)(bytes - done < PIECE ? bytes - done : PIECE);
        const ssize_t put = write(writer->file, (const unsigned char *)src + done, piece);
        if (put < 0 && errno != EINTR)
            return fail_write(writer, err, errno);
        if (put > 0)
            done += (uint64_t)put;
    }
    return TENKA_OK;
}

tenka_status tenka_file_writer_adopt(struct tenka_file_writer *writer, struct tenka_error *err, const char *name)
{
    struct stat wanted;
    const bool known = fstat(writer->file, &wanted) == 0;
    if (rename(name, writer->temporary) != 0)
        return fail_write(writer, err, errno);
    close(writer->file);
    writer->file = open(writer->temporary, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    if (writer->file < 0)
        return fail_write(writer, err, errno);
    if (known)
        take_over(writer->file, &wanted);
    return TENKA_OK;
}

/* A file's name is on the disk only when its folder is. */
static int sync_folder(const char *folder)
{
    const int file = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file < 0)
        return errno;
    const int number = fsync(file) == 0 ? 0 : errno;
    close(file);
    /* Some file systems cannot sync a folder, and there is nothing else to do there. */
    return number == EINVAL || number == ENOTSUP ? 0 : number;
}

/* Returns 0 or the number of an error. */
static int sync_and_close(struct tenka_file_writer *writer)
{
    int number = fsync(writer->file) == 0 ? 0 : errno;
    if (close(writer->file) != 0 && number == 0)
        number = errno;
    writer->file = -1;
    return number;
}

tenka_status tenka_file_writer_commit(struct tenka_file_writer *writer, struct tenka_error *err)
{
    /* Taken before the file has its name: want of memory must leave the old file. */
    char *folder = folder_of(writer->target);
    const int synced = sync_and_close(writer);
    int number = folder == NULL ? ENOMEM : synced;
    if (number == 0 && rename(writer->temporary, writer->target) != 0)
        number = errno;
    tenka_status status = TENKA_OK;
    if (number != 0) {
        status = fail_write(writer, err, number);
    } else {
        tenka_free(writer->temporary);
        writer->temporary = NULL;
        number = sync_folder(folder);
        if (number != 0)
            status = tenka_fail_io(err, "bring to the disk the folder of", writer->path, number);
    }
    tenka_free(folder);
    tenka_file_writer_abort(writer);
    return status;
}

void tenka_file_writer_abort(struct tenka_file_writer *writer)
{
    if (writer->temporary != NULL) {
        if (writer->file >= 0)
            close(writer->file);
        unlink(writer->temporary);
    }
    tenka_free(writer->temporary);
    tenka_free(writer->target);
    tenka_free(writer->path);
    *writer = (struct tenka_file_writer){.file = -1};
}

tenka_status tenka_os_write_file(struct tenka_error *err, const char *path, const void *src, uint64_t bytes)
{
    struct tenka_file_writer writer;
    TENKA_TRY(tenka_file_writer_create(&writer, err, path));
    const tenka_status status = tenka_file_writer_write(&writer, err, src, bytes);
    if (status == TENKA_OK)
        return tenka_file_writer_commit(&writer, err);
    tenka_file_writer_abort(&writer);
    return status;
}

/* ---- Looking before writing ---- */

/* A name beside target that is as long and has the same peculiar characters, which a file system may refuse, but is
 * nobody's: letters and digits are '~', or, where it has none, its end differs. Allocated; NULL: no memory. */
static char *name_like(const char *target)
{
    char *const like = tenka_strdup(target);
    bool differs = like == NULL;
    char *const name = like == NULL ? NULL : like + folder_length(like);
    for (char *at = name; at != NULL && *at != '\0'; at++) {
        if ((unsigned char)*at < 0x80 && isalnum((unsigned char)*at)) {
            *at = '~';
            differs = true;
        }
    }
    if (!differs && name[0] != '\0') {
        char *const last = name + strlen(name) - 1;
        *last = (unsigned char)*last < 0x80 ? 'z' : (char)((unsigned char)*last ^ 1);
    }
    return like;
}

/* Whether there can be a file of target's length and characters in its folder. One is made and removed, but under
 * another name: a run beside this one may give its file the name target at any moment. Where that name is taken, there
 * can be. Returns 0 or the number of an error. */
static int probe_name(const char *target)
{
    char *const like = name_like(target);
    const int file = like == NULL ? -1 : open(like, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    const int number = like == NULL ? ENOMEM : file < 0 && errno != EEXIST ? errno : 0;
    if (file >= 0) {
        unlink(like);
        close(file);
    }
    tenka_free(like);
    return number;
}

/* Makes the folder that probe_replacing asks with, and one in it. */
static bool make_full_folder(const char *folder, const char *inner)
{
    if (mkdir(folder, 0700) != 0)
        return false;
    if (mkdir(inner, 0700) == 0)
        return true;
    rmdir(folder);
    return false;
}

/* Whether the file target may give way to another: in a folder with the sticky bit it may not, nor when it is immutable.
 * It is told to take the place of a folder that is not empty, which nothing can do, be target a file, a folder or none
 * by now; but first the system looks whether target may be moved. Returns 0 or the number of an error. */
static int probe_replacing(const char *target)
{
    char tail[64];
    make_tail(tail);
    char *const folder = name_beside(target, tail);
    char *const inner = folder != NULL ? tenka_sprintf("%s/" INNER, folder) : NULL;
    int number = inner == NULL ? ENOMEM : 0;
    /* That no folder can be made says nothing of files. */
    if (number == 0 && make_full_folder(folder, inner)) {
        number = rename(target, folder) == 0 || errno == EISDIR || errno == ENOENT ? 0 : errno;
        rmdir(inner);
        rmdir(folder);
    }
    tenka_free(inner);
    tenka_free(folder);
    return number;
}

/* A first byte, on the disk: a disk that is full, or a quota that is used up, has no room for it. */
static tenka_status probe_content(struct tenka_file_writer *writer, struct tenka_error *err)
{
    TENKA_TRY(tenka_file_writer_write(writer, err, "", 1));
    const int number = sync_and_close(writer);
    return number == 0 ? TENKA_OK : fail_write(writer, err, number);
}

tenka_status tenka_file_writer_check(struct tenka_error *err, const char *path)
{
    struct tenka_file_writer writer;
    struct stat old;
    tenka_status status = begin(&writer, err, path, "save to", &old);
    int number = 0;
    if (status == TENKA_OK)
        number = old.st_mode != 0 ? probe_replacing(writer.target) : probe_name(writer.target);
    if (number != 0)
        status = fail_write(&writer, err, number);
    if (status == TENKA_OK)
        status = open_temporary(&writer, err, &old);
    if (status == TENKA_OK)
        status = probe_content(&writer, err);
    tenka_file_writer_abort(&writer);
    if (status == TENKA_OK)
        tenka_file_writer_sweep(path);
    return status;
}

/* ---- Sweeping ---- */

/* Whether somebody still writes a file. */
static bool is_locked(int folder, const char *name)
{
    const int file = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    const bool locked = file >= 0 && flock(file, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    if (file >= 0)
        close(file);
    return locked;
}

/* Whether name is what open_temporary makes of a stem, in a process that is no more. */
static bool is_leftover(int folder, const char *name, const char *stem)
{
    const size_t length = strlen(stem);
    long pid;
    unsigned number;
    int end = 0;
    if (strncmp(name, stem, length) != 0 || sscanf(name + length, ".tmp-%ld-%u%n", &pid, &number, &end) != 2 ||
        name[length + (size_t)end] != '\0' || pid <= 0)
        return false;
    return kill((pid_t)pid, 0) != 0 && errno == ESRCH && !is_locked(folder, name);
}

/* A file, or the folder of probe_replacing. */
static void remove_leftover(int folder, const char *name)
{
    if (unlinkat(folder, name, 0) == 0)
        return;
    char inner[sizeof(struct dirent)];
    snprintf(inner, sizeof(inner), "%s/" INNER, name);
    unlinkat(folder, inner, AT_REMOVEDIR);
    unlinkat(folder, name, AT_REMOVEDIR);
}

static void sweep_folder(const char *target)
{
    char buffer[32];
    const char *stem = stem_of(target + folder_length(target), buffer);
    char *folder = folder_of(target);
    DIR *dir = folder != NULL ? opendir(folder) : NULL;
    for (const struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;)
        if (is_leftover(dirfd(dir), entry->d_name, stem))
            remove_leftover(dirfd(dir), entry->d_name);
    if (dir != NULL)
        closedir(dir);
    tenka_free(folder);
}

void tenka_file_writer_sweep(const char *path)
{
    char *target;
    if (find_target(path, &target) == 0)
        sweep_folder(target);
    tenka_free(target);
}
