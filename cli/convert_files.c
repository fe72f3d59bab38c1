/* The folder of a conversion: networks, figures, page, and what they are. */
#include "convert.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "myelin/myelin.h"

static const char readme[] =
    "Spiking networks that `myelin convert` made of a trained one.\n"
    "\n"
    "conversion.json   every figure: the network it began with (\"ann\"), \"results\" of the "
    "methods,\n"
    "                  \"proof\" and \"budget\" where they were asked for\n"
    "report.html       the same as curves and tables\n"
    "*.safetensors     the spiking networks, one a method; conversion.json names the method "
    "and\n"
    "                  the number of time steps of each (\"file\", \"file_T\")\n"
    "*.yaml            the same networks as descriptions, for training\n"
    "\n"
    "Run:   myelin eval FOLDER/FILE.safetensors [--T N]\n"
    "Tune:  myelin train --net FOLDER/FILE.yaml --init FOLDER/FILE.safetensors --T N ...\n"
    "The .safetensors files open in any program that reads this format; a weight is named\n"
    "<node>.<role>, in the usual layout ([O][I][kh][kw] and [O][I]).\n";

static bool is_empty(const char *folder)
{
    DIR *dir = opendir(folder);
    bool empty = dir != NULL;
    for (const struct dirent *e = dir ? readdir(dir) : NULL; e && empty; e = readdir(dir))
        empty = strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0;
    if (dir)
        closedir(dir);
    return empty;
}

/* Is there a README.txt that begins as ours? It is the first file written: where a full disk kept the
 * others from being so, the folder is a conversion's all the same. */
static bool has_our_readme(const char *folder)
{
    char begin[64] = "";
    char *path = cli_format("%s/README.txt", folder);
    FILE *f = fopen(path, "r");
    const size_t n = f ? fread(begin, 1, sizeof(begin), f) : 0;
    if (f)
        fclose(f);
    free(path);
    return n == sizeof(begin) && memcmp(begin, readme, sizeof(begin)) == 0;
}

int cli_convert_folder_check(const cli *app, const char *folder)
{
    struct stat info;
    if (!folder[0] || stat(folder, &info) != 0)
        return CLI_EXIT_OK;
    if (!S_ISDIR(info.st_mode))
        return cli_usage(app, "name another folder with --out", "'%.200s' is no folder", folder);
    char *path = cli_format("%s/conversion.json", folder);
    const bool is_conversion = access(path, F_OK) == 0;
    free(path);
    if (!is_conversion && !has_our_readme(folder) && !is_empty(folder))
        return cli_usage(app, "name another folder with --out",
                         "the folder '%.200s' holds something else than a conversion", folder);
    return CLI_EXIT_OK;
}

/* ---- files of an earlier conversion ---- */

static bool is_ours(const cli_conversion *c, const char *file)
{
    for (int m = 0; m < c->n; m++) {
        if (strcmp(c->row[m].file, file) == 0)
            return true;
    }
    return false;
}

/* Networks that conversion.json of before names and the new one does not. A name with a folder in it
 * is none of ours. */
static void remove_former(const cli_conversion *c)
{
    char *path = cli_format("%s/conversion.json", c->folder);
    json_t *former = json_load_file(path, 0, NULL), *result;
    size_t i;
    free(path);
    json_array_foreach(json_object_get(former, "results"), i, result)
    {
        const char *file = json_string_value(json_object_get(result, "file"));
        const size_t n = file ? strlen(file) : 0;
        if (n < 12 || strcmp(file + n - 12, ".safetensors") != 0 || strchr(file, '/') ||
            is_ours(c, file))
            continue;
        path = cli_format("%s/%s", c->folder, file);
        unlink(path);
        free(path);
        path = cli_format("%s/%.*s.yaml", c->folder, (int)n - 12, file);
        unlink(path);
        free(path);
    }
    json_decref(former);
}

/* ---- writing ---- */

static mye_status write_json(const cli_conversion *c, mye_error *err)
{
    json_t *results = json_array(), *all = json_object();
    json_object_set_new(all, "version", json_string(mye_version()));
    json_object_set_new(all, "ann", cli_convert_ann_json(c->ann));
    for (int m = 0; m < c->n; m++)
        json_array_append_new(results, cli_convert_result_json(c, &c->row[m]));
    json_object_set_new(all, "results", results);
    if (c->has_proof)
        json_object_set_new(all, "proof", cli_convert_proof_json(c));
    if (c->has_budget)
        json_object_set_new(all, "budget", cli_convert_budget_json(c));
    return cli_folder_write_json(c->folder, "conversion.json", all, err);
}

/* Beside FILE.safetensors: FILE.yaml. */
static mye_status write_description(const cli_conversion *c, const cli_converted *row,
                                    mye_error *err)
{
    const mye_model *model = mye_snn_model(row->snn);
    char *text = NULL;
    const mye_status st = mye_model_yaml(model, &text, err);
    if (st != MYE_OK)
        return st;
    const int n = (int)strlen(row->file) - (int)strlen(".safetensors");
    char *name = cli_format("%.*s.yaml", n, row->file);
    const mye_status written = cli_folder_write(c->folder, name, text, err);
    free(name);
    mye_model_text_free(model, text);
    return written;
}

static mye_status write_network(const cli_conversion *c, const cli_converted *row, mye_error *err)
{
    char *path = cli_format("%s/%s", c->folder, row->file);
    const mye_status st =
        mye_convert_save(c->opened, row->snn, cli_convert_saved_T(c, row), path, err);
    free(path);
    return st == MYE_OK ? write_description(c, row, err) : st;
}

/* The page names methods as they were asked for, without their defaults: in copies, since a result
 * may own its name. */
static mye_status write_page(const cli_conversion *c, mye_error *err)
{
    char *path = cli_format("%s/report.html", c->folder);
    mye_convert_result *copy = cli_memory((size_t)c->n, sizeof(*copy));
    const mye_convert_result *result[VALUES_MAX + 1];
    for (int m = 0; m < c->n; m++) {
        copy[m] = c->row[m].result;
        copy[m].method = c->row[m].label;
        result[m] = &copy[m];
    }
    const mye_status st =
        mye_report_convert(c->app->ctx, c->ann, result, c->n, c->has_proof ? &c->proof : NULL,
                           c->has_budget ? &c->budget : NULL, path, err);
    free(copy);
    free(path);
    return st;
}

int cli_convert_folder_write(const cli_conversion *c)
{
    mye_error err = {0};
    mye_status st = cli_folder_write(c->folder, "README.txt", readme, &err);
    for (int m = 0; m < c->n && st == MYE_OK; m++)
        st = write_network(c, &c->row[m], &err);
    if (st == MYE_OK)
        st = write_page(c, &err);
    if (st == MYE_OK)
        remove_former(c);
    if (st == MYE_OK)
        st = write_json(c, &err);
    if (st != MYE_OK)
        return cli_fail(c->app, &err);
    if (!c->app->global.json)
        printf("\nnetworks  %s/*.safetensors\npage      %s/report.html\n", c->folder, c->folder);
    return CLI_EXIT_OK;
}
