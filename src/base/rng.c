/*
 * Philox4x32-10: a counter goes in, four random words come out; there is no state.
 * Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011, section 4.3.
 */
#include <assert.h>
#include <math.h>

#include "base/base.h"

#define ROUNDS 10
#define M0     0xd2511f53u
#define M1     0xcd9e8d57u
#define W0     0x9e3779b9u /* golden ratio   */
#define W1     0xbb67ae85u /* sqrt(3) - 1    */

/* Streams of our own, far from the named ones. */
#define STREAM_DERIVE 0xffffffff00000001u

__extension__ typedef unsigned __int128 u128;

void mye_random_block(uint64_t seed, uint64_t stream, uint64_t index, uint32_t out[4])
{
    uint32_t x0 = (uint32_t)index, x1 = (uint32_t)(index >> 32);
    uint32_t x2 = (uint32_t)stream, x3 = (uint32_t)(stream >> 32);
    uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
    for (int i = 0; i < ROUNDS; i++) {
        const uint64_t p0 = (uint64_t)M0 * x0, p1 = (uint64_t)M1 * x2;
        x0 = (uint32_t)(p1 >> 32) ^ x1 ^ k0;
        x1 = (uint32_t)p1;
        x2 = (uint32_t)(p0 >> 32) ^ x3 ^ k1;
        x3 = (uint32_t)p0;
        k0 += W0;
        k1 += W1;
    }
    out[0] = x0;
    out[1] = x1;
    out[2] = x2;
    out[3] = x3;
}

static uint64_t join(const uint32_t *w)
{
    return (uint64_t)w[1] << 32 | w[0];
}

uint64_t mye_random_u64(uint64_t seed, uint64_t stream, uint64_t index)
{
    uint32_t w[4];
    mye_random_block(seed, stream, index, w);
    return join(w);
}

float mye_random_uniform(uint64_t seed, uint64_t stream, uint64_t index)
{
    uint32_t w[4];
    mye_random_block(seed, stream, index, w);
    return (float)(w[0] >> 8) * 0x1p-24f;
}

/* In double and rounded once, so that two mathematical libraries agree on nearly every float. */
float mye_random_normal(uint64_t seed, uint64_t stream, uint64_t index)
{
    uint32_t w[4];
    mye_random_block(seed, stream, index, w);
    const double u = ((double)(join(w) >> 11) + 1.0) * 0x1p-53; /* (0, 1]: log(0) never comes */
    const double angle = 6.283185307179586 * ((double)(join(w + 2) >> 11) * 0x1p-53);
    return (float)(sqrt(-2.0 * log(u)) * cos(angle));
}

/* Without bias: a draw in the uneven rest (Lemire 2019, algorithm 5) is repeated with a new seed. */
uint64_t mye_random_below(uint64_t seed, uint64_t stream, uint64_t index, uint64_t n)
{
    assert(n > 0);
    uint64_t key = seed;
    for (uint64_t attempt = 1;; attempt++) {
        uint32_t w[4];
        mye_random_block(key, stream, index, w);
        for (int half = 0; half < 4; half += 2) {
            const u128 product = (u128)join(w + half) * n;
            /* The cheap comparison first; the exact one costs a division. */
            if ((uint64_t)product >= n || (uint64_t)product >= (0 - n) % n)
                return (uint64_t)(product >> 64);
        }
        key = mye_random_derive(seed, attempt);
    }
}

uint64_t mye_random_derive(uint64_t seed, uint64_t tag)
{
    return mye_random_u64(seed, STREAM_DERIVE, tag);
}

void mye_random_permutation(uint64_t seed, uint64_t stream, uint64_t index, int64_t n, int64_t *out)
{
    const uint64_t key = mye_random_derive(seed, index);
    for (int64_t i = 0; i < n; i++)
        out[i] = i;
    for (int64_t i = n - 1; i > 0; i--) {
        const int64_t j = (int64_t)mye_random_below(key, stream, (uint64_t)i, (uint64_t)i + 1);
        const int64_t kept = out[i];
        out[i] = out[j];
        out[j] = kept;
    }
}
