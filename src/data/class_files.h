/* Files in one folder for each class, by class names that are known. */
#ifndef MYE_CLASS_FILES_H
#define MYE_CLASS_FILES_H

#include "data/names.h"

typedef struct mye_class_files {
    mye_context *ctx;
    char *root;
    mye_names files;   /* CLASS/FILE                        */
    int32_t *label;    /* [files.n]                         */
    size_t held_bytes; /* all of the above                  */
    size_t largest;    /* bytes of the largest file         */
} mye_class_files;

/*
 * Lists ROOT/CLASS/FILE for the files that `accept` takes and that `keep` (NULL: all) wants of a
 * class's n, by their place in its sorted list. Classes take turns: first the first file of every
 * class, then the second, so that the first samples of a set are a fair part of it. No file at all is
 * an error that names `what`. `out` may be freed after a failure too.
 */
mye_status mye_class_files_scan(mye_context *ctx, const char *root, const char *const *classes,
                                int n_classes, bool (*accept)(const char *path),
                                void (*keep)(const void *arg, int label, int64_t n, bool *kept),
                                const void *arg, const char *what, mye_class_files *out,
                                mye_error *err);
/* The whole path of file i. Free. */
char *mye_class_files_path(const mye_class_files *files, int64_t i);
void mye_class_files_free(mye_class_files *files);
/* Keeps the first `limit` files; 0: all. */
void mye_class_files_limit(mye_class_files *files, int64_t limit);

#endif
