/* Compiles Volk, which its package ships as source. */
#define VOLK_IMPLEMENTATION
#include <volk.h>
