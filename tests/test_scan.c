/*
 * The fused passes over steps against the single passes one after another, of the same table: the
 * same bits, for every instruction set, neuron, surrogate and all tails.
 */
#include "kernel_test.h"

enum { STEPS = 9, ROUNDS = 400 };

/* A case, with what the single passes make of it. */
typedef struct scan_case {
    const mye_kernels *k;
    mye_lif lif;
    mye_lif_steps s;
    int64_t n;
    float *x[STEPS], *scale, *shift, *g[STEPS];
    float *current[STEPS], *u[STEPS]; /* of the single passes */
} scan_case;

static float *filled(int64_t n, float value)
{
    float *x = floats(n);
    for (int64_t i = 0; i < n; i++)
        x[i] = value;
    return x;
}

static mye_lif random_lif(void)
{
    mye_lif p = {.decay = 0.25f * (float)pick(0, 4),
                 .gain = pick(0, 1) ? 1.0f : 0.4f,
                 .offset = pick(0, 1) ? 0.125f : 0.0f,
                 .theta = pick(0, 3) ? 0.5f : 0.0f,
                 .subtract = 0.25f * (float)pick(0, 4),
                 .reset = pick(0, 1) ? 0.25f : 0.0f,
                 .start = pick(0, 1) ? -0.25f : 0.0f,
                 .hard = pick(0, 1),
                 .strict = pick(0, 1),
                 .detach_reset = pick(0, 1),
                 .late = pick(0, 2) == 0};
    return p;
}

static void make_currents(scan_case *c)
{
    const bool scaled = c->s.scale != NULL;
    for (int t = 0; t < c->s.steps; t++) {
        c->current[t] = copy(c->x[t], c->n);
        for (int64_t i = 0; scaled && i < c->n; i += c->s.period) {
            const int64_t m = c->n - i < c->s.period ? c->n - i : c->s.period;
            c->k->affine(1, m, c->x[t] + i, c->s.scale + t * c->s.pitch,
                         c->s.shift + t * c->s.pitch, c->current[t] + i);
        }
    }
}

static scan_case make_case(const mye_kernels *k)
{
    scan_case c = {.k = k, .lif = random_lif(), .n = pick(1, 300)};
    const int steps = pick(1, STEPS);
    const int64_t period = pick(0, 1) ? 64 * pick(1, 3) : c.n;
    c.s = (mye_lif_steps){.surrogate = (mye_surrogate_id)pick(0, MYE_SURROGATE_COUNT - 1),
                          .a = 1.5f,
                          .b = 0.1f,
                          .n = c.n,
                          .steps = steps,
                          .first = pick(0, 1),
                          .period = period,
                          .pitch = pick(0, 1) ? period : 0};
    c.scale = floats(period * STEPS);
    c.shift = floats(period * STEPS);
    for (int t = 0; t < steps; t++) {
        c.s.x[t] = c.x[t] = floats(c.n);
        c.g[t] = floats(c.n);
        c.u[t] = NULL;
        for (int64_t i = 0; i < c.n && pick(0, 1); i++)
            c.x[t][i] = 0.5f * (float)pick(-2, 4); /* membranes on the threshold */
    }
    if (pick(0, 2)) {
        c.s.scale = c.scale;
        c.s.shift = c.shift;
    }
    make_currents(&c);
    return c;
}

static void free_case(scan_case *c)
{
    for (int t = 0; t < c->s.steps; t++) {
        free(c->x[t]);
        free(c->g[t]);
        free(c->current[t]);
        free(c->u[t]);
    }
    free(c->scale);
    free(c->shift);
}

static void same_bits(const scan_case *c, const char *what, const void *got, const void *want,
                      size_t bytes)
{
    if (memcmp(got, want, bytes) != 0)
        fail_msg("%s, %s, %lld neurons, %d steps, surrogate %d: %s differs", c->k->name,
                 c->s.scale ? "scaled" : "plain", (long long)c->n, c->s.steps, (int)c->s.surrogate,
                 what);
}

/* Rates of one step by the single passes. */
static void collect_step(const scan_case *c, int t, const float *u, const mye_lif_rates *want,
                         float *eps, float *h)
{
    for (int64_t i = 0; i < c->n && want->mode == 0; i++)
        eps[i] = want->eps_of[t];
    c->k->surrogate[c->s.surrogate](c->n, u, c->lif.theta, c->s.a, c->s.b, h);
    c->k->rate_collect(&c->lif, want->mode, c->n, u, h, eps, want->e, want->r);
}

static int64_t single_scan(scan_case *c, float *u, uint64_t *const *bits, const mye_lif_rates *want)
{
    float *h = floats(c->n), *ones = filled(c->n, 1.0f);
    float *eps = want && want->eps ? want->eps : ones;
    int64_t count = 0;
    for (int64_t i = 0; i < c->n && want && c->s.first; i++)
        want->e[i] = want->r[i] = 0.0f, eps[i] = 1.0f;
    for (int t = 0; t < c->s.steps; t++) {
        const bool first = c->s.first && t == 0;
        count += c->k->lif_forward(&c->lif, c->n, first, c->current[t], u, bits[t]);
        if (want)
            collect_step(c, t, u, want, eps, h);
    }
    if (want) {
        c->k->scale(c->n, want->e_scale, want->e, want->e);
        c->k->scale(c->n, want->r_scale, want->r, want->r);
    }
    free(h);
    free(ones);
    return count;
}

static void check_scan(scan_case *c)
{
    const size_t words = (size_t)(c->n + 63) / 64, bytes = (size_t)c->n * sizeof(float);
    uint64_t *bits[2][STEPS];
    float *u[2], *e[2], *r[2], *eps[2], eps_of[STEPS];
    const bool rated = pick(0, 1);
    const int mode = pick(0, 3);
    mye_lif_rates rates[2];
    u[0] = floats(c->n), e[0] = floats(c->n), r[0] = floats(c->n), eps[0] = floats(c->n);
    u[1] = copy(u[0], c->n), e[1] = copy(e[0], c->n);
    r[1] = copy(r[0], c->n), eps[1] = copy(eps[0], c->n);
    for (int t = 0; t < STEPS; t++)
        eps_of[t] = (float)(t + 1) * 0.75f;
    for (int j = 0; j < 2; j++) {
        for (int t = 0; t < c->s.steps; t++)
            bits[j][t] = calloc(words, sizeof **bits[j]);
        rates[j] = (mye_lif_rates){mode, eps_of, mode ? eps[j] : NULL, e[j], r[j], 0.3f, 0.25f};
    }
    const int64_t got = c->k->lif_scan(&c->s, u[0], bits[0], rated ? &rates[0] : NULL);
    const int64_t want = single_scan(c, u[1], bits[1], rated ? &rates[1] : NULL);
    assert_int_equal(got, want);
    for (int t = 0; t < c->s.steps; t++)
        same_bits(c, "spikes", bits[0][t], bits[1][t], words * sizeof **bits[0]);
    same_bits(c, "u", u[0], u[1], bytes);
    same_bits(c, "e", e[0], e[1], bytes);
    same_bits(c, "r", r[0], r[1], bytes);
    if (mode)
        same_bits(c, "eps", eps[0], eps[1], bytes);
    for (int j = 0; j < 2; j++) {
        free(u[j]), free(e[j]), free(r[j]), free(eps[j]);
        for (int t = 0; t < c->s.steps; t++)
            free(bits[j][t]);
    }
}

/* Only whole histories have a backward pass, and single steps whose membrane is known. */
static void check_unscan(scan_case *c, bool sum, bool known)
{
    const size_t bytes = (size_t)c->n * sizeof(float);
    float *h = floats(c->n), *carry = filled(c->n, 0.0f), *total = filled(c->n, 0.0f);
    float *dx[STEPS], *want = floats(c->n), *start = floats(c->n);
    c->s.first = !known;
    c->s.steps = known ? 1 : c->s.steps;
    for (int t = 0; t < c->s.steps; t++) {
        dx[t] = copy(c->g[t], c->n);
        free(c->u[t]);
        c->u[t] = copy(t > 0 ? c->u[t - 1] : start, c->n);
        if (!known)
            (void)c->k->lif_forward(&c->lif, c->n, t == 0, c->current[t], c->u[t], NULL);
    }
    const float *g[STEPS];
    for (int t = 0; t < STEPS; t++)
        g[t] = t < c->s.steps ? dx[t] : NULL; /* in place */
    c->k->lif_unscan(&c->s, known ? start : NULL, g, dx, sum);
    for (int t = c->s.steps - 1; t >= 0; t--) {
        c->k->surrogate[c->s.surrogate](c->n, c->u[t], c->lif.theta, c->s.a, c->s.b, h);
        c->k->lif_backward(&c->lif, c->n, c->g[t], h, c->u[t], carry, want, NULL);
        if (!sum)
            same_bits(c, "dx", dx[t], want, bytes);
        if (t == c->s.steps - 1)
            memcpy(total, want, bytes);
        else
            c->k->add(c->n, want, total);
    }
    if (sum)
        same_bits(c, "sum of dx", dx[0], total, bytes);
    for (int t = 0; t < c->s.steps; t++)
        free(dx[t]);
    free(h), free(carry), free(total), free(want), free(start);
}

static void each_case(void (*check)(scan_case *c))
{
    const mye_kernels *tables[8];
    mye_kernels_all(tables);
    for (int k = 0; tables[k]; k++) {
        state = 7;
        for (int i = 0; i < ROUNDS; i++) {
            scan_case c = make_case(tables[k]);
            c.s.lif = &c.lif;
            check(&c);
            free_case(&c);
        }
    }
}

static void scan_gives_the_bits_of_the_single_passes(void **ignored)
{
    MYE_UNUSED(ignored);
    each_case(check_scan);
}

static void check_down(scan_case *c)
{
    const int steps = c->s.steps;
    check_unscan(c, false, false);
    check_unscan(c, true, false);
    check_unscan(c, false, true);
    c->s.steps = steps;
}

static void unscan_gives_the_bits_of_the_single_passes(void **ignored)
{
    MYE_UNUSED(ignored);
    each_case(check_down);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scan_gives_the_bits_of_the_single_passes),
        cmocka_unit_test(unscan_gives_the_bits_of_the_single_passes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
