/*
 * Greedy local learning: every hidden layer but the last learns from a linear classifier behind its
 * global average. The smallest auxiliary network there is, and the baseline of the others.
 *
 * Source: Belilovsky et al., "Greedy Layerwise Learning Can Scale to ImageNet", ICML 2019; as "0c1f" in
 * the code of AugLocal (Ma et al. 2024).
 */
#include "depth/cutter.h"

#include <stddef.h>

typedef struct {
    int64_t modules;
    int order;
} greedy_options;

static const mye_param params[] = {MYE_LOCAL_PARAMS(greedy_options), {.name = NULL}};

static mye_status heads(const void *self, mye_cutter *c, int k, int layer, int at, mye_head *head,
                        int *n_heads, mye_error *err)
{
    MYE_UNUSED(self);
    MYE_UNUSED(k);
    MYE_UNUSED(layer);
    MYE_TRY(mye_cutter_classifier(c, false, &at, err));
    *head = (mye_head){.output = at, .weight = 1};
    *n_heads = 1;
    return MYE_OK;
}

static mye_status extend(const void *options, const mye_model *net, mye_graph *out, mye_error *err)
{
    const greedy_options *o = options;
    return mye_local_rule(net, out, o->modules, "greedy", heads, o, err);
}

static bool immediate(const void *options)
{
    return ((const greedy_options *)options)->order == MYE_ORDER_IMMEDIATE;
}

const mye_depth_rule mye_depth_greedy = {
    .entry = {.name = "greedy",
              .brief = "each hidden layer learns behind a linear classifier of its own",
              .source = "Belilovsky et al. 2019, ICML, arXiv 1812.11446",
              .params = params,
              .options_size = sizeof(greedy_options)},
    .extend = extend,
    .immediate = immediate,
};
