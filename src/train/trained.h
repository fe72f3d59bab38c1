/* A trained network as a file holds it: what inference, scores and conversion begin with. */
#ifndef MYE_TRAINED_H
#define MYE_TRAINED_H

#include "train/train.h"

typedef struct mye_trained {
    mye_context *ctx;
    mye_config config;          /* of its training, with T as asked for */
    mye_checkpoint_input about; /* what it takes and answers            */
    mye_input input;
    mye_model *model; /* without gradients */
} mye_trained;

/* A run folder (its best checkpoint, else its last), a checkpoint, or an ONNX file (*.onnx: images
 * in [0, 1] as they are, T = 1). T: time steps; 0: as in training. */
mye_status mye_trained_open(mye_context *ctx, const char *path, int T, mye_trained *out,
                            mye_error *err);
/* A file with tensors "<node>.<role>" for a described network (neuron: what plain N means) that takes
 * samples of `data`, T = 1. */
mye_status mye_trained_from_weights(mye_context *ctx, const char *path, const char *net,
                                    const char *neuron, const mye_dataset_info *data,
                                    mye_trained *out, mye_error *err);
/* Mean and deviation of pixels by "data", "none" or "MEAN/DEVIATION"; NULL or "": they stay.
 * MYE_ERR_UNSUPPORTED where the encoder takes pixels as they are. */
mye_status mye_trained_scaling(mye_trained *t, const mye_dataset_info *d, const char *text,
                               mye_error *err);
void mye_trained_free(mye_trained *t);
/* Does it take samples of this data set, and know as many classes? */
mye_status mye_trained_check(const mye_trained *t, const mye_dataset_info *d, mye_error *err);

#endif
