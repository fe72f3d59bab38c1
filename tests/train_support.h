/* What the tests of training share: a small data set that can be learned, a run, file comparison. */
#ifndef TRAIN_SUPPORT_H
#define TRAIN_SUPPORT_H

#include "data_support.h"
#include "myelin/train.h"

/* A bar whose height says the class, and noise: n samples in the form of MNIST. */
static inline void write_bars(const char *dir, const char *images, const char *labels, uint32_t n,
                              uint64_t seed)
{
    unsigned char *p = calloc(n, 28 * 28), *l = calloc(n, 1);
    const unsigned char image_head[16] = {0, 0, 8, 3,  0, 0, 0, (unsigned char)n,
                                          0, 0, 0, 28, 0, 0, 0, 28};
    const unsigned char label_head[8] = {0, 0, 8, 1, 0, 0, 0, (unsigned char)n};
    assert_true(n < 256 && p && l);
    for (uint32_t i = 0; i < n; i++) {
        l[i] = (unsigned char)(i % 10);
        for (uint32_t k = 0; k < 784; k++) {
            const uint32_t row = k / 28;
            const bool is_bar = row >= 2u * l[i] + 2 && row < 2u * l[i] + 6;
            const uint64_t draw = mye_random_below(seed, MYE_STREAM_TEST, i * 784 + k, 50);
            p[i * 784 + k] = (unsigned char)((is_bar ? 200 : 0) + draw);
        }
    }
    FILE *f = fopen(in_dir(dir, images), "wb"), *g = fopen(in_dir(dir, labels), "wb");
    assert_true(f && g);
    fwrite(image_head, 1, 16, f);
    fwrite(p, 784, n, f);
    fwrite(label_head, 1, 8, g);
    fwrite(l, 1, n, g);
    assert_int_equal(fclose(f) | fclose(g), 0);
    free(p);
    free(l);
}

/* Folder of the data; made once for each test program (`name`). */
static inline const char *bars_dir(const char *name)
{
    static char dir[1024];
    if (!dir[0]) {
        snprintf(dir, sizeof dir, "%s", fresh_dir(name));
        write_bars(dir, "train-images-idx3-ubyte", "train-labels-idx1-ubyte", 72, 1);
        write_bars(dir, "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte", 50, 2);
    }
    return dir;
}

static inline void set(mye_config *c, const char *key, const char *value)
{
    ASSERT_OK(mye_config_set(c, key, value, &err));
}

/* Everything that is random at once: encoder, augmentation, mixup, dropout, order; 5 batches an
 * epoch, the last one smaller. */
static inline mye_config small_config(const char *data, const char *out)
{
    mye_config c;
    ASSERT_OK(mye_config_default(&c, &err));
    set(&c, "net", "4C3s2-BN-LIF-MP2-DO0.1-FC10");
    set(&c, "data", "mnist");
    set(&c, "data_dir", data);
    set(&c, "encoder", "rate");
    set(&c, "augment", "crop:pad=1 mixup:alpha=0.1");
    set(&c, "T", "2");
    set(&c, "batch", "16");
    set(&c, "epochs", "3");
    set(&c, "out", out);
    return c;
}

static inline mye_context *threads_context(int threads)
{
    const mye_context_options options = {.threads = threads};
    mye_context *ctx = NULL;
    ASSERT_OK(mye_context_create(&options, &ctx, &err));
    return ctx;
}

/* One session with a context of its own. */
static inline mye_status train(const mye_config *c, bool resume, int threads,
                               const mye_callbacks *callbacks, mye_train_result *out,
                               mye_error *err)
{
    mye_context *ctx = threads_context(threads);
    mye_callbacks own = callbacks ? *callbacks : (mye_callbacks){0};
    mye_trainer *t = NULL;
    mye_train_result result = {0};
    if (own.user == NULL)
        own.user = ctx; /* so that a callback may cancel */
    mye_status status = mye_trainer_create(ctx, c, resume, &own, &t, err);
    if (status == MYE_OK)
        status = mye_trainer_run(t, &result, err);
    if (out) {
        *out = result;
        out->folder = NULL; /* belongs to the trainer, as do the rates */
        out->last.rate_name = NULL;
        out->last.rate = NULL;
    }
    mye_trainer_free(t);
    mye_context_free(ctx);
    return status;
}

/* A path of its own for each call with another slot. */
static inline const char *path_of(int slot, const char *dir, const char *name)
{
    static char path[4][1200];
    snprintf(path[slot], sizeof path[slot], "%s/%s", dir, name);
    return path[slot];
}

static inline bool same_file(const char *dir_a, const char *dir_b, const char *name)
{
    void *a = NULL, *b = NULL;
    size_t n = 0, m = 0;
    ASSERT_OK(mye_file_read(NULL, path_of(0, dir_a, name), 1 << 26, &a, &n, &err));
    ASSERT_OK(mye_file_read(NULL, path_of(1, dir_b, name), 1 << 26, &b, &m, &err));
    const bool same = n == m && memcmp(a, b, n) == 0;
    mye_free(NULL, a);
    mye_free(NULL, b);
    return same;
}

static inline char *text_file(const char *dir, const char *name)
{
    void *text = NULL;
    size_t n = 0;
    ASSERT_OK(mye_file_read(NULL, path_of(2, dir, name), 1 << 26, &text, &n, &err));
    return text; /* free with mye_free(NULL, ..) */
}

static inline int occurrences(const char *text, const char *word)
{
    int n = 0;
    for (const char *at = text; (at = strstr(at, word)) != NULL; at++)
        n++;
    return n;
}

/* fresh_dir keeps one path; this one is the caller's. */
static inline void run_dir(const char *name, char out[1024])
{
    char command[1200];
    snprintf(out, 1024, "%s/tests/%s", MYELIN_BINARY_DIR, name);
    snprintf(command, sizeof command, "rm -rf '%s'", out);
    assert_int_equal(system(command), 0);
}

/* Making a trainer with the 1st, 2nd, ... request for memory refused, until it succeeds: one error, and
 * nothing is left behind. `make` gives a configuration with a folder that is not there yet. */
static inline void refuse_each_allocation(mye_config (*make)(const void *of), const void *of)
{
    failing requests = {0};
    mye_context *ctx = make_context(&requests);
    const long blocks = requests.blocks;
    mye_status status = MYE_ERR_NOMEM;
    for (long n = 1; status != MYE_OK && n < 5000; n++) {
        const mye_config c = make(of);
        mye_trainer *t = NULL;
        mye_error err = {0};
        requests.calls = 0;
        requests.fail_at = n;
        status = mye_trainer_create(ctx, &c, false, NULL, &t, &err);
        requests.fail_at = 0;
        if (status != MYE_OK && status != MYE_ERR_NOMEM)
            fail_msg("allocation %ld: %s: %s", n, mye_status_name(status), err.message);
        mye_trainer_free(t);
        assert_int_equal(requests.blocks, blocks);
    }
    assert_int_equal(status, MYE_OK);
    mye_context_free(ctx);
}

#endif
