/* What policies share that choose samples by rank and keep marks of them. */
#ifndef MYE_SAMPLE_SELECT_H
#define MYE_SAMPLE_SELECT_H

#include "sample/sample.h"

/* All samples by falling score, as mye_draw_rank, but equal scores stand in an order that is drawn with
 * the tag: data sets that are sorted by class must not lose the last classes to ties. order [n];
 * work: mye_select_work_bytes, int64_t [n] and then float [n], both free afterwards. */
void mye_select_rank(const mye_sample_facts *f, int64_t epoch, uint64_t tag, const float *score,
                     void *work, int64_t *order);
size_t mye_select_work_bytes(const mye_sample_facts *f);

/* The samples whose mark has the bit, in the order in which policy `all` visits them; returns how
 * many. mark [n], order: room for n. */
int64_t mye_select_marked(const mye_sample_facts *f, int64_t epoch, const uint8_t *mark,
                          uint8_t bit, int64_t *order);

/* Mean over the samples that were seen of the epochs since then; seen [n] holds the epoch plus 1, 0: not
 * seen. NAN where none was. */
double mye_select_mean_age(const uint32_t *seen, int64_t n, int64_t epoch);

/* For scores that are not known yet. */
void mye_select_unknown(float *score, int64_t n);

/* For tables of policies whose state begins with a score of each sample, [n]: `open` that knows none,
 * and `scores`. */
mye_status mye_select_open(mye_context *ctx, const void *options, const mye_sample_facts *f,
                           void *state, mye_error *err);
const float *mye_select_scores(const void *options, const mye_sample_facts *f, const void *state);

#endif
