/*
 * Kernels: the arithmetic. One table of functions per instruction set; the context chooses one at
 * start. `ref` is plain C, short and obviously right; the others are built from one vector source
 * (src/kernel/vec/) with different flags: base (SSE2), avx2, avx512.
 *
 * Layout: channels-last. An image is [H][W][C]. Weights of a convolution are [kh][kw][C/groups][O]
 * (O contiguous), of a dense layer [I][O]: that is a 1x1 convolution over 1x1 images. Bits: neuron
 * i of an image is bit i % 64 of word i / 64; each image starts a new word; unused bits are 0.
 *
 * Kernels cannot fail; sizes were checked when the model was built. Sums are taken in an order that
 * depends on sizes only, never on the number of threads.
 */
#ifndef MYE_KERNEL_H
#define MYE_KERNEL_H

#include "base/base.h"

typedef struct mye_conv_shape {
    int C, H, W;   /* input                       */
    int O, OH, OW; /* output                      */
    int kh, kw;    /* window                      */
    int sh, sw;    /* stride                      */
    int ph, pw;    /* zero padding on either side */
    int groups;    /* divides C and O             */
} mye_conv_shape;

/*
 * Where a convolution reads its input images. `read` writes rows [h0, h1) of image i (W * C floats
 * each, without padding) to dst, row h at dst + (h - h0) * pitch floats. Called from many threads.
 */
typedef struct mye_images {
    void (*read)(const void *self, int64_t i, int h0, int h1, float *dst, ptrdiff_t pitch,
                 mye_lane *lane);
    const void *self;
    /* Where every image is spikes: the bits of image i, element e of [H][W][C] at bit e % 64 of word
     * e / 64. NULL: not spikes, or not stored. */
    const uint64_t *(*bits)(const void *self, int64_t i);
    /* Where they all lie in memory one after another, [n][H][W][C]; else NULL. */
    const float *floats;
} mye_images;

typedef struct mye_run_lanes {
    mye_context *ctx; /* for mye_parallel                  */
    mye_lane *lane;   /* [mye_context_threads(ctx)]        */
} mye_run_lanes;

enum { MYE_CONV_FORWARD, MYE_CONV_DATA, MYE_CONV_WEIGHT, MYE_CONV_PASSES };

/* A part of a convolution's output that is complete: images [i0, i1), rows [h0, h1), channels
 * [c0, c1). Every element belongs to one block. */
typedef struct mye_conv_block {
    int64_t i0, i1;
    int h0, h1, c0, c1;
} mye_conv_block;

/* Told of each block by the thread that wrote it, while it is in its cache. Blocks of one shard come
 * one after another, in an order that depends on sizes only. */
typedef struct mye_conv_done {
    void (*block)(void *self, int shard, const mye_conv_block *b, mye_lane *lane);
    void *self;
} mye_conv_done;

/*
 * A way to compute a convolution. Three passes, each with what it needs planned beforehand:
 *   pack_bytes     packed weights of a direction (0 forward, 1 backward data), aligned to MYE_ALIGN;
 *                  0 = no packing needed
 *   lane_bytes     scratch per thread of a pass (0 forward, 1 backward data, 2 backward weights),
 *                  beside what images.read itself takes
 *   scratch_bytes  shared scratch of backward weights (partial sums of fixed shards)
 * A pass that does not fit a shape must not be called, and its functions may be NULL.
 */
typedef struct mye_conv_kernels {
    const char *name; /* "direct", ...; NULL: this table has no such way */
    bool (*fits)(const mye_conv_shape *s, int pass);
    /* Estimated time of a pass over n images, packing included, of whose input (backward data: of
     * dy) the share `density` is not 0. In multiply-adds of vectors at the direct way's speed;
     * good for comparing ways of one table. */
    double (*cost)(const mye_conv_shape *s, int64_t n, int pass, double density);
    size_t (*pack_bytes)(const mye_conv_shape *s, int direction);
    void (*pack)(mye_run_lanes r, const mye_conv_shape *s, int direction, const float *weight,
                 float *packed);
    size_t (*lane_bytes)(const mye_conv_shape *s, int pass);
    size_t (*scratch_bytes)(const mye_conv_shape *s, int64_t n_images);
    /* Shards that forward tells `done` of, at most; 0: it tells of none.                      */
    int (*shards)(const mye_conv_shape *s, int64_t n);
    /* y [n][OH][OW][O] = conv(x, w) + bias (bias and done may be NULL)                        */
    void (*forward)(mye_run_lanes r, const mye_conv_shape *s, int64_t n, mye_images x,
                    const float *packed, const float *bias, float *y, const mye_conv_done *done);
    /* dx [n][H][W][C] = (accumulate ? dx : 0) + conv^T(dy, w)                                 */
    void (*backward_data)(mye_run_lanes r, const mye_conv_shape *s, int64_t n, const float *dy,
                          const float *packed, float *dx, bool accumulate);
    /* dw [kh][kw][C/groups][O] += sum over images; dbias [O] += (may be NULL)                 */
    void (*backward_weight)(mye_run_lanes r, const mye_conv_shape *s, int64_t n, mye_images x,
                            const float *dy, float *dw, float *dbias, float *scratch);
} mye_conv_kernels;

/*
 * The ways. `direct` fits everything and is the reference: its sums are taken in the order of the
 * taps. `winograd`: F(4,3) for 3x3 layers of stride 1. `spikes`: visits only what is not 0 in the
 * input. `int8`: 8-bit weights, spikes as input, forward only.
 */
typedef enum mye_conv_way {
    MYE_CONV_DIRECT,
    MYE_CONV_WINOGRAD,
    MYE_CONV_SPIKES,
    MYE_CONV_INT8,
    MYE_CONV_WAYS,
    MYE_CONV_ANY = MYE_CONV_WAYS /* not forced: the cheapest */
} mye_conv_way;

/*
 * Membrane of the integrate-and-fire family; one step for n neurons that share coefficients.
 *   v = soft: u' - subtract s'   hard: s' ? reset : u'      with s' = [u' >= theta] (> when strict)
 *   u = decay v + gain x + offset
 * u' is the last step's membrane before its reset; at the first step v = start.
 * (training_rules.md section 2.1: decay = lambda; gain = 1 or 1/tau; offset = reset terms.)
 */
typedef struct mye_lif {
    float decay, gain, offset;
    float theta, subtract, reset, start;
    bool hard, strict, detach_reset;
    bool late; /* snnTorch: the reset of u' happens inside this step and is not decayed:
                  u = decay u' + gain x - subtract s'  (hard: decay (1-s') u' + gain x); detached */
} mye_lif;

/*
 * Neurons of converted networks: they send y = theta o with an integer o, and the potential keeps the
 * rest.
 *
 *   v = V + x        q = v / theta, towards 0 or (floor) down
 *   o = the nearest to q of -min(low, S) .. high;  with `shift` |o| then falls to a power of two
 *   S += o;  V = v - theta o, or (to_zero) 0 where o is not 0
 *
 * S is what was sent so far; 0 <= S <= 2^24, above which floats do not count on. high <= 2^22.
 */
typedef struct mye_transmit {
    float theta;     /* of all neurons, where there is no array                             */
    float low, high; /* coefficients: most that is taken back, and sent, at one step        */
    bool floor, to_zero, shift;
} mye_transmit;
#define MYE_TRANSMIT_MOST 4194304.0f /* no limit: 2^22; up to there quotients are right */

/* Derivative of the spike with respect to the membrane; x = u - theta. The parameters' meaning per
 * surrogate is in src/neuron/surrogate.c, which also fixes the order of this list (X-macro). */
#define MYE_SURROGATE_LIST(X) \
    X(atan)                   \
    X(erf)                    \
    X(fast_sigmoid)           \
    X(leaky_k_relu)           \
    X(piecewise_exponential)  \
    X(piecewise_leaky_relu)   \
    X(rectangle)              \
    X(sigmoid)                \
    X(soft_sign)              \
    X(straight_through)       \
    X(triangle)
typedef enum mye_surrogate_id {
#define X(name) MYE_SURROGATE_##name,
    MYE_SURROGATE_LIST(X)
#undef X
        MYE_SURROGATE_COUNT
} mye_surrogate_id;

/* h[i] = sigma'(u[i] - theta); a, b are the surrogate's parameters (atan alpha, -; erf alpha, -;
 * fast_sigmoid slope, -; leaky_k_relu k, leak; piecewise_exponential alpha, -;
 * piecewise_leaky_relu w, c; rectangle width, -; sigmoid alpha, -; soft_sign alpha, -;
 * straight_through -, -; triangle alpha, -). Formulas: training_rules.md section 2.4. */
typedef void (*mye_surrogate_fn)(int64_t n, const float *u, float theta, float a, float b,
                                 float *h);

/* One step of an optimiser; what the numbers mean is in src/step. d = grad_scale g + decay w. */
typedef struct mye_sgd {
    float rate, grad_scale, decay, momentum;
    bool nesterov;
} mye_sgd;
typedef struct mye_adam {
    float rate, grad_scale, decay, shrink, beta1, rest1, beta2, rest2, root, eps;
} mye_adam;

/*
 * Steps of a chunk of neurons that one fused pass goes over, membranes in registers. The input
 * current of step t is x[t][i], or scale x[t][i] + shift with the channel's own scale and shift:
 * those of element i of step t at scale[t * pitch + i % period] (batch norm).
 */
#define MYE_LIF_STEPS 32 /* at most, in one pass */

typedef struct mye_lif_steps {
    const mye_lif *lif;
    mye_surrogate_id surrogate;
    float a, b; /* the surrogate's parameters */
    int64_t n;
    int steps;
    bool first; /* before the first of these steps there is no membrane */
    const float *x[MYE_LIF_STEPS];
    const float *scale, *shift; /* NULL: the current is x                        */
    int64_t period, pitch;      /* period: a multiple of 64, or at least n       */
} mye_lif_steps;

/* Rate-based collection in the same pass, as rate_collect does it step by step; e and r begin at 0
 * when `first`, and are multiplied by their scales after the last step. */
typedef struct mye_lif_rates {
    int mode;
    const float *eps_of; /* mode 0: [steps], the same for all neurons                         */
    float *eps;          /* other modes: carried from pass to pass; NULL: 1 at first, not kept */
    float *e, *r;
    float e_scale, r_scale;
} mye_lif_rates;

typedef struct mye_kernels {
    const char *name; /* "ref", "base", "avx2", "avx512" */
    mye_conv_kernels conv[MYE_CONV_WAYS];

    /* ---- elementwise on chunks that sit in cache; single-threaded ---- */
    /* dst[i] = bit (first + i) of bits, as 0.0f or 1.0f */
    void (*bits_expand)(int64_t n, const uint64_t *bits, int64_t first, float *dst);
    /* number of set bits in whole words */
    int64_t (*bits_count)(int64_t n_words, const uint64_t *bits);
    /* number of bits that are set in both */
    int64_t (*bits_shared)(int64_t n_words, const uint64_t *x, const uint64_t *y);
    /* y[i] = the nearest bfloat16 of x[i] (ties to even), and back; x and y must not overlap */
    void (*bf16_pack)(int64_t n, const float *x, uint16_t *y);
    void (*bf16_expand)(int64_t n, const uint16_t *x, float *y);
    void (*add)(int64_t n, const float *x, float *y);            /* y += x       */
    void (*scale)(int64_t n, float a, const float *x, float *y); /* y = a x      */
    void (*axpy)(int64_t n, float a, const float *x, float *y);  /* y += a x     */
    void (*mul)(int64_t n, const float *x, float *y);            /* y *= x       */
    /* rows of C channels: y[r][c] = x[r][c] * scale[c] + shift[c]; x may equal y */
    void (*affine)(int64_t rows, int64_t C, const float *x, const float *scale, const float *shift,
                   float *y);
    /* rows of C, `pitch` floats apart: sum[c] += x - center[c], square[c] += (x - center[c])^2 */
    void (*norm_sums)(int64_t rows, int64_t C, int64_t pitch, const float *x, const float *center,
                      float *sum, float *square);
    /* rows of C: sum_g[c] += g, sum_gx[c] += g * (x - center[c]), sum_x[c] += x - center[c] */
    void (*norm_grad_sums)(int64_t rows, int64_t C, const float *g, const float *x,
                           const float *center, float *sum_g, float *sum_gx, float *sum_x);
    /* rows of C: y = a[c] g + b[c] x + d[c]; y may equal g */
    void (*affine2)(int64_t rows, int64_t C, const float *g, const float *x, const float *a,
                    const float *b, const float *d, float *y);
    /* rows of C: sum[c] += x */
    void (*column_sums)(int64_t rows, int64_t C, const float *x, float *sum);

    /* Max pooling backward, one window of n_rows x n_cols pixels of C channels (rows `pitch` floats
     * apart): hands g[c] to the first maximum in row-major order, 0 to the others. `add`: to what
     * is there, else it is overwritten. */
    void (*route_max)(int64_t C, int n_rows, int n_cols, int64_t pitch, const float *x,
                      const float *g, float *dx, bool add);
    /* The same for one pixel alone, number `at` of its window: dx [n] of n <= C channels. */
    void (*route_one)(int64_t C, int64_t n, int n_rows, int n_cols, int64_t pitch, int at,
                      const float *x, const float *g, float *dx);
    /* dx [pixels][C] = g of the pixel's window where bit pixel * C + c of won is set, else 0. g begins
     * with the first pixel's window, which is `first` pixels old; each window has `repeat`. won has
     * a word to spare. */
    void (*route_won)(int64_t C, int64_t pixels, int first, int repeat, const uint64_t *won,
                      const float *g, float *dx);

    /* ---- neurons ---- */
    /* u in: last membrane (ignored when first); u out: this step's. spikes: n bits from bit 0 of
     * spikes[0] (n need not be a multiple of 64; unused bits of the last word become 0); NULL: not
     * wanted. Returns the number of spikes. */
    int64_t (*lif_forward)(const mye_lif *p, int64_t n, bool first, const float *x, float *u,
                           uint64_t *spikes);
    /* spikes as floats 0/1 of a membrane: s[i] = fires(u[i]) */
    void (*lif_fire)(const mye_lif *p, int64_t n, const float *u, float *s);
    /* One step backward. g = dL/ds, h = sigma', u = membrane before reset, carry = dL/dv_t in (not
     * for late: dL/du_t from t+1), and dL/dv_{t-1} out = decay * du. dx = gain * du; du may be
     * wanted too (PLIF): NULL or [n]. dx may equal g. Formulas: training_rules.md section 3.2. */
    void (*lif_backward)(const mye_lif *p, int64_t n, const float *g, const float *h,
                         const float *u, float *carry, float *dx, float *du);
    /* Rate-based collection for one step (training_rules.md section 4.1):
     *   e[i] += h[i] eps[i]; r[i] += s(u[i]); eps <- 1 + decay eps                 (mode 0)
     *   eps <- 1 + decay eps (1 - subtract h)   (1: soft, not detached)
     *   eps <- 1 + eps (decay (1 - s) - decay u h)  (2: hard to 0)  ; 1 + decay eps (1 - s)  (3) */
    void (*rate_collect)(const mye_lif *p, int mode, int64_t n, const float *u, const float *h,
                         float *eps, float *e, float *r);
    /* One step of such neurons. theta: [n], or NULL (how->theta). v in: v of the last step, and s the S
     * before it; first: v is the potential to begin with, and s is not read. Out: the same of this
     * step. y [n]: NULL: not wanted. Returns how many outputs are not 0. */
    int64_t (*transmit)(const mye_transmit *how, int64_t n, bool first, const float *x,
                        const float *theta, float *v, float *s, float *y);
    mye_surrogate_fn surrogate[MYE_SURROGATE_COUNT];
    /* All steps of a chunk forward: the same bits as affine, lif_forward and rate_collect one after
     * another. u [n]: last membrane in (unless first) and out; NULL: starts and is not wanted.
     * spikes[t]: n bits; rates: NULL when not wanted. Returns the number of spikes. */
    int64_t (*lif_scan)(const mye_lif_steps *s, float *u, uint64_t *const *spikes,
                        const mye_lif_rates *rates);
    /* All steps of a chunk down, with membranes computed again (steps = 1: u, unless NULL, is the
     * membrane): the same bits as lif_forward, surrogate and lif_backward from carry 0. dx[t] may be
     * g[t]. sum: the sum of dx over the steps goes to dx[0], last step first. */
    void (*lif_unscan)(const mye_lif_steps *s, const float *u, const float *const *g,
                       float *const *dx, bool sum);

    /* <x, y> in doubles */
    double (*dot)(int64_t n, const float *x, const float *y);

    /* ---- optimisers; no arrays overlap ---- */
    double (*sum_squares)(int64_t n, const float *x);
    /* buf = momentum buf + d;  w -= rate (nesterov ? d + momentum buf : buf); buf NULL: rate d */
    void (*sgd)(const mye_sgd *p, int64_t n, const float *g, float *w, float *buf);
    /* m = beta1 m + rest1 d;  v = beta2 v + rest2 d^2
     * w = shrink w - rate m / (sqrt(v) root + eps) */
    void (*adam)(const mye_adam *p, int64_t n, const float *g, float *w, float *m, float *v);

    /* Peak probe: `steps` rounds of independent multiply-adds in registers; returns how many
     * operations (two per multiply-add) that were. */
    double (*probe)(int64_t steps);
} mye_kernels;

extern const mye_kernels mye_kernels_ref;
/* The table of that name if this processor can run it; NULL name: the best. */
mye_status mye_kernels_find(const char *name, const mye_kernels **out, mye_error *err);
/* Every table that this processor can run, best last, NULL-terminated (at most 8 slots). */
void mye_kernels_all(const mye_kernels *out[8]);

#endif
