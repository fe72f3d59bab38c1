/* k-means in one dimension: see kmeans.h. */
#include "sample/kmeans.h"

#include <math.h>
#include <string.h>

#include "sample/draw.h"

#define TRIES       8
#define MOST_ROUNDS 100

typedef struct kmeans {
    const float *value;
    int64_t n;
    int groups;
    double centre[MYE_KMEANS_MOST]; /* rising */
    int64_t end[MYE_KMEANS_MOST];
} kmeans;

static double square(double x)
{
    return x * x;
}

/* ---- centres to begin with ---- */

static void insert(double *centre, int k, double x)
{
    while (k > 0 && centre[k - 1] > x) {
        centre[k] = centre[k - 1];
        k--;
    }
    centre[k] = x;
}

/* The first value at which the running sum of squared distances from the nearest of k centres passes
 * `limit`, or the last that has a distance; *sum: the whole sum. */
static double find_far(const kmeans *m, int k, double limit, double *sum)
{
    double found = m->centre[0];
    int near = 0;
    *sum = 0;
    for (int64_t i = 0; i < m->n; i++) {
        const double x = (double)m->value[i];
        while (near + 1 < k && fabs(m->centre[near + 1] - x) <= fabs(m->centre[near] - x))
            near++;
        const double far = square(m->centre[near] - x);
        if (*sum <= limit && far > 0)
            found = x;
        *sum += far;
    }
    return found;
}

static void draw_centres(kmeans *m, const mye_sample_facts *f, int64_t epoch, uint64_t tag, int try)
{
    const uint64_t at = (uint64_t)try * MYE_KMEANS_MOST;
    const double first = mye_draw_uniform(f, epoch, tag, at) * (double)m->n;
    m->centre[0] = (double)m->value[(int64_t)first < m->n ? (int64_t)first : m->n - 1];
    for (int k = 1; k < m->groups; k++) {
        double sum, again;
        find_far(m, k, 0, &sum);
        const double u = mye_draw_uniform(f, epoch, tag, at + (uint64_t)k);
        insert(m->centre, k, find_far(m, k, u * sum, &again));
    }
}

/* ---- Lloyd's iteration ---- */

/* How many of the rising values are below x. */
static int64_t count_below(const float *value, int64_t n, double x)
{
    int64_t low = 0, high = n;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if ((double)value[middle] < x)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool cut(kmeans *m)
{
    bool moved = false;
    for (int g = 0; g < m->groups; g++) {
        const int64_t end = g + 1 < m->groups
                                ? count_below(m->value, m->n, (m->centre[g] + m->centre[g + 1]) / 2)
                                : m->n;
        moved |= end != m->end[g];
        m->end[g] = end;
    }
    return moved;
}

/* A group that has run empty keeps its centre. */
static void move_centres(kmeans *m)
{
    int64_t i = 0;
    for (int g = 0; g < m->groups; g++) {
        const int64_t begin = i;
        double sum = 0;
        for (; i < m->end[g]; i++)
            sum += (double)m->value[i];
        if (i > begin)
            m->centre[g] = sum / (double)(i - begin);
    }
}

static double spread(const kmeans *m)
{
    double sum = 0;
    int g = 0;
    for (int64_t i = 0; i < m->n; i++) {
        while (i >= m->end[g])
            g++;
        sum += square((double)m->value[i] - m->centre[g]);
    }
    return sum;
}

void mye_kmeans(const mye_sample_facts *f, int64_t epoch, uint64_t tag, const float *value,
                int64_t n, int groups, int64_t *end)
{
    double best = INFINITY;
    memset(end, 0, (size_t)groups * sizeof *end);
    for (int try = 0; try < TRIES && n > 0; try++) {
        kmeans m = {.value = value, .n = n, .groups = groups};
        draw_centres(&m, f, epoch, tag, try);
        for (int round = 0; cut(&m) && round < MOST_ROUNDS; round++)
            move_centres(&m);
        const double now = spread(&m);
        if (now < best) {
            best = now;
            memcpy(end, m.end, (size_t)groups * sizeof *end);
        }
    }
}
