/* Images drawn in the terminal. */
#ifndef CLI_PREVIEW_H
#define CLI_PREVIEW_H

#include "cli.h"

/* Draws `count` samples spread over the data set, `width` columns each (0: as wide as they are). */
mye_status cli_preview(const cli *app, const mye_dataset *data, int count, int width,
                       mye_error *err);

#endif
