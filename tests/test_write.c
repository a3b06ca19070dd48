/* Files that are written: where they go, what stays of what was there, and what is found out before. */
#define _XOPEN_SOURCE 700 /* mkdtemp, symlink, mknod */
#include "support.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/os.h"
#include "tenka/io.h"

#define PATH 600

static char folder[] = "/tmp/tenka-write-XXXXXX";

/* "<folder>/<name>", of which there may be four at a time. */
static const char *in(const char *name)
{
    static char paths[4][PATH];
    static size_t next;
    char *path = paths[next++ % 4];
    snprintf(path, PATH, "%s/%s", folder, name);
    return path;
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) != NULL && mkdir(in("disk"), 0777) == 0 ? 0 : -1;
}

static size_t count_files(const char *path)
{
    DIR *dir = opendir(path);
    size_t count = 0;
    while (readdir(dir) != NULL)
        count++;
    closedir(dir);
    return count - 2; /* "." and ".." */
}

static void empty(const char *path)
{
    DIR *dir = opendir(path);
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;)
        unlinkat(dirfd(dir), entry->d_name, 0);
    closedir(dir);
}

/* Each test begins with an empty folder that has an empty folder "disk". */
static int clean(void **state)
{
    (void)state;
    empty(in("disk"));
    empty(folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(in("disk")) == 0 && rmdir(folder) == 0 ? 0 : -1;
}

static void write_text(const char *path, const char *text)
{
    struct tenka_error err = {0};
    if (tenka_os_write_file(&err, path, text, strlen(text)) != TENKA_OK)
        fail_msg("%s", err.text);
}

static void assert_content(const char *path, const char *want)
{
    struct tenka_error err = {0};
    void *data;
    uint64_t bytes;
    if (tenka_os_read_file(&err, path, 0, &data, &bytes) != TENKA_OK)
        fail_msg("%s", err.text);
    assert_string_equal(data, want);
    tenka_free(data);
}

static void assert_link(const char *path, const char *want)
{
    char text[PATH];
    const ssize_t length = readlink(path, text, sizeof(text) - 1);
    assert_true(length > 0);
    text[length] = '\0';
    assert_string_equal(text, want);
}

static void assert_mode(const char *path, mode_t want)
{
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 07777, want);
}

/* Neither looking nor writing succeeds, both say what is expected, and nothing changes. */
static void assert_refused(const char *path, const char *why)
{
    struct tenka_error err = {0};
    const size_t files = count_files(folder);
    assert_int_equal(tenka_save_check(NULL, path), TENKA_E_IO);
    if (strstr(tenka_last_error(NULL), why) == NULL)
        fail_msg("'%s' is not in: %s", why, tenka_last_error(NULL));
    assert_int_equal(tenka_os_write_file(&err, path, "x", 1), TENKA_E_IO);
    if (strstr(err.text, why) == NULL)
        fail_msg("'%s' is not in: %s", why, err.text);
    assert_int_equal(count_files(folder), files);
}

/* ---- Symbolic links ---- */

static void test_link_stays(void **state)
{
    (void)state;
    write_text(in("disk/a"), "old");
    assert_int_equal(symlink("disk/a", in("relative")), 0);
    assert_int_equal(symlink(in("disk/a"), in("absolute")), 0);
    assert_int_equal(symlink("../relative", in("disk/chain")), 0);
    const char *const links[] = {"relative", "absolute", "disk/chain"};
    for (size_t i = 0; i < 3; i++) {
        char text[16];
        struct tenka_error err = {0};
        struct tenka_file_writer writer = {0};
        snprintf(text, sizeof(text), "new %zu", i);
        assert_int_equal(tenka_save_check(NULL, in(links[i])), TENKA_OK);
        assert_int_equal(tenka_file_writer_create(&writer, &err, in(links[i])), TENKA_OK);
        /* Beside what is replaced, or there would be no replacing at once. */
        assert_memory_equal(writer.temporary, in("disk/"), strlen(in("disk/")));
        assert_int_equal(tenka_file_writer_write(&writer, &err, text, strlen(text)), TENKA_OK);
        assert_int_equal(tenka_file_writer_commit(&writer, &err), TENKA_OK);
        assert_content(in("disk/a"), text);
    }
    assert_link(in("relative"), "disk/a");
    assert_link(in("disk/chain"), "../relative");
    assert_int_equal(count_files(in("disk")), 2);
}

static void test_link_to_nothing(void **state)
{
    (void)state;
    assert_int_equal(symlink("disk/later", in("link")), 0);
    assert_int_equal(tenka_save_check(NULL, in("link")), TENKA_OK);
    assert_int_equal(count_files(in("disk")), 0);
    write_text(in("link"), "text");
    assert_link(in("link"), "disk/later");
    assert_content(in("disk/later"), "text");
    assert_int_equal(symlink("missing/file", in("lost")), 0);
    assert_refused(in("lost"), "there is no folder");
    assert_link(in("lost"), "missing/file");
    assert_int_equal(symlink("round", in("about")), 0);
    assert_int_equal(symlink("about", in("round")), 0);
    assert_refused(in("round"), "cannot");
    assert_null(tenka_save_name(in("round"), NULL));
}

/* Where a file cannot be: a link to such a place is no better. */
static void test_no_place(void **state)
{
    (void)state;
    write_text(in("file"), "text");
    assert_int_equal(mkfifo(in("pipe"), 0666), 0);
    const char *const names[] = {"pipe", "disk", "/dev/null", "none/file", "none/", "file/file", "file/"};
    const char *const why[] = {"no regular file",    "it is a folder", "no regular file", "there is no folder",
                               "there is no folder", "is no folder",   "is no folder"};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        const char *path = names[i][0] == '/' ? names[i] : in(names[i]);
        assert_refused(path, why[i]);
        assert_int_equal(symlink(path, in("link")), 0);
        assert_refused(in("link"), why[i]);
        assert_int_equal(unlink(in("link")), 0);
    }
    assert_refused("", "cannot");
    assert_content(in("file"), "text");
}

static void test_names_of_targets(void **state)
{
    (void)state;
    assert_int_equal(symlink("disk/a", in("link")), 0);
    char *name = tenka_save_name(in("link"), NULL);
    assert_string_equal(name, in("disk/a"));
    tenka_text_free(name);
    name = tenka_save_name(in("link"), ".last-good");
    assert_string_equal(name, in("disk/a.last-good"));
    tenka_text_free(name);
    name = tenka_save_name("plain", ".last-good");
    assert_string_equal(name, "plain.last-good");
    tenka_text_free(name);
    assert_null(tenka_save_name(NULL, NULL));
}

/* ---- Permissions ---- */

static void test_mode_is_kept(void **state)
{
    (void)state;
    const mode_t modes[] = {0664, 0600, 0444, 0640};
    const mode_t before = umask(027);
    write_text(in("fresh"), "x");
    assert_mode(in("fresh"), 0640);
    assert_int_equal(symlink("fresh", in("link")), 0);
    for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
        assert_int_equal(chmod(in("fresh"), modes[i]), 0);
        write_text(in("link"), "y");
        assert_mode(in("fresh"), modes[i]);
    }
    umask(before);
}

/* A folder in which only the owner of a file may replace it, and a folder that takes no files. */
static void test_no_permission(void **state)
{
    (void)state;
    write_text(in("file"), "text");
    if (getuid() != 0)
        skip(); /* nobody else can be had */
    assert_int_equal(chmod(folder, 01777), 0);
    const pid_t child = fork();
    if (child == 0) {
        bool good = setgid(65534) == 0 && setuid(65534) == 0 && tenka_save_check(NULL, in("own")) == TENKA_OK;
        good = good && tenka_save_check(NULL, in("file")) == TENKA_E_IO;
        good = good && tenka_save_check(NULL, in("disk/file")) == TENKA_E_IO;
        _exit(good ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(count_files(folder), 2);
    assert_int_equal(chmod(folder, 0700), 0);
}

/* ---- Names ---- */

static void fill_name(char name[300], char letter, size_t length)
{
    memset(name, letter, length);
    name[length] = '\0';
}

static void test_long_names(void **state)
{
    (void)state;
    char name[300];
    for (size_t length = 90; length <= 255; length += 11) {
        struct tenka_error err = {0};
        struct tenka_file_writer writer = {0};
        fill_name(name, 'n', length);
        assert_int_equal(tenka_save_check(NULL, in(name)), TENKA_OK);
        assert_int_equal(tenka_file_writer_create(&writer, &err, in(name)), TENKA_OK);
        /* eCryptfs takes 143 bytes. */
        assert_true(strlen(strrchr(writer.temporary, '/') + 1) < 140);
        assert_int_equal(tenka_file_writer_commit(&writer, &err), TENKA_OK);
        char *const good = tenka_save_name(in(name), ".last-good");
        assert_true(strlen(strrchr(good, '/') + 1) < 140);
        tenka_text_free(good);
        assert_content(in(name), "");
    }
    fill_name(name, 'n', 256);
    assert_refused(in(name), "File name too long");
    assert_int_equal(count_files(folder), 17);
}

static void test_long_names_differ(void **state)
{
    (void)state;
    char one[300], other[300];
    fill_name(one, 'n', 200);
    fill_name(other, 'n', 200);
    other[199] = 'm';
    char *const a = tenka_save_name(one, ".last-good"), *const b = tenka_save_name(other, ".last-good");
    assert_string_not_equal(a, b);
    tenka_text_free(a);
    tenka_text_free(b);
}

/* ---- Looking ---- */

static void test_look_changes_nothing(void **state)
{
    (void)state;
    struct stat before, after;
    assert_int_equal(tenka_save_check(NULL, in("fresh")), TENKA_OK);
    assert_int_equal(count_files(folder), 1);
    write_text(in("file"), "text");
    assert_int_equal(stat(in("file"), &before), 0);
    assert_int_equal(tenka_save_check(NULL, in("file")), TENKA_OK);
    assert_int_equal(stat(in("file"), &after), 0);
    assert_int_equal(after.st_ino, before.st_ino);
    assert_int_equal(after.st_mtim.tv_nsec, before.st_mtim.tv_nsec);
    assert_content(in("file"), "text");
    assert_int_equal(count_files(folder), 2);
    assert_int_equal(tenka_save_check(NULL, NULL), TENKA_E_INVALID);
}

/* Whether something happened to a file of the folder that is watched since it was last asked. */
static bool was_touched(int watch, const char *name)
{
    static _Alignas(struct inotify_event) char events[16384];
    const ssize_t length = read(watch, events, sizeof(events));
    bool touched = false;
    for (ssize_t at = 0; at < length;) {
        const struct inotify_event *const event = (const void *)(events + at);
        touched = touched || (event->len > 0 && strcmp(event->name, name) == 0);
        at += (ssize_t)sizeof(*event) + (ssize_t)event->len;
    }
    return touched;
}

/* Another run may be about to give its file the very name. */
static void test_look_leaves_the_name_alone(void **state)
{
    (void)state;
    const char *const names[] = {"net.st", "-", "\u00e9", "~~~.st", "\u6a21\u578b.st"};
    const int watch = inotify_init1(IN_NONBLOCK);
    if (watch < 0 || inotify_add_watch(watch, folder, IN_CREATE | IN_DELETE | IN_MOVE) < 0)
        skip();
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        assert_int_equal(tenka_save_check(NULL, in(names[i])), TENKA_OK);
        assert_false(was_touched(watch, names[i]));
        write_text(in(names[i]), "text");
        assert_true(was_touched(watch, names[i]));
        assert_int_equal(tenka_save_check(NULL, in(names[i])), TENKA_OK);
        assert_false(was_touched(watch, names[i]));
    }
    close(watch);
    assert_int_equal(count_files(folder), 1 + sizeof(names) / sizeof(*names));
}

/* A file and an empty folder take turns at one name; false: one of them is gone. */
static bool take_turns(const char *name, const char *file, const char *empty_folder)
{
    bool good = true;
    for (int i = 0; i < 20000 && good; i++)
        good = rename(file, name) == 0 && rename(name, file) == 0 && rename(empty_folder, name) == 0 &&
               rename(name, empty_folder) == 0;
    return good;
}

static void test_look_removes_nothing(void **state)
{
    (void)state;
    char name[PATH];
    int status = 0;
    write_text(in("file"), "text");
    assert_int_equal(mkdir(in("empty"), 0777), 0);
    snprintf(name, sizeof(name), "%s", in("name"));
    const pid_t child = fork();
    if (child == 0)
        _exit(take_turns(name, in("file"), in("empty")) ? 0 : 1);
    while (waitpid(child, &status, WNOHANG) == 0)
        (void)tenka_save_check(NULL, name);
    assert_int_equal(status, 0);
    assert_content(in("file"), "text");
    assert_int_equal(rmdir(in("empty")), 0);
    assert_int_equal(count_files(folder), 2);
}

/* ---- Files that others have written ---- */

static void test_adopted(void **state)
{
    (void)state;
    struct tenka_error err = {0};
    struct tenka_file_writer writer = {0};
    assert_int_equal(symlink("disk/a", in("link")), 0);
    write_text(in("disk/a"), "old");
    assert_int_equal(chmod(in("disk/a"), 0604), 0);
    assert_int_equal(tenka_file_writer_create(&writer, &err, in("link")), TENKA_OK);
    write_text(in("disk/other"), "captured");
    assert_int_equal(tenka_file_writer_adopt(&writer, &err, in("disk/none")), TENKA_E_IO);
    assert_int_equal(tenka_file_writer_adopt(&writer, &err, in("disk/other")), TENKA_OK);
    assert_content(in("disk/a"), "old");
    assert_int_equal(tenka_file_writer_commit(&writer, &err), TENKA_OK);
    assert_content(in("disk/a"), "captured");
    assert_mode(in("disk/a"), 0604);
    assert_int_equal(count_files(in("disk")), 1);
}

/* ---- What killed writers leave ---- */

static void kill_writer(const char *path)
{
    const pid_t child = fork();
    if (child == 0) {
        struct tenka_error err = {0};
        struct tenka_file_writer writer = {0};
        _exit(tenka_file_writer_create(&writer, &err, path) == TENKA_OK ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void test_leftovers(void **state)
{
    (void)state;
    char name[300], path[PATH];
    fill_name(name, 'n', 250);
    assert_int_equal(symlink("disk/a", in("link")), 0);
    const char *const names[] = {"short", name, "link"};
    for (size_t i = 0; i < 3; i++) {
        struct tenka_error err = {0};
        struct tenka_file_writer alive = {0};
        const char *where = i == 2 ? in("disk") : folder;
        const size_t files = count_files(where);
        snprintf(path, sizeof(path), "%s", in(names[i]));
        kill_writer(path);
        assert_int_equal(tenka_file_writer_create(&alive, &err, path), TENKA_OK);
        assert_int_equal(count_files(where), files + 2);
        tenka_file_writer_sweep(in("other"));
        assert_int_equal(count_files(where), files + 2);
        tenka_file_writer_sweep(path);
        assert_int_equal(count_files(where), files + 1);
        kill_writer(path);
        assert_int_equal(tenka_file_writer_check(&err, path), TENKA_OK);
        assert_int_equal(count_files(where), files + 1);
        tenka_file_writer_abort(&alive);
        assert_int_equal(count_files(where), files);
    }
}

/* What looking leaves when it is killed, too. */
static void test_leftover_folder(void **state)
{
    (void)state;
    char left[PATH];
    const pid_t child = fork();
    if (child == 0)
        _exit(0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    snprintf(left, sizeof(left), "%s.tmp-%ld-7", in("net"), (long)child);
    assert_int_equal(mkdir(left, 0777), 0);
    snprintf(left, sizeof(left), "%s.tmp-%ld-7/full", in("net"), (long)child);
    assert_int_equal(mkdir(left, 0777), 0);
    tenka_file_writer_sweep(in("net"));
    assert_int_equal(count_files(folder), 1);
}

/* A process of another container has a number that nobody here has, but writes. */
static void test_foreign_process(void **state)
{
    (void)state;
    char foreign[PATH];
    struct tenka_error err = {0};
    struct tenka_file_writer writer = {0};
    const pid_t child = fork();
    if (child == 0)
        _exit(0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(tenka_file_writer_create(&writer, &err, in("net")), TENKA_OK);
    snprintf(foreign, sizeof(foreign), "%s.tmp-%ld-7", in("net"), (long)child);
    assert_int_equal(rename(writer.temporary, foreign), 0);
    tenka_file_writer_sweep(in("net"));
    assert_int_equal(rename(foreign, writer.temporary), 0);
    assert_int_equal(tenka_file_writer_commit(&writer, &err), TENKA_OK);
    tenka_file_writer_abort(&writer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_link_stays, clean),
        cmocka_unit_test_setup(test_link_to_nothing, clean),
        cmocka_unit_test_setup(test_no_place, clean),
        cmocka_unit_test_setup(test_names_of_targets, clean),
        cmocka_unit_test_setup(test_mode_is_kept, clean),
        cmocka_unit_test_setup(test_no_permission, clean),
        cmocka_unit_test_setup(test_long_names, clean),
        cmocka_unit_test_setup(test_long_names_differ, clean),
        cmocka_unit_test_setup(test_look_changes_nothing, clean),
        cmocka_unit_test_setup(test_look_leaves_the_name_alone, clean),
        cmocka_unit_test_setup(test_look_removes_nothing, clean),
        cmocka_unit_test_setup(test_adopted, clean),
        cmocka_unit_test_setup_teardown(test_leftovers, clean, clean),
        cmocka_unit_test_setup_teardown(test_leftover_folder, clean, clean),
        cmocka_unit_test_setup_teardown(test_foreign_process, clean, clean),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
