/* Weights of a model in safetensors files, under "<node>.<role>" in the usual outside layout. */
#include <string.h>

#include "io/safetensors.h"
#include "train/train.h"

static void export_weight(const void *self, const void *data, void *out)
{
    mye_weight_export(self, data, out);
}

int mye_weight_items(const mye_model *model, bool auxiliary, mye_st_item *item)
{
    int n = 0;
    for (int i = 0; i < model->n_weights; i++) {
        const mye_weight *w = model->weight[i];
        if (w->auxiliary && !auxiliary)
            continue;
        item[n] = (mye_st_item){.name = w->name,
                                .dtype = MYE_DTYPE_F32,
                                .rank = w->rank,
                                .data = w->data,
                                .convert = export_weight,
                                .self = w};
        for (int d = 0; d < w->rank; d++)
            item[n].dim[d] = w->dim[d];
        n++;
    }
    return n;
}

float *mye_weight_scratch(mye_context *ctx, mye_model *model, bool *is_new)
{
    size_t most = 0;
    for (int i = 0; i < model->n_weights; i++)
        if (model->weight[i]->count > most)
            most = model->weight[i]->count;
    *is_new = model->grad == NULL || most > model->n_grads;
    if (*is_new)
        return mye_alloc_array(ctx, most, sizeof(float));
    *model->grad_is_clear = false;
    return model->grad;
}

mye_status mye_weights_save(mye_context *ctx, const mye_model *model, const char *path,
                            mye_error *err)
{
    mye_st_item *item = mye_alloc_array(ctx, (size_t)model->n_weights, sizeof *item);
    if (!item)
        return mye_no_memory(err, (size_t)model->n_weights * sizeof *item, "a list of weights");
    const int n = mye_weight_items(model, false, item);
    const mye_status status = mye_st_write(ctx, path, item, n, NULL, 0, NULL, err);
    mye_free(ctx, item);
    return status;
}

static void shape_text(int rank, const int64_t *dim, char *out, size_t size)
{
    size_t at = 0;
    out[0] = '\0';
    for (int d = 0; d < rank && at + 24 < size; d++)
        at += (size_t)snprintf(out + at, size - at, "%s%lld", d ? "x" : "", (long long)dim[d]);
}

/* Whether a file may lack the tensors of nodes that a depth rule has added to the network. */
typedef enum missing { MISSING_NONE, MISSING_ADDED } missing;

static bool is_added(const mye_model *model, const mye_weight *w)
{
    for (int i = 0; i < model->n_nodes; i++)
        for (int k = 0; k < model->node[i]->n_weights; k++)
            if (&model->node[i]->weight[k] == w)
                return model->graph->node[i].added;
    return false;
}

static mye_status check_weight(const mye_model *model, const mye_weight *w, const mye_st *st,
                               missing may_lack, mye_error *err)
{
    const mye_st_tensor *t = mye_st_find(st, w->name);
    if (!t && may_lack == MISSING_ADDED && is_added(model, w))
        return MYE_OK;
    if (!t)
        return mye_fail(err, MYE_ERR_SHAPE, "'%s' has no tensor '%s' that the network wants",
                        mye_st_source(st), w->name);
    bool same = t->rank == w->rank;
    int64_t dim[4] = {0};
    for (int d = 0; d < w->rank; d++) {
        dim[d] = w->dim[d];
        same = same && t->dim[d] == w->dim[d];
    }
    if (same)
        return MYE_OK;
    char want[128], have[128];
    shape_text(w->rank, dim, want, sizeof want);
    shape_text(t->rank, t->dim, have, sizeof have);
    return mye_fail(err, MYE_ERR_SHAPE, "'%s': tensor '%s' is %s, the network wants %s",
                    mye_st_source(st), w->name, have, want);
}

static mye_status read_weights(mye_model *model, const mye_st *st, float *scratch, mye_error *err)
{
    for (int i = 0; i < model->n_weights; i++) {
        const mye_weight *w = model->weight[i];
        const mye_st_tensor *tensor = mye_st_find(st, w->name);
        if (tensor == NULL) /* it may be missing, else it was looked for before */
            continue;
        MYE_TRY(mye_st_read_floats(st, tensor, scratch, err));
        mye_weight_import(w, scratch, w->data);
    }
    return MYE_OK;
}

static mye_status read(mye_context *ctx, mye_model *model, const mye_st *st, missing may_lack,
                       mye_error *err)
{
    for (int i = 0; i < model->n_weights; i++)
        MYE_TRY(check_weight(model, model->weight[i], st, may_lack, err));
    bool is_new;
    float *scratch = mye_weight_scratch(ctx, model, &is_new);
    if (!scratch)
        return mye_no_memory(err, 0, "reading weights");
    const mye_status status = read_weights(model, st, scratch, err);
    if (is_new)
        mye_free(ctx, scratch);
    return status;
}

mye_status mye_weights_read(mye_context *ctx, mye_model *model, const mye_st *st, mye_error *err)
{
    return read(ctx, model, st, MISSING_NONE, err);
}

mye_status mye_weights_load(mye_context *ctx, mye_model *model, const char *path, mye_error *err)
{
    mye_st *st = NULL;
    MYE_TRY(mye_st_open(ctx, path, &st, err));
    const mye_status status = read(ctx, model, st, MISSING_ADDED, err);
    mye_st_close(st);
    return status;
}
