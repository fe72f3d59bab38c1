/*
 * Patterns of a file (myelin/patterns.h says what stands in it). With one file, a share of each class
 * is kept for the test; patterns of one group stay together, so that no speaker is heard before.
 */
#include <stdlib.h>
#include <string.h>

#include "data/files.h"
#include "synapse/patterns.h"

typedef struct options {
    char path[256], test[256];
    double hold_out;
    int64_t units, classes;
} options;

static const mye_param params[] = {
    {"classes", MYE_PARAM_INT, offsetof(options, classes), 0, "0", 0, MYE_CLASSES_MAX, NULL, NULL,
     "", "at least so many; 0 = as the file says"},
    {"hold_out", MYE_PARAM_FLOAT, offsetof(options, hold_out), 0, "0.2", 0, 1, NULL, NULL, "",
     "share of each class kept for the test where there is one file; 0 = the test has the same"},
    {"path", MYE_PARAM_TEXT, offsetof(options, path), 256, "", 0, 0, NULL, NULL, "",
     "file, .npz or .npy"},
    {"test", MYE_PARAM_TEXT, offsetof(options, test), 256, "", 0, 0, NULL, NULL, "",
     "file of the test split; empty = hold_out"},
    {"units", MYE_PARAM_INT, offsetof(options, units), 0, "0", 0, MYE_UNITS_MAX, NULL, NULL,
     "afferents", "at least so many; 0 = as the file says"},
    {0},
};

static mye_status read_file(mye_context *ctx, const char *dir, const char *file, int32_t units,
                            int32_t classes, mye_patterns **out, mye_error *err)
{
    char *path = NULL;
    MYE_TRY(mye_data_locate(ctx, dir, file, &path, err));
    const mye_status st = mye_patterns_read(ctx, path, units, classes, out, err);
    mye_free(ctx, path);
    return st;
}

/* The file of the split; it has the afferents and classes of both. */
static mye_status read_split(mye_context *ctx, const options *o, const mye_source_request *ask,
                             bool is_test, mye_patterns **out, mye_error *err)
{
    mye_patterns *other = NULL;
    MYE_TRY(read_file(ctx, ask->dir, is_test ? o->path : o->test, (int32_t)o->units,
                      (int32_t)o->classes, &other, err));
    const mye_patterns_info info = *mye_patterns_about(other);
    mye_patterns_free(other);
    return read_file(ctx, ask->dir, is_test ? o->test : o->path, info.units, info.classes, out,
                     err);
}

/* ---- holding out ---- */

typedef struct holder {
    mye_patterns *set;
    int64_t n;
    int64_t *order;  /* [n] all patterns in random order                */
    int64_t *next;   /* [n] another of the same group, round and round  */
    int64_t *wanted; /* [classes] patterns that the test still lacks    */
    bool *is_test;   /* [n]                                             */
} holder;

typedef struct member {
    int64_t k;
    int32_t group;
} member;

static int by_group(const void *a, const void *b)
{
    const member *x = a, *y = b;
    if (x->group != y->group)
        return x->group < y->group ? -1 : 1;
    return (x->k > y->k) - (x->k < y->k);
}

static mye_status link_groups(holder *h, mye_error *err)
{
    member *m = mye_alloc_array(h->set->ctx, (size_t)h->n, sizeof(*m));
    if (!m)
        return mye_no_memory(err, (size_t)h->n * sizeof(*m), "groups of patterns");
    for (int64_t k = 0; k < h->n; k++)
        m[k] = (member){k, h->set->group[k]};
    qsort(m, (size_t)h->n, sizeof(*m), by_group);
    for (int64_t i = 0, start = 0; i < h->n; i++) {
        if (m[i].group == 0 || m[i].group != m[start].group)
            start = i;
        const bool is_last = i + 1 == h->n || m[i].group == 0 || m[i + 1].group != m[i].group;
        h->next[m[i].k] = is_last ? m[start].k : m[i + 1].k;
    }
    mye_free(h->set->ctx, m);
    return MYE_OK;
}

/* Takes patterns in random order, with their groups, until each class has its share. */
static void hold(holder *h, double share)
{
    for (int64_t k = 0; k < h->n; k++)
        h->wanted[h->set->label[k]]++;
    for (int32_t label = 0; label < h->set->info.classes; label++)
        h->wanted[label] = (int64_t)(share * (double)h->wanted[label] + 0.5);
    for (int64_t i = 0; i < h->n; i++) {
        int64_t k = h->order[i];
        if (h->wanted[h->set->label[k]] <= 0)
            continue;
        for (; !h->is_test[k]; k = h->next[k]) {
            h->is_test[k] = true;
            h->wanted[h->set->label[k]]--;
        }
    }
}

static mye_status choose(holder *h, bool is_test, mye_patterns **out, mye_error *err)
{
    int64_t n = 0;
    for (int64_t k = 0; k < h->n; k++)
        if (h->is_test[k] == is_test)
            h->order[n++] = k;
    if (n == 0) {
        mye_fail(err, MYE_ERR_ARG, "holding out %lld of %lld patterns leaves none for the %s split",
                 (long long)(is_test ? 0 : h->n), (long long)h->n, is_test ? "test" : "train");
        mye_hint(err, "change hold_out, or give a file of its own for the test: test=FILE");
        return MYE_ERR_ARG;
    }
    return mye_patterns_choose(h->set, h->order, n, out, err);
}

static mye_status hold_out(mye_patterns *set, double share, uint64_t seed, bool is_test,
                           mye_patterns **out, mye_error *err)
{
    const size_t n = (size_t)set->info.n;
    holder h = {.set = set,
                .n = set->info.n,
                .order = mye_alloc_array(set->ctx, n, sizeof(int64_t)),
                .next = mye_alloc_array(set->ctx, n, sizeof(int64_t)),
                .wanted = mye_alloc_array(set->ctx, (size_t)set->info.classes, sizeof(int64_t)),
                .is_test = mye_alloc_array(set->ctx, n, sizeof(bool))};
    mye_status st = h.order && h.next && h.wanted && h.is_test
                        ? link_groups(&h, err)
                        : mye_no_memory(err, n * (2 * sizeof(int64_t) + 1), "a split");
    if (st == MYE_OK) {
        mye_random_permutation(seed, MYE_STREAM_METHOD, 0, h.n, h.order);
        hold(&h, share);
        st = choose(&h, is_test, out, err);
    }
    mye_free(set->ctx, h.order);
    mye_free(set->ctx, h.next);
    mye_free(set->ctx, h.wanted);
    mye_free(set->ctx, h.is_test);
    return st;
}

static mye_status open_source(mye_context *ctx, const void *opt, const mye_source_request *ask,
                              mye_patterns **out, mye_error *err)
{
    const options *o = opt;
    const bool is_test = strcmp(ask->split, "test") == 0;
    mye_patterns *set = NULL;
    if (!o->path[0])
        return mye_fail(err, MYE_ERR_ARG, "the source 'file' wants a file: file:path=PATTERNS.npz");
    if (o->test[0])
        return read_split(ctx, o, ask, is_test, out, err);
    MYE_TRY(read_file(ctx, ask->dir, o->path, (int32_t)o->units, (int32_t)o->classes, &set, err));
    if (o->hold_out <= 0) {
        *out = set;
        return MYE_OK;
    }
    const mye_status st = hold_out(set, o->hold_out, ask->seed, is_test, out, err);
    mye_patterns_free(set);
    return st;
}

const mye_source_type mye_source_file = {
    .entry = {"file", "patterns of a file of NumPy, .npz or .npy", "", params, sizeof(options)},
    .open = open_source,
};
