/* A folder of pictures, one subfolder for each class: finding the files of a split. */
#ifndef MYE_FOLDER_H
#define MYE_FOLDER_H

#include "data/names.h"

typedef struct mye_folder {
    mye_context *ctx;
    char *root;        /* the folder whose subfolders are classes  */
    mye_names classes; /* names, sorted                            */
    mye_names files;   /* CLASS/FILE, class by class, sorted       */
    int32_t *label;    /* [files.n]                                */
    size_t held_bytes; /* all of the above                         */
} mye_folder;

/*
 * Lists the pictures of a split of PATH. With PATH/train the split is a subfolder (for "test":
 * test, else val) and the classes are those of train. Otherwise PATH's own subfolders are the
 * classes, and a picture belongs to the test split by a draw from its name: with probability
 * hold_out, whatever other pictures there are. `out` may be freed after a failure too.
 */
mye_status mye_folder_scan(mye_context *ctx, const char *path, const char *split, double hold_out,
                           mye_folder *out, mye_error *err);
/* The whole path of picture i. Free. */
char *mye_folder_path(const mye_folder *folder, int64_t i);
void mye_folder_free(mye_folder *folder);

#endif
