/* Global backpropagation: the whole network is one module, its loss is that of the output. */
#include "depth/depth.h"

static mye_status global_modules(const void *options, const mye_model *model, int max,
                                 mye_module *out, int *n, mye_error *err)
{
    MYE_UNUSED(options);
    MYE_UNUSED(err);
    *n = max > 0 ? 1 : 0;
    if (max > 0)
        *out = (mye_module){.first = 0, .last = model->n_nodes - 1, .output = model->output};
    return MYE_OK;
}

const mye_depth_rule mye_depth_global = {
    .entry = {.name = "global",
              .brief = "credit flows from the output through all layers",
              .source = "",
              .params = NULL,
              .options_size = 0},
    .modules = global_modules};
