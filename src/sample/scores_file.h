/* Scores of samples from a file, as training exports them (OUT/scores.csv). */
#ifndef MYE_SAMPLE_SCORES_FILE_H
#define MYE_SAMPLE_SCORES_FILE_H

#include "base/base.h"

/*
 * Lines "sample,score" behind one line with these two words; each of the n samples once, in any order,
 * with a finite score. `name` stands in messages. text [bytes] needs no NUL behind it.
 * Errors: MYE_ERR_FORMAT names the line, what was wanted and what came.
 */
mye_status mye_scores_parse(const char *name, const char *text, size_t bytes, int64_t n,
                            float *score, mye_error *err);
/* The same from a file: also MYE_ERR_IO, MYE_ERR_NOMEM. */
mye_status mye_scores_read(mye_context *ctx, const char *path, int64_t n, float *score,
                           mye_error *err);

#endif
