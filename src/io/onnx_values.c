/* ONNX files: the named values, and which nodes the output needs. */
#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "io/onnx_parts.h"

enum { MIN_OPSET = 7, MAX_OPSET = 22 };

/* ---- messages ---- */

mye_onnx_label mye_onnx_label_of(const char *name)
{
    mye_onnx_label label;
    size_t n = 0;
    for (; name != NULL && name[n] != '\0' && n < sizeof label.text - 1; n++)
        label.text[n] = isprint((unsigned char)name[n]) ? name[n] : '?';
    label.text[n] = '\0';
    return label;
}

/* Nodes need no names: then it is that of what they make. */
mye_onnx_label mye_onnx_node_label(const Onnx__NodeProto *n)
{
    const char *name = n->name;
    if (name == NULL || name[0] == '\0')
        name = n->n_output > 0 ? n->output[0] : "";
    return mye_onnx_label_of(name);
}

mye_status mye_onnx_fail(mye_onnx *r, mye_status code, const char *format, ...)
{
    char text[sizeof r->err->message];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return mye_fail(r->err, code, "%.120s: %s", r->source, text);
}

mye_status mye_onnx_node_fail(mye_onnx *r, const Onnx__NodeProto *n, mye_status code,
                              const char *format, ...)
{
    char text[sizeof r->err->message];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return mye_onnx_fail(r, code, "node '%s' (%s) %s", mye_onnx_node_label(n).text,
                         mye_onnx_label_of(n->op_type).text, text);
}

mye_status mye_onnx_no_memory(mye_onnx *r, size_t count)
{
    if (r->is_greedy)
        return mye_onnx_fail(
            r, MYE_ERR_UNSUPPORTED,
            "the nodes want more than %zu MB of weights, which is too much for a file "
            "of this size",
            r->most >> 20);
    return mye_no_memory(r->err, count * sizeof(float), "an ONNX model");
}

/* ---- the list ---- */

static int by_name(const void *a, const void *b)
{
    const mye_onnx_value *x = a, *y = b;
    return strcmp(x->name, y->name);
}

mye_onnx_value *mye_onnx_find(const mye_onnx *r, const char *name)
{
    const mye_onnx_value wanted = {.name = name};
    if (r->n_values == 0)
        return NULL;
    return bsearch(&wanted, r->value, r->n_values, sizeof *r->value, by_name);
}

static void list_one(mye_onnx *r, const char *name, mye_onnx_kind kind,
                     const Onnx__TensorProto *tensor)
{
    if (name != NULL && name[0] != '\0')
        r->value[r->n_values++] = (mye_onnx_value){.name = name, .kind = kind, .tensor = tensor};
}

static mye_status check_twice(mye_onnx *r)
{
    for (size_t i = 1; i < r->n_values; i++)
        if (strcmp(r->value[i - 1].name, r->value[i].name) == 0)
            return mye_onnx_fail(r, MYE_ERR_FORMAT, "two values have the name '%s'",
                                 mye_onnx_label_of(r->value[i].name).text);
    return MYE_OK;
}

/* Initialisers and what nodes make; the input comes later. */
static mye_status list_names(mye_onnx *r)
{
    const Onnx__GraphProto *g = r->graph;
    size_t n = g->n_initializer + g->n_input;
    for (size_t i = 0; i < g->n_node; i++)
        n += g->node[i]->n_output;
    r->value = mye_alloc_array(r->ctx, n, sizeof *r->value);
    r->needed = mye_alloc_array(r->ctx, g->n_node, sizeof *r->needed);
    if (r->value == NULL || r->needed == NULL)
        return mye_onnx_no_memory(r, n);
    for (size_t i = 0; i < g->n_initializer; i++) {
        if (g->initializer[i]->name == NULL || g->initializer[i]->name[0] == '\0')
            return mye_onnx_fail(r, MYE_ERR_FORMAT, "a tensor has no name");
        list_one(r, g->initializer[i]->name, MYE_ONNX_CONSTANT, g->initializer[i]);
    }
    for (size_t i = 0; i < g->n_node; i++)
        for (size_t k = 0; k < g->node[i]->n_output; k++)
            list_one(r, g->node[i]->output[k], MYE_ONNX_PROMISED, NULL);
    qsort(r->value, r->n_values, sizeof *r->value, by_name);
    return check_twice(r);
}

/* ---- input and output ---- */

static bool is_float_type(int type)
{
    return type == ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT ||
           type == ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT16 ||
           type == ONNX__TENSOR_PROTO__DATA_TYPE__BFLOAT16 ||
           type == ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE;
}

/* A dimension that must be a number from 1 to 2^31 - 1. */
static mye_status read_size(mye_onnx *r, const Onnx__TensorShapeProto *shape, size_t k,
                            int64_t *out)
{
    const Onnx__TensorShapeProto__Dimension *d = shape->dim[k];
    if (d->value_case != ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE)
        return mye_onnx_fail(
            r, MYE_ERR_UNSUPPORTED,
            "the input may vary in its number of samples only, not in dimension %d", (int)k);
    if (d->dim_value < 1 || d->dim_value > INT32_MAX)
        return mye_onnx_fail(r, MYE_ERR_SHAPE, "dimension %d of the input is %lld", (int)k,
                             (long long)d->dim_value);
    *out = d->dim_value;
    return MYE_OK;
}

static mye_status read_shape(mye_onnx *r, const Onnx__TensorShapeProto *shape, mye_onnx_value *v)
{
    if (shape == NULL || (shape->n_dim != 4 && shape->n_dim != 2))
        return mye_onnx_fail(r, MYE_ERR_SHAPE,
                             "the input must be [N, C, H, W] or [N, features], but it has %d "
                             "dimensions",
                             shape != NULL ? (int)shape->n_dim : 0);
    const Onnx__TensorShapeProto__Dimension *batch = shape->dim[0];
    const bool fixed = batch->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
    r->batch = fixed && batch->dim_value > 0 ? batch->dim_value : MYE_ONNX_BATCH;
    v->rank = (int)shape->n_dim;
    v->h = v->w = 1;
    MYE_TRY(read_size(r, shape, 1, &v->c));
    if (v->rank == 4) {
        MYE_TRY(read_size(r, shape, 2, &v->h));
        MYE_TRY(read_size(r, shape, 3, &v->w));
    }
    if ((double)v->c * (double)v->h * (double)v->w > INT32_MAX)
        return mye_onnx_fail(r, MYE_ERR_SHAPE, "the input has more than 2^31 - 1 values");
    return MYE_OK;
}

/* Files of IR version 3 list initialisers as inputs too. */
static mye_status find_input(mye_onnx *r)
{
    const Onnx__ValueInfoProto *input = NULL;
    for (size_t i = 0; i < r->graph->n_input; i++) {
        const Onnx__ValueInfoProto *at = r->graph->input[i];
        if (at->name == NULL || at->name[0] == '\0')
            return mye_onnx_fail(r, MYE_ERR_FORMAT, "an input has no name");
        const mye_onnx_value *known = mye_onnx_find(r, at->name);
        if (known != NULL && known->kind == MYE_ONNX_CONSTANT)
            continue;
        if (input != NULL)
            return mye_onnx_fail(
                r, MYE_ERR_UNSUPPORTED, "one input is supported, but there are '%s' and '%s'",
                mye_onnx_label_of(input->name).text, mye_onnx_label_of(at->name).text);
        input = at;
    }
    if (input == NULL)
        return mye_onnx_fail(r, MYE_ERR_FORMAT, "the graph has no input");
    const Onnx__TypeProto *type = input->type;
    if (type == NULL || type->value_case != ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE ||
        !is_float_type(type->tensor_type->elem_type))
        return mye_onnx_fail(r, MYE_ERR_UNSUPPORTED, "the input '%s' is no tensor of floats",
                             mye_onnx_label_of(input->name).text);
    mye_onnx_value v = {.name = input->name, .kind = MYE_ONNX_LAYER, .layer = -1};
    MYE_TRY(read_shape(r, type->tensor_type->shape, &v));
    r->value[r->n_values++] = v;
    qsort(r->value, r->n_values, sizeof *r->value, by_name);
    MYE_TRY(check_twice(r));
    r->input = mye_onnx_find(r, input->name);
    return MYE_OK;
}

static mye_status find_output(mye_onnx *r)
{
    if (r->graph->n_output != 1)
        return mye_onnx_fail(r, MYE_ERR_UNSUPPORTED, "one output is supported, but there are %zu",
                             r->graph->n_output);
    const char *name = r->graph->output[0]->name;
    r->output = mye_onnx_find(r, name != NULL ? name : "");
    if (r->output == NULL)
        return mye_onnx_fail(r, MYE_ERR_FORMAT, "no node makes the output '%s'",
                             mye_onnx_label_of(name).text);
    r->output->uses++;
    return MYE_OK;
}

/* Counts uses from the end to the beginning, so that what nobody needs is not counted. */
static void count_uses(mye_onnx *r)
{
    for (size_t i = r->graph->n_node; i-- > 0;) {
        const Onnx__NodeProto *n = r->graph->node[i];
        for (size_t k = 0; k < n->n_output; k++) {
            const mye_onnx_value *v = mye_onnx_find(r, n->output[k]);
            r->needed[i] = r->needed[i] || (v != NULL && v->uses > 0);
        }
        for (size_t k = 0; r->needed[i] && k < n->n_input; k++) {
            mye_onnx_value *v = mye_onnx_find(r, n->input[k]);
            if (v != NULL)
                v->uses++;
        }
    }
}

static mye_status check_opset(mye_onnx *r)
{
    for (size_t i = 0; i < r->file->n_opset_import; i++) {
        const Onnx__OperatorSetIdProto *set = r->file->opset_import[i];
        if (set->domain == NULL || set->domain[0] == '\0' || strcmp(set->domain, "ai.onnx") == 0)
            r->opset = set->version;
    }
    if (r->opset < MIN_OPSET || r->opset > MAX_OPSET)
        return mye_onnx_fail(r, MYE_ERR_UNSUPPORTED,
                             "operators of opset %d to %d are supported, but the file has %lld",
                             MIN_OPSET, MAX_OPSET, (long long)r->opset);
    return MYE_OK;
}

mye_status mye_onnx_values_list(mye_onnx *r)
{
    MYE_TRY(check_opset(r));
    MYE_TRY(list_names(r));
    MYE_TRY(find_input(r));
    MYE_TRY(find_output(r));
    count_uses(r);
    r->input->shared = r->input->uses > 1;
    return MYE_OK;
}
