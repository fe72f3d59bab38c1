/* What myelin bench needs besides the library: real images, and how much memory the process has. */
#ifndef CLI_BENCH_INPUT_H
#define CLI_BENCH_INPUT_H

#include "cli.h"

#include "myelin/bench.h"

typedef struct cli_images {
    float *image;   /* [n][H][W][C], normalised as training does; or [n][frames][H][W][C] */
    int frames;     /* of a sample of event data; 0: images      */
    int32_t *label; /* [n]                                       */
    int64_t n;
} cli_images;

/*
 * The first `n` training samples of a data set for T steps, fewer where it has fewer; free() both
 * arrays. Sets the model's input shape and classes, and whether its input is static.
 */
mye_status cli_images_read(const cli *app, const char *data, const char *dir, int T, int64_t n,
                           mye_model_options *model, cli_images *out, mye_error *err);

/* Bytes of memory of this process: now, and the most since the start or the last restart. 0 where
 * the system does not tell. */
size_t cli_resident_bytes(void);
size_t cli_peak_bytes(void);
void cli_restart_peak(void);

#endif
