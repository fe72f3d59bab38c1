/* Moments added up block by block against their definition. */
#include "kernel_test.h"

#include "node/moments.h"

/* Blocks of a few images, rows and channels, dealt out to the shards in order. */
static void add_blocks(const mye_moments *m, int n, mye_lane *lane)
{
    mye_moments copy = *m;
    int shard = 0;
    for (int i = 0; i < n;) {
        const int images = pick(1, n - i);
        for (int h = 0; h < m->s->OH;) {
            const int rows = pick(1, m->s->OH - h);
            for (int c = 0; c < m->s->O;) {
                const int channels = pick(1, m->s->O - c);
                const mye_conv_block b = {i, i + images, h, h + rows, c, c + channels};
                mye_moments_block(&copy, shard % m->shards, &b, lane);
                c += channels;
                shard += pick(0, 1);
            }
            h += rows;
        }
        i += images;
    }
}

static void check_channel(const mye_moments *m, int n, int c, const double *sum)
{
    const int O = m->s->O;
    const int64_t count = (int64_t)n * m->s->OH * m->s->OW;
    double mean = 0, var = 0;
    for (int64_t i = 0; i < count; i++)
        mean += (double)m->y[i * O + c] / (double)count;
    for (int64_t i = 0; i < count; i++)
        var += ((double)m->y[i * O + c] - mean) * ((double)m->y[i * O + c] - mean) / (double)count;
    const double d = sum[c] / (double)count;
    assert_true(fabs(sum[2 * O + c] + d - mean) <= 1e-6 * (1 + sqrt(var)));
    assert_true(fabs(sum[O + c] / (double)count - d * d - var) <= 1e-5 * (var + 1e-12));
}

static void moments_of_blocks_are_those_of_the_whole(void **ignored)
{
    MYE_UNUSED(ignored);
    const mye_kernels *tables[8];
    mye_kernels_all(tables);
    for (int k = 0; tables[k]; k++) {
        state = 11;
        for (int round = 0; round < 100; round++) {
            const mye_conv_shape s = {.O = pick(1, 70), .OH = pick(1, 9), .OW = pick(1, 40)};
            const int n = pick(1, 5), shards = pick(1, 6);
            const int64_t size = (int64_t)n * s.OH * s.OW * s.O;
            float *y = floats(size);
            for (int64_t i = 0; i < size; i++)
                y[i] += 1000.0f; /* far from 0: nothing may cancel */
            const size_t bytes = mye_moments_bytes(shards, &s);
            const mye_moments m = {tables[k], &s, y, shards, aligned_alloc(64, bytes)};
            const size_t cap = mye_moments_lane_bytes(&s);
            mye_lane lane = {aligned_alloc(64, cap), cap, 0};
            double *sum = malloc((size_t)(3 * s.O) * sizeof *sum);
            mye_moments_begin(&m);
            add_blocks(&m, n, &lane);
            mye_moments_end(&m, sum);
            for (int c = 0; c < s.O; c++)
                check_channel(&m, n, c, sum);
            free(y), free(m.slot), free(lane.base), free(sum);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moments_of_blocks_are_those_of_the_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
