/* What the validation layer complains of. It may do so on a thread of the driver, at any time: a message is kept under
 * a lock, and said by the next of Tenka's calls that asks, on the thread of that call. So the program's log function
 * runs only while the program itself is in one of Tenka's functions. */
#ifndef TENKA_VULKAN_MESSAGES_H
#define TENKA_VULKAN_MESSAGES_H

#include <pthread.h>
#include <volk.h>

#include "core/core.h"

/* Messages that are kept, and bytes of each; more of both are lost. */
#define TENKA_VK_MESSAGES 8
#define TENKA_VK_MESSAGE_BYTES 1000

struct tenka_vk_heard {
    size_t count, lost; /* lost: there was no room for so many */
    char text[TENKA_VK_MESSAGES][TENKA_VK_MESSAGE_BYTES];
};

struct tenka_vk_messages {
    const struct tenka_log *log;
    pthread_mutex_t lock; /* of the next */
    struct tenka_vk_heard heard;
};

void tenka_vk_messages_init(struct tenka_vk_messages *messages, const struct tenka_log *log);
/* For VkDebugUtilsMessengerCreateInfoEXT, with the messages as user data. */
VKAPI_ATTR VkBool32 VKAPI_CALL tenka_vk_messages_hear(VkDebugUtilsMessageSeverityFlagBitsEXT severity,
                                                      VkDebugUtilsMessageTypeFlagsEXT types,
                                                      const VkDebugUtilsMessengerCallbackDataEXT *data, void *user);
/* Says what was heard since the last time. E_DEVICE, with the first of it, when that is anything. */
tenka_status tenka_vk_messages_say(struct tenka_vk_messages *messages, struct tenka_error *err);
/* Says what was heard; nobody calls hear any more. */
void tenka_vk_messages_finish(struct tenka_vk_messages *messages);

#endif
