/* A group in a file: weights [neurons, units] as doubles, options as text beside them. */
#include <math.h>
#include <string.h>

#include "io/safetensors.h"
#include "synapse/group.h"

#define KIND "synapse"

typedef struct field {
    const char *key;
    size_t offset;
    bool is_text;
} field;

/* What teaching needs again; epochs and the like are said anew. */
static const field fields[] = {
    {"psp", offsetof(mye_synapse_options, psp), true},
    {"rule", offsetof(mye_synapse_options, rule), true},
    {"move", offsetof(mye_synapse_options, move), true},
    {"theta", offsetof(mye_synapse_options, theta), false},
    {"lambda", offsetof(mye_synapse_options, lambda), false},
};
enum { FIELDS = sizeof(fields) / sizeof(fields[0]) };

static const void *place(const mye_synapse_options *o, const field *f)
{
    return (const char *)o + f->offset;
}

mye_status mye_synapse_save(const mye_synapse *s, const char *path, mye_error *err)
{
    const mye_st_item item = {.name = "weight",
                              .dtype = MYE_DTYPE_F64,
                              .rank = 2,
                              .dim = {s->neurons, s->units},
                              .data = s->w};
    mye_st_pair meta[FIELDS + 1] = {{"kind", KIND}};
    char number[FIELDS][32];
    for (int i = 0; i < FIELDS; i++) {
        const void *at = place(&s->lesson.o, &fields[i]);
        meta[i + 1].key = fields[i].key;
        meta[i + 1].value = fields[i].is_text
                                ? *(const char *const *)at
                                : mye_format_double(*(const double *)at, number[i], 32);
    }
    return mye_st_write(s->ctx, path, &item, 1, meta, FIELDS + 1, NULL, err);
}

static mye_status read_options(const mye_st *st, mye_synapse_options *o, mye_error *err)
{
    const char *kind = mye_st_meta(st, "kind");
    if (!kind || strcmp(kind, KIND) != 0)
        return mye_fail(err, MYE_ERR_FORMAT,
                        "%s: expected neurons saved by 'myelin synapse', got "
                        "other tensors",
                        mye_st_source(st));
    for (int i = 0; i < FIELDS; i++) {
        const char *text = mye_st_meta(st, fields[i].key);
        char *at = (char *)o + fields[i].offset;
        if (!text || (!fields[i].is_text && !mye_parse_double(text, (double *)(void *)at)))
            return mye_fail(err, MYE_ERR_FORMAT, "%s: expected metadata '%s', got '%.40s'",
                            mye_st_source(st), fields[i].key, text ? text : "none");
        if (fields[i].is_text)
            *(const char **)(void *)at = text;
    }
    return MYE_OK;
}

static mye_status read_group(mye_context *ctx, const mye_st *st, mye_synapse **out, mye_error *err)
{
    mye_synapse_options options = MYE_SYNAPSE_OPTIONS;
    const mye_st_tensor *t = mye_st_find(st, "weight");
    MYE_TRY(read_options(st, &options, err));
    if (!t || t->rank != 2 || t->dim[0] < 1 || t->dim[1] < 1 || t->dim[0] > MYE_NEURONS_MAX ||
        t->dim[1] > MYE_UNITS_MAX)
        return mye_fail(err, MYE_ERR_FORMAT,
                        "%s: expected tensor 'weight' of shape [neurons, "
                        "afferents], got %s",
                        mye_st_source(st), t ? "another shape" : "none");
    mye_error why = {0};
    mye_status status =
        mye_synapse_create(ctx, (int32_t)t->dim[1], (int)t->dim[0], &options, out, &why);
    if (status == MYE_ERR_ARG)
        return mye_fail(err, MYE_ERR_FORMAT, "%s: %.200s", mye_st_source(st), why.message);
    if (status != MYE_OK)
        return mye_fail(err, status, "%s", why.message);
    status = mye_st_read_raw(st, t, MYE_DTYPE_F64, t->count, (*out)->w, err);
    for (int64_t i = 0; status == MYE_OK && i < t->count; i++)
        if (!isfinite((*out)->w[i]))
            status = mye_fail(err, MYE_ERR_FORMAT, "%s: weight %lld is no number",
                              mye_st_source(st), (long long)i);
    if (status != MYE_OK) {
        mye_synapse_free(*out);
        *out = NULL;
    }
    return status;
}

mye_status mye_synapse_load(mye_context *ctx, const char *path, mye_synapse **out, mye_error *err)
{
    mye_st *st = NULL;
    *out = NULL;
    MYE_TRY(mye_st_open(ctx, path, &st, err));
    const mye_status status = read_group(ctx, st, out, err);
    mye_st_close(st);
    return status;
}
