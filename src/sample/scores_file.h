/* Scores of samples from a file, as training exports them (OUT/scores.csv). */
#ifndef MYE_SAMPLE_SCORES_FILE_H
#define MYE_SAMPLE_SCORES_FILE_H

#include "base/base.h"

/* Which samples must be there. */
typedef enum mye_scores_want {
    MYE_SCORES_ALL, /* each of the n once, with a finite score                             */
    MYE_SCORES_SOME /* those that are; others, and "nan", stay NAN; samples from n on are left out */
} mye_scores_want;

/*
 * Lines "sample,score" behind one line with these two words, in any order. `name` stands in messages.
 * text [bytes] needs no NUL behind it; score [n].
 * Errors: MYE_ERR_FORMAT names the line, what was wanted and what came.
 */
mye_status mye_scores_parse(const char *name, const char *text, size_t bytes, mye_scores_want want,
                            int64_t n, float *score, mye_error *err);
/* The same from a file: also MYE_ERR_IO, MYE_ERR_NOMEM. */
mye_status mye_scores_read(mye_context *ctx, const char *path, mye_scores_want want, int64_t n,
                           float *score, mye_error *err);

#endif
