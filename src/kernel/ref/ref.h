/* The parts of the reference table. */
#ifndef MYE_REF_H
#define MYE_REF_H

#include "kernel/kernel.h"

double mye_ref_conv_cost(const mye_conv_shape *s, int64_t n, int pass, double density);
bool mye_ref_conv_fits(const mye_conv_shape *s, int pass);
int mye_ref_conv_shards(const mye_conv_shape *s, int64_t n);
size_t mye_ref_conv_pack_bytes(const mye_conv_shape *s, int direction);
void mye_ref_conv_pack(mye_run_lanes r, const mye_conv_shape *s, int direction, const float *weight,
                       float *packed);
size_t mye_ref_conv_lane_bytes(const mye_conv_shape *s, int pass);
size_t mye_ref_conv_scratch_bytes(const mye_conv_shape *s, int64_t n);
void mye_ref_conv_forward(mye_run_lanes r, const mye_conv_shape *s, int64_t n, mye_images x,
                          const float *packed, const float *bias, float *y,
                          const mye_conv_done *done);
void mye_ref_conv_backward_data(mye_run_lanes r, const mye_conv_shape *s, int64_t n,
                                const float *dy, const float *packed, float *dx, bool accumulate);
void mye_ref_conv_backward_weight(mye_run_lanes r, const mye_conv_shape *s, int64_t n, mye_images x,
                                  const float *dy, float *dw, float *dbias, float *scratch);

double mye_ref_dot(int64_t n, const float *x, const float *y);
double mye_ref_sum_squares(int64_t n, const float *x);
void mye_ref_sgd(const mye_sgd *p, int64_t n, const float *g, float *w, float *buf);
void mye_ref_adam(const mye_adam *p, int64_t n, const float *g, float *w, float *m, float *v);

void mye_ref_bf16_pack(int64_t n, const float *x, uint16_t *y);
void mye_ref_bf16_expand(int64_t n, const uint16_t *x, float *y);

bool mye_ref_int8_fits(const mye_conv_shape *s, int pass);
size_t mye_ref_int8_pack_bytes(const mye_conv_shape *s, int direction);
void mye_ref_int8_pack(mye_run_lanes r, const mye_conv_shape *s, int direction, const float *weight,
                       float *packed);
size_t mye_ref_int8_lane_bytes(const mye_conv_shape *s, int pass);
void mye_ref_int8_forward(mye_run_lanes r, const mye_conv_shape *s, int64_t n, mye_images x,
                          const float *packed, const float *bias, float *y,
                          const mye_conv_done *done);

int64_t mye_ref_lif_forward(const mye_lif *p, int64_t n, bool first, const float *x, float *u,
                            uint64_t *spikes);
void mye_ref_lif_fire(const mye_lif *p, int64_t n, const float *u, float *s);
void mye_ref_lif_backward(const mye_lif *p, int64_t n, const float *g, const float *h,
                          const float *u, float *carry, float *dx, float *du);
void mye_ref_rate_collect(const mye_lif *p, int mode, int64_t n, const float *u, const float *h,
                          float *eps, float *e, float *r);
int64_t mye_ref_lif_scan(const mye_lif_steps *s, float *u, uint64_t *const *spikes,
                         const mye_lif_rates *rates);
int64_t mye_ref_transmit(const mye_transmit *how, int64_t n, bool first, const float *x,
                         const float *theta, float *v, float *s, float *y);
void mye_ref_lif_unscan(const mye_lif_steps *s, const float *u, const float *const *g,
                        float *const *dx, bool sum);

#define X(name)                                                                             \
    void mye_ref_surrogate_##name(int64_t n, const float *u, float theta, float a, float b, \
                                  float *h);
MYE_SURROGATE_LIST(X)
#undef X

#endif
