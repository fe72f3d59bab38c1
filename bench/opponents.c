/* oneDNN 2.6 and OpenBLAS as opponents. */
#include "opponents.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#if BENCH_DNNL
#include <dnnl.h>
#endif
#if BENCH_OPENBLAS
#include <cblas.h>
#endif

#if BENCH_DNNL
typedef struct dnnl_pass {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    dnnl_primitive_t primitive;
    dnnl_exec_arg_t arg[3];
    void *block[3];
} dnnl_pass;

#define FAILS(call) ((call) != dnnl_success)

static bool make_memory(dnnl_pass *p, int i, const dnnl_memory_desc_t *md, int arg)
{
    const size_t bytes = dnnl_memory_desc_get_size(md);
    const size_t page = (size_t)1 << 21;
    float *data = aligned_alloc(page, (bytes + page) / page * page);
    if (!data)
        return false;
    for (size_t k = 0; k < bytes / sizeof *data; k++)
        data[k] = (float)(k * 2654435761u >> 20 & 1023) / 1024.0f - 0.5f;
    p->block[i] = data;
    p->arg[i].arg = arg;
    return !FAILS(dnnl_memory_create(&p->arg[i].memory, md, p->engine, data));
}

static void dnnl_run(void *self)
{
    dnnl_pass *p = self;
    (void)dnnl_primitive_execute(p->primitive, p->stream, 3, p->arg);
    (void)dnnl_stream_wait(p->stream);
}

static void dnnl_drop(void *self)
{
    dnnl_pass *p = self;
    if (p->primitive)
        dnnl_primitive_destroy(p->primitive);
    for (int i = 0; i < 3; i++) {
        if (p->arg[i].memory)
            dnnl_memory_destroy(p->arg[i].memory);
        free(p->block[i]);
    }
    dnnl_stream_destroy(p->stream);
    dnnl_engine_destroy(p->engine);
    free(p);
}

static bool describe(dnnl_pass *p, const mye_conv_shape *s, int64_t n, int pass,
                     dnnl_alg_kind_t way, dnnl_primitive_desc_t *out)
{
    const dnnl_dims_t x = {n, s->C, s->H, s->W}, w = {s->O, s->C, s->kh, s->kw};
    const dnnl_dims_t y = {n, s->O, s->OH, s->OW}, stride = {s->sh, s->sw}, pad = {s->ph, s->pw};
    dnnl_dims_t end = {(s->OH - 1) * s->sh + s->kh - s->H - s->ph,
                       (s->OW - 1) * s->sw + s->kw - s->W - s->pw};
    dnnl_memory_desc_t mx, mw, my;
    dnnl_convolution_desc_t f, b;
    dnnl_primitive_desc_t hint;
    (void)dnnl_memory_desc_init_by_tag(&mx, 4, x, dnnl_f32, dnnl_format_tag_any);
    (void)dnnl_memory_desc_init_by_tag(&mw, 4, w, dnnl_f32, dnnl_format_tag_any);
    (void)dnnl_memory_desc_init_by_tag(&my, 4, y, dnnl_f32, dnnl_format_tag_any);
    if (FAILS(dnnl_convolution_forward_desc_init(&f, dnnl_forward_training, way, &mx, &mw, NULL,
                                                 &my, stride, pad, end)) ||
        FAILS(dnnl_primitive_desc_create(&hint, &f, NULL, p->engine, NULL)))
        return false;
    *out = hint;
    if (pass == 0)
        return true;
    if (pass == 1)
        (void)dnnl_convolution_backward_data_desc_init(&b, way, &mx, &mw, &my, stride, pad, end);
    else
        (void)dnnl_convolution_backward_weights_desc_init(&b, way, &mx, &mw, NULL, &my, stride, pad,
                                                          end);
    const bool fine = !FAILS(dnnl_primitive_desc_create(out, &b, NULL, p->engine, hint));
    dnnl_primitive_desc_destroy(hint);
    return fine;
}

bool opponent_dnnl(const mye_conv_shape *s, int64_t n, int pass, bool winograd, opponent *out)
{
    dnnl_pass *p = calloc(1, sizeof *p);
    dnnl_primitive_desc_t pd;
    if (!p || FAILS(dnnl_engine_create(&p->engine, dnnl_cpu, 0)) ||
        FAILS(dnnl_stream_create(&p->stream, p->engine, dnnl_stream_default_flags)) ||
        !describe(p, s, n, pass, winograd ? dnnl_convolution_winograd : dnnl_convolution_direct,
                  &pd))
        return false;
    const dnnl_query_t qx = pass == 1 ? dnnl_query_diff_src_md : dnnl_query_src_md;
    const dnnl_query_t qw = pass == 2 ? dnnl_query_diff_weights_md : dnnl_query_weights_md;
    const dnnl_query_t qy = pass == 0 ? dnnl_query_dst_md : dnnl_query_diff_dst_md;
    const bool fine = make_memory(p, 0, dnnl_primitive_desc_query_md(pd, qx, 0),
                                  pass == 1 ? DNNL_ARG_DIFF_SRC : DNNL_ARG_SRC) &&
                      make_memory(p, 1, dnnl_primitive_desc_query_md(pd, qw, 0),
                                  pass == 2 ? DNNL_ARG_DIFF_WEIGHTS : DNNL_ARG_WEIGHTS) &&
                      make_memory(p, 2, dnnl_primitive_desc_query_md(pd, qy, 0),
                                  pass == 0 ? DNNL_ARG_DST : DNNL_ARG_DIFF_DST) &&
                      !FAILS(dnnl_primitive_create(&p->primitive, pd));
    dnnl_primitive_desc_destroy(pd);
    *out = (opponent){dnnl_run, dnnl_drop, p, winograd ? "oneDNN w" : "oneDNN"};
    return fine;
}
#else
bool opponent_dnnl(const mye_conv_shape *s, int64_t n, int pass, bool winograd, opponent *out)
{
    MYE_UNUSED(s);
    MYE_UNUSED(n);
    MYE_UNUSED(pass);
    MYE_UNUSED(winograd);
    MYE_UNUSED(out);
    return false;
}
#endif

#if BENCH_OPENBLAS
typedef struct blas_pass {
    int pass, n, C, O;
    float *x, *w, *y;
} blas_pass;

static void blas_run(void *self)
{
    const blas_pass *p = self;
    if (p->pass == 0)
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, p->n, p->O, p->C, 1.0f, p->x, p->C,
                    p->w, p->O, 0.0f, p->y, p->O);
    else if (p->pass == 1)
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, p->n, p->C, p->O, 1.0f, p->y, p->O,
                    p->w, p->O, 0.0f, p->x, p->C);
    else
        cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, p->C, p->O, p->n, 1.0f, p->x, p->C,
                    p->y, p->O, 1.0f, p->w, p->O);
}

bool opponent_openblas(const mye_conv_shape *s, int64_t n, int pass, float *x, float *w, float *y,
                       opponent *out)
{
    if (s->H != 1 || s->W != 1 || s->kh != 1 || s->kw != 1)
        return false;
    blas_pass *p = malloc(sizeof *p);
    if (!p)
        return false;
    *p = (blas_pass){pass, (int)n, s->C, s->O, x, w, y};
    *out = (opponent){blas_run, free, p, "OpenBLAS"};
    return true;
}
#else
bool opponent_openblas(const mye_conv_shape *s, int64_t n, int pass, float *x, float *w, float *y,
                       opponent *out)
{
    MYE_UNUSED(s);
    MYE_UNUSED(n);
    MYE_UNUSED(pass);
    MYE_UNUSED(x);
    MYE_UNUSED(w);
    MYE_UNUSED(y);
    MYE_UNUSED(out);
    return false;
}
#endif

/* OpenMP reads its environment before main, so it is set in a fresh process. */
static void restart_passive(char **argv, int threads)
{
    char text[16];
    if (getenv("OMP_WAIT_POLICY"))
        return;
    (void)snprintf(text, sizeof text, "%d", threads);
    (void)setenv("OMP_NUM_THREADS", text, 1);
    (void)setenv("OMP_WAIT_POLICY", "passive", 1);
    /* Some environments, and processors younger than the library, get its AVX2 kernel otherwise: that
     * would be no fair opponent. */
    if (__builtin_cpu_supports("avx512f"))
        (void)setenv("OPENBLAS_CORETYPE", "SkylakeX", 1);
    (void)execv("/proc/self/exe", argv);
}

void opponents_settle(char **argv, int threads)
{
    restart_passive(argv, threads);
#if BENCH_OPENBLAS
    openblas_set_num_threads(threads);
#endif
}
