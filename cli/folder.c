/* Folders that results are written to. */
#include "cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

mye_status cli_folder_make(const char *folder, mye_error *err)
{
    struct stat info;
    char *path = cli_format("%s", folder);
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(path, 0777); /* what goes wrong here shows below */
        *slash = '/';
    }
    free(path);
    if (mkdir(folder, 0777) != 0 && errno != EEXIST)
        return mye_fail(err, MYE_ERR_IO, "cannot make the folder '%.300s': %s", folder,
                        strerror(errno));
    if (stat(folder, &info) == 0 && !S_ISDIR(info.st_mode))
        return mye_fail(err, MYE_ERR_IO, "'%.300s' is no folder", folder);
    if (access(folder, W_OK) != 0)
        return mye_fail(err, MYE_ERR_IO, "cannot write to the folder '%.300s': %s", folder,
                        strerror(errno));
    return MYE_OK;
}
