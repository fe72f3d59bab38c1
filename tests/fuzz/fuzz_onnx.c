/*
 * Any bytes are either an ONNX model, whose weights are all finite and whose graph ends in a readout, or
 * one sentence.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "io/onnx.h"
#include "limited.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_model(const mye_model *model)
{
    const mye_graph *graph = model->graph;
    if (strcmp(graph->node[graph->n - 1].op, "readout") != 0)
        abort();
    for (int i = 0; i < model->n_weights; i++)
        for (size_t k = 0; k < model->weight[i]->count; k++)
            if (!isfinite(model->weight[i]->data[k]))
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mye_context *ctx = limited_context();
    mye_model *model = NULL;
    mye_error err = {0};
    const mye_status st = mye_onnx_read_memory(ctx, "fuzz", data, size, true, &model, &err);
    if (st == MYE_OK)
        check_model(model);
    else if (model != NULL || err.code != st || err.message[0] == '\0' ||
             strchr(err.message, '\n') != NULL)
        abort();
    mye_model_free(model);
    limited_free(ctx);
    return 0;
}
