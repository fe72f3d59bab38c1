/* Sorted lists of names, for the contents of folders. */
#ifndef MYE_NAMES_H
#define MYE_NAMES_H

#include "base/base.h"

typedef struct mye_names {
    mye_context *ctx;
    char **name;
    int64_t n, capacity;
} mye_names;

/* Takes over `name` (NULL: no memory). */
mye_status mye_names_add(mye_names *names, char *name, mye_error *err);
/* Adds the entries of a folder for which `accept` is true, without those that begin with a dot, then
 * sorts everything by bytes, so that the order does not depend on the file system. */
mye_status mye_names_list(mye_names *names, const char *folder, bool (*accept)(const char *path),
                          mye_error *err);
void mye_names_free(mye_names *names);

#endif
