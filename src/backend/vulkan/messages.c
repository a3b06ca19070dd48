/* Keeps the validation layer's messages until a call of Tenka's says them. */
#define _POSIX_C_SOURCE 200809L

#include "backend/vulkan/messages.h"

#include <stdio.h>
#include <string.h>

void tenka_vk_messages_init(struct tenka_vk_messages *messages, const struct tenka_log *log)
{
    messages->log = log;
    messages->heard.count = messages->heard.lost = 0;
    pthread_mutex_init(&messages->lock, NULL);
}

VKAPI_ATTR VkBool32 VKAPI_CALL tenka_vk_messages_hear(VkDebugUtilsMessageSeverityFlagBitsEXT severity,
                                                      VkDebugUtilsMessageTypeFlagsEXT types,
                                                      const VkDebugUtilsMessengerCallbackDataEXT *data, void *user)
{
    struct tenka_vk_messages *messages = user;
    struct tenka_vk_heard *heard = &messages->heard;
    (void)severity;
    (void)types;
    pthread_mutex_lock(&messages->lock);
    if (heard->count < TENKA_VK_MESSAGES)
        snprintf(heard->text[heard->count++], TENKA_VK_MESSAGE_BYTES, "%s",
                 data->pMessage != NULL ? data->pMessage : "");
    else
        heard->lost++;
    pthread_mutex_unlock(&messages->lock);
    return VK_FALSE;
}

/* What was heard, which is then forgotten: the lock must not be held while the program's log function runs. */
static void take(struct tenka_vk_messages *messages, struct tenka_vk_heard *out)
{
    pthread_mutex_lock(&messages->lock);
    out->count = messages->heard.count;
    out->lost = messages->heard.lost;
    memcpy(out->text, messages->heard.text, out->count * sizeof(*out->text));
    messages->heard.count = messages->heard.lost = 0;
    pthread_mutex_unlock(&messages->lock);
}

tenka_status tenka_vk_messages_say(struct tenka_vk_messages *messages, struct tenka_error *err)
{
    struct tenka_vk_heard heard;
    take(messages, &heard);
    for (size_t i = 0; i < heard.count; i++)
        tenka_say(messages->log, TENKA_LOG_ERROR, "validation layer: %s", heard.text[i]);
    if (heard.lost > 0)
        tenka_say(messages->log, TENKA_LOG_ERROR, "validation layer: %zu more messages", heard.lost);
    if (heard.count == 0)
        return TENKA_OK;
    return tenka_fail(err, TENKA_E_DEVICE, "the Vulkan validation layer complains: %.800s", heard.text[0]);
}

void tenka_vk_messages_finish(struct tenka_vk_messages *messages)
{
    struct tenka_error unheard = {0};
    tenka_vk_messages_say(messages, &unheard);
    pthread_mutex_destroy(&messages->lock);
}
