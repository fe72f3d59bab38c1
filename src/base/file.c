#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/base.h"

#define BUFFER_BYTES ((size_t)1 << 16)

/* One sentence for every refusal of the system, with advice for the common ones. */
static mye_status system_fail(mye_error *err, int error, const char *verb, const char *path)
{
    mye_fail(err, MYE_ERR_IO, "cannot %s '%s': %s", verb, path, strerror(error));
    if (error == ENOSPC || error == EDQUOT)
        mye_hint(err, "free some space or choose a folder on another disk");
    else if (error == EACCES || error == EPERM || error == EROFS)
        mye_hint(err, "check the permissions of the file and of its folder");
    else if (error == ENAMETOOLONG)
        mye_hint(err, "choose a shorter path");
    return MYE_ERR_IO;
}

double mye_now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

bool mye_file_exists(const char *path)
{
    struct stat s;
    return stat(path, &s) == 0 && !S_ISDIR(s.st_mode);
}

bool mye_dir_exists(const char *path)
{
    struct stat s;
    return stat(path, &s) == 0 && S_ISDIR(s.st_mode);
}

static mye_status make_one(const char *path, mye_error *err)
{
    if (mkdir(path, 0777) == 0 || (errno == EEXIST && mye_dir_exists(path)))
        return MYE_OK;
    const int error = errno;
    if (mye_file_exists(path))
        return mye_fail(err, MYE_ERR_IO, "cannot make folder '%s': a file has this name", path);
    return system_fail(err, error, "make folder", path);
}

mye_status mye_dir_make(const char *path, mye_error *err)
{
    char part[PATH_MAX];
    const size_t n = strlen(path);
    if (n == 0 || n >= sizeof part)
        return mye_fail(err, MYE_ERR_IO,
                        "cannot make folder '%.40s': its path wants 1 to %zu bytes, got %zu", path,
                        sizeof part - 1, n);
    memcpy(part, path, n + 1);
    for (size_t i = 1; i < n; i++) {
        if (part[i] != '/' || part[i - 1] == '/')
            continue;
        part[i] = '\0';
        MYE_TRY(make_one(part, err));
        part[i] = '/';
    }
    return make_one(part, err);
}

/* ---- reading ---- */

static mye_status too_big(const char *path, size_t max_bytes, mye_error *err)
{
    char limit[32];
    return mye_fail(err, MYE_ERR_FORMAT, "'%s' is larger than the %s allowed here", path,
                    mye_format_bytes(max_bytes, limit, sizeof limit));
}

/* Reads until the end, not until the size that stat gave: pipes have none and files grow. */
static mye_status read_all(mye_context *ctx, int fd, const char *path, size_t max_bytes,
                           mye_text *text, mye_error *err)
{
    for (;;) {
        if (text->length + 1 >= text->cap) {
            const size_t cap = text->cap * 2;
            char *data = mye_grow(ctx, text->data, text->length, cap);
            if (data == NULL)
                return mye_no_memory(err, cap, path);
            text->data = data;
            text->cap = cap;
        }
        const ssize_t n = read(fd, text->data + text->length, text->cap - 1 - text->length);
        if (n == 0)
            return MYE_OK;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return system_fail(err, errno, "read", path);
        text->length += (size_t)n;
        if (text->length > max_bytes)
            return too_big(path, max_bytes, err);
    }
}

static mye_status read_open(mye_context *ctx, int fd, const char *path, size_t max_bytes,
                            mye_text *text, mye_error *err)
{
    struct stat s;
    if (fstat(fd, &s) != 0)
        return system_fail(err, errno, "read", path);
    if (S_ISDIR(s.st_mode))
        return mye_fail(err, MYE_ERR_IO, "cannot read '%s': it is a folder", path);
    size_t cap = BUFFER_BYTES;
    if (S_ISREG(s.st_mode)) {
        if (s.st_size < 0 || (uintmax_t)s.st_size > max_bytes)
            return too_big(path, max_bytes, err);
        cap = (size_t)s.st_size + 2; /* the NUL, and one byte so that the end is seen at once */
    }
    text->data = mye_alloc(ctx, cap);
    if (text->data == NULL)
        return mye_no_memory(err, cap, path);
    text->cap = cap;
    MYE_TRY(read_all(ctx, fd, path, max_bytes, text, err));
    text->data[text->length] = '\0';
    return MYE_OK;
}

mye_status mye_file_read(mye_context *ctx, const char *path, size_t max_bytes, void **data,
                         size_t *bytes, mye_error *err)
{
    *data = NULL;
    *bytes = 0;
    int fd;
    do
        fd = open(path, O_RDONLY | O_CLOEXEC);
    while (fd < 0 && errno == EINTR);
    if (fd < 0)
        return system_fail(err, errno, "open", path);
    mye_text text = {.ctx = ctx};
    const mye_status status = read_open(ctx, fd, path, max_bytes, &text, err);
    close(fd);
    if (status != MYE_OK) {
        mye_text_free(&text);
        return status;
    }
    *data = text.data;
    *bytes = text.length;
    return MYE_OK;
}

/* ---- writing ---- */

struct mye_file {
    mye_context *ctx;
    char *path, *temporary;
    int fd;
    size_t used;
    unsigned char buffer[BUFFER_BYTES];
};

static void discard(mye_file *file)
{
    if (file->fd >= 0)
        close(file->fd);
    mye_free(file->ctx, file->temporary);
    mye_free(file->ctx, file->path);
    mye_free(file->ctx, file);
}

mye_status mye_file_create(mye_context *ctx, const char *path, mye_file **out, mye_error *err)
{
    *out = NULL;
    if (mye_dir_exists(path))
        return mye_fail(err, MYE_ERR_IO, "cannot write '%s': it is a folder", path);
    mye_file *file = mye_alloc(ctx, sizeof *file);
    if (file == NULL)
        return mye_no_memory(err, sizeof *file, "writing a file");
    file->ctx = ctx;
    file->fd = -1;
    const size_t n = strlen(path);
    file->path = mye_strdup(ctx, path);
    file->temporary = mye_alloc(ctx, n + sizeof ".tmp");
    if (file->path == NULL || file->temporary == NULL) {
        discard(file);
        return mye_no_memory(err, n, "the name of a file");
    }
    memcpy(file->temporary, path, n);
    memcpy(file->temporary + n, ".tmp", sizeof ".tmp");
    do
        file->fd =
            open(file->temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666);
    while (file->fd < 0 && errno == EINTR);
    if (file->fd < 0) {
        const int error = errno;
        discard(file);
        return system_fail(err, error, "write", path);
    }
    *out = file;
    return MYE_OK;
}

static mye_status write_all(mye_file *file, const void *data, size_t bytes, mye_error *err)
{
    const unsigned char *from = data;
    while (bytes > 0) {
        const ssize_t n = write(file->fd, from, bytes);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return system_fail(err, errno, "write", file->path);
        from += n;
        bytes -= (size_t)n;
    }
    return MYE_OK;
}

static mye_status flush(mye_file *file, mye_error *err)
{
    const size_t used = file->used;
    file->used = 0;
    return write_all(file, file->buffer, used, err);
}

mye_status mye_file_write(mye_file *file, const void *data, size_t bytes, mye_error *err)
{
    if (bytes > BUFFER_BYTES - file->used) {
        MYE_TRY(flush(file, err));
        if (bytes > BUFFER_BYTES)
            return write_all(file, data, bytes, err);
    }
    if (bytes > 0)
        memcpy(file->buffer + file->used, data, bytes);
    file->used += bytes;
    return MYE_OK;
}

/* Makes the rename itself durable. Some file systems cannot; that loses nothing. */
static void sync_folder(char *path)
{
    char *slash = strrchr(path, '/');
    if (slash != NULL)
        slash[slash == path] = '\0';
    const int fd = open(slash != NULL ? path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    (void)fsync(fd);
    close(fd);
}

static mye_status finish(mye_file *file, mye_error *err)
{
    MYE_TRY(flush(file, err));
    /* EINVAL: a special file that has nothing to sync. */
    if (fsync(file->fd) != 0 && errno != EINVAL)
        return system_fail(err, errno, "write", file->path);
    /* Network file systems report a full disk here. */
    const int failed = close(file->fd);
    file->fd = -1;
    if (failed != 0 && errno != EINTR)
        return system_fail(err, errno, "write", file->path);
    if (rename(file->temporary, file->path) != 0)
        return system_fail(err, errno, "write", file->path);
    return MYE_OK;
}

mye_status mye_file_commit(mye_file *file, mye_error *err)
{
    const mye_status status = finish(file, err);
    if (status != MYE_OK) {
        mye_file_abandon(file);
        return status;
    }
    sync_folder(file->temporary);
    discard(file);
    return MYE_OK;
}

void mye_file_abandon(mye_file *file)
{
    if (file == NULL)
        return;
    unlink(file->temporary);
    discard(file);
}

mye_status mye_file_probe(mye_context *ctx, const char *path, mye_error *err)
{
    mye_file *file;
    MYE_TRY(mye_file_create(ctx, path, &file, err));
    mye_file_abandon(file);
    return MYE_OK;
}
