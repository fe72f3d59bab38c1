/*
 * Where the files of a dataset are. This is the only place in the library besides the context that
 * reads the environment: $MYELIN_DATA, a folder of datasets.
 */
#ifndef MYE_DATA_FILES_H
#define MYE_DATA_FILES_H

#include "base/base.h"

/* No data file that this library reads whole may be larger. */
#define MYE_DATA_FILE_MAX ((size_t)1 << (sizeof(size_t) > 4 ? 38 : 30))

typedef struct mye_data_search {
    const char *name;           /* "cifar10", for messages                                    */
    const char *const *folders; /* usual names of its folder, NULL-terminated                 */
    const char *const *places;  /* whole paths to try last, NULL-terminated; NULL: none       */
    const char *mark;           /* the file (or FILE.gz) that a folder must hold to be right  */
    const char *hint;           /* what to do when it is not found                            */
} mye_data_search;

/* The folder: DIR/<folder>, DIR, $MYELIN_DATA/<folder>, $MYELIN_DATA, places. Free *out. */
mye_status mye_data_find(mye_context *ctx, const mye_data_search *search, const char *dir,
                         char **out, mye_error *err);
/* A single file or folder named by the user: as given when absolute, else in DIR, in $MYELIN_DATA,
 * in the working folder. FILE.gz is accepted too. Free *out. */
mye_status mye_data_locate(mye_context *ctx, const char *dir, const char *file, char **out,
                           mye_error *err);
/* FOLDER/FILE when it is there, else FOLDER/FILE.gz when that is, else FOLDER/FILE. Free. */
char *mye_data_path(mye_context *ctx, const char *folder, const char *file);
/* The pattern with every {split} replaced. Free. */
char *mye_data_expand(mye_context *ctx, const char *pattern, const char *split);
/* "train" or "test" only. */
mye_status mye_data_split(const char *name, const char *split, bool *is_train, mye_error *err);

#endif
