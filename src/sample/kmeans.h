/* Groups of like values: k-means in one dimension. */
#ifndef MYE_SAMPLE_KMEANS_H
#define MYE_SAMPLE_KMEANS_H

#include "sample/sample.h"

#define MYE_KMEANS_MOST 64 /* groups */

/*
 * Cuts n rising values into groups with a small sum of squared distances from their means: group g is
 * [end[g - 1], end[g]), and may be empty. Lloyd's iteration from centres drawn as by k-means++ (Arthur
 * and Vassilvitskii 2007), eight times; the best of these counts. O(n groups).
 *
 * end [groups], groups at most MYE_KMEANS_MOST; n may be 0. The draws are those of (seed, epoch, tag).
 */
void mye_kmeans(const mye_sample_facts *f, int64_t epoch, uint64_t tag, const float *value,
                int64_t n, int groups, int64_t *end);

#endif
