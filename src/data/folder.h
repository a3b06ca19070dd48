/* Folders of pictures by class: which files belong to which class. */
#ifndef TENKA_DATA_FOLDER_H
#define TENKA_DATA_FOLDER_H

#include "core/core.h"

/* A picture of a class, and where it is: the folder, then the name in it. */
struct tenka_folder_file {
    char *folder, *name;
    int32_t label;
};
struct tenka_folder {
    char **classes; /* in the order of their labels */
    uint32_t n_classes;
    struct tenka_folder_file *files; /* by class, then by folder, then by name */
    size_t count;
    size_t passed_over; /* files that are no pictures by their names, or lie beside the classes */
};

/* Lists a folder whose folders are classes, as torchvision's ImageFolder: sorted, with all that lies in a class's
 * folders, which links may lead to; hidden files are passed over. Errors: E_IO (unreadable), E_INVALID (no
 * classes; one without pictures; a name that is no UTF-8 text; a link that leads in a circle), E_NOMEM. finish is due in
 * any case. */
tenka_status tenka_folder_list(struct tenka_error *err, const char *dir, struct tenka_folder *out);
/* Lists all pictures of a folder and of those in it, which are no classes: they have the label 0. Errors: E_IO; E_INVALID
 * (there are none; a link that leads in a circle); E_NOMEM. finish is due in any case. */
tenka_status tenka_folder_list_all(struct tenka_error *err, const char *dir, struct tenka_folder *out);
void tenka_folder_finish(struct tenka_folder *folder);

#endif
