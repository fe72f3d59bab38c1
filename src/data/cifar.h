/*
 * The binary CIFAR files: records without a header, label byte(s), then 1024 bytes of red, green and
 * blue each. Source: https://www.cs.toronto.edu/~kriz/cifar.html
 */
#ifndef MYE_CIFAR_H
#define MYE_CIFAR_H

#include "data/images.h"

#define MYE_CIFAR_SIDE   32
#define MYE_CIFAR_PIXELS (MYE_CIFAR_SIDE * MYE_CIFAR_SIDE * 3)

typedef struct mye_cifar_form {
    int label_bytes; /* before the pixels of each record     */
    int label_at;    /* which of them is wanted              */
    int classes;
} mye_cifar_form;

/* Records in a file of so many bytes. */
mye_status mye_cifar_count(const mye_cifar_form *form, const char *name, size_t bytes, int64_t *n,
                           mye_error *err);
/* Decodes a file in memory: pixels [n][32][32][3], label [n] with n as counted above. */
mye_status mye_cifar_decode(const mye_cifar_form *form, const char *name, const void *data,
                            size_t bytes, uint8_t *pixels, int32_t *label, mye_error *err);
/* A set from files (NULL-terminated, at most 8) in FOLDER; limit 0 = all. */
mye_status mye_cifar_open(mye_context *ctx, const mye_cifar_form *form, const char *folder,
                          const char *const *files, int64_t limit, mye_images **out,
                          mye_error *err);

#endif
