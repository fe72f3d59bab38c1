/* Columns of pattern files: their names, and what their numbers may be. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "synapse/pattern_file.h"

static const struct {
    const char *name[3]; /* the first is the one that is written */
    double low, high;
    bool is_whole;
    const char *expected;
} rules[MYE_SAID_N] = {
    [MYE_SAID_T] = {{"t", "time", "t_ms"}, 0, DBL_MAX, false, "a time in ms from 0"},
    [MYE_SAID_UNIT] =
        {{"unit", "afferent"}, 0, MYE_UNITS_MAX - 1, true, "a whole number from 0 to 1048575"},
    [MYE_SAID_COEFFICIENT] = {{"coefficient", "c"}, -FLT_MAX, FLT_MAX, false, "a finite number"},
    [MYE_SAID_PATTERN] = {{"pattern"}, 0, 0x1p53, true, "a whole number from 0"},
    [MYE_SAID_LABEL] = {{"label"}, 0, MYE_CLASSES_MAX - 1, true, "a whole number from 0 to 4095"},
    [MYE_SAID_WINDOW] = {{"window", "window_ms"}, 0, DBL_MAX, false, "a length in ms from 0"},
    [MYE_SAID_GROUP] = {{"group"}, INT32_MIN, INT32_MAX, true, "a whole number of 32 bits"},
    [MYE_SAID_FIRST] = {{"first"}, 0, 0x1p53, true, "a whole number from 0"},
    [MYE_SAID_UNITS] = {{"units"}, 1, MYE_UNITS_MAX, true, "a whole number from 1 to 1048576"},
    [MYE_SAID_CLASSES] = {{"classes"}, 1, MYE_CLASSES_MAX, true, "a whole number from 1 to 4096"},
};
_Static_assert(MYE_UNITS_MAX == 1048576 && MYE_CLASSES_MAX == 4096, "sentences above");

const char *mye_said_name(mye_said said)
{
    return rules[said].name[0];
}

/* -1: nothing is called so. */
static int find_said(const char *name, int n)
{
    for (int k = 0; k < n; k++)
        for (int i = 0; i < 3 && rules[k].name[i]; i++)
            if (strcmp(rules[k].name[i], name) == 0)
                return k;
    return -1;
}

static const char *known_name(const void *arg, size_t i)
{
    return i < (size_t) * (const int *)arg ? rules[i].name[0] : NULL;
}

static mye_status refuse_field(const mye_npy *npy, int field, int n, mye_error *err)
{
    const char *name = npy->field[field].name, *near = mye_nearest(name, known_name, &n);
    char list[120] = "";
    size_t used = 0;

    for (int k = 0; k < n && used < sizeof list; k++)
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", k > 0 ? ", " : "",
                                 rules[k].name[0]);
    mye_fail(err, MYE_ERR_FORMAT, "%s: spikes have no field '%s', known are %s", npy->name, name,
             list);
    if (near)
        mye_hint(err, "did you mean '%s'?", near);
    else
        mye_hint(err, "save only fields that are known, say spikes[['t', 'unit']]");
    return MYE_ERR_FORMAT;
}

mye_status mye_columns_find(const mye_npy *npy, int n, mye_column *column, mye_error *err)
{
    if (npy->rank != 1 || !npy->field[0].name[0])
        return mye_fail(err, MYE_ERR_FORMAT,
                        "%s: spikes are one row of records with the fields t and unit, got %s of "
                        "rank %d",
                        npy->name, npy->field[0].name[0] ? "records" : "numbers", npy->rank);
    for (int k = 0; k < npy->n_fields; k++) {
        const int said = find_said(npy->field[k].name, n);
        if (said < 0)
            return refuse_field(npy, k, n, err);
        if (column[said].npy)
            return mye_fail(err, MYE_ERR_FORMAT, "%s: the fields '%s' and '%s' are the same thing",
                            npy->name, npy->field[column[said].field].name, npy->field[k].name);
        column[said] = (mye_column){npy, k, (mye_said)said};
    }
    for (int said = MYE_SAID_T; said <= MYE_SAID_UNIT; said++)
        if (!column[said].npy)
            return mye_fail(err, MYE_ERR_FORMAT, "%s: its records have no field '%s'", npy->name,
                            rules[said].name[0]);
    return MYE_OK;
}

double mye_column_at(const mye_column *c, size_t i)
{
    return mye_npy_get(c->npy, c->field, i);
}

mye_status mye_column_check(const mye_column *c, double *largest, mye_error *err)
{
    *largest = -1;
    for (size_t i = 0; c->npy && i < c->npy->count; i++) {
        const double x = mye_column_at(c, i);
        const bool in_range = x >= rules[c->said].low && x <= rules[c->said].high;
        if (!in_range || (rules[c->said].is_whole && x != floor(x))) {
            const char *name = c->npy->field[c->field].name;
            return mye_fail(err, MYE_ERR_FORMAT, "%s: %s %zu %s%s %.10g, expected %s", c->npy->name,
                            name[0] ? "record" : "value", i, name[0] ? "has " : "is", name, x,
                            rules[c->said].expected);
        }
        *largest = x > *largest ? x : *largest;
    }
    return MYE_OK;
}
