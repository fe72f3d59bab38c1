/* ONNX files: the table of operators, and the walk over the nodes that makes layers of them. */
#include <string.h>

#include "io/onnx_parts.h"

static const mye_onnx_op ops[] = {
    {"Add", 2, 2, "", mye_onnx_add_op},
    {"AveragePool", 1, 1,
     "auto_pad|ceil_mode|count_include_pad|dilations|kernel_shape|pads|strides",
     mye_onnx_averagepool},
    {"BatchNormalization", 5, 5, "epsilon|momentum|spatial|training_mode", mye_onnx_batchnorm},
    {"Cast", 1, 1, "to", mye_onnx_cast},
    {"Clip", 1, 3, "max|min", mye_onnx_clip},
    {"Concat", 1, 8, "axis", mye_onnx_concat},
    {"Constant", 0, 0, "value|value_int|value_ints", mye_onnx_constant},
    {"ConstantOfShape", 1, 1, "value", mye_onnx_constantofshape},
    {"Conv", 2, 3, "auto_pad|dilations|group|kernel_shape|pads|strides", mye_onnx_conv},
    {"Div", 2, 2, "", mye_onnx_div},
    {"Dropout", 1, 3, "ratio|seed", mye_onnx_dropout},
    {"Flatten", 1, 1, "axis", mye_onnx_flatten},
    {"Gather", 2, 2, "axis", mye_onnx_gather},
    {"Gemm", 2, 3, "alpha|beta|transA|transB", mye_onnx_gemm},
    {"GlobalAveragePool", 1, 1, "", mye_onnx_globalpool},
    {"Identity", 1, 1, "", mye_onnx_identity},
    {"LogSoftmax", 1, 1, "axis", mye_onnx_softmax},
    {"MatMul", 2, 2, "", mye_onnx_matmul},
    {"MaxPool", 1, 1, "auto_pad|ceil_mode|dilations|kernel_shape|pads|storage_order|strides",
     mye_onnx_maxpool},
    {"Mul", 2, 2, "", mye_onnx_mul},
    {"Pad", 1, 3, "mode|pads|value", mye_onnx_pad},
    {"ReduceMean", 1, 2, "axes|keepdims|noop_with_empty_axes", mye_onnx_reducemean},
    {"Relu", 1, 1, "", mye_onnx_relu},
    {"Reshape", 2, 2, "allowzero", mye_onnx_reshape},
    {"Shape", 1, 1, "end|start", mye_onnx_shape},
    {"Slice", 3, 5, "", mye_onnx_slice},
    {"Softmax", 1, 1, "axis", mye_onnx_softmax},
    {"Sub", 2, 2, "", mye_onnx_sub},
    {"Transpose", 1, 1, "perm", mye_onnx_transpose},
    {"Unsqueeze", 1, 2, "axes", mye_onnx_unsqueeze},
};

static mye_status find_op(mye_onnx *r, const Onnx__NodeProto *n, const mye_onnx_op **out)
{
    const bool ours =
        n->domain == NULL || n->domain[0] == '\0' || strcmp(n->domain, "ai.onnx") == 0;
    for (size_t i = 0; ours && i < sizeof ops / sizeof ops[0]; i++)
        if (n->op_type != NULL && strcmp(ops[i].name, n->op_type) == 0) {
            *out = &ops[i];
            return MYE_OK;
        }
    mye_onnx_node_fail(r, n, MYE_ERR_UNSUPPORTED,
                       "is of an operator that is not supported (Conv, Gemm, MatMul, "
                       "BatchNormalization, Relu, Clip, pooling, Add, Flatten, Reshape and a few "
                       "more are)");
    mye_hint(r->err, "docs/networks.md lists the operators under ONNX");
    return MYE_ERR_UNSUPPORTED;
}

static mye_status read_node(mye_onnx *r, const Onnx__NodeProto *n)
{
    const mye_onnx_op *op = NULL;
    MYE_TRY(find_op(r, n, &op));
    if (n->n_input < (size_t)op->min_in || n->n_input > (size_t)op->max_in)
        return mye_onnx_node_fail(r, n, MYE_ERR_UNSUPPORTED,
                                  "reads %d to %d values, but there are %zu", op->min_in,
                                  op->max_in, n->n_input);
    for (size_t k = 1; k < n->n_output; k++) {
        const mye_onnx_value *v = mye_onnx_find(r, n->output[k]);
        if (v != NULL && v->uses > 0)
            return mye_onnx_node_fail(
                r, n, MYE_ERR_UNSUPPORTED,
                "has a second output '%s' that is used, which is not supported",
                mye_onnx_label_of(v->name).text);
    }
    MYE_TRY(mye_onnx_attributes_check(r, n, op->attributes));
    return op->read(r, n);
}

mye_status mye_onnx_walk(mye_onnx *r)
{
    for (size_t i = 0; i < r->graph->n_node; i++)
        if (r->needed[i])
            MYE_TRY(read_node(r, r->graph->node[i]));
    return MYE_OK;
}

/* ---- layers ---- */

static mye_status make_room(mye_onnx *r)
{
    if (r->n_layers < r->cap_layers)
        return MYE_OK;
    if (r->n_layers >= MYE_ONNX_MAX_LAYERS)
        return mye_onnx_fail(r, MYE_ERR_UNSUPPORTED, "the network has more than %d layers",
                             (int)MYE_ONNX_MAX_LAYERS);
    const int cap = r->cap_layers > 0 ? 2 * r->cap_layers : 64;
    const size_t old = (size_t)r->cap_layers * sizeof *r->layer;
    const size_t bytes = (size_t)cap * sizeof *r->layer;
    mye_onnx_layer *layer = mye_grow(r->ctx, r->layer, old, bytes);
    if (layer == NULL)
        return mye_no_memory(r->err, bytes, "the layers of an ONNX model");
    r->layer = layer;
    r->cap_layers = cap;
    return MYE_OK;
}

mye_status mye_onnx_add(mye_onnx *r, const Onnx__NodeProto *n, const char *op,
                        const mye_onnx_value *from, mye_onnx_layer **out)
{
    MYE_TRY(make_room(r));
    mye_onnx_layer *layer = &r->layer[r->n_layers];
    *layer = (mye_onnx_layer){.op = op, .node = n, .n_in = 1};
    layer->in[0] = from != NULL ? from->layer : r->n_layers - 1;
    r->n_layers++;
    *out = layer;
    return MYE_OK;
}

void mye_onnx_weight(mye_onnx_layer *layer, int slot, const char *role, float *data, size_t count)
{
    layer->weight[slot].role = role;
    layer->weight[slot].data = data;
    layer->weight[slot].count = count;
}

mye_status mye_onnx_result(mye_onnx *r, const Onnx__NodeProto *n, int rank, int64_t c, int64_t h,
                           int64_t w)
{
    mye_onnx_value *v;
    MYE_TRY(mye_onnx_output(r, n, &v));
    if ((double)c * (double)h * (double)w > INT32_MAX)
        return mye_onnx_node_fail(r, n, MYE_ERR_SHAPE, "makes more than 2^31 - 1 values");
    v->kind = MYE_ONNX_LAYER;
    v->layer = r->n_layers - 1;
    v->rank = rank;
    v->c = c;
    v->h = h;
    v->w = w;
    v->shared = v->uses > 1;
    return MYE_OK;
}

mye_status mye_onnx_alias(mye_onnx *r, const Onnx__NodeProto *n, const mye_onnx_value *v)
{
    mye_onnx_value *out;
    MYE_TRY(mye_onnx_output(r, n, &out));
    const mye_onnx_value own = *out;
    *out = *v;
    out->name = own.name;
    out->uses = own.uses;
    out->shared = own.uses > 1 || v->shared;
    return MYE_OK;
}
