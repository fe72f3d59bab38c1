/* Global backpropagation: the whole network is one module, its loss is that of the output. */
#include "depth/depth.h"

const mye_depth_rule mye_depth_global = {
    .entry = {.name = "global",
              .brief = "credit flows from the output through all layers",
              .source = "",
              .params = NULL,
              .options_size = 0}};
