/* Writing pattern files. Spikes are written as they lie in memory. */
#include <string.h>

#include "synapse/pattern_file.h"

#define NUMBER(type) "'" MYE_NPY_ORDER type "'"

/* The fields of a spike, in the order of mye_spike. */
#define SPIKE_FIELDS \
    "('t', " NUMBER("f8") "), ('coefficient', " NUMBER("f4") "), ('unit', " NUMBER("i4") ")"
_Static_assert(offsetof(mye_spike, c) == 8 && offsetof(mye_spike, unit) == 12 &&
                   sizeof(mye_spike) == 16,
               "fields above");

/* A spike with what is said of its pattern. */
typedef struct record {
    mye_spike spike;
    int64_t pattern;
    double window;
    int32_t label, group;
} record;
#define RECORD_FIELDS                                                   \
    SPIKE_FIELDS ", ('pattern', " NUMBER("i8") "), ('window', " NUMBER( \
        "f8") "), "                                                     \
              "('label', " NUMBER("i4") "), ('group', " NUMBER("i4") ")"
_Static_assert(sizeof(record) == 40, "no gaps in the fields above");

static mye_status fill_records(const mye_patterns *set, const char *path, record *out,
                               mye_error *err)
{
    for (int64_t k = 0; k < set->info.n; k++) {
        const mye_pattern p = mye_patterns_at(set, k);
        if (p.n == 0) {
            mye_fail(err, MYE_ERR_UNSUPPORTED,
                     "%s: pattern %lld has no spikes, which a file of records cannot say", path,
                     (long long)k);
            mye_hint(err, "write an archive: a path that ends in .npz");
            return MYE_ERR_UNSUPPORTED;
        }
        for (int64_t i = 0; i < p.n; i++)
            *out++ = (record){p.spike[i], k, p.window_ms, p.label, p.group};
    }
    return MYE_OK;
}

static mye_status write_records(const mye_patterns *set, const char *path, mye_error *err)
{
    const int64_t n = set->info.spikes;
    record *records = mye_alloc_array(set->ctx, (size_t)n, sizeof(*records));
    if (!records)
        return mye_no_memory(err, (size_t)n * sizeof(*records), path);
    const mye_npy_values values = {"[" RECORD_FIELDS "]", sizeof(*records), 1, {n}, records};
    mye_status st = fill_records(set, path, records, err);
    if (st == MYE_OK)
        st = mye_npy_write_values(set->ctx, path, &values, err);
    mye_free(set->ctx, records);
    return st;
}

static mye_status write_archive(const mye_patterns *set, const char *path, mye_error *err)
{
    const mye_patterns_info *info = &set->info;
    const struct {
        const char *name;
        mye_npy_values values;
    } arrays[] = {
        {"spikes", {"[" SPIKE_FIELDS "]", sizeof(*set->spike), 1, {info->spikes}, set->spike}},
        {"first", {NUMBER("i8"), 8, 1, {info->n + 1}, set->first}},
        {"label", {NUMBER("i4"), 4, 1, {info->n}, set->label}},
        {"window", {NUMBER("f8"), 8, 1, {info->n}, set->window_ms}},
        {"group", {NUMBER("i4"), 4, 1, {info->n}, set->group}},
        {"units", {NUMBER("i4"), 4, 0, {0}, &info->units}},
        {"classes", {NUMBER("i4"), 4, 0, {0}, &info->classes}},
    };
    mye_npz_writer *writer;
    MYE_TRY(mye_npz_create(set->ctx, path, &writer, err));
    mye_status st = MYE_OK;
    for (size_t k = 0; k < sizeof(arrays) / sizeof(arrays[0]) && st == MYE_OK; k++)
        st = mye_npz_add(writer, arrays[k].name, &arrays[k].values, err);
    if (st == MYE_OK)
        return mye_npz_commit(writer, err);
    mye_npz_abandon(writer);
    return st;
}

static bool ends_in(const char *path, const char *ending)
{
    const size_t n = strlen(path), m = strlen(ending);
    return n > m && strcmp(path + n - m, ending) == 0;
}

static mye_status check_ending(const char *path, mye_error *err)
{
    if (ends_in(path, ".npz") || ends_in(path, ".npy"))
        return MYE_OK;
    return mye_fail(err, MYE_ERR_ARG,
                    "patterns are written to a path that ends in .npz or .npy, got '%s'", path);
}

mye_status mye_patterns_probe(mye_context *ctx, const char *path, mye_error *err)
{
    MYE_TRY(check_ending(path, err));
    return mye_file_probe(ctx, path, err);
}

mye_status mye_patterns_write(const mye_patterns *set, const char *path, mye_error *err)
{
    MYE_TRY(check_ending(path, err));
    return ends_in(path, ".npz") ? write_archive(set, path, err) : write_records(set, path, err);
}
