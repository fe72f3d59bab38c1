/* Pattern files that are archives: spikes, where each pattern begins, and what is said of it. */
#include <string.h>

#include "synapse/pattern_file.h"

enum { SPIKES, FIRST, LABEL, WINDOW, GROUP, UNITS, CLASSES, N_ARRAYS };

static const struct {
    const char *name;
    mye_said said;
    bool is_wanted;
} arrays[N_ARRAYS] = {
    [SPIKES] = {"spikes", MYE_SAID_N, true},          [FIRST] = {"first", MYE_SAID_FIRST, true},
    [LABEL] = {"label", MYE_SAID_LABEL, true},        [WINDOW] = {"window", MYE_SAID_WINDOW, false},
    [GROUP] = {"group", MYE_SAID_GROUP, false},       [UNITS] = {"units", MYE_SAID_UNITS, false},
    [CLASSES] = {"classes", MYE_SAID_CLASSES, false},
};

/* The arrays of an archive, looked at. */
typedef struct parts {
    mye_npy npy[N_ARRAYS];
    void *owned[N_ARRAYS];
    char name[N_ARRAYS][400]; /* for messages */
} parts;

static const char *known_name(const void *arg, size_t i)
{
    (void)arg;
    return i < N_ARRAYS ? arrays[i].name : NULL;
}

static mye_status refuse_unknown(const mye_npz *npz, mye_error *err)
{
    char name[48];

    for (int k = 0; mye_npz_name(npz, k, name, sizeof name); k++) {
        int i = 0;
        while (i < N_ARRAYS && strcmp(arrays[i].name, name) != 0)
            i++;
        if (i < N_ARRAYS)
            continue;
        const char *near = mye_nearest(name, known_name, NULL);
        mye_fail(err, MYE_ERR_FORMAT,
                 "%s: pattern files have no array '%s', known are spikes, first, label, window, "
                 "group, units and classes",
                 npz->name, name);
        if (near)
            mye_hint(err, "did you mean '%s'?", near);
        return MYE_ERR_FORMAT;
    }
    return MYE_OK;
}

static mye_status open_parts(const mye_npz *npz, parts *p, mye_error *err)
{
    for (int k = 0; k < N_ARRAYS; k++) {
        const void *data;
        size_t bytes;
        if (!arrays[k].is_wanted && !mye_npz_has(npz, arrays[k].name))
            continue;
        snprintf(p->name[k], sizeof p->name[k], "%.300s: array '%s'", npz->name, arrays[k].name);
        MYE_TRY(mye_npz_file(npz, arrays[k].name, &data, &bytes, &p->owned[k], err));
        MYE_TRY(mye_npy_open(p->name[k], data, bytes, &p->npy[k], err));
    }
    return MYE_OK;
}

/* An array of `count` plain numbers: a row, or one number of any rank. */
static mye_status check_shape(const mye_npy *npy, size_t count, mye_error *err)
{
    if (npy->field[0].name[0] || npy->count != count || (npy->rank != 1 && count != 1))
        return mye_fail(err, MYE_ERR_FORMAT,
                        "%s: expected %zu plain number%s, got %zu %s of rank %d", npy->name, count,
                        count == 1 ? "" : "s", npy->count,
                        npy->field[0].name[0] ? "records" : "numbers", npy->rank);
    return MYE_OK;
}

/* `first` has one place more than there are patterns, from 0 to all spikes. */
static mye_status check_first(const mye_column *first, size_t records, mye_error *err)
{
    const mye_npy *npy = first->npy;
    const size_t n = npy->count;
    double largest;

    if (npy->field[0].name[0] || npy->rank != 1 || n == 0)
        return mye_fail(err, MYE_ERR_FORMAT,
                        "%s: expected a row of numbers, one more than there are patterns",
                        npy->name);
    MYE_TRY(mye_column_check(first, &largest, err));
    for (size_t i = 1; i < n; i++)
        if (mye_column_at(first, i) < mye_column_at(first, i - 1))
            return mye_fail(err, MYE_ERR_FORMAT,
                            "%s: value %zu is %.0f after %.0f, expected rising", npy->name, i,
                            mye_column_at(first, i), mye_column_at(first, i - 1));
    if (mye_column_at(first, 0) != 0 || mye_column_at(first, n - 1) != (double)records)
        return mye_fail(err, MYE_ERR_FORMAT,
                        "%s: goes from %.0f to %.0f, expected from 0 to %zu spikes", npy->name,
                        mye_column_at(first, 0), mye_column_at(first, n - 1), records);
    return MYE_OK;
}

/* A single number, as the least of *least; 0: the file does not say. */
static mye_status take_number(const mye_column *c, int32_t *said, int32_t *least, mye_error *err)
{
    double x;

    *said = 0;
    if (!c->npy)
        return MYE_OK;
    MYE_TRY(check_shape(c->npy, 1, err));
    MYE_TRY(mye_column_check(c, &x, err));
    *said = (int32_t)x;
    *least = *least > *said ? *least : *said;
    return MYE_OK;
}

/* Numbers that the file says must hold for its own content. */
static mye_status check_said(const mye_column *content, const mye_column *c, int32_t said,
                             mye_error *err)
{
    double largest;

    if (said == 0)
        return MYE_OK;
    MYE_TRY(mye_column_check(content, &largest, err));
    if (largest >= said)
        return mye_fail(err, MYE_ERR_FORMAT,
                        "%s: is %d, but there is a spike or pattern with %s %.0f", c->npy->name,
                        said, mye_said_name(content->said), largest);
    return MYE_OK;
}

static mye_status read_parts(mye_pattern_reader *r, const parts *p, mye_error *err)
{
    mye_column *column = r->column;
    int32_t units, classes;

    MYE_TRY(mye_columns_find(&p->npy[SPIKES], MYE_SAID_COEFFICIENT + 1, column, err));
    for (int k = FIRST; k < N_ARRAYS; k++)
        if (p->npy[k].data)
            column[arrays[k].said] = (mye_column){&p->npy[k], 0, arrays[k].said};
    r->records = p->npy[SPIKES].count;
    const mye_column *first = &column[MYE_SAID_FIRST];
    MYE_TRY(check_first(first, r->records, err));
    const size_t n = first->npy->count - 1;
    for (int k = LABEL; k <= GROUP; k++)
        if (p->npy[k].data)
            MYE_TRY(check_shape(&p->npy[k], n, err));
    MYE_TRY(take_number(&column[MYE_SAID_UNITS], &units, &r->units, err));
    MYE_TRY(take_number(&column[MYE_SAID_CLASSES], &classes, &r->classes, err));
    MYE_TRY(check_said(&column[MYE_SAID_UNIT], &column[MYE_SAID_UNITS], units, err));
    MYE_TRY(check_said(&column[MYE_SAID_LABEL], &column[MYE_SAID_CLASSES], classes, err));
    MYE_TRY(mye_pattern_reader_begin(r, (int64_t)n, err));
    for (size_t k = 0; k < n; k++)
        MYE_TRY(mye_pattern_reader_add(r, (size_t)mye_column_at(first, k),
                                       (size_t)mye_column_at(first, k + 1), k, err));
    return MYE_OK;
}

mye_status mye_pattern_archive(mye_pattern_reader *r, const void *data, size_t bytes,
                               mye_error *err)
{
    mye_npz npz;
    mye_status st;

    MYE_TRY(mye_npz_open(r->ctx, r->name, data, bytes, &npz, err));
    MYE_TRY(refuse_unknown(&npz, err));
    parts *p = mye_alloc(r->ctx, sizeof *p);
    if (!p)
        return mye_no_memory(err, sizeof *p, r->name);
    st = open_parts(&npz, p, err);
    if (st == MYE_OK)
        st = read_parts(r, p, err);
    for (int k = 0; k < N_ARRAYS; k++)
        mye_free(r->ctx, p->owned[k]);
    mye_free(r->ctx, p);
    return st;
}
