/*
 * What the tests of data share: contexts, folders for generated files, and the places of real data, with a visible word when they are missing.
 */
#ifndef MYE_DATA_SUPPORT_H
#define MYE_DATA_SUPPORT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"
#include "cmocka_all.h"
#include "data/data.h"
#include "failing.h"

#define FASHION_DIR "/usr/share/datasets/fashion-mnist"

#define SKIP_WITHOUT(path)                                 \
    do {                                                   \
        if (access(path, R_OK) != 0) {                     \
            printf("SKIPPED %s: no %s\n", __func__, path); \
            skip();                                        \
        }                                                  \
    } while (0)

#define ASSERT_OK(call)                                            \
    do {                                                           \
        mye_error err = {0};                                       \
        const mye_status ok_ = (call);                             \
        if (ok_ != MYE_OK)                                         \
            fail_msg("%s: %s", mye_status_name(ok_), err.message); \
    } while (0)

/* Fails with `wanted`, and the message holds `words`. */
#define ASSERT_FAILS(call, wanted, words)                                                 \
    do {                                                                                  \
        mye_error err = {0};                                                              \
        const mye_status ok_ = (call);                                                    \
        if (ok_ != (wanted) || !strstr(err.message, words))                               \
            fail_msg("expected %s with '%s', got %s: %s", mye_status_name(wanted), words, \
                     mye_status_name(ok_), err.message);                                  \
    } while (0)

static inline mye_context *make_context(failing *f)
{
    const mye_allocator allocator = failing_hooks(f);
    const mye_context_options options = {
        .threads = 1, .kernels = "ref", .allocator = f ? &allocator : NULL};
    mye_context *ctx = NULL;

    ASSERT_OK(mye_context_create(&options, &ctx, &err));
    return ctx;
}

/* Folder of the shared data sets: $MYELIN_SHARED, or ../shared/data beside the sources. */
static inline const char *shared_dir(const char *name)
{
    static char path[1024];
    const char *from = getenv("MYELIN_SHARED");

    snprintf(path, sizeof path, "%s/%s", from ? from : MYELIN_SOURCE_DIR "/../shared/data", name);
    if (!from && access(path, R_OK) != 0) /* a git worktree lies one folder deeper */
        snprintf(path, sizeof path, "%s/%s", MYELIN_SOURCE_DIR "/../../shared/data", name);
    return path;
}

/* An empty folder for one test. */
static inline const char *fresh_dir(const char *name)
{
    static char path[1024];
    char command[4096];

    snprintf(path, sizeof path, "%s/tests/%s", MYELIN_BINARY_DIR, name);
    snprintf(command, sizeof command, "rm -rf '%s' && mkdir -p '%s'", path, path);
    assert_int_equal(system(command), 0);
    return path;
}

static inline const char *in_dir(const char *dir, const char *name)
{
    static char path[1200];

    snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

static inline void write_file(const char *path, const void *data, size_t bytes)
{
    FILE *f = fopen(path, "wb");

    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, bytes, f), bytes);
    assert_int_equal(fclose(f), 0);
}

/* An IDX file of bytes 0, 1, 2, ... modulo `modulus`. */
static inline void write_idx(const char *path, int rank, const uint32_t *dim, int modulus)
{
    static unsigned char p[1 << 16];
    size_t n = 4, count = 1;

    p[0] = p[1] = 0;
    p[2] = 8;
    p[3] = (unsigned char)rank;
    for (int k = 0; k < rank; k++) {
        for (int b = 3; b >= 0; b--)
            p[n++] = (unsigned char)(dim[k] >> (8 * b));
        count *= dim[k];
    }
    assert_true(n + count <= sizeof p);
    for (size_t i = 0; i < count; i++)
        p[n++] = (unsigned char)(i % (size_t)modulus);
    write_file(path, p, n);
}

/* A python3 that has NumPy; NULL: none here. */
static inline const char *numpy_python(void)
{
    static const char *const python[] = {"python3", "/usr/bin/python3"};
    char command[120];

    for (size_t k = 0; k < sizeof python / sizeof python[0]; k++) {
        snprintf(command, sizeof command, "%s -c 'import numpy' 2>/dev/null", python[k]);
        if (system(command) == 0)
            return python[k];
    }
    return NULL;
}

/* A folder in the form of MNIST with n samples in both splits. */
static inline const char *small_mnist(const char *name, uint32_t n)
{
    const char *dir = fresh_dir(name);
    const uint32_t dim[] = {n, 28, 28};

    write_idx(in_dir(dir, "train-images-idx3-ubyte"), 3, dim, 256);
    write_idx(in_dir(dir, "train-labels-idx1-ubyte"), 1, dim, 10);
    write_idx(in_dir(dir, "t10k-images-idx3-ubyte"), 3, dim, 251);
    write_idx(in_dir(dir, "t10k-labels-idx1-ubyte"), 1, dim, 10);
    return dir;
}

#endif
