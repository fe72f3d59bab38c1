/* The table of this instruction set. */
#include "kernel/table.h"
#include "kernel/vec/vec.h"

#define MYE_TEXT_(x) #x
#define MYE_TEXT(x)  MYE_TEXT_(x)

const mye_kernels
    MYE_PASTE(mye_kernels, MYE_ISA) =
        {
            .name = MYE_TEXT(MYE_ISA),
            .conv = {[MYE_CONV_DIRECT] = {.name = "direct",
                                          .fits = MYE_VEC(conv_fits),
                                          .pack_bytes = MYE_VEC(conv_pack_bytes),
                                          .pack = MYE_VEC(conv_pack),
                                          .lane_bytes = MYE_VEC(conv_lane_bytes),
                                          .scratch_bytes = MYE_VEC(conv_scratch_bytes),
                                          .shards = MYE_VEC(conv_shards),
                                          .forward = MYE_VEC(conv_forward),
                                          .backward_data = MYE_VEC(conv_backward_data),
                                          .backward_weight = MYE_VEC(conv_backward_weight)}},
            .bits_expand = MYE_VEC(bits_expand),
            .bits_count = MYE_VEC(bits_count),
            .add = MYE_VEC(add),
            .scale = MYE_VEC(scale),
            .axpy = MYE_VEC(axpy),
            .mul = MYE_VEC(mul),
            .affine = MYE_VEC(affine),
            .norm_sums = MYE_VEC(norm_sums),
            .norm_grad_sums = MYE_VEC(norm_grad_sums),
            .affine2 = MYE_VEC(affine2),
            .column_sums = MYE_VEC(column_sums),
            .route_max = MYE_VEC(route_max),
            .route_one = MYE_VEC(route_one),
            .route_won = MYE_VEC(route_won),
            .probe = MYE_VEC(probe),
            .lif_forward = MYE_VEC(lif_forward),
            .lif_fire = MYE_VEC(lif_fire),
            .lif_backward = MYE_VEC(lif_backward),
            .rate_collect = MYE_VEC(rate_collect),
            .lif_scan = MYE_VEC(lif_scan),
            .lif_unscan = MYE_VEC(lif_unscan),
            .surrogate =
                {
#define X(name) [MYE_SURROGATE_##name] = MYE_VEC(surrogate_##name),
                    MYE_SURROGATE_LIST(X)
#undef X
                },
};
