/* The table of this instruction set. */
#include "kernel/table.h"
#include "kernel/vec/wino.h"

#define MYE_TEXT_(x) #x
#define MYE_TEXT(x)  MYE_TEXT_(x)

/* The functions of one way. */
#define WAY(text, way)                                                                          \
    {                                                                                           \
        .name = text, .fits = MYE_VEC(way##_fits), .cost = MYE_VEC(way##_cost),                 \
        .pack_bytes = MYE_VEC(way##_pack_bytes), .pack = MYE_VEC(way##_pack),                   \
        .lane_bytes = MYE_VEC(way##_lane_bytes), .scratch_bytes = MYE_VEC(way##_scratch_bytes), \
        .shards = MYE_VEC(way##_shards), .forward = MYE_VEC(way##_forward),                     \
        .backward_data = MYE_VEC(way##_backward_data),                                          \
        .backward_weight = MYE_VEC(way##_backward_weight)                                       \
    }

const mye_kernels
    MYE_PASTE(mye_kernels, MYE_ISA) =
        {
            .name = MYE_TEXT(MYE_ISA),
            .conv = {[MYE_CONV_DIRECT] = WAY("direct", conv),
                     [MYE_CONV_WINOGRAD] = WAY("winograd", wino),
                     [MYE_CONV_SPIKES] = WAY("spikes", spike),
                     [MYE_CONV_INT8] = {.name = "int8",
                                        .fits = MYE_VEC(int8_fits),
                                        .cost = MYE_VEC(int8_cost),
                                        .pack_bytes = MYE_VEC(int8_pack_bytes),
                                        .pack = MYE_VEC(int8_pack),
                                        .lane_bytes = MYE_VEC(int8_lane_bytes),
                                        .shards = MYE_VEC(int8_shards),
                                        .forward = MYE_VEC(int8_forward)}},
            .bits_expand = MYE_VEC(bits_expand),
            .bits_count = MYE_VEC(bits_count),
            .bits_shared = MYE_VEC(bits_shared),
            .bf16_pack = MYE_VEC(bf16_pack),
            .bf16_expand = MYE_VEC(bf16_expand),
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
            .dot = MYE_VEC(dot),
            .sum_squares = MYE_VEC(sum_squares),
            .sgd = MYE_VEC(sgd),
            .adam = MYE_VEC(adam),
            .route_one = MYE_VEC(route_one),
            .route_won = MYE_VEC(route_won),
            .probe = MYE_VEC(probe),
            .lif_forward = MYE_VEC(lif_forward),
            .lif_fire = MYE_VEC(lif_fire),
            .lif_backward = MYE_VEC(lif_backward),
            .rate_collect = MYE_VEC(rate_collect),
            .lif_scan = MYE_VEC(lif_scan),
            .lif_unscan = MYE_VEC(lif_unscan),
            .transmit = MYE_VEC(transmit),
            .surrogate =
                {
#define X(name) [MYE_SURROGATE_##name] = MYE_VEC(surrogate_##name),
                    MYE_SURROGATE_LIST(X)
#undef X
                },
};
