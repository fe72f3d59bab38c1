/* What the tests of pattern files share: files of records made by hand, sets compared. */
#ifndef MYE_PATTERN_SUPPORT_H
#define MYE_PATTERN_SUPPORT_H

#include "data_support.h"
#include "synapse/pattern_file.h"

typedef struct file_bytes {
    unsigned char data[1 << 13];
    size_t n;
} file_bytes;

/* An NPY file of version 1: a type, a number of records and their bytes. */
static inline file_bytes *npy_bytes(const char *descr, int n, const void *values, size_t bytes)
{
    static file_bytes b;
    char dict[1024];
    const int length = snprintf(
        dict, sizeof dict, "{'descr': %s, 'fortran_order': False, 'shape': (%d,), }\n", descr, n);

    memcpy(b.data, "\x93NUMPY\x01", 8);
    b.data[8] = (unsigned char)length;
    b.data[9] = (unsigned char)(length >> 8);
    memcpy(b.data + 10, dict, (size_t)length);
    assert_true(10 + (size_t)length + bytes <= sizeof b.data);
    if (bytes > 0)
        memcpy(b.data + 10 + length, values, bytes);
    b.n = 10 + (size_t)length + bytes;
    return &b;
}

/* Records of f8 numbers: "t unit label" and so many values. */
static inline file_bytes *npy_numbers(const char *fields, const double *values, int n)
{
    char descr[600] = "[", word[64];
    int n_fields = 0, used = 1, taken;

    for (const char *at = fields; sscanf(at, " %63s%n", word, &taken) == 1; at += taken, n_fields++)
        used += snprintf(descr + used, sizeof descr - (size_t)used, "('%s', '<f8'), ", word);
    snprintf(descr + used, sizeof descr - (size_t)used, "]");
    assert_true(n_fields > 0 && n % n_fields == 0);
    return npy_bytes(descr, n / n_fields, values, (size_t)n * sizeof *values);
}

static inline mye_status parse_bytes(mye_context *ctx, const file_bytes *b, mye_patterns **out,
                                     mye_error *err)
{
    return mye_patterns_parse(ctx, "x.npy", b->data, b->n, 0, 0, out, err);
}

/* Three patterns of two classes in 5 afferents, one without spikes if wanted. */
static inline mye_patterns *small_set(mye_context *ctx, bool has_empty)
{
    static const mye_spike a[] = {{0.5, 1, 0}, {0.5, -0.25f, 3}, {7.25, 2, 1}}, b[] = {{3, 0, 2}};
    const mye_pattern p[] = {
        {a, 3, 10, 1, 7}, {b, has_empty ? 0 : 1, 20, 0, 0}, {b, 1, 12.5, 1, -3}};
    mye_patterns *set = NULL;

    ASSERT_OK(mye_patterns_create(ctx, 5, 3, &set, &err));
    for (int k = 0; k < 3; k++)
        ASSERT_OK(mye_patterns_add(set, &p[k], &err));
    return set;
}

static inline void assert_same_sets(const mye_patterns *a, const mye_patterns *b)
{
    const mye_patterns_info *x = mye_patterns_about(a), *y = mye_patterns_about(b);

    assert_true(x->n == y->n && x->spikes == y->spikes);
    for (int64_t k = 0; k < x->n; k++) {
        const mye_pattern p = mye_patterns_at(a, k), q = mye_patterns_at(b, k);
        assert_true(p.n == q.n && p.label == q.label && p.group == q.group);
        assert_true(p.window_ms == q.window_ms);
        for (int64_t i = 0; i < p.n; i++)
            assert_true(p.spike[i].t_ms == q.spike[i].t_ms && p.spike[i].c == q.spike[i].c &&
                        p.spike[i].unit == q.spike[i].unit);
    }
}

#endif
