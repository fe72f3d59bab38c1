/* scores.csv of a run folder: what mye_trainer_export_scores wrote. */
#ifndef MYE_SCORE_FILE_H
#define MYE_SCORE_FILE_H

#include "train/train.h"

/* Puts the file's scores into row [n]; lines of samples behind them are left out. A score that is no
 * number, or below 0, was never seen: its row stays as it is. *n_scored: how many were found. */
mye_status mye_score_file_read(mye_context *ctx, const char *path, int64_t n, mye_sample_score *row,
                               int64_t *n_scored, mye_error *err);

#endif
