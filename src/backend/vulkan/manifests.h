/* The files by which Vulkan's loader finds drivers and layers. */
#ifndef TENKA_VULKAN_MANIFESTS_H
#define TENKA_VULKAN_MANIFESTS_H

#include <stdbool.h>
#include <stddef.h>

/* Whether one of the loader's files is damaged; text then says which one and how, as a clause. thorough: also one of a
 * driver that the loader passes over, such as one whose library is not there. */
bool tenka_vk_find_bad_manifest(bool thorough, char *text, size_t size);

#endif
