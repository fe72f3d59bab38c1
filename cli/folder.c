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

mye_status cli_folder_write(const char *folder, const char *name, const char *text, mye_error *err)
{
    char *path = cli_format("%s/%s", folder, name), *part = cli_format("%s.tmp", path);
    FILE *file = fopen(part, "w");
    bool ok = file && fputs(text, file) >= 0;
    ok = file && fclose(file) == 0 && ok;
    ok = ok && rename(part, path) == 0;
    mye_status st = MYE_OK;
    if (!ok) {
        st = mye_fail(err, MYE_ERR_IO, "cannot write '%.300s': %s", path, strerror(errno));
        unlink(part);
    }
    free(path);
    free(part);
    return st;
}

mye_status cli_folder_write_json(const char *folder, const char *name, json_t *object,
                                 mye_error *err)
{
    char *text = json_dumps(object, JSON_INDENT(1) | JSON_REAL_PRECISION(12));
    char *lines = text ? cli_format("%s\n", text) : NULL;
    const mye_status st = lines ? cli_folder_write(folder, name, lines, err)
                                : mye_fail(err, MYE_ERR_NOMEM, "not enough memory for %s", name);
    json_decref(object);
    free(text);
    free(lines);
    return st;
}
