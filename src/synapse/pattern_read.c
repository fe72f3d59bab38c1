/* Reading pattern files: what both forms share, and records, where a record is a spike. */
#include <string.h>

#include "data/files.h"
#include "synapse/pattern_file.h"

/* Numbers of patterns that no record has are patterns without spikes; a file has at most so many. */
#define EMPTY_MAX 1000000

static const mye_said of_patterns[] = {MYE_SAID_LABEL, MYE_SAID_WINDOW, MYE_SAID_GROUP};

static mye_status check_columns(mye_pattern_reader *r, mye_error *err)
{
    double largest[MYE_SAID_N];

    for (int said = 0; said <= MYE_SAID_GROUP; said++)
        MYE_TRY(mye_column_check(&r->column[said], &largest[said], err));
    r->last_ms = largest[MYE_SAID_T] > 0 ? largest[MYE_SAID_T] : 0;
    const int32_t units = (int32_t)largest[MYE_SAID_UNIT] + 1;
    const int32_t classes = (int32_t)largest[MYE_SAID_LABEL] + 1;
    r->units = r->units > units ? r->units : units;
    r->classes = r->classes > classes ? r->classes : classes;
    return MYE_OK;
}

mye_status mye_pattern_reader_begin(mye_pattern_reader *r, int64_t n, mye_error *err)
{
    MYE_TRY(check_columns(r, err));
    MYE_TRY(mye_patterns_create(r->ctx, r->units > 0 ? r->units : 1,
                                r->classes > 0 ? r->classes : 1, &r->set, err));
    return mye_patterns_reserve(r->set, n, (int64_t)r->records, err);
}

static double say(const mye_pattern_reader *r, mye_said said, size_t at, double otherwise)
{
    return r->column[said].npy ? mye_column_at(&r->column[said], at) : otherwise;
}

mye_status mye_pattern_reader_add(mye_pattern_reader *r, size_t start, size_t end, size_t at,
                                  mye_error *err)
{
    /* The spikes are put where the set will have them: there is room for all. */
    mye_spike *spike = r->set->spike + r->set->info.spikes;
    const mye_pattern p = {.spike = spike,
                           .n = (int64_t)(end - start),
                           .window_ms = say(r, MYE_SAID_WINDOW, at, r->last_ms),
                           .label = (int32_t)say(r, MYE_SAID_LABEL, at, 0),
                           .group = (int32_t)say(r, MYE_SAID_GROUP, at, 0)};
    for (size_t i = start; i < end; i++)
        spike[i - start] = (mye_spike){mye_column_at(&r->column[MYE_SAID_T], i),
                                       (float)say(r, MYE_SAID_COEFFICIENT, i, 1),
                                       (int32_t)mye_column_at(&r->column[MYE_SAID_UNIT], i)};
    return mye_patterns_add(r->set, &p, err);
}

/* ---- records ---- */

/* Do the numbers of patterns rise, without endless gaps? */
static mye_status check_numbers(const mye_pattern_reader *r, int64_t *n, mye_error *err)
{
    int64_t last = -1, empty = 0;
    double largest;

    MYE_TRY(mye_column_check(&r->column[MYE_SAID_PATTERN], &largest, err));
    for (size_t i = 0; i < r->records; i++) {
        const int64_t number = (int64_t)say(r, MYE_SAID_PATTERN, i, 0);
        if (number < last)
            return mye_fail(err, MYE_ERR_FORMAT,
                            "%s: record %zu is of pattern %lld after one of pattern %lld, expected "
                            "rising numbers",
                            r->name, i, (long long)number, (long long)last);
        empty += number > last ? number - last - 1 : 0;
        if (empty > EMPTY_MAX)
            return mye_fail(err, MYE_ERR_FORMAT,
                            "%s: the numbers up to pattern %lld of record %zu leave more than %d "
                            "patterns without spikes",
                            r->name, (long long)number, i, EMPTY_MAX);
        last = number;
    }
    *n = last + 1;
    return MYE_OK;
}

/* First record from `start` that is of another pattern; what is said of the pattern must not change. */
static mye_status find_end(const mye_pattern_reader *r, size_t start, size_t *end, mye_error *err)
{
    const double number = say(r, MYE_SAID_PATTERN, start, 0);
    size_t i = start;

    for (; i < r->records && say(r, MYE_SAID_PATTERN, i, 0) == number; i++)
        for (size_t k = 0; k < sizeof of_patterns / sizeof of_patterns[0]; k++) {
            const double before = say(r, of_patterns[k], start, 0),
                         x = say(r, of_patterns[k], i, 0);
            if (x != before)
                return mye_fail(err, MYE_ERR_FORMAT,
                                "%s: record %zu has %s %.10g, but pattern %.0f began with %.10g",
                                r->name, i, mye_said_name(of_patterns[k]), x, number, before);
        }
    *end = i;
    return MYE_OK;
}

static mye_status add_empty(mye_pattern_reader *r, mye_error *err)
{
    const mye_pattern p = {.window_ms = r->last_ms};
    return mye_patterns_add(r->set, &p, err);
}

mye_status mye_pattern_records(mye_pattern_reader *r, const void *data, size_t bytes,
                               mye_error *err)
{
    mye_npy npy;
    int64_t n = 0;
    size_t start = 0, end = 0;

    MYE_TRY(mye_npy_open(r->name, data, bytes, &npy, err));
    MYE_TRY(mye_columns_find(&npy, MYE_SAID_GROUP + 1, r->column, err));
    r->records = npy.count;
    MYE_TRY(check_numbers(r, &n, err));
    MYE_TRY(mye_pattern_reader_begin(r, n, err));
    for (; start < r->records; start = end) {
        const int64_t number = (int64_t)say(r, MYE_SAID_PATTERN, start, 0);
        MYE_TRY(find_end(r, start, &end, err));
        while (r->set->info.n < number)
            MYE_TRY(add_empty(r, err));
        MYE_TRY(mye_pattern_reader_add(r, start, end, start, err));
    }
    return MYE_OK;
}

/* ---- either ---- */

mye_status mye_patterns_parse(mye_context *ctx, const char *name, const void *data, size_t bytes,
                              int32_t units, int32_t classes, mye_patterns **out, mye_error *err)
{
    mye_pattern_reader r = {.ctx = ctx, .name = name, .units = units, .classes = classes};
    mye_status st;

    *out = NULL;
    if (bytes > 6 && memcmp(data, "\x93NUMPY", 6) == 0)
        st = mye_pattern_records(&r, data, bytes, err);
    else if (bytes > 4 && memcmp(data, "PK", 2) == 0)
        st = mye_pattern_archive(&r, data, bytes, err);
    else
        st = mye_fail(err, MYE_ERR_FORMAT,
                      "%s: expected spike patterns in an NPY or NPZ file of NumPy, got %zu other "
                      "bytes",
                      name, bytes);
    if (st == MYE_OK)
        snprintf(r.set->source, sizeof r.set->source, "%.*s", MYE_METHOD_MAX - 1, name);
    else
        mye_patterns_free(r.set);
    if (st == MYE_OK)
        *out = r.set;
    return st;
}

mye_status mye_patterns_read(mye_context *ctx, const char *path, int32_t units, int32_t classes,
                             mye_patterns **out, mye_error *err)
{
    void *data = NULL;
    size_t bytes = 0;
    mye_status st;

    *out = NULL;
    MYE_TRY(mye_file_read(ctx, path, MYE_DATA_FILE_MAX, &data, &bytes, err));
    st = mye_patterns_parse(ctx, path, data, bytes, units, classes, out, err);
    mye_free(ctx, data);
    return st;
}
