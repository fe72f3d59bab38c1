#include "train/case.h"

#include "io/jsontext.h"

#include <string.h>

#define MAX_FILE_BYTES ((size_t)256 << 20)
#define MAX_NODES      4096

static mye_status bad(const mye_case *c, mye_error *err, const char *what)
{
    return mye_fail(err, MYE_ERR_FORMAT, "%s: not a reference case: %s", c->path, what);
}

mye_status mye_case_tensor_read(const mye_case *c, const char *what, const json_t *value,
                                mye_case_tensor *out, mye_error *err)
{
    *out = (mye_case_tensor){.count = 1};
    if (json_is_number(value)) {
        out->data = mye_alloc(c->ctx, sizeof(double));
        if (out->data == NULL)
            return mye_no_memory(err, sizeof(double), what);
        out->data[0] = json_number_value(value);
        return MYE_OK;
    }
    const json_t *shape = json_object_get(value, "shape"), *data = json_object_get(value, "data");
    if (!json_is_array(shape) || !json_is_array(data) || json_array_size(shape) > 8)
        return mye_fail(err, MYE_ERR_FORMAT,
                        "%s: '%s' wants a number or a tensor with shape and data", c->path, what);
    out->rank = (int)json_array_size(shape);
    for (int i = 0; i < out->rank; i++) {
        const json_int_t d = json_integer_value(json_array_get(shape, (size_t)i));
        if (d < 0 || d > 1 << 28 || (d > 0 && out->count > (int64_t)(1 << 28) / d))
            return mye_fail(err, MYE_ERR_FORMAT, "%s: '%s' has an impossible shape", c->path, what);
        out->dim[i] = d;
        out->count *= d;
    }
    if ((int64_t)json_array_size(data) != out->count)
        return mye_fail(err, MYE_ERR_FORMAT, "%s: '%s' has %lld numbers, its shape wants %lld",
                        c->path, what, (long long)json_array_size(data), (long long)out->count);
    out->data = mye_alloc_array(c->ctx, (size_t)out->count, sizeof(double));
    if (out->data == NULL)
        return mye_no_memory(err, (size_t)out->count * sizeof(double), what);
    for (int64_t i = 0; i < out->count; i++) {
        const json_t *x = json_array_get(data, (size_t)i);
        if (!json_is_number(x)) {
            mye_free(c->ctx, out->data);
            out->data = NULL;
            return mye_fail(err, MYE_ERR_FORMAT, "%s: '%s' has an entry that is no number", c->path,
                            what);
        }
        out->data[i] = json_number_value(x);
    }
    return MYE_OK;
}

int64_t mye_case_stored(mye_shape s, int64_t i)
{
    const int64_t area = (int64_t)s.h * s.w;
    return i % area * s.c + i / area;
}

const json_t *mye_case_node(const mye_case *c, const char *name)
{
    size_t i;
    const json_t *node;
    json_array_foreach(json_object_get(c->root, "graph"), i, node)
    {
        const char *own = json_string_value(json_object_get(node, "name"));
        if (own != NULL && strcmp(own, name) == 0)
            return node;
    }
    return NULL;
}

static mye_status read_labels(mye_case *c, mye_error *err)
{
    mye_case_tensor t;
    MYE_TRY(mye_case_tensor_read(c, "label", json_object_get(c->root, "label"), &t, err));
    mye_status status = MYE_OK;
    c->label = mye_alloc_array(c->ctx, (size_t)c->B, sizeof *c->label);
    if (c->label == NULL)
        status = mye_no_memory(err, (size_t)c->B * sizeof *c->label, "labels");
    else if (t.count != c->B)
        status = bad(c, err, "label wants one entry a sample");
    for (int b = 0; status == MYE_OK && b < c->B; b++) {
        if (!(t.data[b] >= 0 && t.data[b] < c->classes))
            status = bad(c, err, "a label is outside [0, classes)");
        else
            c->label[b] = (int32_t)t.data[b];
    }
    mye_free(c->ctx, t.data);
    return status;
}

/* Shape of the graph's input node. */
static mye_status input_shape(const mye_case *c, mye_shape *out, mye_error *err)
{
    const json_t *first = json_array_get(json_object_get(c->root, "graph"), 0);
    const json_t *shape = json_object_get(first, "shape");
    const char *op = json_string_value(json_object_get(first, "op"));
    const size_t rank = json_array_size(shape);
    if (op == NULL || strcmp(op, "input") != 0 || (rank != 1 && rank != 3))
        return bad(c, err, "graph wants an input node with [features] or [C,H,W] first");
    int d[3] = {1, 1, 1};
    for (size_t i = 0; i < rank; i++) {
        const json_int_t x = json_integer_value(json_array_get(shape, i));
        if (x < 1 || x > 1 << 20)
            return bad(c, err, "the input's shape is impossible");
        d[i] = (int)x;
    }
    *out = (mye_shape){.c = d[0], .h = d[1], .w = d[2]};
    return MYE_OK;
}

static mye_status read_input(mye_case *c, mye_error *err)
{
    const char *layout = json_string_value(json_object_get(c->root, "input_layout"));
    static const char *const names[] = {"TB", "B", "BT"};
    int which = 0;
    while (which < 3 && (layout == NULL || strcmp(layout, names[which]) != 0))
        which++;
    if (which == 3)
        return bad(c, err, "input_layout wants TB, B or BT");
    c->layout = (mye_case_layout)which;
    mye_shape shape = {0};
    MYE_TRY(input_shape(c, &shape, err));
    mye_case_tensor t;
    MYE_TRY(mye_case_tensor_read(c, "input", json_object_get(c->root, "input"), &t, err));
    const int64_t n = mye_shape_size(shape);
    const int steps = c->layout == MYE_CASE_B ? 1 : c->T;
    mye_status status = MYE_OK;
    if (t.count != n * steps * c->B)
        status = bad(c, err, "input does not fit input_layout, T, batch and the input's shape");
    else if ((c->input = mye_alloc_array(c->ctx, (size_t)t.count, sizeof(float))) == NULL)
        status = mye_no_memory(err, (size_t)t.count * sizeof(float), "the input");
    for (int s = 0; status == MYE_OK && s < steps; s++)
        for (int b = 0; b < c->B; b++)
            for (int64_t i = 0; i < n; i++) {
                const int64_t from = c->layout == MYE_CASE_BT ? ((int64_t)b * n + i) * steps + s
                                                              : ((int64_t)s * c->B + b) * n + i;
                c->input[((int64_t)s * c->B + b) * n + mye_case_stored(shape, i)] =
                    (float)t.data[from];
            }
    mye_free(c->ctx, t.data);
    return status;
}

static mye_status read_header(mye_case *c, mye_error *err)
{
    const json_int_t schema = json_integer_value(json_object_get(c->root, "schema"));
    if (!json_is_object(c->root) || schema != 1)
        return mye_fail(err, MYE_ERR_FORMAT, "%s: a reference case wants schema 1, got %lld",
                        c->path, (long long)schema);
    const json_int_t T = json_integer_value(json_object_get(c->root, "T"));
    const json_int_t B = json_integer_value(json_object_get(c->root, "batch"));
    const json_int_t K = json_integer_value(json_object_get(c->root, "classes"));
    if (T < 1 || T > 4096 || B < 1 || B > 65536 || K < 1 || K > 65536)
        return bad(c, err, "T, batch and classes want whole numbers from 1 on");
    c->T = (int)T;
    c->B = (int)B;
    c->classes = (int)K;
    c->name = json_string_value(json_object_get(c->root, "name"));
    if (c->name == NULL || !json_is_array(json_object_get(c->root, "graph")) ||
        !json_is_object(json_object_get(c->root, "rule")))
        return bad(c, err, "name, rule and graph are wanted");
    c->rtol = json_number_value(json_object_get(c->root, "rtol"));
    c->atol = json_number_value(json_object_get(c->root, "atol"));
    /* Names are looked up one by one, and inputs followed by recursion. */
    if (json_array_size(json_object_get(c->root, "graph")) > MAX_NODES)
        return mye_fail(err, MYE_ERR_FORMAT, "%s: a reference case has at most %d nodes, got %zu",
                        c->path, MAX_NODES, json_array_size(json_object_get(c->root, "graph")));
    MYE_TRY(read_labels(c, err));
    return read_input(c, err);
}

mye_status mye_case_open(mye_context *ctx, const char *path, mye_case *out, mye_error *err)
{
    *out = (mye_case){.ctx = ctx, .path = path};
    void *data = NULL;
    size_t bytes = 0;
    MYE_TRY(mye_file_read(ctx, path, MAX_FILE_BYTES, &data, &bytes, err));
    mye_status status = mye_json_parse(path, data, bytes, 0, &out->root, err);
    mye_free(ctx, data);
    if (status == MYE_OK)
        status = read_header(out, err);
    if (status != MYE_OK)
        mye_case_close(out);
    return status;
}

void mye_case_close(mye_case *c)
{
    json_decref(c->root);
    mye_free(c->ctx, c->input);
    mye_free(c->ctx, c->label);
    c->root = NULL;
    c->input = NULL;
    c->label = NULL;
}
